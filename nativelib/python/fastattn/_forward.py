"""What every attention's function does: arrays in, keys selected, one native attention made and run, the result out."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _library
from ._errors import ArgumentError, DTypeError, ShapeError
from ._key_mask import key_mask_array
from ._positions import Positions

# C's and C#'s names of the arguments that all functions share.
_NAMES = {"query": "q", "key": "k", "value": "v", "destination": "out", "position": "bias", "query_offsets": "query_offset"}


@dataclass(frozen=True)
class AttentionInfo:
    """What one call of an attention did.

    Attributes
    ----------
    method : str
        The method that ran in most heads: "direct", "fft", "linear", "band", "decay" or "multipole".
    repaired_rows : int
        Rows, over all batches and heads, computed again because their error could not be certified.
    fallback_heads : int
        Heads computed directly because more than a tenth of their rows would have needed that.
    tier : str
        The instruction tier of the kernels: "avx512", "avx2", "neon" or "portable".
    """

    method: str
    repaired_rows: int
    fallback_heads: int
    tier: str


class Forward:
    """The arrays of one call, checked: q, k, v, the keys that take part, and where the result goes."""

    def __init__(
        self,
        q: ArrayLike,
        k: ArrayLike,
        v: ArrayLike,
        key_mask: Optional[ArrayLike],
        lengths: Optional[ArrayLike],
        out: Optional["NDArray[np.float32]"],
        return_info: bool,
        **others: Any,
    ) -> None:
        """`others`: further arguments by name, whose memory `out` must not share either."""
        self._query = rows_array(q, "q", (2, 3, 4))
        self._key = rows_array(k, "k", (self._query.ndim,))
        self._value = rows_array(v, "v", (self._query.ndim,))
        batch, heads, query_length, head_dimension = four_axes(self._query)
        _, key_heads, key_length, _ = four_axes(self._key)
        self.shape = _library.AttentionShape(
            batch=batch,
            heads=heads,
            key_heads=key_heads,
            query_length=query_length,
            key_length=key_length,
            head_dimension=head_dimension,
            value_dimension=self._value.shape[-1],
        )
        self._selection = Selection(key_mask, lengths, batch, query_length, key_length)
        self._with_info = _arguments.boolean(return_info, "return_info")
        self._result = _arguments.output_array(
            out,
            self._query.shape[:-1] + (self._value.shape[-1],),
            {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths, **others},
        )

    def run(
        self, create: "Callable[[_library.Library, Any, Any], int]", names: Mapping[str, str] = {}
    ) -> Union["NDArray[np.float32]", Tuple["NDArray[np.float32]", AttentionInfo]]:
        """Makes an attention by `create(library, shape, attention)`, which returns C's status, and runs it.

        `names` gives the caller's name for each argument that C names otherwise.
        """
        lib = _library.library()
        names = {**_NAMES, **names}
        attention = _library.Handle()
        report = _library.Report()
        try:
            lib.check(create(lib, ctypes.byref(self.shape), ctypes.byref(attention)), names)
            lib.check(
                lib.fa_attention_forward(
                    attention,
                    ctypes.byref(_arguments.descriptor(self._query)),
                    ctypes.byref(_arguments.descriptor(self._key)),
                    ctypes.byref(_arguments.descriptor(self._value)),
                    ctypes.byref(_arguments.descriptor(self._result)),
                    self._selection.structure,
                    ctypes.byref(report),
                ),
                names,
            )
        finally:
            lib.fa_attention_destroy(attention)

        if not self._with_info:
            return self._result
        return self._result, AttentionInfo(report.method.decode(), report.repaired_rows, report.fallback_heads, report.tier.decode())


class Selection:
    """Which keys take part: a mask and lengths, checked, as C takes them."""

    def __init__(
        self, key_mask: Optional[ArrayLike], lengths: Optional[ArrayLike], batch: int, query_length: int, key_length: int
    ) -> None:
        self._mask = None if key_mask is None else key_mask_array(key_mask, batch, query_length, key_length)
        self._lengths = None if lengths is None else _lengths(lengths, batch, key_length)

    @property
    def structure(self) -> Any:
        """The address of a structure whose memory lives as long as this object."""
        return ctypes.byref(
            _library.KeySelection(
                key_mask=None if self._mask is None else self._mask.ctypes.data,
                key_mask_count=0 if self._mask is None else self._mask.size,
                lengths=None if self._lengths is None else self._lengths.ctypes.data,
                lengths_count=0 if self._lengths is None else self._lengths.size,
            )
        )


class QueryOffset:
    """A caller's `query_offset`, as C takes it: one for all sequences, one a sequence, or neither."""

    def __init__(self, query_offset: Any, batch: int) -> None:
        self._one: Optional[int] = None
        self._each: "Optional[NDArray[np.int64]]" = None
        if isinstance(query_offset, (list, tuple)) or (isinstance(query_offset, np.ndarray) and query_offset.ndim > 0):
            # An empty list has no type of its own.
            given = query_offset if len(query_offset) else np.zeros(0, dtype=np.int64)
            self._each = _arguments.integer_array(given, "query_offset", np.int64)
            if self._each.shape != (batch,):
                raise ShapeError(f"query_offset has shape {self._each.shape}; expected an integer, or ({batch},), one a sequence")
        elif query_offset is not None:
            self._one = _arguments.integer(query_offset, "query_offset", -(2**63))

    @property
    def fields(self) -> "Mapping[str, Any]":
        """Fields of an options structure, whose memory lives as long as this object."""
        return {
            "query_offset": 0 if self._one is None else self._one,
            "has_query_offset": int(self._one is not None),
            "query_offsets": None if self._each is None else self._each.ctypes.data,
            "query_offsets_count": 0 if self._each is None else self._each.size,
        }


