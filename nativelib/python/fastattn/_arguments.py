"""Checks and conversions of what callers pass: arrays to float32 descriptors, and Python numbers to C's."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _library
from ._errors import ArgumentError, DTypeError, ShapeError

_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1


def float_array(value: ArrayLike, name: str, ranks: Sequence[int], *, dense: bool = False) -> "NDArray[np.float32]":
    """The array itself when the library can read it in place, else one float32 copy.

    In place: aligned float32 whose last stride is one element and whose other strides are whole elements; with `dense`,
    C-contiguous.
    """
    array = np.asarray(value)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise DTypeError(f"{name} has dtype {array.dtype}; expected float32, float64 or float16")
    if array.ndim not in ranks:
        expected = " or ".join(str(rank) for rank in ranks)
        raise ShapeError(f"{name} has {array.ndim} axes, shape {array.shape}; expected {expected} axes")
    if 0 in array.shape:
        raise ShapeError(f"{name} has shape {array.shape}; expected at least one element on every axis")

    array = array.astype(np.float32, copy=False)
    readable = array.flags.c_contiguous and array.flags.aligned if dense else _strides_fit(array)
    return array if readable else np.array(array, dtype=np.float32, order="C")


def output_array(
    out: Optional["NDArray[np.float32]"],
    shape: Tuple[int, ...],
    inputs: "dict[str, Optional[NDArray[Any]]]",
    *,
    dense: bool = False,
    name: str = "out",
) -> "NDArray[np.float32]":
    """`out` once it is known to fit, else a new array. `name`: what the caller calls it."""
    if out is None:
        return np.empty(shape, dtype=np.float32)
    if not isinstance(out, np.ndarray) or out.dtype != np.float32:
        raise DTypeError(f"{name} is {getattr(out, 'dtype', type(out).__name__)}; expected a float32 array")
    if out.shape != shape:
        raise ShapeError(f"{name} has shape {out.shape}; expected {shape}")
    if not out.flags.writeable:
        raise ArgumentError(f"{name} is read-only; expected a writable array")
    if dense and not (out.flags.c_contiguous and out.flags.aligned):
        raise ShapeError(f"{name} has strides {out.strides}; expected a C-contiguous array")
    if not _strides_fit(out):
        raise ShapeError(f"{name} has strides {out.strides} in bytes; expected whole elements and 4 on the last axis")
    for other, array in inputs.items():
        if array is not None and np.may_share_memory(out, array):
            raise ArgumentError(f"{name} overlaps {other}; expected memory of its own")
    return out


def _strides_fit(array: "NDArray[np.float32]") -> bool:
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
    try:
        number = operator.index(value)
    except TypeError:
        raise DTypeError(f"{name} is {value!r}; expected an integer") from None
    if not low <= number <= high:
        raise ArgumentError(f"{name} is {number}; expected {low} to {high}")
    return number


def real(value: Any, name: str, *, zero: bool = False) -> float:
    """A number that is finite and above zero, which C reads as "default" unless `zero` is a number too."""
    if isinstance(value, (str, bytes, complex)):
        raise DTypeError(f"{name} is {value!r}; expected a number")
    try:
        number = float(value)
    except TypeError:
        raise DTypeError(f"{name} is {value!r}; expected a number") from None
    single = ctypes.c_float(number).value
    if not (0 < single < float("inf") or (zero and single == 0)):
        raise ArgumentError(f"{name} is {number}; expected a finite number {'at least' if zero else 'above'} 0")
    return number


def boolean(value: Any, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise DTypeError(f"{name} is {value!r}; expected True or False")
    return bool(value)


def word(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise DTypeError(f"{name} is {value!r}; expected a word")
    if "\0" in value:
        raise ArgumentError(f"{name} is {value!r}; expected a word without a zero character")
    return value.encode()


def thread_count(value: Optional[int]) -> int:
    """0 is C's word for "default"."""
    return 0 if value is None else integer(value, "threads", 1, _INT32_MAX)
