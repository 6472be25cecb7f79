"""Checks of what callers pass beside arrays: Python numbers, words and choices, turned into C's."""

from __future__ import annotations

import ctypes
import operator
import reprlib
from typing import Any, Iterable, Mapping, Optional

import numpy as np

from ._errors import ArgumentError, DTypeError

_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1

# Longer than every word the library knows.
_LONGEST_WORD = 40

_REPR = reprlib.Repr()
_REPR.maxother = _REPR.maxlong = _REPR.maxstring = 60

# Arrays that are numbers and nothing else. Any other subclass means something that is lost in what C sees: a mask, units, another product.
_PLAIN = (np.ndarray, np.memmap)

# numpy has no arrays of more axes, so a sequence that is nested deeper is none.
_DEEPEST = 64

# What numpy does not read item by item: texts, bytes, arrays, and what says by one of these names how to make an array of it.
_NO_SEQUENCES = (str, bytes, bytearray, memoryview, np.ndarray, np.generic, Mapping)
_ARRAY_MAKERS = ("__array__", "__array_interface__", "__array_struct__")


def refuse_subclass(value: Any, name: str, depth: int = 0) -> None:
    """Refuses arrays whose class says more than their numbers do, also inside lists, tuples and other sequences."""
    if isinstance(value, np.ma.MaskedArray):
        raise DTypeError(
            f"{name} is a masked array, whose mask would be lost; expected a plain array: leave keys out with key_mask= or lengths=,"
            " or pass np.ma.getdata(x) or x.filled(number)"
        )
    if isinstance(value, np.ndarray):
        if type(value) not in _PLAIN:
            raise DTypeError(f"{name} is a {type(value).__name__}, whose meaning would be lost; expected a plain array: pass np.asarray(x)")
    elif depth < _DEEPEST:
        for item in _items(value):
            if not isinstance(item, (float, int)):
                refuse_subclass(item, name, depth + 1)


def _items(value: Any) -> "Iterable[Any]":
    """What numpy would make an array of, item by item; nothing where it would not."""
    if isinstance(value, (list, tuple)):
        return value
    kind = type(value)
    if isinstance(value, _NO_SEQUENCES) or not hasattr(kind, "__len__") or not hasattr(kind, "__getitem__") or any(hasattr(kind, maker) for maker in _ARRAY_MAKERS):
        return ()
    try:
        return [value[index] for index in range(len(value))]
    except Exception:
        # numpy meets the same and says so.
        return ()


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
        return one_line(_REPR.repr(value))
    except Exception:
        # A whole number of thousands of digits, which Python refuses to spell.
        return f"an object of type {type(value).__name__}"


def one_line(text: str) -> str:
    return " ".join(text.split())
