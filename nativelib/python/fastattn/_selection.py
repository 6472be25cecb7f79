"""Which keys take part: a mask and lengths, checked, as C takes them."""

from __future__ import annotations

import ctypes
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi
from ._arrays import as_array
from ._errors import ArgumentError, DTypeError, ShapeError
from ._key_mask import key_mask_array


class Selection:
    """A `fa_key_selection` and the memory that it points to."""

    __slots__ = ("reference", "_structure", "_mask", "_lengths")

    def __init__(
        self, key_mask: Optional[ArrayLike], lengths: Optional[ArrayLike], batch: int, query_length: int, key_length: int
    ) -> None:
        self._structure = _abi.KeySelection()
        if key_mask is not None:
            self._mask = key_mask_array(key_mask, batch, query_length, key_length)
            self._structure.key_mask, self._structure.key_mask_count = self._mask.ctypes.data, self._mask.size
        if lengths is not None:
            self._lengths = _kept(lengths, batch, key_length)
            self._structure.lengths, self._structure.lengths_count = self._lengths.ctypes.data, self._lengths.size
        self.reference: Any = ctypes.byref(self._structure)


def _kept(lengths: ArrayLike, batch: int, key_length: int) -> "NDArray[np.int32]":
    kept = as_array(lengths, "lengths")
    if kept.dtype.kind not in "iu" and kept.size:
        raise DTypeError(f"lengths has dtype {kept.dtype}; expected integers")
    if kept.shape != (batch,):
        raise ShapeError(f"lengths has shape {kept.shape}; expected ({batch},)")
    if kept.size and (kept.min() < 0 or kept.max() > key_length):
        raise ArgumentError(f"lengths are {kept.min()} to {kept.max()}; expected 0 to {key_length}")
    return np.ascontiguousarray(kept, dtype=np.int32)
