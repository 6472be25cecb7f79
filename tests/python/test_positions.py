"""Positions by a few parameters against arrays of bias with the same numbers, in Python's own arithmetic."""

import math
import pickle
import unittest

import numpy as np

import fastattn
from fastattn import ArgumentError, DTypeError, ShapeError

HEADS = 3


def t5_bucket(t, buckets, bidirectional, max_distance):
    """The public definition (Raffel et al. 2020), t = key - query."""
    first, distance = 0, max(-t, 0)
    if bidirectional:
        buckets //= 2
        first, distance = (buckets if t > 0 else 0), abs(t)
    exact = buckets // 2
    if distance < exact:
        return first + distance
    share = np.log(np.float32(distance / exact)) / np.float32(math.log(max_distance / exact))
    return first + min(exact + int(share * np.float32(buckets - exact)), buckets - 1)


def cases():
    """(name, positions, b(head, t))."""
    rng = np.random.default_rng(5)
    clipped = rng.standard_normal((HEADS, 9))
    yield "clipped", fastattn.clipped_positions(clipped), lambda h, t: clipped[h, min(max(t, -4), 4) + 4]
    table = rng.standard_normal((HEADS, 32))
    for both in (True, False):
        positions = fastattn.t5_positions(table, bidirectional=both)
        yield "t5", positions, lambda h, t, both=both: table[h, t5_bucket(t, 32, both, 128)]
    slopes, rates, powers = rng.uniform(0.01, 0.3, (3, HEADS))
    yield "alibi", fastattn.alibi_positions(slopes), lambda h, t: -slopes[h] * abs(t)
    weights, decays = rng.uniform(0.1, 2, (2, HEADS, 2))
    yield (
        "exponentials",
        fastattn.exponential_positions(weights, decays),
        lambda h, t: np.log(np.sum(weights[h] * np.exp(-decays[h] * abs(t)))),
    )
    yield "kerple_log", fastattn.kerple_log_positions(slopes, rates), lambda h, t: -slopes[h] * math.log(1 + rates[h] * abs(t))
    yield "kerple_power", fastattn.kerple_power_positions(slopes, powers), lambda h, t: -slopes[h] * abs(t) ** powers[h]


