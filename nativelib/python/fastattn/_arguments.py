"""Checks and conversions of what callers pass: arrays to float32 descriptors, and Python numbers to C's."""

from __future__ import annotations

import ctypes
import operator
import reprlib
from typing import Any, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _library
from ._errors import ArgumentError, DTypeError, ShapeError

_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1

# Steps in which numpy may look for an element that two arrays share. Arrays for which they are too few count as overlapping.
_OVERLAP_WORK = 10_000

# Longer than every word the library knows.
_LONGEST_WORD = 40

_REPR = reprlib.Repr()
_REPR.maxother = _REPR.maxlong = _REPR.maxstring = 60


# Arrays that are numbers and nothing else. Any other subclass means something that is lost in what C sees: a mask, units, another product.
_PLAIN = (np.ndarray, np.memmap)


def as_array(value: Any, name: str) -> "NDArray[Any]":
    """The array that numpy makes of an argument, of whatever dtype: the one gate of every array that a caller passes."""
    refuse_subclass(value, name)
    try:
        array = np.asanyarray(value)
    except MemoryError:
        raise
    except Exception as error:
        raise DTypeError(f"{name} is {shown(value)}; expected an array, but numpy says: {_one_line(str(error))}") from error
    refuse_subclass(array, name)
    return np.asarray(array)


def refuse_subclass(value: Any, name: str) -> None:
    """Refuses arrays whose class says more than their numbers do, also inside lists and tuples."""
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, (np.ndarray, list, tuple)):
                refuse_subclass(item, name)
    elif isinstance(value, np.ma.MaskedArray):
        raise DTypeError(
            f"{name} is a masked array, whose mask would be lost; expected a plain array: leave keys out with key_mask= or lengths=,"
            " or pass np.ma.getdata(x) or x.filled(number)"
        )
    elif isinstance(value, np.ndarray) and type(value) not in _PLAIN:
        raise DTypeError(f"{name} is a {type(value).__name__}, whose meaning would be lost; expected a plain array: pass np.asarray(x)")


def float_array(
    value: ArrayLike, name: str, ranks: Sequence[int], *, dense: bool = False, may_be_empty: bool = False
) -> "NDArray[np.float32]":
    """The array itself when the library can read it in place, else one float32 copy.

    In place: aligned float32 whose last stride is one element and whose other strides are whole elements; with `dense`,
    C-contiguous.
    """
    array = as_array(value, name)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise DTypeError(f"{name} has dtype {array.dtype}; expected float32, float64 or float16")
    if array.ndim not in ranks:
        expected = " or ".join(str(rank) for rank in ranks)
        raise ShapeError(f"{name} has {array.ndim} axes, shape {array.shape}; expected {expected} axes")
    if 0 in array.shape and not may_be_empty:
        raise ShapeError(f"{name} has shape {array.shape}; expected at least one element on every axis")

    array = _single(array, name)
    readable = array.flags.c_contiguous and array.flags.aligned if dense else _strides_fit(array)
    return array if readable else np.array(array, dtype=np.float32, order="C")


