"""gaussian_attention and GaussianAttention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _library, _plans
from ._options import Bias, QueryOffset, bias_value, query_offset_value
from ._positions import Positions
from ._system import AttentionSystem, Result, gated, sizes


class GaussianAttention(AttentionSystem):
    """`gaussian_attention` prepared for one set of sizes.

    Parameters
    ----------
    heads, query_length, head_dimension : int
        H, n_q and d. Further sizes: `batch` B; `key_heads` H_k, by default H; `key_length` n_k, by default n_q; `value_dimension` d_v,
        by default d. Shapes follow from them as `forward` says.
    bias, causal, query_offset, threads
        As in `gaussian_attention`. An array of bias is copied.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `gaussian_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> with GaussianAttention(1, 1, 1, key_length=2) as attention:
    ...     attention.forward(q, k, v).round(4)
    array([[4.8522]], dtype=float32)
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
        causal: bool = False,
        query_offset: Optional[Union[int, ArrayLike]] = None,
        threads: Optional[int] = None,
    ) -> None:
        shape = sizes(heads, query_length, head_dimension, batch, key_heads, key_length, value_dimension)
        positions, offset = Bias(bias), QueryOffset(query_offset, shape["batch"])
        options = _abi.GaussianOptions(
            **offset.fields,
            causal=int(_arguments.boolean(causal, "causal")),
            threads=_arguments.thread_count(threads),
            position=positions.position,
        )

        def create(lib: _library.Library, native: Any, attention: Any) -> int:
            return lib.fa_gaussian_create(native, ctypes.byref(options), positions.tensor, attention)

        self._prepare(shape, create, threads=options.threads)


def gaussian_attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    bias: Optional[Union[ArrayLike, Positions]] = None,
    causal: bool = False,
    query_offset: Optional[Union[int, ArrayLike]] = None,
    key_mask: Optional[ArrayLike] = None,
    lengths: Optional[ArrayLike] = None,
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
    return_info: bool = False,
) -> Result:
    """Exact attention with the Gaussian kernel (Chen et al., NeurIPS 2021, arXiv 2111.00035, eq. 3), extended by positions.

    For every sequence and head, without a denominator::

        out_i = sum_j exp(bias_{j-i} - |q_i - k_j|**2 / (2 sqrt(d))) v_j

    Parameters
    ----------
    q, k, v : arrays
        As in `kernelized_attention`.
    bias : array or `Positions`, optional
        As in `kernelized_attention`.
    causal, query_offset, key_mask, lengths, threads, out, return_info
        As in `kernelized_attention`.

    Returns
    -------
    float32 array [B, H, n_q, d_v], with as many axes as q
        As `kernelized_attention`.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Notes
    -----
    With D = |q_i - k_j|**2 / (2 sqrt(d)), a weight is within a relative error of about 2**-12 + 2 D sqrt(d) 2**-24, whatever the norms;
    queries further than 32 from the middle of the keys take some twenty times as long. Nothing divides the result, which must stay
    within float32. Time per head O(n_q n_k (d + d_v)); `skyformer` approximates it in linear time.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> gaussian_attention(q, k, v).round(4)  # 8 exp(-1/2)
    array([[4.8522]], dtype=float32)
    """
    query, key, value = gated(q, k, v)
    prepared = _plans.prepared(
        GaussianAttention, query, key, value,
        {"bias": bias_value(bias), "query_offset": query_offset_value(query_offset)},
        {"causal": causal, "threads": threads},
    )  # fmt: skip
    given = None if out is None else {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths, "bias": bias}
    return prepared.forward(query, key, value, key_mask, lengths, out, return_info, given)
