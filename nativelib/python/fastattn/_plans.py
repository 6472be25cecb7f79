"""The cache of the functions: what was prepared for one call serves the next with the same sizes, options and positions."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Callable, Dict, Hashable, List, Mapping, Optional, Tuple, Type

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _library
from ._arrays import four_axes
from ._maclaurin import MaclaurinFeatures
from ._positions import Positions
from ._system import AttentionSystem, Result

_DEFAULT_LIMIT = 256 << 20

# However small they are: so many prepared attentions are kept at most.
_MOST = 256

# Working memory above this share of the limit is not kept from one call to the next.
_WORKING_SHARE = 8

# What an attention takes at least; and per head and token, for coefficients and their spectra; and per number of a projection.
_LEAST_BYTES, _BYTES_PER_TOKEN, _BYTES_PER_WEIGHT = 65_536, 64, 8

# Options of these types can be compared and never change. With others a call prepares everything anew.
_CONSTANT = frozenset({bool, int, float, str, type(None), np.bool_, np.int64, np.int32, np.float64, np.float32})


@dataclass(frozen=True)
class PlanCacheInfo:
    """What the cache of the functions holds and did; see `plan_cache_info`.

    Attributes
    ----------
    hits, misses : int
        Calls that found what they needed, and calls that prepared it, since the start or `clear_plan_cache`.
    plans : int
        Prepared attentions, weights and matrices that are kept now, at most 256.
    bytes : int
        About how much memory they take.
    limit : int
        What `bytes` may be at most.
    """

    hits: int
    misses: int
    plans: int
    bytes: int
    limit: int


class Kept:
    """Something that was prepared, and about how many bytes it takes."""

    __slots__ = ("value", "bytes")

    def __init__(self, value: Any, contents: int) -> None:
        self.value = value
        self.bytes = _LEAST_BYTES + contents


class KeptAttention(Kept):
    """An attention, whose working memory is freed after each call when it is much."""

    __slots__ = ("_trims",)

    def __init__(self, system: AttentionSystem, contents: int) -> None:
        sizes, plan = system._sizes, system.plan
        tokens = sizes.heads * (sizes.query_length + sizes.key_length)
        super().__init__(system, contents + _BYTES_PER_TOKEN * tokens + _BYTES_PER_WEIGHT * plan.features * sizes.head_dimension)
        working = plan.workspace_bytes * min(system._threads, max(sizes.batch * sizes.heads, 1))
        self._trims = working > _cache.limit // _WORKING_SHARE
        if not self._trims:
            self.bytes += working

    def forward(
        self,
        query: "NDArray[np.float32]",
        key: "NDArray[np.float32]",
        value: "NDArray[np.float32]",
        key_mask: Optional[ArrayLike],
        lengths: Optional[ArrayLike],
        out: Optional["NDArray[Any]"],
        return_info: bool,
        given: "Optional[Mapping[str, Any]]",
    ) -> Result:
        try:
            return self.value._forward(query, key, value, key_mask, lengths, out, return_info, given)
        finally:
            if self._trims:
                self.value.trim()


class _Cache:
    """Least recently used first. Its lock is held for lookups only, never while something is prepared or computed."""

    def __init__(self, limit: int) -> None:
        # A signal handler that calls may come while this thread looks something up.
        self.lock = threading.RLock()
        self.plans: "OrderedDict[Hashable, Kept]" = OrderedDict()
        self.limit, self.bytes, self.hits, self.misses = limit, 0, 0, 0

    def find(self, key: Hashable) -> Optional[Kept]:
        with self.lock:
            found = self.plans.get(key)
            if found is None:
                self.misses += 1
            else:
                self.hits += 1
                self.plans.move_to_end(key)
            return found

    def keep(self, key: Hashable, made: Kept) -> None:
        with self.lock:
            former = self.plans.pop(key, None)
            if former is not None:
                self.bytes -= former.bytes
            self.plans[key] = made
            self.bytes += made.bytes
            ended = self.shrink(self.limit)
        # Outside of the lock: the end of an attention enters the library.
        del former, ended

    def shrink(self, limit: int) -> "List[Kept]":
        """Takes out what is beyond a limit; the lock is held."""
        ended = []
        while self.plans and (self.bytes > limit or len(self.plans) > _MOST):
            _, oldest = self.plans.popitem(last=False)
            self.bytes -= oldest.bytes
            ended.append(oldest)
        return ended


_cache = _Cache(_DEFAULT_LIMIT)


def prepared(
    kind: Type[AttentionSystem],
    query: "NDArray[np.float32]",
    key: "NDArray[np.float32]",
    value: "NDArray[np.float32]",
    arrays: "Dict[str, Any]",
    options: "Dict[str, Any]",
) -> KeptAttention:
    """The attention of a kind for these arrays' sizes: the one of an earlier call with equal arguments, else a new one."""

    def make() -> KeptAttention:
        batch, heads, query_length, head_dimension = four_axes(query)
        _, key_heads, key_length, _ = four_axes(key)
        system: Any = kind
        return KeptAttention(
            system(
                heads, query_length, head_dimension,
                batch=batch, key_heads=key_heads, key_length=key_length, value_dimension=value.shape[-1], **arrays, **options,
            ),
            2 * sum(map(_bytes, arrays.values())),
        )  # fmt: skip

    kept: Any = find_or_make((kind, query.shape, key.shape, value.shape[-1]), arrays, options, make)
    return kept


