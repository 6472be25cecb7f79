"""phi by itself, attention over features that the caller brings, query offsets of each sequence, special tokens beside a grid."""

import pickle
import unittest

import numpy as np

import fastattn
import reference
from fastattn import ArgumentError, DTypeError, ShapeError

MAPS = ("prf", "trf", "elu", "relu", "sikf", "dpfp")


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class Features(unittest.TestCase):
    def test_are_those_of_the_definition(self):
        x = normal(1, 2, 3, 20, 8)
        w = fastattn.random_projection(12, 8)
        for name in MAPS:
            projected = name in ("prf", "trf", "relu")
            got = fastattn.map_features(x, feature_map=name, projection=w if projected else None, normalize=False, qk_scale=0.5, nu=2 if name == "dpfp" else 1)
            expected = reference.features(0.5 * x.astype(float), name, w.astype(float), nu=2)
            if name in ("prf", "trf"):
                expected = expected * np.sqrt(12)
            np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max(), err_msg=name)

    def test_attention_over_them_is_attention_with_the_map(self):
        q, k, v = normal(2, 2, 4, 30, 8), normal(3, 2, 2, 40, 8), normal(4, 2, 2, 40, 5)
        for name in MAPS:
            chosen = dict(feature_map=name, features=48 if name in ("prf", "trf", "relu") else None, seed=3)
            keys, scales = fastattn.map_features(k, return_log_scales=True, **chosen)
            keys = keys * np.exp(scales - scales.max())[..., None]
            got = fastattn.kernelized_attention(
                fastattn.map_features(q, **chosen), keys, v, feature_map="given", signed_features=name == "trf", method="direct"
            )
            expected = fastattn.kernelized_attention(q, k, v, method="direct", **chosen)
            # Rounding, twenty times as much where denominators of trf cancel.
            np.testing.assert_allclose(got, expected, atol=1e-4, err_msg=name)

    def test_rows_beyond_float32_have_log_scales(self):
        x = np.float32([[200, 100, -300], [0, 0, 0]])
        self.assertEqual(fastattn.map_features(x, feature_map="sikf")[0, 0], np.inf)
        got, scales = fastattn.map_features(x, feature_map="sikf", return_log_scales=True)
        np.testing.assert_array_equal(got, np.float32([[1, np.exp(np.float32(-100)), 0], [1, 1, 1]]))
        np.testing.assert_array_equal(scales, [200, 0])

    def test_have_the_epsilon_of_relu(self):
        x = normal(7, 5, 4)
        got, least = (fastattn.map_features(x, feature_map="relu", features=8, feature_epsilon=epsilon) for epsilon in (0.5, 1e-6))
        np.testing.assert_allclose(got, least + 0.5, rtol=1e-5)

    def test_out_and_empty(self):
        x = normal(5, 3, 7, 4)
        room = np.zeros((7, 3, 8), dtype=np.float32).transpose(1, 0, 2)
        self.assertIs(fastattn.map_features(x, features=8, out=room), room)
        np.testing.assert_array_equal(room, fastattn.map_features(x, features=8))
        for empty in (x[:, :0], x[None, :0].reshape(0, 1, 7, 4)):
            got, scales = fastattn.map_features(empty, features=8, return_log_scales=True)
            self.assertEqual((got.shape, scales.shape), (empty.shape[:-1] + (8,), empty.shape[:-1]))

    def test_errors(self):
        x = normal(6, 2, 5, 4)
        table = [
            (dict(x=x[..., :0]), ShapeError, "x has shape"),
            (dict(x=x.astype(int)), DTypeError, "x has dtype"),
            (dict(x=np.zeros((5, 513), dtype=np.float32)), ArgumentError, "x is 513; expected 1…512"),
            (dict(feature_map="exp"), ArgumentError, "feature_map"),
            (dict(features=4097), ArgumentError, "features is 4097"),
            (dict(features=8, feature_map="elu"), ArgumentError, "features is 8"),
            (dict(projection=normal(1, 3, 6, 4)), ShapeError, "projection has 3 heads; expected 1 or 2"),
            (dict(projection=normal(1, 6, 5)), ShapeError, "projection has 5 columns"),
            (dict(qk_scale=2.0), ArgumentError, "qk_scale is 2"),
            (dict(feature_epsilon=1e-4), ArgumentError, "feature_epsilon is 0.0001"),
            (dict(feature_map="relu", feature_epsilon=0), ArgumentError, "feature_epsilon is 0"),
            (dict(return_log_scales=1), DTypeError, "return_log_scales"),
            (dict(out=x), ShapeError, "out has shape"),
            (dict(threads=0), ArgumentError, "threads"),
        ]
        for change, error, text in table:
            with self.subTest(**{name: str(value)[:40] for name, value in change.items()}):
                with self.assertRaisesRegex(error, text):
                    fastattn.map_features(**{"x": x, **change})


