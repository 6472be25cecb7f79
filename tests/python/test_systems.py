"""attention: every system by its name, and FastRPB added to it."""

import unittest

import numpy as np

import fastattn


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


SYSTEMS = {
    "softmax": fastattn.softmax_attention,
    "kernelized": fastattn.kernelized_attention,
    "gaussian": fastattn.gaussian_attention,
    "skyformer": fastattn.skyformer,
    "schoenbat": fastattn.schoenbat,
}


class AttentionTest(unittest.TestCase):
    def setUp(self):
        self.q, self.k, self.v = normal(2, 4, 30, 8), normal(2, 2, 30, 8, seed=1), normal(2, 2, 30, 5, seed=2)
        self.mask = np.random.default_rng(4).random((2, 30)) < 0.7

    def test_is_the_system_of_that_name(self):
        for name, function in SYSTEMS.items():
            with self.subTest(system=name):
                np.testing.assert_array_equal(fastattn.attention(name, self.q, self.k, self.v, key_mask=self.mask), function(self.q, self.k, self.v, key_mask=self.mask))

    def test_adds_fast_rpb(self):
        for weights in (normal(59, seed=5), normal(4, 59, seed=6)):
            for name, function in SYSTEMS.items():
                with self.subTest(system=name, weights=weights.shape):
                    added = fastattn.fast_rpb(self.v, weights, key_mask=self.mask)
                    if weights.ndim == 1:
                        added = added.repeat(2, axis=1)
                    got, _ = fastattn.attention(name, self.q, self.k, self.v, key_mask=self.mask, fast_rpb=weights, return_info=True)
                    np.testing.assert_array_equal(got, function(self.q, self.k, self.v, key_mask=self.mask) + added)

    def test_causality_holds_for_both(self):
        weights, later = normal(59, seed=5), self.v.copy()
        later[:, :, 20:] += 100
        first, second = (fastattn.attention("softmax", self.q, self.k, v, causal=True, fast_rpb=weights) for v in (self.v, later))
        # A transform hears later values as rounding of their size, no more.
        np.testing.assert_allclose(first[:, :, :20], second[:, :, :20], atol=1e-3)
        self.assertGreater(np.abs(first[:, :, 20:] - second[:, :, 20:]).max(), 10)

    def test_a_mapping_has_its_own_choices(self):
        weights = normal(28, seed=5)
        got = fastattn.attention("softmax", self.q, self.k, self.v, fast_rpb={"weights": weights, "symmetric": True, "prefix": 2})
        np.testing.assert_array_equal(got[:, :, :2], fastattn.softmax_attention(self.q, self.k, self.v)[:, :, :2])

    def test_bad_input_leaves_out_alone(self):
        out = np.full((2, 4, 30, 5), 7, dtype=np.float32)
        for message, arguments in {
            "system is 'nystrom'; expected one of softmax, kernelized": {"system": "nystrom"},
            "landmarks is given; expected keywords of softmax_attention": {"landmarks": 3},
            "fast_rpb: weights has shape": {"fast_rpb": normal(58)},
            "fast_rpb: weights is .* expected an array": {"fast_rpb": (normal(9), normal(11))},
            "fast_rpb: colour is given; expected keywords of fast_rpb: causal": {"fast_rpb": {"weights": normal(59), "colour": 3}},
            "fast_rpb: v is given": {"fast_rpb": {"weights": normal(59), "v": self.v}},
            "fast_rpb has no weights": {"fast_rpb": {"symmetric": True}},
            "fast_rpb has add_to": {"fast_rpb": {"weights": normal(59), "add_to": out}},
            "scale is -1": {"scale": -1.0, "fast_rpb": normal(59)},
        }.items():
            with self.subTest(message=message), self.assertRaisesRegex(fastattn.FastAttnError, message):
                fastattn.attention(**{"system": "softmax", **arguments}, q=self.q, k=self.k, v=self.v, out=out)
        np.testing.assert_array_equal(out, 7)

    def test_rows_of_queries_and_values_must_agree(self):
        with self.assertRaisesRegex(fastattn.ShapeError, "q has shape"):
            fastattn.attention("softmax", self.q[:, :, :20], self.k, self.v, fast_rpb=normal(59))


if __name__ == "__main__":
    unittest.main()