def find_or_make(what: "Tuple[Hashable, ...]", arrays: "Dict[str, Any]", options: "Dict[str, Any]", make: "Callable[[], Kept]") -> Kept:
    """What an earlier call with equal arguments made, else what `make` makes.

    `what`: the kind and its sizes. `arrays`: options that are None, a number, an array that was checked, or an object that never
    changes, such as `Positions`. `options`: the others, as the caller gave them.
    """
    values = tuple(options.values())
    types = tuple(map(type, values))
    if not _CONSTANT.issuperset(types):
        return make()
    # Equal numbers of different types are not the same to every check: 1 is no boolean.
    contents = [_contents(given) for given in arrays.values()]
    key = (*what, values, types, *contents)
    found = _cache.find(key)
    if found is not None:
        return found
    made = make()
    if made.bytes <= _cache.limit:
        _cache.keep(key, made)
    return made


def _contents(given: Any) -> Hashable:
    """What two arguments have in common that are the same."""
    if isinstance(given, np.ndarray):
        return given.shape, given.tobytes()
    return given._same() if isinstance(given, Positions) else given


def _bytes(given: Any) -> int:
    """What the numbers of an argument take."""
    if isinstance(given, np.ndarray):
        return given.nbytes
    if isinstance(given, Positions):
        return sum(map(_bytes, given.parameters.values()))
    return given.degrees.nbytes + given.signs.nbytes if isinstance(given, MaclaurinFeatures) else 0


def clear_plan_cache() -> None:
    """Lets go of all that the functions keep from one call for the next, and counts hits and misses from zero.

    Calls of other threads that are in flight end as if nothing had happened.

    Examples
    --------
    >>> clear_plan_cache()
    >>> plan_cache_info().plans
    0
    """
    _let_go()
    with _cache.lock:
        _cache.hits = _cache.misses = 0


def _let_go() -> None:
    with _cache.lock:
        ended = _cache.shrink(-1)
    del ended


def plan_cache_info() -> PlanCacheInfo:
    """What the functions keep from one call for the next.

    `kernelized_attention`, `softmax_attention`, `gaussian_attention`, `skyformer`, `schoenbat`, `fast_rpb` and `toeplitz_matmul` keep what they
    prepared; the least recently used goes first. A later call with the same sizes, options and positions prepares nothing. Positions
    are the same when kind and parameters are, however often they were made; those of more than 64 KiB, projections and draws when they are the same object. Arrays (a bias, a projection, query offsets, gamma, beta, landmarks) are the same when
    every byte is: the cache has a copy and compares, so an array that was changed in place is noticed, and an equal array of another place
    is found too. That costs some microseconds for 10,000 numbers; `dense_positions` costs nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from fastattn import softmax_attention
    >>> clear_plan_cache()
    >>> q, bias = np.ones((3, 2), dtype=np.float32), np.zeros(5, dtype=np.float32)
    >>> for _ in range(3):
    ...     _ = softmax_attention(q, q, q, bias=bias)
    >>> info = plan_cache_info()
    >>> info.plans, info.misses, info.hits
    (1, 1, 2)
    """
    cache = _cache
    with cache.lock:
        return PlanCacheInfo(cache.hits, cache.misses, len(cache.plans), cache.bytes, cache.limit)


def set_plan_cache_limit(limit: int) -> None:
    """Sets how much memory the functions may keep from one call for the next; 256 MiB unless set.

    It counts what was prepared, the copies of arrays and the working memory, as estimated. Working memory of more than an eighth of the
    limit is freed after each call. 0: nothing is kept.

    Parameters
    ----------
    limit : int
        Bytes, at least 0.

    Raises
    ------
    ArgumentError, DTypeError
        As `kernelized_attention`.

    Examples
    --------
    >>> set_plan_cache_limit(64 << 20)
    >>> plan_cache_info().limit
    67108864
    >>> set_plan_cache_limit(256 << 20)
    """
    number = _arguments.integer(limit, "limit", 0)
    cache = _cache
    with cache.lock:
        cache.limit = number
        ended = cache.shrink(number)
    del ended


def _after_fork() -> None:
    """A child cannot use what its parent prepared, and whoever holds the lock may not be there."""
    global _cache
    _cache = _Cache(_cache.limit)


_library.reserves.append(_let_go)
os.register_at_fork(after_in_child=_after_fork)
