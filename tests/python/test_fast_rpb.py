"""fast_rpb against the float64 reference."""

import itertools
import unittest

import numpy as np

import fastattn
import reference


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class FastRpbTest(unittest.TestCase):
    def assert_right(self, v, weights, **others):
        expected = reference.fast_rpb(v, weights, **others)
        got = fastattn.fast_rpb(v, weights, **others)
        self.assertEqual(got.dtype, np.float32)
        self.assertEqual(got.shape, expected.shape)

        # The error of a Fourier product is relative to the norms of the weights and of the whole column, or of its sums.
        vectors = weights if isinstance(weights, tuple) else (weights,)
        scale = max(np.linalg.norm(np.asarray(w, dtype=np.float64), axis=-1).max() for w in vectors) * np.linalg.norm(v, axis=-2).max()
        sides = max(others["grid"]) if others.get("grid") else 1
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=4e-6 * scale * np.sqrt(sides))
        return got

    def test_worked_example(self):
        v, w = np.float32([[1], [10], [100]]), np.float32([1, 2, 3, 4, 5])
        np.testing.assert_allclose(fastattn.fast_rpb(v, w).ravel(), [123, 234, 345], rtol=1e-6)
        np.testing.assert_allclose(fastattn.fast_rpb(v, w, causal=True).ravel(), [3, 34, 345], rtol=1e-6)

    def test_every_small_length(self):
        for n, causal, symmetric in itertools.product(range(1, 40), (False, True), (False, True)):
            with self.subTest(n=n, causal=causal, symmetric=symmetric):
                weights = draw([1, n], n if symmetric else 2 * n - 1)
                self.assert_right(draw([2, n], 1, 1, n, 3), weights, causal=causal, symmetric=symmetric)

    def test_heads_specials_and_selection(self):
        for n, (heads, value_heads), prefix, suffix in itertools.product((30, 500), ((4, 4), (4, 2), (1, 3)), (0, 1), (0, 2)):
            with self.subTest(n=n, heads=heads, value_heads=value_heads, prefix=prefix, suffix=suffix):
                rows = prefix + n + suffix
                v = draw([3, n], 2, value_heads, rows, 20)
                mask = np.random.default_rng(4).random((2, rows)) < 0.8
                specials = dict(prefix=prefix, suffix=suffix)
                self.assert_right(v, draw([5, n], heads, 2 * n - 1), **specials)
                self.assert_right(v, draw([5, n], heads, 2 * n - 1), key_mask=mask, lengths=np.array([rows, rows // 2]), **specials)

    def test_grids(self):
        for height, width, symmetric in itertools.product((1, 3, 8), (1, 8, 40), (False, True)):
            with self.subTest(height=height, width=width, symmetric=symmetric):
                sizes = (height, width) if symmetric else (2 * height - 1, 2 * width - 1)
                weights = tuple(draw([6, size], 2, size) for size in sizes)
                v = draw([7, height], 2, 2, height * width + 1, 5)
                self.assert_right(v, weights, grid=(height, width), symmetric=symmetric, prefix=1)
                if height == width:
                    self.assert_right(v, weights[0], grid=(height, width), symmetric=symmetric, prefix=1)

    def test_added_to_an_attention(self):
        q, k, v = draw(8, 2, 4, 60, 8), draw(9, 2, 2, 60, 8), draw(10, 2, 2, 60, 6)
        z = fastattn.kernelized_attention(q, k, v, feature_map="elu")
        for weights in (draw(11, 4, 119), draw(12, 119)):
            before = z.copy()
            expected = reference.fast_rpb(v, weights, add_to=before)
            self.assertIs(fastattn.fast_rpb(v, weights, add_to=before), before)
            np.testing.assert_allclose(before, expected, rtol=1e-6, atol=1e-4)

    def test_layouts_and_axes(self):
        v, weights = draw(13, 2, 40, 3, 6), draw(14, 3, 79)
        expected = fastattn.fast_rpb(np.ascontiguousarray(v.transpose(0, 2, 1, 3)), weights)
        np.testing.assert_array_equal(fastattn.fast_rpb(v.transpose(0, 2, 1, 3), weights), expected)
        out = np.zeros((2, 40, 3, 6), dtype=np.float32)
        fastattn.fast_rpb(v.transpose(0, 2, 1, 3), weights.astype(np.float64), add_to=out.transpose(0, 2, 1, 3))
        np.testing.assert_array_equal(out.transpose(0, 2, 1, 3), expected)
        np.testing.assert_array_equal(fastattn.fast_rpb(v[0].transpose(1, 0, 2), weights), expected[0])
        np.testing.assert_array_equal(fastattn.fast_rpb(v[0, :, 1], weights[1]), expected[0, 1])

    def test_what_is_not_finite(self):
        v, weights = draw(15, 1, 1, 50, 4), draw(16, 99)
        weights[:40] = 0
        v[0, 0, 20, 1] = np.nan
        got = fastattn.fast_rpb(v, weights, causal=False)
        i = np.arange(50)
        depends = weights[i - 20 + 49] != 0
        self.assertEqual(np.isnan(got[0, 0, :, 1]).tolist(), depends.tolist())
        self.assertTrue(np.isfinite(np.delete(got[0, 0], 1, axis=1)).all())

    def test_threads_change_no_bit(self):
        v, weights = draw(17, 2, 3, 300, 40), draw(18, 3, 599)
        expected = fastattn.fast_rpb(v, weights, threads=1)
        for threads in (None, 2, 7):
            np.testing.assert_array_equal(fastattn.fast_rpb(v, weights, threads=threads), expected)


if __name__ == "__main__":
    unittest.main()
