"""toeplitz_matmul against the float64 reference."""

import unittest

import numpy as np

import fastattn
import reference


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class ToeplitzTest(unittest.TestCase):
    def assert_right(self, c, x, **others):
        got = fastattn.toeplitz_matmul(c, x, **others)
        expected = reference.toeplitz_matmul(c, x)
        self.assertEqual(got.dtype, np.float32)
        self.assertEqual(got.shape, expected.shape)

        # The error of a Fourier product is relative to the norms of c and of the whole column.
        scale = np.linalg.norm(np.asarray(c, dtype=np.float64), axis=-1).max() * np.linalg.norm(x, axis=-2).max()
        self.assertLess(np.abs(got - expected).max(), 2e-6 * scale)
        return got

    def test_worked_example(self):
        y = fastattn.toeplitz_matmul(np.arange(1.0, 7.0), np.array([[1.0], [10.0], [100.0], [1000.0]]))
        np.testing.assert_allclose(y.ravel(), [6543, 5432, 4321], rtol=1e-6)

    def test_sizes(self):
        for n_out, n_in, columns in ((1, 1, 1), (1, 40, 3), (40, 1, 3), (17, 23, 16), (100, 100, 1), (33, 500, 20), (1000, 700, 5)):
            with self.subTest(n_out=n_out, n_in=n_in, columns=columns):
                self.assert_right(draw([1, n_out], n_out + n_in - 1), draw([2, n_in], n_in, columns))

    def test_every_small_size(self):
        for n_out in range(1, 18):
            for n_in in range(1, 18):
                with self.subTest(n_out=n_out, n_in=n_in):
                    self.assert_right(draw([3, n_out], n_out + n_in - 1), draw([4, n_in], n_in, 2))

    def test_heads(self):
        x = draw(5, 3, 50, 7)
        self.assert_right(draw(6, 3, 89), x)
        shared = draw(7, 89)
        got = self.assert_right(shared, x)
        np.testing.assert_array_equal(fastattn.toeplitz_matmul(shared[None], x), got)
        np.testing.assert_array_equal(fastattn.toeplitz_matmul(shared, x[1]), got[1])

    def test_threads_change_no_bit(self):
        c, x = draw(8, 4, 1999), draw(9, 4, 1000, 24)
        expected = fastattn.toeplitz_matmul(c, x, threads=1)
        for threads in (None, 2, 7):
            np.testing.assert_array_equal(fastattn.toeplitz_matmul(c, x, threads=threads), expected)

    def test_other_layouts_are_copied(self):
        c, x = draw(10, 2, 79), draw(11, 2, 40, 6)
        expected = fastattn.toeplitz_matmul(c, x)
        np.testing.assert_array_equal(fastattn.toeplitz_matmul(np.asfortranarray(c), np.asfortranarray(x)), expected)
        np.testing.assert_array_equal(fastattn.toeplitz_matmul(c.astype(np.float64), x.astype(">f8")), expected)

    def test_out(self):
        c, x = draw(12, 79), draw(13, 40, 6)
        out = np.empty((40, 6), dtype=np.float32)
        self.assertIs(fastattn.toeplitz_matmul(c, x, out=out), out)
        np.testing.assert_array_equal(out, fastattn.toeplitz_matmul(c, x))


if __name__ == "__main__":
    unittest.main()
