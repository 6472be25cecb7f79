"""fast_rpb and FastRpb."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, List, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library, _plans
from ._arrays import four_axes, rows_array
from ._errors import DTypeError, ShapeError
from ._native_object import NativeObject
from ._selection import Selection

# C's and C#'s names of this function's arguments.
_NAMES = {"value": "v", "destination": "add_to", "vertical": "weights", "horizontal": "weights", "length": "weights"}

# What is kept of a weight: itself twice, its spectrum, and memory to work in.
_KEPT_BYTES = 128


class FastRpb(NativeObject):
    """`fast_rpb` with the weights prepared once. Immutable; any number of threads may call one object at once. It cannot be pickled.

    Parameters
    ----------
    weights, causal, grid, symmetric, prefix, suffix
        As in `fast_rpb`; arrays are copied.
    rows : int
        prefix + n + suffix, the rows of v.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `fast_rpb`.

    Examples
    --------
    >>> import numpy as np
    >>> with FastRpb(np.float32([1, 2, 3, 4, 5]), rows=3) as rpb:
    ...     rpb.apply(np.float32([[1], [10], [100]])).ravel().round()
    array([123., 234., 345.], dtype=float32)
    """

    __slots__ = ("_heads",)

    def __init__(
        self,
        weights: Union[ArrayLike, Tuple[ArrayLike, ArrayLike]],
        rows: int,
        *,
        causal: bool = False,
        grid: Optional[Tuple[int, int]] = None,
        symmetric: bool = False,
        prefix: int = 0,
        suffix: int = 0,
    ) -> None:
        is_symmetric = _arguments.boolean(symmetric, "symmetric")
        before, after = _special_tokens(prefix, suffix, _arguments.integer(rows, "rows", 0))
        arrays = _axes_of_weights(weights, grid, is_symmetric, rows - before - after)
        options = _abi.FastRpbOptions(
            prefix=before, suffix=after, causal=int(_arguments.boolean(causal, "causal")), symmetric=int(is_symmetric)
        )
        self._heads = _heads(arrays)

        def create(lib: _library.Library, rpb: Any) -> int:
            make = lib.fa_fast_rpb_create if grid is None else lib.fa_fast_rpb_create_grid
            return make(*map(_arrays.described, arrays), ctypes.byref(options), rpb)

        self._own(create, "fa_fast_rpb_destroy", _NAMES)

    def apply(
        self,
        v: ArrayLike,
        *,
        key_mask: Optional[ArrayLike] = None,
        lengths: Optional[ArrayLike] = None,
        add_to: Optional["NDArray[np.float32]"] = None,
        threads: Optional[int] = None,
    ) -> "NDArray[np.float32]":
        """W v.

        Parameters
        ----------
        v, key_mask, lengths, add_to, threads
            As in `fast_rpb`.

        Returns
        -------
        float32 array [B, H, rows, d_v], with as many axes as v
            As `fast_rpb`.

        Raises
        ------
        ShapeError, ArgumentError, DTypeError, FastAttnError
            As `fast_rpb`; `ArgumentError` also for an object that is closed.
        """
        return self._apply(rows_array(v, "v", (2, 3, 4)), key_mask, lengths, add_to, threads, {"v": v})

    def _apply(
        self,
        value: "NDArray[np.float32]",
        key_mask: Optional[ArrayLike],
        lengths: Optional[ArrayLike],
        add_to: Any,
        threads: Optional[int],
        given: "dict[str, Any]",
    ) -> "NDArray[np.float32]":
        """`given`: all that the caller gave but mask and lengths, by name, whose memory `add_to` must not share."""
        batch, _, rows, _ = four_axes(value)
        selection = Selection(key_mask, lengths, batch, rows, rows)
        thread_count = _arguments.thread_count(threads)
        result = _result(add_to, value, self._heads, {**given, "key_mask": key_mask, "lengths": lengths})
        self._library.interrupts.watch()
        apply, described = self._library.fa_fast_rpb_apply, _arrays.described
        self._check(apply(self._handle, described(value), described(result), selection.reference, int(add_to is not None), thread_count))
        return result


def fast_rpb(
    v: ArrayLike,
    weights: Union[ArrayLike, Tuple[ArrayLike, ArrayLike]],
    *,
    causal: bool = False,
    grid: Optional[Tuple[int, int]] = None,
    symmetric: bool = False,
    prefix: int = 0,
    suffix: int = 0,
    key_mask: Optional[ArrayLike] = None,
    lengths: Optional[ArrayLike] = None,
    add_to: Optional["NDArray[np.float32]"] = None,
    threads: Optional[int] = None,
) -> "NDArray[np.float32]":
    """FastRPB (Zubkov and Gavrilov 2022, arXiv 2202.11364): W v beside any attention's output, with W_ij = w_{i-j}.

    Parameters
    ----------
    v : array [B, H_v, rows, d_v], [H_v, rows, d_v] or [rows, d_v]
        Values. rows = prefix + n + suffix. float32 is read in place whatever the strides of its leading axes.
    weights : array [2n - 1], [1, 2n - 1] or [H, 2n - 1]; with `symmetric` [n], [1, n] or [H, n]
        Entry (i - j) + (n - 1) multiplies v_j in row i, query minus key: the opposite of a bias, as the authors have it;
        symmetric: entry |i - j|. Any sign, finite. With `grid` a pair (vertical, horizontal), each as above with n the
        height or the width; or one array for both axes of a square.
    causal : bool
        Whether row i takes values of rows j <= i only. Not on a grid.
    grid : (height, width), optional
        Tokens are those of an image, row by row: W[(y, x), (y', x')] = vertical_{y-y'} + horizontal_{x-x'}.
    symmetric : bool
        Whether weights are given by distance.
    prefix, suffix : int
        Special tokens before and after the others. They give nothing and receive nothing; n counts the others.
    key_mask : array [rows] or [B, rows], optional
        Which values count, in any form that `kernelized_attention` takes. What others hold is not looked at.
    lengths : int array [B], optional
        Rows whose values count, from the front.
    add_to : float32, float16 or bfloat16 array [B, H, rows, d_v], with as many axes as v, optional
        What W v is added to, in place; rows of special tokens stay as they are. Last axis contiguous; memory apart from
        v's. Untouched when an error is raised.
    threads : int, optional
        Default: FASTATTN_THREADS, else the cores this process may use. Never changes a bit of the result.

    Returns
    -------
    float32 array [B, H, rows, d_v], with as many axes as v
        `add_to` if given; else W v, zero in rows of special tokens, with H the heads of the weights or, when those have one
        for all, of v. H_v divides H: head h takes value head h // (H // H_v). A NaN or an infinity in a value reaches its
        column of the rows whose weight for it is not zero, and nothing else.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Notes
    -----
    Time O(B H d_v n log n), on a grid O(B H d_v (n + s log s)) with s the longer side. No n x n array is made.

    Each element is within a few 2**-24 |w| |v_column| of exact (Euclidean norms), and also within 2**-15 |w_i| |v_i|: w_i
    are the weights of its own row, v_i is the part of its column between the first and the last of them that is not zero.
    So a later value never reaches a causal row, however loud it is. On a grid both hold along each axis, for the sums of
    values along rows and along columns.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.array([[1], [10], [100]], dtype=np.float32)
    >>> w = np.array([1, 2, 3, 4, 5], dtype=np.float32)

    W = [3 2 1; 4 3 2; 5 4 3].

    >>> fast_rpb(v, w).ravel().round()
    array([123., 234., 345.], dtype=float32)
    >>> fast_rpb(v, w, causal=True).ravel().round()
    array([  3.,  34., 345.], dtype=float32)
    >>> fast_rpb(v, w[2:], symmetric=True).ravel().round()
    array([543., 434., 345.], dtype=float32)
    >>> image = np.array([[1], [10], [100], [1000]], dtype=np.float32)
    >>> fast_rpb(image, (np.float32([1, 2, 3]), np.float32([4, 5, 6])), grid=(2, 2)).ravel().round()
    array([5667., 6778., 6778., 7889.], dtype=float32)
    """
    value = rows_array(v, "v", (2, 3, 4))
    rows = value.shape[-2]
    is_symmetric = _arguments.boolean(symmetric, "symmetric")
    before, after = _special_tokens(prefix, suffix, rows)
    arrays = _axes_of_weights(weights, grid, is_symmetric, rows - before - after)
    down, across = arrays[0], arrays[-1]

    def make() -> _plans.Kept:
        given = down if grid is None else (down, across)
        made = FastRpb(given, rows, causal=causal, grid=grid, symmetric=is_symmetric, prefix=before, suffix=after)
        return _plans.Kept(made, _KEPT_BYTES * sum(array.size for array in arrays))

    kept = _plans.find_or_make(
        (FastRpb, rows, *(() if grid is None else map(operator.index, grid))), {"down": down, "across": None if grid is None else across},
        {"causal": causal, "symmetric": is_symmetric, "prefix": before, "suffix": after}, make,
    )  # fmt: skip
    return kept.value._apply(value, key_mask, lengths, add_to, threads, {"v": v, "weights": down, "weights[1]": across})


def _weights_from_checkpoint(stored: ArrayLike, length: Optional[int] = None) -> "NDArray[np.float32]":
    """Weights of FastRPB as the authors' code stores them, turned into those that `fast_rpb` takes.

    Its "full" vector has 2 N - 1 entries for N tokens at most; its Fourier product reads it with the last offset first, so it is rotated
    by one. For fewer tokens it takes the middle of the vector. Its "symmetric" vector needs no change: pass its first n entries with
    symmetric=True. That code does not mask values: give no `key_mask` and no `lengths` for the same result.

    Parameters
    ----------
    stored : array [2 N - 1] or [H, 2 N - 1]
    length : int, optional
        Tokens n that are not special, at most N. Default: N.

    Returns
    -------
    float32 array [2 n - 1] or [H, 2 n - 1]

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> fast_rpb.weights_from_checkpoint(np.float32([5, 1, 2, 3, 4]))
    array([1., 2., 3., 4., 5.], dtype=float32)
    """
    given = _arrays.float_array(stored, "stored", (1, 2))
    entries = given.shape[-1]
    tokens = (entries + 1) // 2 if length is None else _arguments.integer(length, "length", 1)
    if entries % 2 == 0 or entries < 2 * tokens - 1:
        raise ShapeError(f"stored has shape {given.shape}; expected an odd number of entries a head, at least {2 * tokens - 1}")
    middle = (entries + 1) // 2 - tokens
    return np.roll(given[..., middle : middle + 2 * tokens - 1], -1, axis=-1)


# Beside the function that takes what it gives.
setattr(fast_rpb, "weights_from_checkpoint", _weights_from_checkpoint)


def _special_tokens(prefix: Any, suffix: Any, rows: int) -> "Tuple[int, int]":
    before, after = _arguments.integer(prefix, "prefix", 0), _arguments.integer(suffix, "suffix", 0)
    if before + after > rows:
        raise ShapeError(f"prefix is {before} and suffix is {after}; expected no more special tokens than the {rows} rows of v")
    return before, after


def _heads(arrays: "List[NDArray[np.float32]]") -> int:
    """The heads that weights have, 1 for one vector for all."""
    return max(1 if array.ndim == 1 else array.shape[0] for array in arrays)


def _axes_of_weights(weights: Any, grid: Any, symmetric: bool, tokens: int) -> "List[NDArray[np.float32]]":
    """The arrays of weights, one of a sequence or two of a grid, once they are known to fit so many tokens."""
    if grid is None:
        return [_fitting(weights, "weights", tokens, symmetric)]
    if not isinstance(grid, tuple) or len(grid) != 2:
        raise DTypeError(f"grid is {_arguments.shown(grid)}; expected (height, width)")
    height, width = _arguments.integer(grid[0], "grid[0]", 1), _arguments.integer(grid[1], "grid[1]", 1)
    if height * width != tokens:
        raise ShapeError(f"grid is {height} x {width}; expected {tokens} tokens, the rows of v that are not special")
    if isinstance(weights, (tuple, list)):
        if len(weights) != 2:
            raise ShapeError(f"weights holds {len(weights)} arrays; expected 2, vertical and horizontal")
        pair = weights
    elif height == width:
        pair = (weights, weights)
    else:
        raise ShapeError(f"weights is one array; expected a pair (vertical, horizontal) for a grid of {height} x {width}")
    return [_fitting(pair[0], "weights[0]", height, symmetric), _fitting(pair[1], "weights[1]", width, symmetric)]


def _fitting(weights: ArrayLike, name: str, tokens: int, symmetric: bool) -> "NDArray[np.float32]":
    array = _arrays.float_array(weights, name, (1, 2), may_be_empty=tokens == 0)
    expected = tokens if symmetric else max(2 * tokens - 1, 0)
    if array.shape[-1] != expected:
        raise ShapeError(f"{name} has shape {array.shape}; expected {expected} a head, for {tokens} tokens that are not special")
    return array


def _result(add_to: Any, value: "NDArray[np.float32]", heads: int, inputs: "dict[str, Any]") -> "NDArray[np.float32]":
    """What is written: `add_to`, or a new array with the heads that weights or values have."""
    if heads > 1 and value.ndim == 2:
        raise ShapeError(f"v has 2 axes; expected 3 or 4, [.., heads, rows, columns], for weights of {heads} heads")
    if value.ndim > 2 and heads > 1 and heads % value.shape[-3]:
        raise ShapeError(f"v has {value.shape[-3]} heads; expected a divisor of the {heads} heads of weights")
    shape = value.shape if value.ndim == 2 else value.shape[:-3] + (max(heads, value.shape[-3]),) + value.shape[-2:]
    if isinstance(add_to, np.ndarray) and add_to.ndim == value.ndim and value.ndim > 2 and heads == 1:
        shape = value.shape[:-3] + (add_to.shape[-3],) + value.shape[-2:]
    return _arrays.output_array(add_to, shape, inputs, name="add_to")