class Positions(unittest.TestCase):
    def test_equal_arrays_of_bias(self):
        rng = np.random.default_rng(1)
        for n_q, n_k, offset, causal in ((150, 150, None, False), (40, 170, 12, False), (40, 170, None, True), (33, 20, 5, True)):
            q = rng.standard_normal((HEADS, n_q, 8), dtype=np.float32)
            k, v = rng.standard_normal((2, HEADS, n_k, 8), dtype=np.float32)
            origin = offset if offset is not None else n_k - n_q if causal else 0
            for name, positions, b in cases():
                self.assertEqual(positions.kind, name)
                bias = np.array([[b(h, t - origin) for t in range(1 - n_q, n_k)] for h in range(HEADS)])
                expected = fastattn.kernelized_attention(q, k, v, bias=bias, causal=causal, query_offset=offset, method="direct")
                for method in ("auto", "direct", "fft"):
                    got = fastattn.kernelized_attention(q, k, v, bias=positions, causal=causal, query_offset=offset, method=method)
                    np.testing.assert_allclose(got, expected, atol=2e-4 * np.abs(v).max() * 8**0.5, err_msg=f"{name} {n_q} {n_k} {method}")

    def test_one_number_serves_all_heads(self):
        x = np.random.default_rng(4).standard_normal((2, 9, 4), dtype=np.float32)
        for make in (fastattn.kerple_log_positions, fastattn.kerple_power_positions):
            for one, each in ((([1.0, 2.0], 0.5), ([1.0, 2.0], [0.5, 0.5])), ((1.0, [0.5, 0.25]), ([1.0, 1.0], [0.5, 0.25]))):
                got, expected = (fastattn.softmax_attention(x, x, x, bias=make(*given)) for given in (one, each))
                np.testing.assert_array_equal(got, expected)

    def test_grid(self):
        rng = np.random.default_rng(2)
        height, width = 3, 4
        bias = rng.standard_normal((HEADS, 2 * height - 1, 2 * width - 1))
        q, k, v = rng.standard_normal((3, HEADS, height * width, 5))
        y, x = np.divmod(np.arange(height * width), width)
        pairs = bias[:, y[None, :] - y[:, None] + height - 1, x[None, :] - x[:, None] + width - 1]
        phi = lambda a: np.where(a > 0, a + 1, np.exp(np.minimum(a, 0)))
        weights = np.exp(pairs) * (phi(q) @ np.swapaxes(phi(k), 1, 2))
        expected = weights @ v / weights.sum(-1, keepdims=True)
        positions = fastattn.grid_positions(bias, height, width)
        for method in ("direct", "fft"):
            got = fastattn.kernelized_attention(q, k, v, bias=positions, feature_map="elu", method=method)
            np.testing.assert_allclose(got, expected, atol=1e-4 * np.linalg.norm(v, axis=-1).max())
        with self.assertRaisesRegex(ArgumentError, "causal"):
            fastattn.kernelized_attention(q, k, v, bias=positions, causal=True)

    def test_methods_that_need_structure(self):
        rng = np.random.default_rng(3)
        q, k, v = rng.standard_normal((3, 1, 3000, 8), dtype=np.float32)
        for positions, method in (
            (fastattn.clipped_positions([0.0, -1.0, 0.5]), "band"),
            (fastattn.alibi_positions(0.01), "decay"),
            (fastattn.kerple_log_positions(1.0, 0.1), "multipole"),
        ):
            got, info = fastattn.kernelized_attention(q, k, v, bias=positions, method=method, return_info=True)
            self.assertEqual(info.method, method)
            expected = fastattn.kernelized_attention(q, k, v, bias=positions, method="direct")
            np.testing.assert_allclose(got, expected, atol=2e-4 * np.linalg.norm(v, axis=-1).max())

    def test_read_back_and_pickled(self):
        for _, positions, _ in cases():
            again = pickle.loads(pickle.dumps(positions))
            self.assertEqual((repr(again), again.kind), (repr(positions), positions.kind))
            for name, value in positions.parameters.items():
                np.testing.assert_array_equal(again.parameters[name], value)
        slopes = fastattn.alibi_positions(np.ones(4)).parameters["slopes"]
        self.assertEqual(repr(fastattn.alibi_positions(slopes)), "fastattn.alibi_positions(slopes=float32 [4])")
        with self.assertRaises(ValueError):
            slopes[0] = 2

    def test_errors(self):
        ones = np.ones(3, dtype=np.float32)
        table = [
            (lambda: fastattn.clipped_positions(np.ones(4)), ShapeError, "bias"),
            (lambda: fastattn.clipped_positions(np.array([1, np.nan, 1])), ArgumentError, "bias"),
            (lambda: fastattn.clipped_positions([1, 2, 3]), DTypeError, "bias"),
            (lambda: fastattn.t5_positions(np.ones((2, 33))), ShapeError, "bias"),
            (lambda: fastattn.t5_positions(np.ones(32), max_distance=8), ArgumentError, "max_distance"),
            (lambda: fastattn.t5_positions(np.ones(32), max_distance=0), ArgumentError, "max_distance"),
            (lambda: fastattn.t5_positions(np.ones(32), bidirectional=1), DTypeError, "bidirectional"),
            (lambda: fastattn.alibi_positions(-1.0), ArgumentError, "slopes"),
            (lambda: fastattn.alibi_positions(np.ones((2, 2))), ShapeError, "slopes"),
            (lambda: fastattn.alibi_positions("steep"), DTypeError, "slopes"),
            (lambda: fastattn.exponential_positions(ones, ones[:2]), ShapeError, "rates"),
            (lambda: fastattn.exponential_positions(ones * 0, ones), ArgumentError, "weights"),
            (lambda: fastattn.exponential_positions(ones, -ones), ArgumentError, "rates"),
            (lambda: fastattn.kerple_log_positions(ones, ones[:2]), ShapeError, "r2"),
            (lambda: fastattn.kerple_log_positions(0.0, 1.0), ArgumentError, "r1"),
            (lambda: fastattn.kerple_power_positions(1.0, 2.5), ArgumentError, "p"),
            (lambda: fastattn.grid_positions(np.ones((3, 4)), 2, 2), ShapeError, "bias"),
            (lambda: fastattn.grid_positions(np.ones((3, 3)), 0, 2), ArgumentError, "height"),
        ]
        for call, error, text in table:
            with self.assertRaisesRegex(error, text):
                call()
        x = np.ones((2, 4, 5), dtype=np.float32)
        with self.assertRaisesRegex(ShapeError, "bias has 3 heads"):
            fastattn.kernelized_attention(x, x, x, bias=fastattn.alibi_positions(ones))
