"""kernelized_attention and KernelizedAttention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library, _plans
from ._options import Bias, QueryOffset, bias_value, query_offset_value
from ._positions import Positions
from ._system import AttentionSystem, Result, gated, sizes


class KernelizedAttention(AttentionSystem):
    """`kernelized_attention` prepared for one set of sizes.

    Parameters
    ----------
    heads, query_length, head_dimension : int
        H, n_q and d. Further sizes: `batch` B; `key_heads` H_k, by default H; `key_length` n_k, by default n_q; `value_dimension` d_v,
        by default d. Shapes follow from them as `forward` says.
    bias, feature_map, features, projection, projection_kind, seed, nu, signed_features, normalize, qk_scale, feature_epsilon, causal,
    query_offset, tolerance, method, threads
        As in `kernelized_attention`. Arrays of bias and projection are copied.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> q = np.array([[0, 1], [1, 0], [2, 2]], dtype=np.float32)
    >>> k = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> v = np.array([[1], [2], [3], [4]], dtype=np.float32)
    >>> bias = np.log(np.arange(1, 7, dtype=np.float32))
    >>> attention = KernelizedAttention(1, 3, 2, key_length=4, value_dimension=1, bias=bias, feature_map="elu")
    >>> attention.plan.features
    2
    >>> attention.forward(q, k, v).ravel().round(4)
    array([3.0233, 3.0448, 3.1818], dtype=float32)
    """

    __slots__ = ()

    def __init__(
        self,
        heads: int,
        query_length: int,
        head_dimension: int,
        *,
        batch: int = 1,
        key_heads: Optional[int] = None,
        key_length: Optional[int] = None,
        value_dimension: Optional[int] = None,
        bias: Optional[Union[ArrayLike, Positions]] = None,
        feature_map: str = "prf",
        features: Optional[int] = None,
        projection: Optional[ArrayLike] = None,
        projection_kind: str = "orthogonal",
        seed: int = 0,
        nu: int = 1,
        signed_features: bool = False,
        normalize: Optional[bool] = None,
        qk_scale: Optional[float] = None,
        feature_epsilon: Optional[float] = None,
        causal: bool = False,
        query_offset: Optional[Union[int, ArrayLike]] = None,
        tolerance: float = 1e-4,
        method: str = "auto",
        threads: Optional[int] = None,
    ) -> None:
        shape = sizes(heads, query_length, head_dimension, batch, key_heads, key_length, value_dimension)
        positions, offset = Bias(bias), QueryOffset(query_offset, shape["batch"])
        rows = _projection(projection)
        options = _abi.AttentionOptions(
            feature_map=_arguments.word(feature_map, "feature_map"),
            projection_kind=_arguments.word(projection_kind, "projection_kind"),
            method=_arguments.word(method, "method"),
            seed=_arguments.integer(seed, "seed", 0, 2**64 - 1),
            features=0 if features is None else _arguments.integer(features, "features", 1),
            **offset.fields,
            causal=int(_arguments.boolean(causal, "causal")),
            normalize=0 if normalize is None else 1 if _arguments.boolean(normalize, "normalize") else 2,
            threads=_arguments.thread_count(threads),
            feature_epsilon=0.0 if feature_epsilon is None else _arguments.real(feature_epsilon, "feature_epsilon"),
            qk_scale=0.0 if qk_scale is None else _arguments.real(qk_scale, "qk_scale"),
            tolerance=_arguments.real(tolerance, "tolerance"),
            nu=_arguments.integer(nu, "nu", 1),
            signed_features=int(_arguments.boolean(signed_features, "signed_features")),
            position=positions.position,
        )

        def create(lib: _library.Library, native: Any, attention: Any) -> int:
            drawn = _abi.Handle()
            try:
                status = 0 if rows is None else lib.fa_projection_from_values(_arrays.described(rows), ctypes.byref(drawn))
                return status or lib.fa_attention_create(native, ctypes.byref(options), positions.tensor, drawn, attention)
            finally:
                lib.fa_projection_destroy(drawn)

        self._prepare(shape, create, {"values": "projection"}, options.threads)


def kernelized_attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    bias: Optional[Union[ArrayLike, Positions]] = None,
    feature_map: str = "prf",
    features: Optional[int] = None,
    projection: Optional[ArrayLike] = None,
    projection_kind: str = "orthogonal",
    seed: int = 0,
    nu: int = 1,
    signed_features: bool = False,
    normalize: Optional[bool] = None,
    qk_scale: Optional[float] = None,
    feature_epsilon: Optional[float] = None,
    causal: bool = False,
    query_offset: Optional[Union[int, ArrayLike]] = None,
    key_mask: Optional[ArrayLike] = None,
    lengths: Optional[ArrayLike] = None,
    tolerance: float = 1e-4,
    method: str = "auto",
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
    return_info: bool = False,
) -> Result:
    """Kernelized attention with relative positions (Luo et al., NeurIPS 2021, arXiv 2106.12566).

    For every sequence and head::

        z_i = sum_j c_{j-i} (phi(q_i) . phi(k_j)) v_j / sum_j c_{j-i} (phi(q_i) . phi(k_j)),    c_t = exp(bias_t)

    Parameters
    ----------
    q : array [B, H, n_q, d], [H, n_q, d] or [n_q, d]
        Queries. float32, float16 and bfloat16 are read in place whatever the strides of the leading axes, so a transposed
        `[B, n, H, d]` array costs nothing; a last axis that is not contiguous, and float64, cost one copy. bfloat16 is that of
        ml_dtypes, or bits: `x.view(fastattn.bfloat16)` of a uint16 array. q, k, v and `out` may be of different types; arithmetic is
        float32. Everything but q, k, v and `out` is converted to float32. Integers, complex numbers
        and objects raise `DTypeError`, as do arrays whose class means more than their numbers (masked arrays, `numpy.matrix`,
        record arrays, arrays with units); a number that float32 cannot hold is an `ArgumentError`. That is so for every array
        argument of every function. d is 1 ... 512. B, n_q and n_k may be 0.
    k, v : arrays [B, H_k, n_k, d] and [B, H_k, n_k, d_v], with as many axes as q
        Keys and values. H_k divides H: query head h reads key head h // (H // H_k). d_v is 1 ... 4096.
    bias : array [n_q + n_k - 1], [1, n_q + n_k - 1] or [H, n_q + n_k - 1], or `Positions`, optional
        Entry (j - i) + (n_q - 1) belongs to query i and key j. -inf removes the pair; NaN and +inf are errors. Or positions
        by a few parameters: `clipped_positions`, `t5_positions`, `alibi_positions`, `exponential_positions`,
        `kerple_log_positions`, `kerple_power_positions`, `grid_positions`; or an array prepared once: `dense_positions`. None: no
        positions.
    feature_map : {"prf", "trf", "elu", "relu", "sikf", "dpfp", "given"}
        The map phi. "given": q and k are features that the caller has made, by a learned kernel, another activation or `map_features`;
        then d is 1 ... 8192, and nothing is scaled unless asked for.
    signed_features : bool
        Whether features of "given" may be negative; otherwise a negative one is an error. Other maps refuse True. As with "trf", the
        tolerance then holds where the denominator keeps at least a twentieth of the sum of its terms' absolute values.
    features : int, optional
        Rows m of the projection, 1 ... 4096; "trf" makes two features of each. Default: those of `projection`, else 64.
        "elu", "sikf", "dpfp" and "given" have no projection and refuse `features` and `projection`.
    projection : array [m, d] or [H, m, d], optional
        The rows of the random feature map. Default: drawn as `random_projection(features, d, kind=projection_kind,
        seed=seed)`.
    projection_kind : {"orthogonal", "iid", "sphere"}
    seed : int, 0 ... 2**64 - 1
    nu : int
        Rolls of "dpfp", which makes 2 d nu features, at most 8192 (Schlag et al. 2021); other maps refuse any but 1.
    normalize : bool, optional
        Whether rows of q and k are scaled to length 1. Default: True for "prf" and "trf". A zero row stays zero.
    qk_scale : float, optional
        Factor on un-normalised q and k; refused when they are normalised. Default: d**-0.25 for "prf", "trf" and "relu",
        else 1.
    feature_epsilon : float, optional
        Added to every feature, above 0, for models that were trained with one. "prf": Performer codes have
        exp(w.x - |x|**2 / 2 - M) + feature_epsilon (1e-4 or 1e-6), M the largest w.x of the row for a query, and of all keys of
        the head that take part for a key, also where a causal query does not see them; default: none. "relu": instead of 1e-3.
        Other maps refuse it.
    causal : bool
        Whether query i sees only keys j <= query_offset + i.
    query_offset : int or int array [B], optional
        The position of query 0 among the keys, one for all sequences or one a sequence; 0 is the place of the first key. It is read
        when causal, and by all `Positions` but dense ones and grids. An array of bias is taken by j - i whatever the offset is. Default: n_k - n_q when causal, which needs n_q <= n_k, else 0.
    key_mask : array [n_k] or [B, n_k], also [B, 1, n_k] or [B, 1, 1, n_k], optional
        Which keys take part, for all queries alike: bool or integers, True or 1 = attend, False or 0 = leave out; or floats
        that would be added to scores, 0 = attend, -inf = leave out. Any other entry is an error. 1 in place of B: all sequences.
        A mask [n_q, n_k] is not one. With B = n_q it has the shape of one, and is refused where it is triangular: use
        `causal`, or a bias of -inf.
    lengths : int array [B], optional
        Keys kept from the front, 0 ... n_k. A key is kept when both `key_mask` and `lengths` allow it.
    tolerance : float, 1e-6 ... 0.1
        Largest error of a row of the result, as a share of the largest |v_j| the row sees. Below 1e-5 direct sums take two
        to three times as long, and most rows of linear, band, decay and multipole are computed by them. "trf" keeps errors
        of up to some 1e-5 all the same: its sines and cosines are rounded to float32.
    method : {"auto", "direct", "fft", "linear", "band", "decay", "multipole"}
    threads : int, optional
        Default: FASTATTN_THREADS, else the cores this process may use. Never changes a bit of the result.
    out : float32, float16 or bfloat16 array of the result's shape, optional
        Last axis contiguous; no element of it may be an element of an input. Untouched when an error is raised. A result of 16 bits is
        the float32 result rounded once, to the nearest number; above 65504 float16 has only infinity.
    return_info : bool
        Whether to return `(result, AttentionInfo)`.

    Returns
    -------
    float32 array [B, H, n_q, d_v], with as many axes as q
        `out` if given. A row that sees no key is zeros, as are all rows when n_k = 0. NaN or infinity in a query makes its row
        NaN, in a key the rows that depend on it, in a value its column of those rows, and nothing else.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError
        The message names the argument, what came and what was expected.
    FastAttnError
        The library could not be loaded, ran out of memory, or was used before this process was forked.

    Notes
    -----
    Time per head: "direct" O(n_q n_k (m + d_v)), "fft" O(N log N m d_v) with N from max(n_q, n_k), "linear" O(n m d_v),
    "band" and "decay" O(n (w (m + d_v) + m d_v)) with w the offsets between constant, negligible or exponential tails,
    "multipole" O(n r m d_v) with r the rank of smooth tails, 4 ... 16. No n x n array is made. What a call prepares
    is kept for later ones with the same sizes, options, positions and projection: `plan_cache_info` tells how, and what it costs.
    `KernelizedAttention` is the same as an object. The interpreter's lock is released while computing; any number of threads may
    call at once.

    Examples
    --------
    >>> import numpy as np
    >>> q = np.array([[0, 1], [1, 0], [2, 2]], dtype=np.float32)
    >>> k = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    >>> v = np.array([[1], [2], [3], [4]], dtype=np.float32)
    >>> bias = np.log(np.arange(1, 7, dtype=np.float32))

    The weights are c_{j-i} (phi(q_i) . phi(k_j)) = [9 16 25 36; 6 15 16 30; 6 18 27 48], so the rows are 260/86, 204/67
    and 315/99; causal ones 41/25, 84/37 and 315/99.

    >>> kernelized_attention(q, k, v, bias=bias, feature_map="elu").ravel().round(4)
    array([3.0233, 3.0448, 3.1818], dtype=float32)
    >>> kernelized_attention(q, k, v, bias=bias, feature_map="elu", causal=True).ravel().round(4)
    array([1.64  , 2.2703, 3.1818], dtype=float32)

    With "dpfp" and nu = 2, phi([1 2 -3]) = [3 2 0 0 0 0  0 6 0 0 0 0] and phi([2 1 0]) = [0 2 0 0 0 0  0 ...]: weights 49 and 4.

    >>> q, k, v = np.float32([[1, 2, -3]]), np.float32([[1, 2, -3], [2, 1, 0]]), np.float32([[1], [54]])
    >>> kernelized_attention(q, k, v, feature_map="dpfp", nu=2)
    array([[5.]], dtype=float32)
    """
    query, key, value = gated(q, k, v)
    prepared = _plans.prepared(
        KernelizedAttention, query, key, value,
        {"bias": bias_value(bias), "projection": _projection(projection), "query_offset": query_offset_value(query_offset)},
        {
            "feature_map": feature_map, "features": features, "projection_kind": projection_kind, "seed": seed, "nu": nu,
            "signed_features": signed_features, "normalize": normalize, "qk_scale": qk_scale, "feature_epsilon":
            feature_epsilon, "causal": causal, "tolerance": tolerance, "method": method, "threads": threads,
        },
    )  # fmt: skip
    given = None if out is None else {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths, "bias": bias, "projection": projection}
    return prepared.forward(query, key, value, key_mask, lengths, out, return_info, given)


def _projection(projection: Optional[ArrayLike]) -> "Optional[NDArray[np.float32]]":
    return None if projection is None else _arrays.float_array(projection, "projection", (2, 3))
