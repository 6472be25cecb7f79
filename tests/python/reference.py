"""The mathematics in float64, by the definition: n x n arrays, no trick. Arrays are [B, H, n, d]."""

import numpy as np


def default_scale(feature_map, head_dimension):
    return head_dimension**-0.25 if feature_map in ("prf", "trf", "relu") else 1.0


def features(x, feature_map, projection, nu=1):
    """phi(x); projection is [H, m, d] for the maps that have one."""
    if feature_map == "elu":
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
    if feature_map == "sikf":
        return np.exp(x)
    if feature_map == "dpfp":
        r = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=-1)
        return np.concatenate([r * np.roll(r, j, axis=-1) for j in range(1, nu + 1)], axis=-1)

    m = projection.shape[-2]
    projected = x @ np.swapaxes(projection, -1, -2)
    half_norm = 0.5 * np.sum(x * x, axis=-1, keepdims=True)
    if feature_map == "prf":
        return np.exp(projected - half_norm) / np.sqrt(m)
    if feature_map == "trf":
        return np.exp(half_norm) / np.sqrt(m) * np.concatenate([np.sin(projected), np.cos(projected)], axis=-1)
    if feature_map == "relu":
        return np.maximum(projected / np.sqrt(m), 0) + 1e-3
    raise ValueError(feature_map)


def unit_rows(x):
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.divide(x, norm, out=np.zeros_like(x), where=norm > 0)


def visible_pairs(batch, n_q, n_k, causal=False, query_offset=None, key_mask=None, lengths=None, bias=None):
    """[B, H or 1, n_q, n_k]: which keys each query depends on."""
    i = np.arange(n_q)[:, None]
    j = np.arange(n_k)[None, :]
    visible = np.ones((batch, 1, n_q, n_k), dtype=bool)
    if causal:
        offset = n_k - n_q if query_offset is None else query_offset
        visible &= j <= offset + i
    if key_mask is not None:
        visible &= np.broadcast_to(key_mask, (batch, n_k))[:, None, None, :]
    if lengths is not None:
        visible &= (j < np.asarray(lengths)[:, None, None])[:, None]
    if bias is not None:
        visible = visible & (pair_bias(bias, n_q, n_k) > -np.inf)
    return visible


def pair_bias(bias, n_q, n_k):
    """[H or 1, n_q, n_k] from [L] or [H, L]: entry (j - i) + (n_q - 1)."""
    i = np.arange(n_q)[:, None]
    j = np.arange(n_k)[None, :]
    return np.atleast_2d(np.asarray(bias, dtype=np.float64))[:, j - i + n_q - 1]


def kernelized_attention(
    q, k, v, *, bias=None, feature_map="prf", projection=None, nu=1, normalize=None, qk_scale=None,
    causal=False, query_offset=None, key_mask=None, lengths=None,
):  # fmt: skip
    q, k, v = (np.asarray(x, dtype=np.float64) for x in (q, k, v))
    batch, heads, n_q, d = q.shape
    n_k = k.shape[2]
    k, v = (np.repeat(x, heads // x.shape[1], axis=1) for x in (k, v))

    if normalize is None:
        normalize = feature_map in ("prf", "trf")
    if normalize:
        q, k = unit_rows(q), unit_rows(k)
    else:
        scale = default_scale(feature_map, d) if qk_scale is None else qk_scale
        q, k = q * scale, k * scale
    if projection is not None:
        projection = np.asarray(projection, dtype=np.float64).reshape((-1,) + np.shape(projection)[-2:])

    weights = features(q, feature_map, projection, nu) @ np.swapaxes(features(k, feature_map, projection, nu), -1, -2)
    visible = visible_pairs(batch, n_q, n_k, causal, query_offset, key_mask, lengths, bias)
    if bias is not None:
        b = pair_bias(bias, n_q, n_k)
        weights = weights * np.exp(b - b.max())
    weights = np.where(visible, weights, 0)
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights @ v, total, out=np.zeros((batch, heads, n_q, v.shape[-1])), where=total != 0)


def largest_error(got, expected, v, visible):
    """The largest |error of a row| as a share of the largest |v_j| the row sees: what `tolerance` bounds."""
    heads = expected.shape[1]
    norms = np.repeat(np.linalg.norm(np.asarray(v, dtype=np.float64), axis=-1), heads // v.shape[1], axis=1)
    seen = np.where(visible, norms[:, :, None, :], 0).max(axis=-1)
    error = np.linalg.norm(got - expected, axis=-1)
    return np.max(np.divide(error, seen, out=np.where(error > 0, np.inf, 0.0), where=seen > 0))


def toeplitz_matmul(c, x):
    n_in = x.shape[-2]
    n_out = np.shape(c)[-1] - n_in + 1
    i = np.arange(n_out)[:, None]
    j = np.arange(n_in)[None, :]
    return np.asarray(c, dtype=np.float64)[..., j - i + n_out - 1] @ np.asarray(x, dtype=np.float64)