def _single(array: "NDArray[Any]", name: str) -> "NDArray[np.float32]":
    """The same numbers in float32; none of them may become infinite on the way."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32, copy=False)
    if array.dtype.itemsize > single.itemsize:
        lost = np.isinf(single) & np.isfinite(array)
        if lost.any():
            place = tuple(int(index) for index in np.argwhere(lost)[0])
            entry = ", ".join(str(index) for index in place)
            raise ArgumentError(
                f"{name}[{entry}] is {array[place]}, which float32 cannot hold; expected at most {np.finfo(np.float32).max:.4g} in size,"
                " or an infinity where that is meant"
            )
    return single


def integer_array(value: ArrayLike, name: str, dtype: Any, expected: str = "integers") -> "NDArray[Any]":
    """Integers of the width that C takes, without gaps.

    What does not fit is a bad value for C as well; clipped it stays one, and the library says which one it is.
    """
    array = as_array(value, name)
    if array.dtype.kind not in "iu":
        raise DTypeError(f"{name} has dtype {array.dtype}; expected {expected}")
    wide, narrow = np.iinfo(array.dtype), np.iinfo(dtype)
    clipped = np.clip(array, max(wide.min, narrow.min), min(wide.max, narrow.max))
    return np.asarray(clipped, dtype=dtype, order="C")


def output_array(
    out: Optional["NDArray[np.float32]"],
    shape: Tuple[int, ...],
    inputs: "dict[str, Any]",
    *,
    dense: bool = False,
    name: str = "out",
) -> "NDArray[np.float32]":
    """`out` once it is known to fit, else a new array.

    `inputs`: what the caller gave, by name, whose memory `out` must not share. `name`: what the caller calls `out`.
    """
    if out is None:
        return np.empty(shape, dtype=np.float32)
    refuse_subclass(out, name)
    if not isinstance(out, np.ndarray) or out.dtype != np.float32:
        raise DTypeError(f"{name} is {out.dtype if isinstance(out, np.ndarray) else type(out).__name__}; expected a float32 array")
    if out.shape != shape:
        raise ShapeError(f"{name} has shape {out.shape}; expected {shape}")
    if not out.flags.writeable:
        raise ArgumentError(f"{name} is read-only; expected a writable array")
    if dense and not (out.flags.c_contiguous and out.flags.aligned):
        raise ShapeError(f"{name} has strides {out.strides}; expected a C-contiguous array")
    if not _strides_fit(out):
        raise ShapeError(f"{name} has strides {out.strides} in bytes; expected whole elements and 4 on the last axis")
    for other, given in inputs.items():
        if given is not None and np.may_share_memory(out, given, max_work=_OVERLAP_WORK):
            raise ArgumentError(f"{name} overlaps {other}; expected memory of its own")
    return out


def _strides_fit(array: "NDArray[np.float32]") -> bool:
    # numpy gives empty arrays any strides.
    if array.size == 0:
        return True
    size = array.itemsize
    last_fits = array.shape[-1] == 1 or array.strides[-1] == size
    return array.flags.aligned and last_fits and all(stride % size == 0 for stride in array.strides)


def descriptor(array: "NDArray[np.float32]") -> _library.Tensor:
    """Describes an array that stays alive for the length of the call."""
    strides = [stride // array.itemsize for stride in array.strides]
    padding = [0] * (_library.MAX_NDIM - array.ndim)
    axes = ctypes.c_int64 * _library.MAX_NDIM
    return _library.Tensor(
        data=array.ctypes.data, ndim=array.ndim, shape=axes(*array.shape, *padding), strides=axes(*strides, *padding)
    )


def integer(value: Any, name: str, low: int, high: int = _INT64_MAX) -> int:
    refuse_subclass(value, name)
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise DTypeError(f"{name} is {shown(value)}; expected an integer") from None
    if not low <= number <= high:
        raise ArgumentError(f"{name} is {shown(number)}; expected {low} to {high}")
    return number


def number(value: Any, name: str) -> float:
    """A number as float64; infinity where that is too small for it."""
    refuse_subclass(value, name)
    is_array = isinstance(value, (np.ndarray, np.generic))
    try:
        # Text, bytes and buffers have no __float__, yet float() would read digits in them.
        if isinstance(value, bool) or not hasattr(value, "__float__") or (is_array and (value.ndim > 0 or value.dtype.kind not in "iuf")):
            raise TypeError
        return float(value)
    except TypeError:
        raise DTypeError(f"{name} is {shown(value)}; expected a number") from None
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def real(value: Any, name: str, *, zero: bool = False) -> float:
    """A number that is finite and above zero, which C reads as "default" unless `zero` is a number too."""
    given = number(value, name)
    single = ctypes.c_float(given).value
    if not (0 < single < float("inf") or (zero and single == 0)):
        raise ArgumentError(f"{name} is {shown(value)}; expected a finite number {'at least' if zero else 'above'} 0")
    return given


def boolean(value: Any, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise DTypeError(f"{name} is {shown(value)}; expected True or False")
    return bool(value)


def word(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise DTypeError(f"{name} is {shown(value)}; expected a word")
    if not value.isprintable() or len(value) > _LONGEST_WORD:
        raise ArgumentError(f"{name} is {shown(value)}; expected a word")
    return value.encode()


def thread_count(value: Optional[int]) -> int:
    """0 is C's word for "default"."""
    return 0 if value is None else integer(value, "threads", 1, _INT32_MAX)


def shown(value: Any) -> str:
    """What came, for a message: one line, and a short one whatever it is."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {list(value.shape)}"
    try:
        return _one_line(_REPR.repr(value))
    except Exception:
        # A whole number of thousands of digits, which Python refuses to spell.
        return f"an object of type {type(value).__name__}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
