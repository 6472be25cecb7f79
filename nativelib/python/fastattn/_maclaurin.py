"""maclaurin_features and MaclaurinFeatures."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Tuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library
from ._errors import ShapeError

# C's and C#'s names of these functions' arguments.
_NAMES = {"dimension": "dim"}


class MaclaurinFeatures:
    """A draw of random Maclaurin features, made by `maclaurin_features` or restored by `MaclaurinFeatures.from_values`; pass it as
    `draw` of `schoenbat`. Immutable; any number of threads may use one at once. Can be pickled."""

    __slots__ = ("_handle", "_kernel", "_dim", "_features", "_exact_degrees", "_literal", "_degrees", "_signs", "__weakref__")

    def __init__(self, create: "Callable[[_library.Library, Any], int]", kernel: str, exact_degrees: int, literal: bool) -> None:
        lib = _library.library()
        handle = _abi.Handle()
        lib.check(_library.with_memory(lambda: create(lib, ctypes.byref(handle))), _NAMES)
        _library.destroy_with(self, lib.fa_maclaurin_destroy, handle)
        shape = (ctypes.c_int64 * 4)()
        lib.check(lib.fa_maclaurin_shape(handle, shape))
        self._handle = handle
        self._kernel = kernel
        self._exact_degrees = exact_degrees
        self._literal = literal
        self._features, self._dim = shape[0], shape[1]
        self._degrees = np.empty(shape[2], dtype=np.int32)
        self._signs = np.empty((shape[3], shape[1]), dtype=np.int8)
        lib.check(lib.fa_maclaurin_degrees(handle, self._degrees.ctypes.data, self._degrees.size))
        lib.check(lib.fa_maclaurin_signs(handle, self._signs.ctypes.data, self._signs.size))
        self._degrees.flags.writeable = False
        self._signs.flags.writeable = False

    @staticmethod
    def from_values(
        degrees: ArrayLike, signs: ArrayLike, *, kernel: str = "exp", exact_degrees: int = 0, literal: bool = False
    ) -> "MaclaurinFeatures":
        """A draw that was saved, or that somebody else made.

        Parameters
        ----------
        degrees : int array [R]
            The degree of each random feature, from the lowest drawn (exact_degrees + 1, or 0 when literal) to 20.
        signs : int array [sum of degrees, d] of 1 and -1
            The factors of one random feature after the other.
        kernel, exact_degrees, literal
            As in `maclaurin_features`.

        Raises
        ------
        ShapeError, ArgumentError, DTypeError
            The message names the argument, what came and what was expected.
        """
        powers = _integers(degrees, "degrees", 1, np.int32)
        factors = _integers(signs, "signs", 2, np.int8)
        word, exact, drawn = _form(kernel, exact_degrees, literal)

        def create(lib: _library.Library, draw: Any) -> int:
            return lib.fa_maclaurin_from_values(
                powers.ctypes.data, powers.size, factors.ctypes.data, factors.size, factors.shape[1], word, exact, drawn, draw
            )

        return MaclaurinFeatures(create, kernel, exact, literal)

    @property
    def kernel(self) -> str:
        """The word of the kernel."""
        return self._kernel

    @property
    def dim(self) -> int:
        """Columns d: the head dimension."""
        return self._dim

    @property
    def features(self) -> int:
        """Features of a row, exact ones and random ones."""
        return self._features

    @property
    def exact_degrees(self) -> int:
        """The highest degree that is exact."""
        return self._exact_degrees

    @property
    def literal(self) -> bool:
        """Whether degree 0 was drawn like the others."""
        return self._literal

    @property
    def degrees(self) -> "NDArray[np.int32]":
        """The degree of each random feature, read-only."""
        return self._degrees

    @property
    def signs(self) -> "NDArray[np.int8]":
        """1 and -1, [sum of degrees, d], read-only: the factors of one random feature after the other."""
        return self._signs

    def __repr__(self) -> str:
        return (
            f"<fastattn.MaclaurinFeatures: {self._features} of kernel {self._kernel!r}, dim={self._dim}, "
            f"exact_degrees={self._exact_degrees}, literal={self._literal}>"
        )

    def __reduce__(self) -> "Tuple[Callable[..., MaclaurinFeatures], Tuple[Any, ...]]":
        return _remake, (self._degrees, self._signs, self._kernel, self._exact_degrees, self._literal)


def maclaurin_features(
    features: int, dim: int, *, kernel: str = "exp", seed: int = 0, exact_degrees: int = 0, literal: bool = False
) -> MaclaurinFeatures:
    """Draws the random Maclaurin features of SchoenbAt (Kar and Karnick 2012; Guo et al. 2025, arXiv 2505.12252).

    A random feature of degree N is sqrt(a_N / (P[N] R)) (w_1 . x) ... (w_N . x), each w in {-1, 1}^d, R the number of random
    features and P[N] the probability of its degree: each degree is half as likely as the one before, from the lowest drawn to
    20. Features are unbiased for the kernel's series up to degree 20.

    Parameters
    ----------
    features : int, at most 4096
        Of a row: those of exact degrees and at least one random one.
    dim : int, 1 ... 512
        Columns d: the head dimension.
    kernel : {"exp", "inv", "log", "trigh", "sqrt"}
        e^t, 1/(1 - t), 1 - ln(1 - t), cosh t + sinh t (which is e^t), 2 - sqrt(1 - t).
    seed : int, 0 ... 2**64 - 1
        The same seed gives the same bytes on every machine.
    exact_degrees : {0, 1, 2}
        The highest degree that is exact instead of drawn: degree 0 takes one feature, degree 1 takes d more, degree 2
        d (d + 1) / 2 more. Each takes its share of the variance away.
    literal : bool
        False: degree 0 exact, as in the authors' code. True: degree 0 drawn like the others, as in the paper's text; then
        `exact_degrees` is 0.

    Returns
    -------
    MaclaurinFeatures
        With `degrees` and `signs` to read, and `MaclaurinFeatures.from_values` or pickle to restore it.

    Raises
    ------
    ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Examples
    --------
    >>> draw = maclaurin_features(9, 4)
    >>> draw.degrees
    array([1, 1, 6, 1, 1, 2, 2, 1], dtype=int32)
    >>> draw.signs[:2]
    array([[-1, -1, -1, -1],
           [ 1, -1,  1, -1]], dtype=int8)
    """
    count, columns = _arguments.integer(features, "features", 1, 4096), _arguments.integer(dim, "dim", 1, 512)
    start = _arguments.integer(seed, "seed", 0, 2**64 - 1)
    word, exact, drawn = _form(kernel, exact_degrees, literal)
    return MaclaurinFeatures(lambda lib, draw: lib.fa_maclaurin_create(count, columns, word, start, exact, drawn, draw), kernel, exact, literal)


def _form(kernel: str, exact_degrees: int, literal: bool) -> Tuple[bytes, int, int]:
    return _arguments.word(kernel, "kernel"), _arguments.integer(exact_degrees, "exact_degrees", 0, 2), int(_arguments.boolean(literal, "literal"))


def _integers(values: ArrayLike, name: str, ranks: int, dtype: Any) -> "NDArray[Any]":
    array = _arrays.integer_array(values, name, dtype)
    if array.ndim != ranks:
        raise ShapeError(f"{name} has {array.ndim} axes, shape {array.shape}; expected {ranks}")
    return array


def _remake(degrees: Any, signs: Any, kernel: str, exact_degrees: int, literal: bool) -> MaclaurinFeatures:
    return MaclaurinFeatures.from_values(degrees, signs, kernel=kernel, exact_degrees=exact_degrees, literal=literal)
