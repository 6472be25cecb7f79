"""The mathematics in float64, by the definition: n x n arrays, no trick. Arrays are [B, H, n, d]."""

import math

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


def maclaurin_coefficient(kernel, n):
    """a_N of the kernel's series."""
    if n == 0:
        return 1.0
    if kernel == "sqrt":
        return math.prod(range(1, 2 * n - 2, 2)) / (2**n * math.factorial(n))
    return {"inv": 1.0, "log": 1.0 / n}.get(kernel, 1.0 / math.factorial(n))


def maclaurin(x, draw):
    """phi(x): exact features and random ones."""
    first = 0 if draw.literal else draw.exact_degrees + 1
    exact = [np.ones(x.shape[:-1] + (1,)), x, (x[..., :, None] * x[..., None, :]).reshape(x.shape[:-1] + (-1,))]
    parts = [math.sqrt(maclaurin_coefficient(draw.kernel, n)) * exact[n] for n in range(first)]
    row = 0
    for n in draw.degrees.tolist():
        probability = 2.0**-n / sum(2.0**-m for m in range(first, 21))
        w = draw.signs[row : row + n].astype(np.float64)
        size = math.sqrt(maclaurin_coefficient(draw.kernel, n) / (probability * len(draw.degrees)))
        parts.append(size * np.prod(x @ w.T, axis=-1, keepdims=True))
        row += n
    return np.concatenate(parts, axis=-1)


def schoenbat(q, k, v, draw, *, bias=None, causal=False, query_offset=None, key_mask=None, lengths=None):
    """Before gamma and beta; and where the denominator keeps a twentieth of its terms."""
    q, k, v = (np.asarray(x, dtype=np.float64) for x in (q, k, v))
    batch, heads, n_q, d = q.shape
    n_k = k.shape[2]
    k, v = (np.repeat(x, heads // x.shape[1], axis=1) for x in (k, v))
    q, k = (unit_rows(x - x.mean(axis=-1, keepdims=True)) * d**-0.25 for x in (q, k))
    phi_q, phi_k = maclaurin(q, draw), np.swapaxes(maclaurin(k, draw), -1, -2)
    visible = visible_pairs(batch, n_q, n_k, causal, query_offset, key_mask, lengths, bias)
    factor = visible if bias is None else visible * np.exp(pair_bias(bias, n_q, n_k) - np.max(bias))
    weights, size = factor * (phi_q @ phi_k), factor * (np.abs(phi_q) @ np.abs(phi_k))
    total = weights.sum(axis=-1, keepdims=True)
    result = np.divide(weights @ v, total, out=np.zeros((batch, heads, n_q, v.shape[-1])), where=total != 0)
    return result, 20 * np.abs(total[..., 0]) >= size.sum(axis=-1)


def largest_error(got, expected, v, visible):
    """The largest |error of a row| as a share of the largest |v_j| the row sees: what `tolerance` bounds."""
    heads = expected.shape[1]
    norms = np.repeat(np.linalg.norm(np.asarray(v, dtype=np.float64), axis=-1), heads // v.shape[1], axis=1)
    seen = np.where(visible, norms[:, :, None, :], 0).max(axis=-1)
    error = np.linalg.norm(got - expected, axis=-1)
    return np.max(np.divide(error, seen, out=np.where(error > 0, np.inf, 0.0), where=seen > 0))


def fast_rpb(v, weights, *, causal=False, grid=None, symmetric=False, prefix=0, suffix=0, key_mask=None, lengths=None, add_to=None):
    """W v by the definition; v is [B, H_v, rows, d_v]."""
    v = np.array(v, dtype=np.float64)
    batch, _, rows, _ = v.shape
    n = rows - prefix - suffix
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]

    def axis(w, distance, length):
        w = np.atleast_2d(np.asarray(w, dtype=np.float64))
        return w[:, np.abs(distance)] if symmetric else w[:, distance + length - 1]

    if grid is None:
        matrix = np.where(causal & (j > i), 0, axis(weights, i - j, n))
    else:
        height, width = grid
        vertical, horizontal = weights if isinstance(weights, tuple) else (weights, weights)
        matrix = axis(vertical, i // width - j // width, height) + axis(horizontal, i % width - j % width, width)

    heads = max(len(matrix), v.shape[1], 0 if add_to is None else add_to.shape[1])
    keep = np.ones((batch, rows), dtype=bool) if key_mask is None else np.broadcast_to(key_mask, (batch, rows))
    if lengths is not None:
        keep = keep & (np.arange(rows) < np.asarray(lengths)[:, None])
    v = np.repeat(np.where(keep[:, None, :, None], v, 0), heads // v.shape[1], axis=1)
    out = np.zeros((batch, heads, rows, v.shape[-1]))
    out[:, :, prefix : prefix + n] = matrix @ v[:, :, prefix : prefix + n]
    return out if add_to is None else out + add_to


def toeplitz_matmul(c, x):
    n_in = x.shape[-2]
    n_out = np.shape(c)[-1] - n_in + 1
    i = np.arange(n_out)[:, None]
    j = np.arange(n_in)[None, :]
    return np.asarray(c, dtype=np.float64)[..., j - i + n_out - 1] @ np.asarray(x, dtype=np.float64)
