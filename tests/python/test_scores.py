"""softmax_attention, gaussian_attention and skyformer against their formulas."""

import unittest

import numpy as np

import fastattn
import reference


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def problem(n_q=40, n_k=50, d=8, d_v=6):
    return normal(2, 4, n_q, d), normal(2, 2, n_k, d, seed=1), normal(2, 2, n_k, d_v, seed=2)


def exact(q, k, v, gaussian, bias=None, scale=None, **selection):
    """By the definition, in float64."""
    q, k, v = (np.asarray(x, dtype=np.float64) for x in (q, k, v))
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    scale = scale or q.shape[-1] ** -0.5
    scores = -0.5 * ((q[:, :, :, None] - k[:, :, None]) ** 2).sum(-1) if gaussian else q @ np.swapaxes(k, -1, -2)
    scores = scores * scale + (0 if bias is None else reference.pair_bias(bias, q.shape[2], k.shape[2]))
    weights = np.where(reference.visible_pairs(q.shape[0], q.shape[2], k.shape[2], bias=bias, **selection), np.exp(scores), 0)
    total = weights.sum(-1, keepdims=True)
    return weights @ v / (1 if gaussian else np.where(total == 0, 1, total))


class ExactTest(unittest.TestCase):
    def test_against_the_definition(self):
        q, k, v = problem()
        mask = np.random.default_rng(4).random((2, 50)) < 0.7
        bias = normal(4, 89, seed=3)
        bias[:, ::5] = -np.inf
        for choices in ({}, {"bias": bias}, {"causal": True}, {"causal": True, "query_offset": -9, "bias": bias[0]}, {"key_mask": mask}, {"lengths": [0, 33]}):
            with self.subTest(choices=list(choices)):
                np.testing.assert_allclose(fastattn.softmax_attention(q, k, v, **choices), exact(q, k, v, False, **choices), atol=2e-5)
                np.testing.assert_allclose(fastattn.gaussian_attention(q, k, v, **choices), exact(q, k, v, True, **choices), atol=2e-5)
        np.testing.assert_allclose(fastattn.softmax_attention(q, k, v, scale=0.7), exact(q, k, v, False, scale=0.7), atol=2e-5)

    def test_positions_are_as_good_as_an_array(self):
        q, k, v = problem()
        slopes = np.float32([0.1, 0.2, 0.3, 0.4])
        bias = -slopes[:, None] * np.abs(np.arange(-39, 50))
        for function in (fastattn.softmax_attention, fastattn.gaussian_attention):
            by_array, by_slopes = (function(q, k, v, bias=given) for given in (bias, fastattn.alibi_positions(slopes)))
            np.testing.assert_allclose(by_array, by_slopes, atol=1e-5)

    def test_views_out_and_info(self):
        q, k, v = (np.swapaxes(np.ascontiguousarray(np.swapaxes(x, 1, 2)), 1, 2) for x in problem())
        out = np.empty((2, 4, 40, 6), dtype=np.float32)
        for function, method in ((fastattn.softmax_attention, "direct"), (fastattn.gaussian_attention, "direct"), (fastattn.skyformer, "linear")):
            result, info = function(q, k, v, out=out, return_info=True, threads=1)
            self.assertIs(result, out)
            self.assertEqual(info.method, method)
            np.testing.assert_array_equal(out, function(*problem(), threads=2))


class SkyformerTest(unittest.TestCase):
    def test_given_landmarks(self):
        q, k, v = problem()
        rows = np.array([0, 7, 39, 40, 41, 89])
        got = fastattn.skyformer(q, k, v, landmarks=rows, gamma=0.2)
        for b, h in np.ndindex(2, 4):
            queries, keys, values = (x.astype(np.float64) for x in (q[b, h], k[b, h // 2], v[b, h // 2]))
            chosen = np.concatenate([queries, keys])[rows]
            kernel = lambda x, y: np.exp(-((x[:, None] - y) ** 2).sum(-1) / (2 * np.sqrt(8)))  # noqa: E731
            expected = kernel(queries, chosen) @ np.linalg.solve(kernel(chosen, chosen) + 0.2 * np.eye(6), kernel(chosen, keys) @ values)
            np.testing.assert_allclose(got[b, h], expected, atol=2e-5)

    def test_all_rows_are_the_exact_form(self):
        q, k, v = problem()
        np.testing.assert_allclose(fastattn.skyformer(q, k, v, landmarks=90, gamma=0), fastattn.gaussian_attention(q, k, v), atol=1e-3)

    def test_choices_matter(self):
        q, k, v = problem()
        usual = fastattn.skyformer(q, k, v, landmarks=20)
        for choices in ({"seed": 1}, {"sampling": "halves"}, {"inverse": "schulz"}, {"gamma": 0.2}, {"landmarks": 21}):
            self.assertFalse(np.array_equal(usual, fastattn.skyformer(q, k, v, **{"landmarks": 20, **choices})), choices)
        np.testing.assert_array_equal(usual, fastattn.skyformer(q, k, v, landmarks=np.int64(20)))

    def test_a_sequence_depends_on_no_other(self):
        q, k, v = problem(n_q=50)
        lengths = [50, 31]
        together = fastattn.skyformer(q, k, v, landmarks=20, lengths=lengths)
        for b, kept in enumerate(lengths):
            alone = fastattn.skyformer(q[b, :, :kept], k[b, :, :kept], v[b, :, :kept], landmarks=20)
            np.testing.assert_array_equal(together[b, :, :kept], alone)