class QueryOffsets(unittest.TestCase):
    def test_each_sequence_has_its_own(self):
        q, k, v = normal(1, 3, 2, 6, 4), normal(2, 3, 2, 20, 4), normal(3, 3, 2, 20, 5)
        offsets = np.array([4, -3, 19], dtype=np.int16)
        alibi = fastattn.alibi_positions(0.3)
        for function in (fastattn.kernelized_attention, fastattn.softmax_attention, fastattn.gaussian_attention, fastattn.schoenbat):
            for chosen in (dict(causal=True), dict(bias=alibi), dict(bias=alibi, causal=True)):
                got = function(q, k, v, query_offset=offsets, **chosen)
                for b in range(3):
                    expected = function(q[b], k[b], v[b], query_offset=int(offsets[b]), **chosen)
                    np.testing.assert_array_equal(got[b], expected, err_msg=f"{function.__name__} {list(chosen)} {b}")
        got = fastattn.softmax_attention(q[0], k[0], v[0], causal=True, query_offset=[4])
        np.testing.assert_array_equal(got, fastattn.softmax_attention(q[0], k[0], v[0], causal=True, query_offset=4))


class SpecialTokens(unittest.TestCase):
    def setUp(self):
        self.height, self.width, self.heads = 3, 4, 2
        rng = np.random.default_rng(7)
        self.table = rng.standard_normal((self.heads, 5, 7))
        self.tokens = np.stack(np.divmod(np.arange(12), 4))

    def pairs(self, prefix, suffix, to_grid, from_grid, own):
        """[H, n, n] biases, query by key."""
        (y, x), s = self.tokens, prefix + suffix
        order = list(range(prefix)) + [None] * 12 + list(range(prefix, s))
        bias = np.empty((self.heads, 12 + s, 12 + s))
        for i, a in enumerate(order):
            for j, b in enumerate(order):
                if a is None and b is None:
                    bias[:, i, j] = self.table[:, y[j - prefix] - y[i - prefix] + 2, x[j - prefix] - x[i - prefix] + 3]
                else:
                    bias[:, i, j] = own[:, a, b] if a is not None and b is not None else to_grid[:, a] if b is None else from_grid[:, b]
        return bias

    def test_have_the_biases_given(self):
        rng = np.random.default_rng(8)
        for prefix, suffix in ((1, 0), (0, 2), (2, 1)):
            s, n = prefix + suffix, 12 + prefix + suffix
            to_grid, from_grid, own = rng.standard_normal((2, s)), rng.standard_normal((2, s)), rng.standard_normal((2, s, s))
            positions = fastattn.grid_positions(
                self.table, 3, 4, prefix=prefix, suffix=suffix, special_to_grid=to_grid, grid_to_special=from_grid, special_to_special=own
            )
            q, k, v = rng.standard_normal((3, self.heads, n, 5))
            weights = np.exp(self.pairs(prefix, suffix, to_grid, from_grid, own) + q @ k.swapaxes(1, 2) / 5**0.5)
            got = fastattn.softmax_attention(q, k, v, bias=positions)
            np.testing.assert_allclose(got, weights @ v / weights.sum(-1, keepdims=True), atol=1e-5)
            phi = lambda a: np.where(a > 0, a + 1, np.exp(np.minimum(a, 0)))
            weights = np.exp(self.pairs(prefix, suffix, to_grid, from_grid, own)) * (phi(q) @ phi(k).swapaxes(1, 2))
            got = fastattn.kernelized_attention(q, k, v, bias=pickle.loads(pickle.dumps(positions)), feature_map="elu")
            np.testing.assert_allclose(got, weights @ v / weights.sum(-1, keepdims=True), atol=1e-4 * np.linalg.norm(v, axis=-1).max())

    def test_beit(self):
        # As BEiT's code numbers pairs: query minus key, then class to patch, patch to class, class to class.
        height, width, heads = self.height, self.width, self.heads
        beit = np.random.default_rng(9).standard_normal((5 * 7 + 3, heads))
        coordinates = self.tokens
        relative = coordinates[:, :, None] - coordinates[:, None, :]
        index = np.empty((13, 13), dtype=int)
        index[1:, 1:] = (relative[0] + height - 1) * (2 * width - 1) + relative[1] + width - 1
        index[0, 0:], index[0:, 0], index[0, 0] = len(beit) - 3, len(beit) - 2, len(beit) - 1
        bias = beit[index].transpose(2, 0, 1)

        table = beit[:-3].T.reshape(heads, 2 * height - 1, 2 * width - 1)[:, ::-1, ::-1]
        to_grid, from_grid, own = beit[-3:]
        positions = fastattn.grid_positions(
            table, height, width, prefix=1, special_to_grid=to_grid[:, None], grid_to_special=from_grid[:, None], special_to_special=own[:, None, None]
        )
        q, k, v = np.random.default_rng(10).standard_normal((3, heads, 13, 5))
        weights = np.exp(bias + q @ k.swapaxes(1, 2) / 5**0.5)
        np.testing.assert_allclose(fastattn.softmax_attention(q, k, v, bias=positions), weights @ v / weights.sum(-1, keepdims=True), atol=1e-5)

    def test_errors(self):
        table = [
            (dict(prefix=-1), ArgumentError, "prefix is -1"),
            (dict(prefix=1000, suffix=25), ArgumentError, "suffix is 25; expected 0…24"),
            (dict(prefix=1, special_to_grid=np.ones(2)), ShapeError, r"special_to_grid is \[2\]; expected \[1\] or \[2, 1\]"),
            (dict(prefix=1, grid_to_special=np.ones((3, 1))), ShapeError, "grid_to_special"),
            (dict(prefix=2, special_to_special=np.ones(4)), ShapeError, "special_to_special has 1 axes"),
            (dict(prefix=1, special_to_special=np.array([[np.nan]])), ArgumentError, "special_to_special"),
            (dict(special_to_grid=np.ones(1)), ShapeError, "special_to_grid"),
        ]
        for change, error, text in table:
            with self.subTest(**{name: str(value) for name, value in change.items()}):
                with self.assertRaisesRegex(error, text):
                    fastattn.grid_positions(self.table, 3, 4, **change)
        positions = fastattn.grid_positions(self.table, 3, 4, prefix=1)
        x = normal(1, 2, 12, 4)
        with self.assertRaisesRegex(ShapeError, "13 queries"):
            fastattn.softmax_attention(x, x, x, bias=positions)


