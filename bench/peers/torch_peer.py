"""PyTorch: its fused softmax attention, and the paper's kernelized attention with relative positions (Luo et al. 2021, eq. 10)
written plainly, in three ways. Shapes [heads, n, d]; biases b[head, (j - i) + n - 1].
"""

import torch
import torch.nn.functional as F

import pipe

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def tensors(sizes, arrays):
    heads, n, d, m = sizes
    q, k, v = (torch.from_numpy(array.copy()).view(heads, n, d) for array in arrays[:3])
    b = torch.from_numpy(arrays[3].copy()).view(-1, 2 * n - 1)
    w = torch.from_numpy(arrays[4].copy()).view(m, d)
    return q, k, v, b.expand(heads, -1).contiguous(), w


def toeplitz(offsets):
    """[heads, n, n] with entry [i, j] = offsets[(j - i) + n - 1]."""
    n = (offsets.shape[1] + 1) // 2
    rows = [offsets[:, n - 1 - i : 2 * n - 1 - i] for i in range(n)]
    return torch.stack(rows, dim=1)


def softmax(sizes, arrays):
    q, k, v, _, _ = tensors(sizes, arrays)
    return lambda: F.scaled_dot_product_attention(q[None], k[None], v[None])


def softmax_biased(sizes, arrays):
    q, k, v, b, _ = tensors(sizes, arrays)
    bias = toeplitz(b)[None]
    return lambda: F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=bias)


def features(x, w):
    return torch.exp(F.normalize(x, dim=-1) @ w.T)


def with_ones(v):
    return torch.cat([v, torch.ones(v.shape[0], v.shape[1], 1)], dim=2)


def paper_rfft(sizes, arrays):
    """Algorithm 1: all m (d + 1) columns of a head by batched real transforms along contiguous rows."""
    q, k, v, b, w = tensors(sizes, arrays)
    heads, n, d, _ = sizes
    c = torch.exp(b)
    circle = torch.cat([c[:, :n].flip(1), torch.zeros(heads, 1), c[:, n:].flip(1)], dim=1)
    spectrum = torch.fft.rfft(circle)

    def run():
        z = torch.empty(heads, n, d)
        for head in range(heads):
            fq, fk = features(q[head], w).T.contiguous(), features(k[head], w).T.contiguous()
            columns = torch.cat([v[head].T, torch.ones(1, n)])
            sums = torch.fft.irfft(torch.fft.rfft(fk[:, None, :] * columns, 2 * n) * spectrum[head], 2 * n)[..., :n]
            sums = (sums * fq[:, None, :]).sum(0)
            z[head] = (sums[:d] / sums[d]).T
        return z

    return run


def paper_matrix(sizes, arrays):
    """The Toeplitz matrix times all m (d + 1) columns of a head, as a matrix product."""
    q, k, v, b, w = tensors(sizes, arrays)
    heads, n, d, m = sizes
    c = toeplitz(torch.exp(b))

    def run():
        z = torch.empty(heads, n, d)
        for head in range(heads):
            fq, fk = features(q[head], w), features(k[head], w)
            columns = (fk[:, :, None] * with_ones(v)[head][:, None, :]).view(n, -1)
            sums = torch.einsum("ia,iad->id", fq, (c[head] @ columns).view(n, m, d + 1))
            z[head] = sums[:, :d] / sums[:, d:]
        return z

    return run


def paper_weights(sizes, arrays):
    """The n x n weights c_{j-i} (phi(q_i) . phi(k_j)), never the paper's fast product: quadratic as softmax attention is."""
    q, k, v, b, w = tensors(sizes, arrays)
    c = toeplitz(torch.exp(b))

    def run():
        weights = torch.matmul(features(q, w), features(k, w).transpose(1, 2)).mul_(c)
        sums = weights @ with_ones(v)
        return sums[..., :-1] / sums[..., -1:]

    return run


pipe.serve(
    {
        "softmax": softmax,
        "softmax-biased": softmax_biased,
        "paper-rfft": paper_rfft,
        "paper-matrix": paper_matrix,
        "paper-weights": paper_weights,
    },
    f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} thread",
)
