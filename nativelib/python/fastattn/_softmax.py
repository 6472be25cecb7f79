"""softmax_attention and SoftmaxAttention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _library, _plans
from ._options import Bias, QueryOffset, bias_value, query_offset_value
from ._positions import Positions
from ._system import AttentionSystem, Result, gated, sizes


class SoftmaxAttention(AttentionSystem):
    """`softmax_attention` prepared for one set of sizes.

    Parameters
    ----------
    heads, query_length, head_dimension : int
        H, n_q and d. Further sizes: `batch` B; `key_heads` H_k, by default H; `key_length` n_k, by default n_q; `value_dimension` d_v,
        by default d. Shapes follow from them as `forward` says.
    bias, scale, causal, query_offset, threads
        As in `softmax_attention`. An array of bias is copied.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `softmax_attention`.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> with SoftmaxAttention(1, 1, 1, key_length=2) as attention:
    ...     attention.forward(q, k, v)
    array([[4.]], dtype=float32)
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
        scale: Optional[float] = None,
        causal: bool = False,
        query_offset: Optional[Union[int, ArrayLike]] = None,
        threads: Optional[int] = None,
    ) -> None:
        shape = sizes(heads, query_length, head_dimension, batch, key_heads, key_length, value_dimension)
        positions, offset = Bias(bias), QueryOffset(query_offset, shape["batch"])
        options = _abi.SoftmaxOptions(
            **offset.fields,
            causal=int(_arguments.boolean(causal, "causal")),
            threads=_arguments.thread_count(threads),
            scale=0.0 if scale is None else _arguments.real(scale, "scale"),
            position=positions.position,
        )

        def create(lib: _library.Library, native: Any, attention: Any) -> int:
            return lib.fa_softmax_create(native, ctypes.byref(options), positions.tensor, attention)

        self._prepare(shape, create, threads=options.threads)


def softmax_attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    bias: Optional[Union[ArrayLike, Positions]] = None,
    scale: Optional[float] = None,
    causal: bool = False,
    query_offset: Optional[Union[int, ArrayLike]] = None,
    key_mask: Optional[ArrayLike] = None,
    lengths: Optional[ArrayLike] = None,
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
    return_info: bool = False,
) -> Result:
    """Exact softmax attention with relative positions, the baseline of every other system.

    For every sequence and head::

        z_i = sum_j softmax_j(scale q_i . k_j + bias_{j-i}) v_j

    Parameters
    ----------
    q, k, v : arrays
        As in `kernelized_attention`.
    bias : array or `Positions`, optional
        As in `kernelized_attention`.
    scale : float, optional
        Factor on q . k, finite, above 0. Default: d**-0.5.
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
    Exact to float32 rounding: a weight is within a relative error of about d 2**-24 times the size of its score, bias included (3e-4 for
    a bias of -1e4), and sums add at most 2.1e-5 of the largest |v_j| for any number of keys. Scores of any size are allowed. Time per head O(n_q n_k (d + d_v)), in tiles under a
    running maximum (Milakov and Gimelshein 2018; Dao et al. 2022): no n x n array is made.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> softmax_attention(q, k, v)
    array([[4.]], dtype=float32)
    >>> softmax_attention(q, k, v, bias=np.log(np.float32([1, 3])))
    array([[4.5]], dtype=float32)
    """
    query, key, value = gated(q, k, v)
    prepared = _plans.prepared(
        SoftmaxAttention, query, key, value,
        {"bias": bias_value(bias), "query_offset": query_offset_value(query_offset)},
        {"scale": scale, "causal": causal, "threads": threads},
    )  # fmt: skip
    given = None if out is None else {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths, "bias": bias}
    return prepared.forward(query, key, value, key_mask, lengths, out, return_info, given)
