"""map_features."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library
from ._arrays import rows_array

# C's and C#'s names of this function's arguments.
_NAMES = {"rows": "x", "dimension": "x", "head_dimension": "x", "values": "projection"}


def map_features(
    x: ArrayLike,
    *,
    feature_map: str = "prf",
    features: Optional[int] = None,
    projection: Optional[ArrayLike] = None,
    projection_kind: str = "orthogonal",
    seed: int = 0,
    nu: int = 1,
    normalize: Optional[bool] = None,
    qk_scale: Optional[float] = None,
    feature_epsilon: Optional[float] = None,
    return_log_scales: bool = False,
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
) -> Union["NDArray[np.float32]", Tuple["NDArray[np.float32]", "NDArray[np.float64]"]]:
    """phi(x), the feature map of `kernelized_attention` by itself.

    Parameters
    ----------
    x : array [B, H, n, d], [H, n, d] or [n, d]
        Rows, of queries or of keys: phi is the same for both. B and n may be 0.
    feature_map, features, projection, projection_kind, seed, nu, normalize, qk_scale, threads
        As in `kernelized_attention`; a projection [H, m, d] needs x with H heads.
    feature_epsilon : float, optional
        Of "relu", above 0: instead of 1e-3. "prf" refuses it here, because the features of a key would depend on the other keys.
    return_log_scales : bool
        Whether to return `(features, s)` with features phi(x) / exp(s), the largest of a row near one: phi of rows that are large leaves
        float32.
    out : float32, float16 or bfloat16 array of the features' shape, optional
        Last axis contiguous; memory apart from x's. Untouched when an error is raised.

    Returns
    -------
    float32 array [B, H, n, m], with as many axes as x
        `out` if given. phi(x) without the factor 1/sqrt(m) of "prf" and "trf", which cancels in attention; m features of "relu" and "prf",
        2 m of "trf", d of "elu", "sikf" and "given", 2 d nu of "dpfp". It may overflow to infinity or underflow to zero. NaN in rows that
        are not finite.
    float64 array [B, H, n], if `return_log_scales`
        s, -inf where all features of a row are zero and NaN where the row is not finite.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Notes
    -----
    Attention over these features is attention with the map: `kernelized_attention(map_features(q), map_features(k), v,
    feature_map="given")`. A query's factor cancels, and so does one that all keys share: with log-scales s of the keys pass
    features * exp(s - s.max()). Time O(B H n m d).

    Examples
    --------
    >>> import numpy as np
    >>> map_features(np.float32([[0, 1], [2, -np.inf]]), feature_map="elu")
    array([[ 1.,  2.],
           [nan, nan]], dtype=float32)
    >>> y, s = map_features(np.float32([[100, 99]]), feature_map="sikf", return_log_scales=True)
    >>> y.round(4), s
    (array([[1.    , 0.3679]], dtype=float32), array([100.]))
    """
    lib = _library.library()
    rows = rows_array(x, "x", (2, 3, 4))
    weights = None if projection is None else _arrays.float_array(projection, "projection", (2, 3))
    options = _abi.AttentionOptions(
        feature_map=_arguments.word(feature_map, "feature_map"),
        projection_kind=_arguments.word(projection_kind, "projection_kind"),
        seed=_arguments.integer(seed, "seed", 0, 2**64 - 1),
        features=0 if features is None else _arguments.integer(features, "features", 1),
        nu=_arguments.integer(nu, "nu", 1),
        normalize=0 if normalize is None else 1 if _arguments.boolean(normalize, "normalize") else 2,
        qk_scale=0.0 if qk_scale is None else _arguments.real(qk_scale, "qk_scale"),
        feature_epsilon=0.0 if feature_epsilon is None else _arguments.real(feature_epsilon, "feature_epsilon"),
        threads=_arguments.thread_count(threads),
    )
    with_scales = _arguments.boolean(return_log_scales, "return_log_scales")
    drawn = _abi.Handle()
    try:
        if weights is not None:
            lib.check(lib.fa_projection_from_values(_arrays.described(weights), ctypes.byref(drawn)), _NAMES)
        count = ctypes.c_int64()
        lib.check(lib.fa_feature_count(ctypes.byref(options), drawn, rows.shape[-1], ctypes.byref(count)), _NAMES)
        result = _arrays.output_array(out, rows.shape[:-1] + (count.value,), {"x": x, "projection": projection})
        scales = np.empty(rows.shape[:-1], dtype=np.float64)
        lib.check(
            lib.fa_map_features(
                ctypes.byref(options),
                drawn,
                _arrays.described(rows),
                _arrays.described(result),
                scales.ctypes.data if with_scales else None,
                scales.size if with_scales else 0,
            ),
            _NAMES,
        )
    finally:
        lib.fa_projection_destroy(drawn)
    return (result, scales) if with_scales else result
