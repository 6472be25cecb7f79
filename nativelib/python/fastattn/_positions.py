"""Relative positions, prepared once or by a few parameters: objects that `kernelized_attention` takes as `bias`."""

from __future__ import annotations

import ctypes
from types import MappingProxyType
from typing import Any, Callable, Dict, Hashable, Mapping, Optional, Tuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library
from ._errors import ShapeError

# Parameters of more bytes are not compared.
_MOST_COMPARED = 1 << 16


class Positions:
    """Relative positions of some kind, made by `dense_positions`, `clipped_positions`, `t5_positions`, `alibi_positions`,
    `exponential_positions`, `kerple_log_positions`, `kerple_power_positions` or `grid_positions`; pass them as `bias` of `kernelized_attention`,
    `softmax_attention`, `gaussian_attention` or `schoenbat`.

    All but dense ones and those of a grid fit any number of queries and keys: query i stands at position `query_offset` + i, key j at j, and t is the key's
    position minus the query's. What a call prepares for its sizes is kept here and used again by later calls with the same
    sizes (the last eight). Immutable; any number of threads may use one at once. Can be pickled.
    """

    __slots__ = ("_handle", "_identity", "_kind", "_make", "_parameters", "__weakref__")

    def __init__(self, kind: str, make: "Callable[..., Positions]", parameters: "Dict[str, Any]", create: str, *arguments: Any) -> None:
        lib = _library.library()
        handle = _abi.Handle()
        lib.check(_library.with_memory(lambda: getattr(lib, create)(*arguments, ctypes.byref(handle))))
        self._kind = kind
        self._make = make
        self._parameters = MappingProxyType(parameters)
        self._identity: "Optional[Hashable]" = None
        self._handle = handle
        _library.destroy_with(self, lib.fa_position_destroy, handle)

    @property
    def kind(self) -> str:
        """The word of the kind: "dense", "clipped", "t5", "alibi", "exponentials", "kerple_log", "kerple_power" or "grid"."""
        return self._kind

    @property
    def parameters(self) -> "Mapping[str, Any]":
        """The parameters by name, arrays as read-only float32."""
        return self._parameters

    def _same(self) -> Hashable:
        """Equal for positions of equal kind and parameters, unless these are large: then every object is by itself."""
        if self._identity is None:
            values = self._parameters.values()
            size = sum(value.nbytes for value in values if isinstance(value, np.ndarray))
            numbers = tuple((value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value for value in values)
            self._identity = (self._kind, numbers) if size <= _MOST_COMPARED else self
        return self._identity

    def __repr__(self) -> str:
        parameters = ", ".join(f"{name}={_brief(value)}" for name, value in self._parameters.items())
        return f"fastattn.{self._make.__name__}({parameters})"

    def __reduce__(self) -> "Tuple[Callable[..., Positions], Tuple[Callable[..., Positions], Dict[str, Any]]]":
        return _remake, (self._make, dict(self._parameters))


def dense_positions(bias: ArrayLike, query_length: int, key_length: Optional[int] = None) -> Positions:
    """Any number for every offset, as an array of `bias` has it, but checked and prepared once for all layers and calls that share it.

    It fits its own lengths only and ignores `query_offset` (Luo et al. 2021).

    Parameters
    ----------
    bias : array [n_q + n_k - 1], for all heads, or [H, n_q + n_k - 1]
        Entry (j - i) + (n_q - 1) belongs to query i and key j. -inf removes the pair; NaN and +inf are errors.
    query_length : int
        n_q.
    key_length : int, optional
        n_k. Default: n_q.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> dense_positions(np.zeros((8, 2 * 512 - 1), dtype=np.float32), 512)
    fastattn.dense_positions(bias=float32 [8, 1023], query_length=512, key_length=512)
    """
    table = _array(bias, "bias", (1, 2))
    queries = _arguments.integer(query_length, "query_length", 1, 2**31 - 1)
    keys = queries if key_length is None else _arguments.integer(key_length, "key_length", 1, 2**31 - 1)
    parameters = {"bias": table, "query_length": queries, "key_length": keys}
    return Positions("dense", dense_positions, parameters, "fa_position_dense", _described(table), queries, keys)


def clipped_positions(bias: ArrayLike) -> Positions:
    """Constant from a distance K on: b_t = bias[clip(t, -K, K) + K] (Shaw, Uszkoreit and Vaswani 2018).

    Parameters
    ----------
    bias : array [2 K + 1], for all heads, or [H, 2 K + 1]
        -inf removes the pair; NaN and +inf are errors.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> clipped_positions(np.array([-1.0, 0.5, 0.0])).kind
    'clipped'
    """
    table = _array(bias, "bias", (1, 2))
    return Positions("clipped", clipped_positions, {"bias": table}, "fa_position_clipped", _described(table))


def t5_positions(bias: ArrayLike, *, bidirectional: bool = True, max_distance: int = 128, rounding: str = "exact") -> Positions:
    """One number a bucket, by the public definition of T5 (Raffel et al. 2020).

    With s buckets for a side and e = s // 2, a distance d below e is in bucket d, and d >= e in
    min(e + floor(log(d / e) / log(max_distance / e) * (s - e)), s - 1).

    Parameters
    ----------
    bias : array [buckets], for all heads, or [H, buckets]
        The transpose of what published checkpoints hold: for those use `t5_positions.from_checkpoint`. -inf removes the pair; NaN and +inf are errors.
    bidirectional : bool
        True: the first half of the buckets is for t <= 0, the second for t > 0 (an even number, at least 4).
        False: all are for t <= 0 and t > 0 is in bucket 0 (at least 2).
    max_distance : int
        Distance that the logarithmic buckets reach to; above e.
    rounding : {"exact", "float32"}
        Of the logarithm: none, or to float32 after every step, as published code has it. They differ only where a distance lies
        within a rounding of a boundary: for no distance with 32 buckets and max_distance 128.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> t5_positions(np.zeros((8, 32), dtype=np.float32))
    fastattn.t5_positions(bias=float32 [8, 32], bidirectional=True, max_distance=128, rounding='exact')
    """
    table = _array(bias, "bias", (1, 2))
    both = _arguments.boolean(bidirectional, "bidirectional")
    distance = _arguments.integer(max_distance, "max_distance", 1, 2**31 - 1)
    word = _arguments.word(rounding, "rounding")
    parameters = {"bias": table, "bidirectional": both, "max_distance": distance, "rounding": rounding}
    return Positions("t5", t5_positions, parameters, "fa_position_t5_rounded", _described(table), int(both), distance, word)


def alibi_slopes(heads: int) -> "NDArray[np.float32]":
    """The slopes of ALiBi as its authors give them (Press, Smith and Lewis 2022), for `alibi_positions`.

    For a power of two they are 2**(-8 / heads), its square, its cube and so on; otherwise those of the next lower power of two, and
    after them every other one of twice that many heads.

    Parameters
    ----------
    heads : int
        At least 1.

    Returns
    -------
    float32 array [heads]

    Raises
    ------
    ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> alibi_slopes(6)
    array([0.25      , 0.0625    , 0.015625  , 0.00390625, 0.5       ,
           0.125     ], dtype=float32)
    """
    count = _arguments.integer(heads, "heads", 1, 2**31 - 1)
    power = 1 << (count.bit_length() - 1)
    steps = np.append(np.arange(1, power + 1) / power, np.arange(1, 2 * (count - power), 2) / (2 * power))
    return np.exp2(-8 * steps).astype(np.float32)


def alibi_positions(slopes: ArrayLike) -> Positions:
    """A bias that falls linearly with the distance: b_t = -slope |t| (ALiBi: Press, Smith and Lewis 2022).

    Parameters
    ----------
    slopes : float or array [H]
        Finite, at least 0; one number is for all heads. `alibi_slopes(H)` are the published ones.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastattn import kernelized_attention
    >>> q = np.array([[0, 1], [1, 0], [2, 2]], dtype=np.float32)
    >>> k = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> v = np.array([[1], [2], [3], [4]], dtype=np.float32)
    >>> halves = alibi_positions(np.log(2.0))

    The coefficients are 2**-|t|, so the rows are 55/28, 47/20 and 41/14; with the queries one position on 46/19, 119/41 and 89/26.

    >>> kernelized_attention(q, k, v, bias=halves, feature_map="elu").ravel().round(4)
    array([1.9643, 2.35  , 2.9286], dtype=float32)
    >>> kernelized_attention(q, k, v, bias=halves, feature_map="elu", query_offset=1).ravel().round(4)
    array([2.4211, 2.9024, 3.4231], dtype=float32)
    """
    per_head = _array(slopes, "slopes", (1,))
    return Positions("alibi", alibi_positions, {"slopes": per_head}, "fa_position_alibi", _described(per_head))


def exponential_positions(weights: ArrayLike, rates: ArrayLike) -> Positions:
    """Coefficients that are a sum of exponentials: exp(b_t) = sum_r weights[r] exp(-rates[r] |t|).

    One term is the decay of retention (Sun et al. 2023); a rate of 0 adds a constant.

    Parameters
    ----------
    weights : array [terms], for all heads, or [H, terms]
        Finite, above 0.
    rates : array of the same shape
        Finite, at least 0.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> exponential_positions([0.5, 0.5], [0.1, 0.0]).kind
    'exponentials'
    """
    factors = _array(weights, "weights", (1, 2))
    decays = _array(rates, "rates", (1, 2))
    if decays.shape != factors.shape:
        raise ShapeError(f"rates has shape {decays.shape}; expected {factors.shape}, the shape of weights")
    parameters = {"weights": factors, "rates": decays}
    return Positions(
        "exponentials", exponential_positions, parameters, "fa_position_exponentials", _described(factors), _described(decays)
    )


def kerple_log_positions(r1: ArrayLike, r2: ArrayLike) -> Positions:
    """A bias that falls with the logarithm of the distance: b_t = -r1 log(1 + r2 |t|) (KERPLE: Chi et al. 2022).

    Parameters
    ----------
    r1, r2 : float or array [H] each
        Finite, above 0; one number is for all heads.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> kerple_log_positions([1.0, 2.0], [0.5, 0.25])
    fastattn.kerple_log_positions(r1=float32 [2], r2=float32 [2])
    """
    first, second = _array(r1, "r1", (1,)), _array(r2, "r2", (1,))
    parameters = {"r1": first, "r2": second}
    return Positions("kerple_log", kerple_log_positions, parameters, "fa_position_kerple_log", _described(first), _described(second))


def kerple_power_positions(a: ArrayLike, p: ArrayLike) -> Positions:
    """A bias that falls with a power of the distance: b_t = -a |t|**p (KERPLE: Chi et al. 2022).

    Parameters
    ----------
    a : float or array [H]
        Finite, above 0; one number is for all heads.
    p : float or array [H]
        Above 0, at most 2.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> kerple_power_positions(0.1, 1.5).parameters["p"]
    array([1.5], dtype=float32)
    """
    factor, power = _array(a, "a", (1,)), _array(p, "p", (1,))
    parameters = {"a": factor, "p": power}
    return Positions("kerple_power", kerple_power_positions, parameters, "fa_position_kerple_power", _described(factor), _described(power))


def grid_positions(
    bias: ArrayLike,
    height: int,
    width: int,
    *,
    prefix: int = 0,
    suffix: int = 0,
    special_to_grid: "Optional[ArrayLike]" = None,
    grid_to_special: "Optional[ArrayLike]" = None,
    special_to_special: "Optional[ArrayLike]" = None,
) -> Positions:
    """Any number for every offset on a grid, for images (Luo et al. 2021).

    Queries and keys are the tokens of `height` rows of `width`, row by row, and entry [dy + height - 1, dx + width - 1]
    belongs to a key dy rows below and dx columns right of the query. It fits n_q = n_k = height * width only and ignores
    `query_offset`; a grid has no order, so it cannot be causal.

    Parameters
    ----------
    bias : array [2 height - 1, 2 width - 1], for all heads, or [H, 2 height - 1, 2 width - 1]
        A Swin table is another: use `grid_positions.from_swin`. -inf removes the pair; NaN and +inf are errors.
    height, width : int
        At least 1.
    prefix, suffix : int
        Special tokens before and after those of the grid, such as a class token; s = prefix + suffix, at most 1024. Queries and keys
        are then prefix + height * width + suffix tokens.
    special_to_grid : array [s] or [H, s], optional
        The bias of query special a and every key of the grid. Default: zeros, as for the next two; -inf removes the pairs.
    grid_to_special : array [s] or [H, s], optional
        The bias of every query of the grid and key special b.
    special_to_special : array [s, s] or [H, s, s], optional
        The bias of query special a and key special b.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Notes
    -----
    BEiT keeps [(2 height - 1) (2 width - 1) + 3, H] numbers, by query minus key, the last three for its class token in front::

        table = beit[:-3].T.reshape(heads, 2 * height - 1, 2 * width - 1)[:, ::-1, ::-1]
        to_grid, from_grid, own = beit[-3:]
        grid_positions(table, height, width, prefix=1, special_to_grid=to_grid[:, None],
                       grid_to_special=from_grid[:, None], special_to_special=own[:, None, None])

    Examples
    --------
    >>> import numpy as np
    >>> grid_positions(np.zeros((3, 5), dtype=np.float32), 2, 3)
    fastattn.grid_positions(bias=float32 [3, 5], height=2, width=3)
    """
    table = _array(bias, "bias", (2, 3))
    rows, columns = _sides(height, width)
    sides = (2 * rows - 1, 2 * columns - 1)
    if table.ndim == 2 and table.shape != sides and table.shape[0] == sides[0] * sides[1]:
        raise ShapeError(
            f"bias has shape {table.shape}; expected {sides} or (H, {sides[0]}, {sides[1]}): is it a Swin table, [entries, heads]?"
            " Then use grid_positions.from_swin"
        )
    before, after = _arguments.integer(prefix, "prefix", 0), _arguments.integer(suffix, "suffix", 0)
    biases = {"special_to_grid": special_to_grid, "grid_to_special": grid_to_special, "special_to_special": special_to_special}
    special = {name: _special(given, name) for name, given in biases.items() if given is not None}
    parameters = {"bias": table, "height": rows, "width": columns}
    if before == after == 0 and not special:
        return Positions("grid", grid_positions, parameters, "fa_position_grid", _described(table), rows, columns)
    parameters.update(prefix=before, suffix=after, **special)
    tensors = [_described(special[name]) if name in special else None for name in biases]
    return Positions("grid", grid_positions, parameters, "fa_position_grid_special", _described(table), rows, columns, before, after, *tensors)


def _from_swin(table: ArrayLike, height: int, width: Optional[int] = None) -> Positions:
    """The positions of a window of Swin Transformer, from its `relative_position_bias_table`.

    Such a table is stored [entries, heads] and counts query minus key on both axes: the reverse of `grid_positions`.

    Parameters
    ----------
    table : array [(2 height - 1) (2 width - 1), H]
        -inf removes the pair; NaN and +inf are errors.
    height, width : int
        Sides of the window; width is height when left out.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> grid_positions.from_swin(np.zeros((13 * 13, 4), dtype=np.float32), 7)
    fastattn.grid_positions(bias=float32 [4, 13, 13], height=7, width=7)
    """
    columns = _array(table, "table", (2,))
    rows, across = _sides(height, height if width is None else width)
    sides = (2 * rows - 1, 2 * across - 1)
    if columns.shape[0] != sides[0] * sides[1]:
        turned = "; is the table transposed?" if columns.shape[1] == sides[0] * sides[1] else ""
        raise ShapeError(f"table has shape {columns.shape}; expected ({sides[0] * sides[1]}, H) for a window of {rows} x {across}{turned}")
    return grid_positions(columns[::-1].T.reshape(-1, *sides), rows, across)


def _from_checkpoint(table: ArrayLike, *, bidirectional: bool = True, max_distance: int = 128) -> Positions:
    """The positions of a published T5 checkpoint, from its `relative_attention_bias` embedding.

    It is stored [buckets, heads], and the code around it takes logarithms in float32. Such a model does not scale its scores: call
    `softmax_attention` with scale=1.

    Parameters
    ----------
    table : array [buckets, H]
        A square table fits either way round and means something else. -inf removes the pair; NaN and +inf are errors.
    bidirectional : bool
        True for an encoder's table, False for a decoder's.
    max_distance : int
        As in `t5_positions`.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> t5_positions.from_checkpoint(np.zeros((32, 8), dtype=np.float32))
    fastattn.t5_positions(bias=float32 [8, 32], bidirectional=True, max_distance=128, rounding='float32')
    """
    columns = _array(table, "table", (2,))
    return t5_positions(columns.T, bidirectional=bidirectional, max_distance=max_distance, rounding="float32")


# What published models store is turned into ours by functions that stand beside our own.
setattr(grid_positions, "from_swin", _from_swin)
setattr(t5_positions, "from_checkpoint", _from_checkpoint)


def _sides(height: int, width: int) -> "Tuple[int, int]":
    return _arguments.integer(height, "height", 1, 2**31 - 1), _arguments.integer(width, "width", 1, 2**31 - 1)


def _array(value: ArrayLike, name: str, ranks: "Tuple[int, ...]") -> "NDArray[np.float32]":
    """A copy that nobody can change; a number becomes [1]."""
    array = np.array(_arrays.float_array(np.atleast_1d(_arrays.as_array(value, name)), name, ranks))
    array.flags.writeable = False
    return array


def _special(value: ArrayLike, name: str) -> "NDArray[np.float32]":
    ranks = (2, 3) if name == "special_to_special" else (1, 2)
    array = np.array(_arrays.float_array(value, name, ranks))
    array.flags.writeable = False
    return array


def _described(array: "NDArray[np.float32]") -> Any:
    return _arrays.described(array)


def _brief(value: object) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else repr(value)


def _remake(make: "Callable[..., Positions]", parameters: "Dict[str, Any]") -> Positions:
    return make(**parameters)
