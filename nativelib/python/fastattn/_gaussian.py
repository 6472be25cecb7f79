"""gaussian_attention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _library
from ._forward import AttentionInfo, Bias, Forward, QueryOffset
from ._positions import Positions


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
    out: Optional["NDArray[np.float32]"] = None,
    return_info: bool = False,
) -> Union["NDArray[np.float32]", Tuple["NDArray[np.float32]", AttentionInfo]]:
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
    positions = Bias(bias)
    call = Forward(q, k, v, key_mask, lengths, out, return_info, bias=bias)
    offset = QueryOffset(query_offset, call.shape.batch)
    options = _library.GaussianOptions(
        **offset.fields,
        causal=int(_arguments.boolean(causal, "causal")),
        threads=_arguments.thread_count(threads),
        position=positions.position,
    )

    def create(lib: _library.Library, shape: Any, attention: Any) -> int:
        return lib.fa_gaussian_create(shape, ctypes.byref(options), positions.tensor, attention)

    return call.run(create)
