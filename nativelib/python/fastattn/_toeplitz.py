"""toeplitz_matmul and Toeplitz."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _arrays, _library, _plans
from ._errors import ShapeError
from ._native_object import NativeObject

# C's and C#'s names of this function's arguments.
_NAMES = {"coefficients": "c", "destination": "out"}

# What is kept of a coefficient: itself twice, its spectrum, and memory to work in.
_KEPT_BYTES = 128


class Toeplitz(NativeObject):
    """`toeplitz_matmul` with the matrices prepared once. Immutable; any number of threads may call one object at once. It cannot be pickled.

    Parameters
    ----------
    c : array [n_out + n_in - 1] or [H, n_out + n_in - 1]
        As in `toeplitz_matmul`; copied.
    input_length : int
        n_in, at least 0.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `toeplitz_matmul`.

    Examples
    --------
    >>> import numpy as np
    >>> with Toeplitz(np.float32([1, 2, 3, 4, 5, 6]), 4) as matrix:
    ...     matrix.multiply(np.float32([[1], [10], [100], [1000]])).ravel().round()
    array([6543., 5432., 4321.], dtype=float32)
    """

    __slots__ = ("_output_length",)

    def __init__(self, c: ArrayLike, input_length: int) -> None:
        coefficients = _arrays.float_array(c, "c", (1, 2), may_be_empty=True)
        length = _arguments.integer(input_length, "input_length", 0)
        self._output_length = coefficients.shape[-1] - length + 1
        if self._output_length < 0:
            raise ShapeError(f"c has shape {coefficients.shape}; expected at least {length - 1} coefficients for an input length of {length}")

        def create(lib: _library.Library, toeplitz: Any) -> int:
            return lib.fa_toeplitz_create(_arrays.described(coefficients), self._output_length, length, toeplitz)

        self._own(create, "fa_toeplitz_destroy", _NAMES)

    def multiply(
        self, x: ArrayLike, *, out: Optional["NDArray[Any]"] = None, threads: Optional[int] = None
    ) -> "NDArray[np.float32]":
        """The product with x.

        Parameters
        ----------
        x : array [n_in, columns] or [H, n_in, columns]
        out, threads
            As in `toeplitz_matmul`.

        Returns
        -------
        float32 array [n_out, columns] or [H, n_out, columns]
            `out` if given.

        Raises
        ------
        ShapeError, ArgumentError, DTypeError, FastAttnError
            As `toeplitz_matmul`; `ArgumentError` also for an object that is closed.
        """
        return self._multiply(_operand(x), out, threads, {"x": x})

    def _multiply(self, operand: "NDArray[np.float32]", out: Any, threads: Optional[int], given: "dict[str, Any]") -> "NDArray[np.float32]":
        shape = operand.shape[:-2] + (self._output_length, operand.shape[-1])
        result = _arrays.output_array(out, shape, given, dense=True)
        thread_count = _arguments.thread_count(threads)
        self._library.interrupts.watch()
        multiply = self._library.fa_toeplitz_multiply
        self._check(multiply(self._handle, _arrays.described(operand), _arrays.described(result), thread_count))
        return result


def toeplitz_matmul(
    c: ArrayLike, x: ArrayLike, *, out: Optional["NDArray[Any]"] = None, threads: Optional[int] = None
) -> "NDArray[np.float32]":
    """Multiplies by Toeplitz matrices: ``y_i = sum_j c_{j-i} x_j``, by fast Fourier transform.

    Parameters
    ----------
    c : array [n_out + n_in - 1] or [H, n_out + n_in - 1]
        Entry (j - i) + (n_out - 1) multiplies x_j in y_i. Finite. Its length decides n_out, which may be 0. One row is shared by all
        heads of x.
    x : array [n_in, columns] or [H, n_in, columns]
        float32, C-contiguous, is read in place; anything else costs one copy. Rows and columns may be none; with n_in = 0
        the product is zero.
    out : float32, float16 or bfloat16 array of the result's shape, optional
        C-contiguous; memory apart from c's and x's. Untouched when an error is raised.
    threads : int, optional
        Default: FASTATTN_THREADS, else the cores this process may use. Never changes a bit of the result.

    Returns
    -------
    float32 array [n_out, columns] or [H, n_out, columns]
        `out` if given.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Notes
    -----
    Time O(H columns N log N), N the Fourier length, below 2 (n_out + n_in).

    Each element is within a few 2**-24 |c| |x_column| of exact (Euclidean norms), and also within 2**-15 |c_i| |x_i|: c_i
    are the coefficients of its own row, x_i is the part of its column between the first and the last of them that is not
    zero. A value that a row does not see never reaches it, however loud it is; a row that sees only zeros is zero.

    Examples
    --------
    >>> import numpy as np
    >>> c = np.array([1, 2, 3, 4, 5, 6], dtype=np.float32)
    >>> x = np.array([[1], [10], [100], [1000]], dtype=np.float32)
    >>> toeplitz_matmul(c, x).ravel().round()
    array([6543., 5432., 4321.], dtype=float32)
    """
    operand = _operand(x)
    coefficients = _arrays.float_array(c, "c", (1, 2), may_be_empty=True)
    length = operand.shape[-2]
    if coefficients.shape[-1] < length - 1:
        raise ShapeError(f"c has shape {coefficients.shape}; expected at least {length - 1} coefficients for x of shape {operand.shape}")
    kept = _plans.find_or_make(
        (Toeplitz, length), {"c": coefficients}, {}, lambda: _plans.Kept(Toeplitz(coefficients, length), _KEPT_BYTES * coefficients.size)
    )
    return kept.value._multiply(operand, out, threads, {"c": c, "x": x})


def _operand(x: ArrayLike) -> "NDArray[np.float32]":
    return _arrays.float_array(x, "x", (2, 3), dense=True, may_be_empty=True, rows=True)
