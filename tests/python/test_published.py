"""Published models' tables, features and draws, by their own formulas, against what the library makes of them; and the page that tells how."""

import doctest
import math
import pickle
import re
import unittest
from pathlib import Path

import numpy as np

import fastattn
import reference
from fastattn import ArgumentError, ShapeError

PAGE = Path(__file__).resolve().parents[2] / "src" / "FastAttn" / "COMING-FROM.md"


def normal(*shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def softmax(scores, v):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


def wide(*arrays):
    return [array.astype(np.float64) for array in arrays]


class Tables(unittest.TestCase):
    def test_swin(self):
        heads, height, width = 3, 2, 4
        n = height * width
        q, k, v = normal(3, heads, n, 5)
        table = normal((2 * height - 1) * (2 * width - 1), heads)
        y, x = np.divmod(np.arange(n), width)
        index = (y[:, None] - y[None, :] + height - 1) * (2 * width - 1) + x[:, None] - x[None, :] + width - 1  # query minus key
        expected = softmax(*wide(q @ np.swapaxes(k, 1, 2) / math.sqrt(5) + table[index].transpose(2, 0, 1), v))
        positions = fastattn.grid_positions.from_swin(table, height, width)
        np.testing.assert_allclose(fastattn.softmax_attention(q, k, v, bias=positions), expected, atol=2e-6)

    def test_t5(self):
        heads, n = 4, 150
        q, k, v = 0.3 * normal(3, heads, n, 5)
        table = normal(32, heads)
        for decoder in (False, True):
            t = np.arange(n)[None, :] - np.arange(n)[:, None]  # key minus query
            side = 32 if decoder else 16
            distance = np.maximum(-t, 0) if decoder else np.abs(t)
            exact = side // 2
            far = np.log(np.maximum(distance, 1).astype(np.float32) / np.float32(exact)) / np.float32(math.log(128 / exact)) * np.float32(side - exact)
            bucket = np.where(distance < exact, distance, np.minimum(exact + far.astype(int), side - 1)) + (0 if decoder else 16 * (t > 0))
            scores = q @ np.swapaxes(k, 1, 2) + table[bucket].transpose(2, 0, 1)  # not scaled
            expected = softmax(*wide(np.where((t > 0) & decoder, -np.inf, scores), v))
            positions = fastattn.t5_positions.from_checkpoint(table, bidirectional=not decoder)
            np.testing.assert_allclose(fastattn.softmax_attention(q, k, v, bias=positions, scale=1, causal=decoder), expected, atol=2e-6)

    def test_rounding_of_buckets(self):
        # ln(12 / 8) is a third of ln(27 / 8), and a little less in float32: a key 12 places back is in bucket 11, or in the one before.
        table = np.where(np.arange(34) == 11, -np.inf, 0)
        q, k, v = np.zeros((1, 1)), np.zeros((13, 1)), np.eye(13)
        for rounding, seen in (("exact", 0), ("float32", 1)):
            positions = fastattn.t5_positions(table, max_distance=27, rounding=rounding)
            weights = fastattn.softmax_attention(q, k, v, bias=positions, query_offset=12)
            self.assertEqual(np.count_nonzero(weights[0, 0]), seen)
        with self.assertRaisesRegex(ArgumentError, "rounding.*exact, float32"):
            fastattn.t5_positions(table, rounding="double")

    def test_alibi_slopes(self):
        np.testing.assert_array_equal(fastattn.alibi_slopes(8), 2.0 ** -np.arange(1, 9))
        np.testing.assert_allclose(fastattn.alibi_slopes(12), np.append(2.0 ** -np.arange(1, 9), 2.0 ** (-np.arange(1, 9, 2) / 2)), rtol=1e-7)
        for heads in range(1, 70):
            slopes = fastattn.alibi_slopes(heads)
            self.assertEqual((slopes.shape, slopes.dtype, len(set(slopes))), ((heads,), np.float32, heads))
        with self.assertRaisesRegex(ArgumentError, "heads is 0"):
            fastattn.alibi_slopes(0)

    def test_fast_rpb(self):
        most, n, heads = 9, 6, 2
        stored, v = normal(heads, 2 * most - 1), normal(3, heads, n, 4)
        z = stored[:, most - n : most + n - 1]  # what its code takes for a shorter sequence
        behind = np.concatenate([np.zeros((3, heads, n - 1, 4)), v], axis=2)
        expected = np.fft.irfft(np.fft.rfft(behind, axis=2) * np.fft.rfft(z)[None, :, :, None], n=2 * n - 1, axis=2)[:, :, :n]
        np.testing.assert_allclose(fastattn.fast_rpb(v, fastattn.fast_rpb.weights_from_checkpoint(stored, n)), expected, atol=1e-5)

    def test_dense_positions(self):
        q, k, v = normal(2, 7, 4), normal(2, 9, 4), normal(2, 9, 3)
        bias = normal(2, 15)
        bias[0, 3] = -np.inf
        positions = fastattn.dense_positions(bias, 7, 9)
        again = pickle.loads(pickle.dumps(positions))
        for function in (fastattn.softmax_attention, fastattn.kernelized_attention, fastattn.gaussian_attention, fastattn.schoenbat):
            expected = function(q, k, v, bias=bias)
            for prepared in (positions, again):
                np.testing.assert_array_equal(function(q, k, v, bias=prepared), expected)
        with self.assertRaisesRegex(ShapeError, "bias was made for 7 queries and 9 keys"):
            fastattn.softmax_attention(k, k, v, bias=positions)
        with self.assertRaisesRegex(ShapeError, r"bias is \[2, 15\]; expected \[13\]"):
            fastattn.dense_positions(bias, 7)

    def test_transposed_tables_are_asked_about(self):
        x = normal(8, 10, 4)
        with self.assertRaisesRegex(ShapeError, "is the table transposed"):
            fastattn.softmax_attention(x, x, x, bias=fastattn.t5_positions(normal(32, 8)))
        with self.assertRaisesRegex(ShapeError, "is the table transposed"):
            fastattn.grid_positions.from_swin(normal(3, 25), 3)
        with self.assertRaisesRegex(ShapeError, "Swin table.*from_swin"):
            fastattn.grid_positions(normal(25, 4), 3, 3)


class Features(unittest.TestCase):
    @staticmethod
    def performer(q, k, v, w, epsilon, normalizer):
        """Performer's attention with its stabilised softmax features, every head by itself."""

        def phi(x, is_query):
            x = x * normalizer
            projected = x @ w.T
            largest = projected.max((-1,) if is_query else (-1, -2), keepdims=True)
            return (np.exp(projected - (x * x).sum(-1, keepdims=True) / 2 - largest) + epsilon) / math.sqrt(len(w))

        weights = phi(q, True) @ np.swapaxes(phi(k, False), -1, -2)
        return weights @ v / weights.sum(-1, keepdims=True)

    def test_performer_epsilon(self):
        q, k, v = 2 * normal(3, 2, 60, 16)
        w = fastattn.random_projection(32, 16)
        for epsilon in (1e-4, 1e-6, 0.3):
            expected = self.performer(*wide(q, k, v, w), epsilon, 16**-0.25)
            got = fastattn.kernelized_attention(q, k, v, projection=w, normalize=False, feature_epsilon=epsilon)
            np.testing.assert_allclose(got, expected, atol=1e-4 * np.linalg.norm(v, axis=-1).max())
            without = fastattn.kernelized_attention(q, k, v, projection=w, normalize=False)
            self.assertGreater(np.abs(without - expected).max(), 1e-3 if epsilon > 1e-6 else 0)

    def test_relu_of_both_codes(self):
        q, k, v = normal(3, 2, 40, 8)
        w = fastattn.random_projection(16, 8)
        weights = lambda phi: phi(q) @ np.swapaxes(phi(k), -1, -2)
        # Google's: relu(w.x / sqrt(m)) + 1e-3 of rows as they are; the generalised kernel of others: relu(w.x d**-0.25) + 1e-3.
        google = weights(lambda x: np.maximum(x @ w.T / 4, 0) + 1e-3)
        others = weights(lambda x: np.maximum(x @ w.T * 8**-0.25, 0) + 1e-3)
        for expected, options in ((google, dict(qk_scale=1)), (others, dict(feature_epsilon=1e-3 / 4))):
            got = fastattn.kernelized_attention(q, k, v, feature_map="relu", projection=w, **options)
            np.testing.assert_allclose(got, expected @ v / expected.sum(-1, keepdims=True), atol=1e-4 * np.linalg.norm(v, axis=-1).max())

    def test_errors(self):
        x = normal(5, 4)
        for options, text in (
            (dict(feature_epsilon=0), "feature_epsilon is 0"),
            (dict(feature_epsilon=np.nan), "feature_epsilon"),
            (dict(feature_epsilon=1e-3, feature_map="elu"), "feature_epsilon is 0.001; expected none"),
        ):
            with self.assertRaisesRegex(ArgumentError, text):
                fastattn.kernelized_attention(x, x, x, **options)


class Denominators(unittest.TestCase):
    def test_floor_of_the_authors_code(self):
        q, k, v = normal(3, 2, 30, 8)
        draw = fastattn.maclaurin_features(8, 8, seed=4, literal=True)  # few features and no exact one: denominators of both signs
        rows = [x - x.mean(-1, keepdims=True) for x in wide(q, k)]
        phi_q, phi_k = (reference.maclaurin(x / np.linalg.norm(x, axis=-1, keepdims=True) * 8**-0.25, draw) for x in rows)
        weights = np.tril(phi_q @ np.swapaxes(phi_k, -1, -2))
        total = weights.sum(-1, keepdims=True)
        for floor in (1, 5):
            self.assertTrue(0.03 < (total < floor).mean() < 1)
            expected = weights @ v / np.maximum(total, floor)
            got = fastattn.schoenbat(q, k, v, draw=draw, causal=True, denominator_floor=floor)
            kept = 20 * np.abs(total) >= np.abs(weights).sum(-1, keepdims=True)
            np.testing.assert_allclose(np.where(kept, got, 0), np.where(kept, expected, 0), atol=1e-4 * np.linalg.norm(v, axis=-1).max())
        with self.assertRaisesRegex(ArgumentError, "denominator_floor is 0"):
            fastattn.schoenbat(q, k, v, denominator_floor=0)


class Landmarks(unittest.TestCase):
    def test_with_replacement(self):
        q, k, v = normal(3, 6, 4)
        many = fastattn.skyformer(q, k, v, landmarks=500, sampling="replacement", gamma=1e-3)
        # Every row is among so many: the kernel itself, but for gamma.
        np.testing.assert_allclose(many, fastattn.gaussian_attention(q, k, v), atol=2e-2)
        self.assertFalse(np.array_equal(fastattn.skyformer(q, k, v, landmarks=3), fastattn.skyformer(q, k, v, landmarks=3, sampling="replacement")))
        with self.assertRaisesRegex(ArgumentError, "gamma is 0.*replacement"):
            fastattn.skyformer(q, k, v, sampling="replacement", gamma=0)

    def test_fixed_bandwidth(self):
        q, k, v = normal(3, 20, 64)
        a, b = (x.astype(np.float64) / 32**0.25 for x in (q, k))
        kernel = np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 2)
        scale = (64 / 32) ** 0.25
        np.testing.assert_allclose(fastattn.gaussian_attention(scale * q, scale * k, v), kernel @ v, atol=1e-4)


class Page(unittest.TestCase):
    @unittest.skipUnless(PAGE.exists(), "not beside the repository")
    def test_examples(self):
        blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        self.assertGreater(len(blocks), 5)
        names = {}
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), names)

    def test_help(self):
        for function in (fastattn.fast_rpb.weights_from_checkpoint, fastattn.grid_positions.from_swin, fastattn.t5_positions.from_checkpoint):
            names = {"fastattn": fastattn, **vars(fastattn)}
            for example in doctest.DocTestFinder().find(function, globs=names):
                self.assertEqual(doctest.DocTestRunner().run(example).failed, 0)


if __name__ == "__main__":
    unittest.main()
