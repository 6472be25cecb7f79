"""Options that several attentions have, as C takes them: the place of the queries, and relative positions."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _library
from ._arrays import described, float_array, integer_array
from ._errors import ShapeError
from ._positions import Positions


def query_offset_value(query_offset: Any) -> "Union[None, int, NDArray[np.int64]]":
    """A caller's `query_offset`: one for all sequences, one a sequence, or neither."""
    if isinstance(query_offset, (list, tuple)) or (isinstance(query_offset, np.ndarray) and query_offset.ndim > 0):
        # An empty list has no type of its own.
        return integer_array(query_offset if len(query_offset) else np.zeros(0, dtype=np.int64), "query_offset", np.int64)
    return None if query_offset is None else _arguments.integer(query_offset, "query_offset", -(2**63))


class QueryOffset:
    """The fields of an options structure that say where query 0 stands, and the memory that they point to."""

    def __init__(self, query_offset: Any, batch: int) -> None:
        place = query_offset_value(query_offset)
        self._each = place if isinstance(place, np.ndarray) else None
        self._one = None if isinstance(place, np.ndarray) else place
        if self._each is not None and self._each.shape != (batch,):
            raise ShapeError(f"query_offset has shape {self._each.shape}; expected an integer, or ({batch},), one a sequence")

    @property
    def fields(self) -> "Mapping[str, Any]":
        return {
            "query_offset": 0 if self._one is None else self._one,
            "has_query_offset": int(self._one is not None),
            "query_offsets": None if self._each is None else self._each.ctypes.data,
            "query_offsets_count": 0 if self._each is None else self._each.size,
        }


def bias_value(bias: Optional[Union[ArrayLike, Positions]]) -> "Union[None, Positions, NDArray[np.float32]]":
    """A caller's `bias`: an array, `Positions`, or neither."""
    return bias if bias is None or isinstance(bias, Positions) else float_array(bias, "bias", (1, 2), may_be_empty=True)


class Bias:
    """A caller's `bias` as C takes it: a tensor, or a handle in the options."""

    def __init__(self, bias: Optional[Union[ArrayLike, Positions]]) -> None:
        given = bias_value(bias)
        self._array = given if isinstance(given, np.ndarray) else None
        # NULL, or the array's description, whose memory lives as long as this object.
        self.tensor: Any = None if self._array is None else described(self._array)
        self.position = given._handle if isinstance(given, Positions) else _abi.Handle()
