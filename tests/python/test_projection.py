"""random_projection: geometry, repeatability, moments."""

import unittest

import numpy as np

import fastattn


class ProjectionTest(unittest.TestCase):
    def test_shape_and_repeatability(self):
        for kind in ("iid", "orthogonal", "sphere"):
            with self.subTest(kind=kind):
                first = fastattn.random_projection(70, 16, kind=kind, seed=2**64 - 1)
                self.assertEqual((first.shape, first.dtype), ((70, 16), np.float32))
                np.testing.assert_array_equal(first, fastattn.random_projection(70, 16, kind=kind, seed=2**64 - 1))
                self.assertFalse(np.array_equal(first, fastattn.random_projection(70, 16, kind=kind, seed=0)))

    def test_orthogonal_blocks(self):
        w = fastattn.random_projection(40, 16).astype(np.float64)
        for block in (w[:16], w[16:32], w[32:]):
            gram = block @ block.T
            np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=1e-4)

    def test_sphere_radius(self):
        w = fastattn.random_projection(100, 25, kind="sphere", seed=3)
        np.testing.assert_allclose(np.linalg.norm(w, axis=1), 5, rtol=1e-5)

    def test_moments(self):
        # 4096 x 64 independent entries: the bounds are 6 standard errors.
        w = fastattn.random_projection(4096, 64, kind="iid", seed=4).astype(np.float64)
        entries = w.size
        self.assertLess(abs(w.mean()), 6 / np.sqrt(entries))
        self.assertLess(abs(w.var() - 1), 6 * np.sqrt(2 / entries))

    def test_arguments_may_be_numpy_integers(self):
        expected = fastattn.random_projection(8, 4, seed=5)
        np.testing.assert_array_equal(fastattn.random_projection(np.int64(8), np.int32(4), seed=np.uint64(5)), expected)


if __name__ == "__main__":
    unittest.main()
