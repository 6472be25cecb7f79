"""The gate of arrays: what callers pass becomes memory that C can read or write in place, and its description."""

from __future__ import annotations

import ctypes
from typing import Any, Mapping, Optional, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi
from ._arguments import one_line, refuse_subclass, shown
from ._errors import ArgumentError, DTypeError, ShapeError

# The element types that C reads, each with the number that `fa_tensor.element_type` has for it. This is the one place that decides.
_FLOAT32 = np.dtype(np.float32)

# The bits of bfloat16 for numpy, which has no such type: `bits.view(bfloat16)` of a uint16 array, `np.empty(shape, bfloat16)`.
bfloat16 = np.dtype([("bfloat16", "<u2")])
_ELEMENT_TYPES = {_FLOAT32: 0, np.dtype("<f2"): 1, bfloat16: 2}

# `flags.num` of an array without gaps whose elements lie at whole multiples of their size; and of one that can be written as well.
_READABLE = 0x0001 | 0x0100
_WRITABLE = _READABLE | 0x0400

# Steps in which numpy may look for an element that two arrays share. Arrays for which they are too few count as overlapping.
_OVERLAP_WORK = 10_000


def as_array(value: Any, name: str) -> "NDArray[Any]":
    """The array that numpy makes of an argument, of whatever dtype."""
    if type(value) is np.ndarray:
        return value
    refuse_subclass(value, name)
    try:
        array = np.asanyarray(value)
    except MemoryError:
        raise
    except Exception as error:
        raise DTypeError(f"{name} is {shown(value)}; expected an array, but numpy says: {one_line(str(error))}") from error
    refuse_subclass(array, name)
    return np.asarray(array)


def _is_read(dtype: "np.dtype[Any]") -> bool:
    """Whether rows of a dtype are read and written in place: ours, and the bfloat16 that ml_dtypes gives to numpy."""
    if dtype not in _ELEMENT_TYPES and dtype.name == "bfloat16" and dtype.isnative:
        _ELEMENT_TYPES[dtype] = _ELEMENT_TYPES[bfloat16]
    return dtype in _ELEMENT_TYPES


def float_array(
    value: ArrayLike, name: str, ranks: Sequence[int], *, dense: bool = False, may_be_empty: bool = False, rows: bool = False
) -> "NDArray[Any]":
    """The array itself when the library can read it in place, else one copy, of float32 unless its type can be read.

    In place: aligned float32, with `rows` of any type that C reads, whose last stride is one element and whose other strides
    are whole elements; with `dense`, C-contiguous.
    """
    # What most callers pass needs no further question.
    if type(value) is np.ndarray and value.dtype == _FLOAT32 and value.ndim in ranks and value.size and value.flags.num & _READABLE == _READABLE:
        return value

    array = as_array(value, name)
    is_read = rows and _is_read(array.dtype)
    if not is_read and (array.dtype.kind != "f" or array.dtype.itemsize > 8):
        also = f", or bfloat16: {name}.view(fastattn.bfloat16) of its bits" if rows and array.dtype == np.uint16 else ", or bfloat16" if rows else ""
        raise DTypeError(f"{name} has dtype {array.dtype}; expected float32, float64 or float16{also}")
    if array.ndim not in ranks:
        expected = " or ".join(str(rank) for rank in ranks)
        raise ShapeError(f"{name} has {array.ndim} axes, shape {array.shape}; expected {expected} axes")
    if 0 in array.shape and not may_be_empty:
        raise ShapeError(f"{name} has shape {array.shape}; expected at least one element on every axis")

    if not is_read and array.dtype != _FLOAT32:
        array = _single(array, name)
    readable = array.flags.num & _READABLE == _READABLE if dense else _strides_fit(array)
    return array if readable else np.array(array, order="C")


