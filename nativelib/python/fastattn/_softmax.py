"""softmax_attention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arguments, _library
from ._forward import AttentionInfo, Bias, Forward, QueryOffset
from ._positions import Positions


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
    out: Optional["NDArray[np.float32]"] = None,
    return_info: bool = False,
) -> Union["NDArray[np.float32]", Tuple["NDArray[np.float32]", AttentionInfo]]:
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
    positions = Bias(bias)
    call = Forward(q, k, v, key_mask, lengths, out, return_info, bias=bias)
    offset = QueryOffset(query_offset, call.shape.batch)
    options = _library.SoftmaxOptions(
        **offset.fields,
        causal=int(_arguments.boolean(causal, "causal")),
        threads=_arguments.thread_count(threads),
        scale=0.0 if scale is None else _arguments.real(scale, "scale"),
        position=positions.position,
    )

    def create(lib: _library.Library, shape: Any, attention: Any) -> int:
        return lib.fa_softmax_create(shape, ctypes.byref(options), positions.tensor, attention)

    return call.run(create)
