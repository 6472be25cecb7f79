"""skyformer and SkyformerAttention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library, _plans
from ._errors import ShapeError
from ._system import AttentionSystem, Result, gated, sizes


class SkyformerAttention(AttentionSystem):
    """`skyformer` prepared for one set of sizes. Landmarks are drawn in every call.

    Parameters
    ----------
    heads, query_length, head_dimension : int
        H, n_q and d. Further sizes: `batch` B; `key_heads` H_k, by default H; `key_length` n_k, by default n_q; `value_dimension` d_v,
        by default d. Shapes follow from them as `forward` says.
    landmarks, gamma, inverse, sampling, seed, threads
        As in `skyformer`.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `skyformer`.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> with SkyformerAttention(1, 1, 1, key_length=2, gamma=0) as attention:
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
        landmarks: Union[int, ArrayLike] = 128,
        gamma: float = 0.1,
        inverse: str = "cholesky",
        sampling: str = "uniform",
        seed: int = 0,
        threads: Optional[int] = None,
    ) -> None:
        shape = sizes(heads, query_length, head_dimension, batch, key_heads, key_length, value_dimension)
        chosen = _landmarks(landmarks)
        rows = chosen if isinstance(chosen, np.ndarray) else None
        options = _abi.SkyformerOptions(
            inverse=_arguments.word(inverse, "inverse"),
            sampling=_arguments.word(sampling, "sampling"),
            seed=_arguments.integer(seed, "seed", 0, 2**64 - 1),
            landmarks=chosen if rows is None else 0,
            landmark_indices=None if rows is None else rows.ctypes.data,
            landmark_indices_count=0 if rows is None else rows.size,
            gamma=_arguments.real(gamma, "gamma", zero=True),
            has_gamma=1,
            threads=_arguments.thread_count(threads),
        )

        def create(lib: _library.Library, native: Any, attention: Any) -> int:
            return lib.fa_skyformer_create(native, ctypes.byref(options), attention)

        self._prepare(shape, create, {"landmark_indices": "landmarks"}, options.threads)


def skyformer(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    landmarks: Union[int, ArrayLike] = 128,
    gamma: float = 0.1,
    inverse: str = "cholesky",
    sampling: str = "uniform",
    seed: int = 0,
    key_mask: Optional[ArrayLike] = None,
    lengths: Optional[ArrayLike] = None,
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
    return_info: bool = False,
) -> Result:
    """Skyformer: `gaussian_attention` in linear time (Chen et al., NeurIPS 2021, arXiv 2111.00035, eq. 4 to 6, section 4.4).

    With K(x, y) = exp(-|x - y|**2 / (2 sqrt(d))) and landmarks L, some rows of [q; k], for every sequence and head::

        out = K(q, L) (K(L, L) + gamma I)**-1 (K(L, k) v)

    Parameters
    ----------
    q, k, v : arrays
        As in `kernelized_attention`.
    landmarks : int, 1 ... 4096, or array of integers
        How many are drawn; without replacement at most as many as there are rows to choose from. Or the landmarks themselves,
        rows of [q; k] with keys from n_q on, the same for every sequence and head.
    gamma : float, at least 0
        Added to the diagonal. Landmarks given repeatedly need it above 0.
    inverse : {"cholesky", "schulz"}
        Exact, or the six steps of the authors' code, which do not converge for small eigenvalues.
    sampling : {"uniform", "halves", "replacement"}
        Over the rows of [q; k], or half of q and half of k, without replacement; or the halves with replacement, as the authors'
        code draws them: rows may repeat, and gamma must be above 0.
    seed : int, 0 ... 2**64 - 1
    key_mask, lengths, threads, out, return_info
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
    Landmarks are drawn for every head by itself, from seed, head and the rows there are: a sequence's result depends neither on the
    others of its batch nor on its padding. Keys left out are none; where n_q = n_k, neither are the queries beside them. Rows
    that hold NaN or infinity are none. Time per head O((n_q + n_k) l (d + d_v) + l**3) for l landmarks.

    Examples
    --------
    All three rows are landmarks and nothing is added to the diagonal, so this is what `gaussian_attention` gives.

    >>> import numpy as np
    >>> q, k, v = np.float32([[0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> skyformer(q, k, v, gamma=0).round(4)
    array([[4.8522]], dtype=float32)
    >>> skyformer(q, k, v, landmarks=[0], gamma=0).round(4)  # exp(0) / exp(0) * 8 exp(-1/2)
    array([[4.8522]], dtype=float32)
    """
    query, key, value = gated(q, k, v)
    prepared = _plans.prepared(
        SkyformerAttention, query, key, value,
        {"landmarks": _landmarks(landmarks)},
        {"gamma": gamma, "inverse": inverse, "sampling": sampling, "seed": seed, "threads": threads},
    )  # fmt: skip
    given = None if out is None else {"q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths}
    return prepared.forward(query, key, value, key_mask, lengths, out, return_info, given)


def _landmarks(landmarks: Union[int, ArrayLike]) -> "Union[int, NDArray[np.int64]]":
    """How many, or which."""
    if isinstance(landmarks, (int, np.integer)):
        return _arguments.integer(landmarks, "landmarks", 1)
    rows = _arrays.integer_array(landmarks, "landmarks", np.int64, "a number of landmarks or integers, rows of [q; k]")
    if rows.ndim != 1 or rows.size == 0:
        raise ShapeError(f"landmarks has shape {rows.shape}; expected one axis and at least one row of [q; k]")
    return rows
