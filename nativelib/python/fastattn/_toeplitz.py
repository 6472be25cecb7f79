"""toeplitz_matmul."""

from __future__ import annotations

import ctypes
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _library
from ._errors import ShapeError

# C's and C#'s names of this function's arguments.
_NAMES = {"coefficients": "c", "destination": "out"}


def toeplitz_matmul(
    c: ArrayLike, x: ArrayLike, *, out: Optional["NDArray[np.float32]"] = None, threads: Optional[int] = None
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
    out : float32 array of the result's shape, optional
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
    lib = _library.library()
    coefficients = _arguments.float_array(c, "c", (1, 2), may_be_empty=True)
    operand = _arguments.float_array(x, "x", (2, 3), dense=True, may_be_empty=True)
    input_length = operand.shape[-2]
    output_length = coefficients.shape[-1] - input_length + 1
    if output_length < 0:
        raise ShapeError(
            f"c has shape {coefficients.shape}; expected at least {input_length - 1} coefficients for x of shape {operand.shape}"
        )

    result = _arguments.output_array(out, operand.shape[:-2] + (output_length, operand.shape[-1]), {"c": c, "x": x}, dense=True)
    thread_count = _arguments.thread_count(threads)

    toeplitz = _library.Handle()
    try:
        lib.check(
            lib.fa_toeplitz_create(
                ctypes.byref(_arguments.descriptor(coefficients)), output_length, input_length, ctypes.byref(toeplitz)
            ),
            _NAMES,
        )
        lib.check(
            lib.fa_toeplitz_multiply(
                toeplitz,
                ctypes.byref(_arguments.descriptor(operand)),
                ctypes.byref(_arguments.descriptor(result)),
                thread_count,
            ),
            _NAMES,
        )
    finally:
        lib.fa_toeplitz_destroy(toeplitz)
    return result