class Bias:
    """A caller's `bias` as C takes it: an array, `Positions`, or neither."""

    def __init__(self, bias: Optional[Union[ArrayLike, Positions]]) -> None:
        self._given = bias
        self._array = None if bias is None or isinstance(bias, Positions) else _arguments.float_array(bias, "bias", (1, 2), may_be_empty=True)

    @property
    def tensor(self) -> Any:
        """The array's descriptor, or NULL."""
        return None if self._array is None else ctypes.byref(_arguments.descriptor(self._array))

    @property
    def position(self) -> _library.Handle:
        """The positions' handle, or none."""
        return self._given._handle if isinstance(self._given, Positions) else _library.Handle()


def rows_array(value: ArrayLike, name: str, ranks: Sequence[int]) -> "NDArray[np.float32]":
    """Rows of some sequences and heads: there may be no sequences and no rows, but not no heads and no columns."""
    array = _arguments.float_array(value, name, ranks, may_be_empty=True)
    if 0 in array.shape[-1:] + array.shape[-3:-2]:
        raise ShapeError(f"{name} has shape {array.shape}; expected at least one head and one column")
    return array


def four_axes(array: "NDArray[np.float32]") -> Tuple[int, ...]:
    return (1,) * (4 - array.ndim) + array.shape


def _lengths(lengths: ArrayLike, batch: int, key_length: int) -> "NDArray[np.int32]":
    kept = _arguments.as_array(lengths, "lengths")
    if kept.dtype.kind not in "iu" and kept.size:
        raise DTypeError(f"lengths has dtype {kept.dtype}; expected integers")
    if kept.shape != (batch,):
        raise ShapeError(f"lengths has shape {kept.shape}; expected ({batch},)")
    if kept.size and (kept.min() < 0 or kept.max() > key_length):
        raise ArgumentError(f"lengths are {kept.min()} to {kept.max()}; expected 0 to {key_length}")
    return np.ascontiguousarray(kept, dtype=np.int32)
