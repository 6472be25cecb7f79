"""AttentionSystem: what the objects of all attentions have in common, and one call of any of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Callable, List, Mapping, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _library
from ._arrays import Descriptor, four_axes, output_array, rows_array
from ._native_object import NativeObject
from ._selection import Selection

# C's and C#'s names of the arguments that all functions share.
_NAMES = {"query": "q", "key": "k", "value": "v", "destination": "out", "position": "bias", "query_offsets": "query_offset"}

Result = Union["NDArray[np.float32]", "Tuple[NDArray[np.float32], AttentionInfo]"]


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


@dataclass(frozen=True)
class AttentionPlan:
    """What a prepared attention is going to do.

    Attributes
    ----------
    method : str
        The method that will run: "direct", "fft", "linear", "band", "decay" or "multipole"; "direct" for softmax and Gaussian attention,
        "linear" for Skyformer.
    tier : str
        The instruction tier of the kernels: "avx512", "avx2", "neon" or "portable".
    features : int
        Features of a row of q or k; 0 for systems without.
    fourier_length : int
        Length of the transforms that "fft" uses or would use; 0: none.
    workspace_bytes : int
        Working memory of one piece of work in flight, of which a call has at most as many as threads.
    """

    method: str
    tier: str
    features: int
    fourier_length: int
    workspace_bytes: int


class AttentionSystem(NativeObject):
    """An attention of any kind, prepared for one set of sizes: `KernelizedAttention`, `SoftmaxAttention`, `GaussianAttention`,
    `SkyformerAttention` or `SchoenbatAttention`.

    Everything that does not depend on q, k and v is done when the object is made: the method is chosen, positions and projections are
    prepared. Working memory is kept from one call to the next, until `close`, the end of a `with` block, or the end of the
    object. Immutable; any number of threads may call one object at once, each call with working memory of its own.
    It cannot be pickled: make it again in the other process (`Positions` and `MaclaurinFeatures` can be pickled). In a process that was
    forked from one that had used the library calls raise `FastAttnError`, and the end of an object does nothing.
    """

    __slots__ = ("_sizes", "_threads", "_calls")

    def __init__(self) -> None:
        raise TypeError("AttentionSystem is what attentions have in common; make one of its kinds, such as SoftmaxAttention")

    def _prepare(
        self,
        sizes: "Mapping[str, Any]",
        create: "Callable[[_library.Library, Any, Any], int]",
        names: Mapping[str, str] = {},
        threads: int = 0,
    ) -> None:
        """Makes the native attention by `create(library, shape, attention)`, which returns C's status.

        `names` gives the caller's name for each argument that C names otherwise.
        """
        self._sizes = _abi.AttentionShape(**sizes)
        self._own(lambda lib, attention: create(lib, ctypes.byref(self._sizes), attention), "fa_attention_destroy", {**_NAMES, **names})
        self._threads = threads or self._library.fa_default_threads()
        # What calls pass to C, one for each that was ever in flight at once. Lists are safe for threads.
        self._calls: "List[_Call]" = []

    def forward(
        self,
        q: ArrayLike,
        k: ArrayLike,
        v: ArrayLike,
        *,
        key_mask: Optional[ArrayLike] = None,
        lengths: Optional[ArrayLike] = None,
        out: Optional["NDArray[Any]"] = None,
        return_info: bool = False,
    ) -> Result:
        """The attention of queries over keys and values of the sizes that the object was made for.

        Parameters
        ----------
        q : array [B, H, n_q, d]; leading axes of 1 may be absent
        k, v : arrays [B, H_k, n_k, d] and [B, H_k, n_k, d_v], with as many axes as q
        key_mask, lengths, out, return_info
            As in `kernelized_attention`.

        Returns
        -------
        float32 array [B, H, n_q, d_v], with as many axes as q
            `out` if given. With `return_info` a pair: it, and an `AttentionInfo`.

        Raises
        ------
        ShapeError, ArgumentError, DTypeError, FastAttnError
            As `kernelized_attention`; `ArgumentError` also for an object that is closed.
        """
        query, key, value = gated(q, k, v)
        given = None if out is None else {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths}
        return self._forward(query, key, value, key_mask, lengths, out, return_info, given)

    def _forward(
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
        """`given`: with `out`, all that the caller gave, by name, whose memory `out` must not share."""
        selection = None
        if key_mask is not None or lengths is not None:
            selection = Selection(key_mask, lengths, four_axes(query)[0], query.shape[-2], key.shape[-2])
        with_info = return_info if return_info is False else _arguments.boolean(return_info, "return_info")
        result = output_array(out, query.shape[:-1] + value.shape[-1:], given or {})

        lib = self._library
        lib.interrupts.watch()
        try:
            call = self._calls.pop()
        except IndexError:
            call = _Call()
        try:
            arguments = (
                self._handle,
                call.query.describe(query),
                call.key.describe(key),
                call.value.describe(value),
                call.destination.describe(result),
                None if selection is None else selection.reference,
                call.report_reference if with_info else None,
            )
            status = lib.fa_attention_forward(*arguments)
            if status:
                self._check(_library.with_memory(lambda: lib.fa_attention_forward(*arguments), status))
            return (result, call.info()) if with_info else result
        finally:
            self._calls.append(call)

    @property
    def plan(self) -> AttentionPlan:
        """What the object is going to do; of the first sequence, where each has its own query offset."""
        plan = _abi.Plan()
        self._check(self._library.fa_attention_plan(self._handle, ctypes.byref(plan)))
        return AttentionPlan(plan.method.decode(), plan.tier.decode(), plan.features, plan.fourier_length, plan.workspace_bytes)

    def explain(self) -> str:
        """The plan as a few lines of text: the method, why, and what the other methods would cost."""
        length = ctypes.c_int64()
        self._check(self._library.fa_attention_explain(self._handle, None, 0, ctypes.byref(length)))
        text = ctypes.create_string_buffer(length.value)
        self._check(self._library.fa_attention_explain(self._handle, text, len(text), ctypes.byref(length)))
        return text.value.decode()

    def trim(self) -> None:
        """Frees the working memory that no call uses now; later calls take it anew. For an object that is kept but rests."""
        self._check(self._library.fa_attention_trim(self._handle))

    def __repr__(self) -> str:
        sizes = self._sizes
        words = ", ".join(f"{name}={getattr(sizes, name)}" for name, _ in sizes._fields_[1:])
        return f"<fastattn.{type(self).__name__}: {words}{'' if self._end.alive else ', closed'}>"


class _Call:
    """What one call passes to C, made once and used again by later calls."""

    __slots__ = ("query", "key", "value", "destination", "report_reference", "_report")

    def __init__(self) -> None:
        self.query, self.key, self.value, self.destination = Descriptor(), Descriptor(), Descriptor(), Descriptor()
        self._report = _abi.Report()
        self.report_reference = ctypes.byref(self._report)

    def info(self) -> AttentionInfo:
        report = self._report
        return AttentionInfo(report.method.decode(), report.repaired_rows, report.fallback_heads, report.tier.decode())


def gated(q: ArrayLike, k: ArrayLike, v: ArrayLike) -> "Tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]":
    """The arrays of a call, checked; two to four axes, the same number of each."""
    query = rows_array(q, "q", (2, 3, 4))
    axes = (query.ndim,)
    return query, rows_array(k, "k", axes), rows_array(v, "v", axes)


def sizes(
    heads: int,
    query_length: int,
    head_dimension: int,
    batch: int,
    key_heads: Optional[int],
    key_length: Optional[int],
    value_dimension: Optional[int],
) -> "Mapping[str, int]":
    """The sizes that a caller names; those left out follow from others. The library knows their ranges."""

    def size(given: Optional[int], name: str, left_out: int = 0) -> int:
        return left_out if given is None else _arguments.integer(given, name, -(2**63))

    queries = size(query_length, "query_length")
    columns, count = size(head_dimension, "head_dimension"), size(heads, "heads")
    return {
        "batch": size(batch, "batch"),
        "heads": count,
        "key_heads": size(key_heads, "key_heads", count),
        "query_length": queries,
        "key_length": size(key_length, "key_length", queries),
        "head_dimension": columns,
        "value_dimension": size(value_dimension, "value_dimension", columns),
    }