class Empty(unittest.TestCase):
    def test_calls_without_sequences_queries_or_keys(self):
        functions = (fastattn.kernelized_attention, fastattn.softmax_attention, fastattn.gaussian_attention, fastattn.schoenbat, fastattn.skyformer)
        for function in functions:
            for batch, n_q, n_k in ((0, 3, 4), (2, 0, 4), (2, 3, 0), (2, 0, 0)):
                q, k, v = normal(1, batch, 2, n_q, 4), normal(2, batch, 2, n_k, 4), normal(3, batch, 2, n_k, 5)
                chosen = [dict(), dict(key_mask=np.ones((batch, n_k), dtype=bool), lengths=np.zeros(batch, dtype=int))]
                if function is not fastattn.skyformer:
                    chosen += [dict(bias=np.zeros(max(n_q + n_k - 1, 0))), dict(causal=True, query_offset=[0] * batch)]
                for number, options in enumerate(chosen):
                    with self.subTest(function.__name__, sizes=(batch, n_q, n_k), number=number):
                        got = function(q, k, v, **options)
                        np.testing.assert_array_equal(got, np.zeros((batch, 2, n_q, 5)))
        q = normal(1, 3, 4)
        q[1, 2] = np.nan
        got = fastattn.softmax_attention(q, q[:0], q[:0])
        np.testing.assert_array_equal(got, [[0] * 4, [np.nan] * 4, [0] * 4])

    def test_products_without_rows(self):
        np.testing.assert_array_equal(fastattn.toeplitz_matmul(normal(1, 3), normal(2, 0, 2)), np.zeros((4, 2)))
        self.assertEqual(fastattn.toeplitz_matmul(normal(1, 3), normal(2, 4, 2)).shape, (0, 2))
        self.assertEqual(fastattn.toeplitz_matmul(normal(1, 6), normal(2, 0, 4, 2)).shape, (0, 3, 2))
        self.assertEqual(fastattn.fast_rpb(normal(1, 0, 2, 3, 4), normal(2, 5)).shape, (0, 2, 3, 4))
        np.testing.assert_array_equal(fastattn.fast_rpb(normal(1, 2, 4), np.zeros(0, dtype=np.float32), prefix=2), np.zeros((2, 4)))
        self.assertEqual(fastattn.fast_rpb(normal(1, 0, 4), np.zeros(0)).shape, (0, 4))

    def test_heads_and_columns_are_needed(self):
        q = normal(1, 2, 3, 4)
        for wrong in (q[:0], q[..., :0]):
            with self.assertRaisesRegex(ShapeError, "q has shape .*at least one head and one column"):
                fastattn.softmax_attention(wrong, q, q)


if __name__ == "__main__":
    unittest.main()
