"""schoenbat against its definition, and draws that are read, saved and restored."""

import pickle
import unittest

import numpy as np
import reference

import fastattn

KERNELS = ("exp", "inv", "log", "trigh", "sqrt")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class DrawTest(unittest.TestCase):
    def test_sizes(self):
        for exact_degrees, exact in ((0, 1), (1, 7), (2, 28)):
            draw = fastattn.maclaurin_features(60, 6, kernel="log", seed=2**64 - 1, exact_degrees=exact_degrees)
            self.assertEqual((draw.features, draw.dim, draw.kernel, draw.exact_degrees, draw.literal), (60, 6, "log", exact_degrees, False))
            self.assertEqual((draw.degrees.shape, draw.degrees.dtype), ((60 - exact,), np.int32))
            self.assertEqual((draw.signs.shape, draw.signs.dtype), ((draw.degrees.sum(), 6), np.int8))
            self.assertTrue(np.all(np.abs(draw.signs) == 1) and np.all(draw.degrees > exact_degrees) and np.all(draw.degrees <= 20))
            self.assertFalse(draw.degrees.flags.writeable or draw.signs.flags.writeable)
        self.assertEqual(fastattn.maclaurin_features(60, 6, literal=True).degrees.size, 60)

    def test_restored(self):
        q, k, v = normal(20, 6), normal(30, 6, seed=1), normal(30, 3, seed=2)
        for draw in (
            fastattn.maclaurin_features(60, 6, kernel="sqrt", exact_degrees=1),
            fastattn.maclaurin_features(60, 6, kernel="inv", literal=True, seed=3),
        ):
            form = dict(kernel=draw.kernel, exact_degrees=draw.exact_degrees, literal=draw.literal)
            given = fastattn.MaclaurinFeatures.from_values(draw.degrees.tolist(), draw.signs.astype(np.int64), **form)
            expected = fastattn.schoenbat(q, k, v, draw=draw)
            for other in (given, pickle.loads(pickle.dumps(draw))):
                np.testing.assert_array_equal(other.degrees, draw.degrees)
                np.testing.assert_array_equal(other.signs, draw.signs)
                np.testing.assert_array_equal(fastattn.schoenbat(q, k, v, draw=other), expected)

    def test_drawn_by_schoenbat(self):
        q, k, v = normal(20, 6), normal(30, 6, seed=1), normal(30, 3, seed=2)
        form = dict(kernel="log", seed=9, exact_degrees=1)
        draw = fastattn.maclaurin_features(50, 6, **form)
        np.testing.assert_array_equal(fastattn.schoenbat(q, k, v, features=50, **form), fastattn.schoenbat(q, k, v, draw=draw))


class SchoenbatTest(unittest.TestCase):
    def check(self, shapes, draw, **choices):
        q, k, v = (normal(*shape, seed=seed) for seed, shape in enumerate(shapes))
        got, info = fastattn.schoenbat(q, k, v, draw=draw, return_info=True, **choices)
        selection = {name: choices[name] for name in ("bias", "causal", "query_offset", "key_mask", "lengths") if name in choices}
        expected, promised = reference.schoenbat(q, k, v, draw, **selection)
        self.assertGreater(promised.mean(), 0.5)
        visible = reference.visible_pairs(q.shape[0], q.shape[2], k.shape[2], **selection)
        error = reference.largest_error(np.where(promised[..., None], got, expected), expected, v, visible)
        self.assertLess(error, 1e-4)
        return info

    def test_kernels_and_forms(self):
        shapes = ((2, 4, 30, 8), (2, 2, 40, 8), (2, 2, 40, 5))
        for kernel in KERNELS:
            for form in (dict(literal=True), dict(exact_degrees=0), dict(exact_degrees=1), dict(exact_degrees=2)):
                with self.subTest(kernel=kernel, **form):
                    self.check(shapes, fastattn.maclaurin_features(90, 8, kernel=kernel, seed=1, **form))

    def test_masks_positions_and_methods(self):
        shapes = ((2, 4, 30, 8), (2, 2, 40, 8), (2, 2, 40, 5))
        draw = fastattn.maclaurin_features(64, 8)
        mask = np.random.default_rng(4).random((2, 40)) < 0.7
        self.assertEqual(self.check(shapes, draw, key_mask=mask, lengths=[40, 17], method="linear").method, "linear")
        bias = normal(4, 69, seed=5)
        for method in ("direct", "fft"):
            self.assertEqual(self.check(shapes, draw, bias=bias, causal=True, key_mask=mask, method=method).method, method)
        alibi = fastattn.alibi_positions([0.5, 0.25, 0.125, 0.0625])
        slopes = np.array([0.5, 0.25, 0.125, 0.0625])[:, None]
        q, k, v = (normal(*shape) for shape in shapes)
        np.testing.assert_allclose(
            fastattn.schoenbat(q, k, v, draw=draw, bias=alibi),
            fastattn.schoenbat(q, k, v, draw=draw, bias=-slopes * np.abs(np.arange(69) - 29)),
            atol=1e-4,
        )

    def test_gamma_and_beta(self):
        q, k, v = normal(2, 20, 6), normal(2, 30, 6, seed=1), normal(2, 30, 3, seed=2)
        z = fastattn.schoenbat(q, k, v).astype(np.float64)
        for gamma, beta in ((2, 0.5), (-0.5, 1.5), (normal(3), np.full(3, 2.0)), (normal(2, 3), np.abs(normal(2, 3, seed=8)) + 0.1)):
            got = fastattn.schoenbat(q, k, v, gamma=gamma, beta=beta)
            of_rows = [np.asarray(x)[:, None, :] if np.ndim(x) == 2 else np.asarray(x) for x in (gamma, beta)]
            np.testing.assert_allclose(got, of_rows[0] * np.sign(z) * np.abs(z) ** of_rows[1], rtol=3e-7)

    def test_constant_rows_and_no_keys(self):
        k, v = normal(30, 6), normal(30, 3)
        even = fastattn.schoenbat(np.full((5, 6), 1e38, dtype=np.float32), k, v)
        np.testing.assert_allclose(even, np.broadcast_to(v.mean(axis=0, dtype=np.float64), (5, 3)), atol=1e-6)
        np.testing.assert_array_equal(fastattn.schoenbat(k, k, v, key_mask=np.zeros(30, dtype=bool)), 0)


if __name__ == "__main__":
    unittest.main()