def rows_array(value: ArrayLike, name: str, ranks: Sequence[int]) -> "NDArray[Any]":
    """Rows of some sequences and heads: there may be no sequences and no rows, but not no heads and no columns."""
    array = float_array(value, name, ranks, may_be_empty=True, rows=True)
    if array.size == 0 and 0 in array.shape[-1:] + array.shape[-3:-2]:
        raise ShapeError(f"{name} has shape {array.shape}; expected at least one head and one column")
    return array


def four_axes(array: "NDArray[Any]") -> Tuple[int, ...]:
    return (1,) * (4 - array.ndim) + array.shape


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
    out: "Optional[NDArray[Any]]", shape: Tuple[int, ...], inputs: "Mapping[str, Any]", *, dense: bool = False, name: str = "out"
) -> "NDArray[Any]":
    """`out` once it is known to fit, else a new array.

    `inputs`: what the caller gave, by name, whose memory `out` must not share. `name`: what the caller calls `out`.
    """
    if out is None:
        return np.empty(shape, dtype=np.float32)
    if type(out) is not np.ndarray or out.dtype != _FLOAT32 or out.shape != shape or out.flags.num & _WRITABLE != _WRITABLE:
        _check_output(out, shape, dense, name)
    for other, given in inputs.items():
        if given is not None and np.may_share_memory(out, given, max_work=_OVERLAP_WORK):
            raise ArgumentError(f"{name} overlaps {other}; expected memory of its own")
    return out


def _check_output(out: Any, shape: Tuple[int, ...], dense: bool, name: str) -> None:
    refuse_subclass(out, name)
    if not isinstance(out, np.ndarray) or not _is_read(out.dtype):
        came = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise DTypeError(f"{name} is {came}; expected a float32, float16 or bfloat16 array")
    if out.shape != shape:
        raise ShapeError(f"{name} has shape {out.shape}; expected {shape}")
    if not out.flags.writeable:
        raise ArgumentError(f"{name} is read-only; expected a writable array")
    if dense and out.flags.num & _READABLE != _READABLE:
        raise ShapeError(f"{name} has strides {out.strides}; expected a C-contiguous array")
    if not _strides_fit(out):
        raise ShapeError(f"{name} has strides {out.strides} in bytes; expected whole elements and {out.itemsize} on the last axis")


def _strides_fit(array: "NDArray[Any]") -> bool:
    # numpy gives empty arrays any strides.
    if array.size == 0:
        return True
    size = array.itemsize
    last_fits = array.shape[-1] == 1 or array.strides[-1] == size
    return array.flags.aligned and last_fits and all(stride % size == 0 for stride in array.strides)


class Descriptor:
    """A `fa_tensor` that describes one array after the other. Only what differs from the array before is written."""

    __slots__ = ("reference", "_tensor", "_layout")

    def __init__(self) -> None:
        self._tensor = _abi.Tensor()
        self._layout: Any = None
        # What a call passes to C.
        self.reference = ctypes.byref(self._tensor)

    def describe(self, array: "NDArray[Any]") -> Any:
        """The structure's address; the array must stay alive for the length of the call."""
        # One question for all that is needed; the attributes ask as often as there are.
        interface = array.__array_interface__
        layout = (array.dtype, interface["shape"], interface["strides"])
        if layout != self._layout:
            axes, tensor = array.ndim, self._tensor
            tensor.ndim = axes
            tensor.element_type = _ELEMENT_TYPES[array.dtype]
            tensor.shape[:axes] = array.shape
            tensor.strides[:axes] = [stride // array.itemsize for stride in array.strides]
            self._layout = layout
        self._tensor.data = interface["data"][0]
        return self.reference


def described(array: "NDArray[Any]") -> Any:
    """The address of a new description of an array, which must stay alive for the length of the call."""
    return Descriptor().describe(array)


def tensor(array: "NDArray[np.float32]") -> Any:
    """The same as a pointer, for structures that hold one."""
    return ctypes.pointer(described(array)._obj)
