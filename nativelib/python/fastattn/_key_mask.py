"""Key masks in the forms that other programs keep them in, as the bytes that C takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _arrays
from ._errors import ArgumentError, DTypeError, ShapeError

# What a mask with a row for each query is asked to be instead.
_PER_QUERY = "a key mask holds for all queries alike: instead of a mask for every query pass causal=True, or a bias of -inf where a pair is left out"

# Masks of fewer rows are triangular by chance.
_LEAST_CAUSAL = 2


def key_mask_array(key_mask: ArrayLike, batch: int, query_length: int, key_length: int) -> "NDArray[np.bool_]":
    """True = attend, [n_k] or [B, n_k] without gaps, of a mask of any dtype and shape that `kernelized_attention` takes."""
    mask = _arrays.as_array(key_mask, "key_mask")
    leading = mask.shape[:-1]
    per_sequence = leading[:1] == (batch,)
    if mask.ndim not in (1, 2, 3, 4) or mask.shape[-1] != key_length or any(extent != 1 for extent in leading[per_sequence:]):
        advice = f"; {_PER_QUERY}" if mask.shape[-2:] == (query_length, key_length) else ""
        raise ShapeError(
            f"key_mask has shape {mask.shape}; expected ({key_length},) or ({batch}, {key_length}), "
            f"also ({batch}, 1, {key_length}) or ({batch}, 1, 1, {key_length}){advice}"
        )
    attended = np.ascontiguousarray(_attended(mask).reshape(leading[:1] + (key_length,)))
    if batch == query_length > _LEAST_CAUSAL and mask.ndim == 2 and _looks_causal(attended):
        raise ArgumentError(
            f"key_mask has shape {mask.shape}, as many sequences as queries, and is triangular; expected a row for each sequence: {_PER_QUERY},"
            " and for keys kept from the front of each sequence pass lengths="
        )
    return attended


def _attended(mask: "NDArray[Any]") -> "NDArray[np.bool_]":
    if mask.dtype.kind == "b":
        return mask
    if mask.dtype.kind in "iu":
        attended, left_out, expected = mask == 1, mask == 0, "1 (attend) or 0 (leave out)"
    elif mask.dtype.kind == "f":
        attended, left_out, expected = mask == 0, mask == -np.inf, "0 (attend) or -inf (leave out), the numbers that are added to scores"
    else:
        raise DTypeError(f"key_mask has dtype {mask.dtype}; expected bool, integers of 0 and 1, or floats of 0 and -inf")
    wrong = np.argwhere(~(attended | left_out))
    if len(wrong):
        entry = tuple(int(index) for index in wrong[0])
        raise ArgumentError(f"key_mask[{', '.join(map(str, entry))}] is {mask[entry]}, of dtype {mask.dtype}; expected {expected}")
    return attended


def _looks_causal(mask: "NDArray[np.bool_]") -> bool:
    """Whether a mask is what causal attention would need for every query, True = attend or the reverse."""
    if mask.all() or not mask.any():
        return False
    corners = {0, mask.shape[1] - mask.shape[0]}
    return any(np.array_equal(mask, triangle) for k in corners for lower in (np.tri(*mask.shape, k, dtype=bool),) for triangle in (lower, ~lower))
