"""Rows of 16-bit numbers: the same bits as from float32 rows of the same numbers, and outputs rounded once."""

import unittest

import numpy as np

import fastattn

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None

SYSTEMS = ("kernelized", "softmax", "gaussian", "skyformer", "schoenbat")
TYPES = ("float32", "float16", "bfloat16")


def bits_of(values):
    """bfloat16 by its bits, rounded to nearest, ties to even; no NaN comes in."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def to(dtype, values):
    if dtype == "bfloat16":
        return bits_of(values).view(fastattn.bfloat16)
    return np.asarray(values, dtype=dtype)


def wide(array):
    if array.dtype == fastattn.bfloat16:
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


class ElementTypes(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        self.q, self.k, self.v = (rng.standard_normal((2, 3, 21, columns)).astype(np.float32) for columns in (12, 12, 7))

    def assert_same(self, got, expected):
        self.assertEqual(got.dtype, expected.dtype)
        np.testing.assert_array_equal(got.tobytes(), expected.tobytes())

    def test_any_types_give_the_rounded_answer(self):
        for system in SYSTEMS:
            for at, kind in enumerate(TYPES):
                with self.subTest(system=system, kind=kind):
                    # Query, key, value and output of different types, turn by turn.
                    q, k, v = (to(TYPES[(at + turn) % 3], x) for turn, x in enumerate((self.q, self.k, self.v)))
                    expected = fastattn.attention(system, wide(q), wide(k), wide(v))
                    self.assert_same(fastattn.attention(system, q, k, v), expected)
                    for out_kind in TYPES:
                        out = to(out_kind, np.zeros_like(expected))
                        self.assertIs(fastattn.attention(system, q, k, v, out=out), out)
                        self.assert_same(out, to(out_kind, expected))

    def test_objects_take_them_too(self):
        attention = fastattn.SoftmaxAttention(batch=2, heads=3, query_length=21, head_dimension=12, value_dimension=7)
        q, k, v = (to("float16", x) for x in (self.q, self.k, self.v))
        expected = attention.forward(wide(q), wide(k), wide(v))
        out = np.empty(expected.shape, np.float16)
        for _ in range(2):
            self.assert_same(attention.forward(q, k, v, out=out), expected.astype(np.float16))
            self.assert_same(attention.forward(wide(q), wide(k), wide(v)), expected)

    def test_transposed_rows_are_read_and_written_in_place(self):
        q, k, v = (np.swapaxes(np.ascontiguousarray(np.swapaxes(to("bfloat16", x), 1, 2)), 1, 2) for x in (self.q, self.k, self.v))
        out = np.swapaxes(np.empty((2, 21, 3, 7), fastattn.bfloat16), 1, 2)
        expected = fastattn.softmax_attention(*(wide(np.ascontiguousarray(x)) for x in (q, k, v)))
        fastattn.softmax_attention(q, k, v, out=out)
        self.assert_same(np.ascontiguousarray(out), to("bfloat16", expected))

    def test_fast_rpb_toeplitz_and_features(self):
        for kind in TYPES:
            with self.subTest(kind=kind):
                v, before, w = to(kind, self.v), to(kind, self.v[..., ::-1] + 1), np.linspace(-1, 1, 41)
                added = before.copy()
                fastattn.fast_rpb(v, w, add_to=added)
                self.assert_same(added, to(kind, fastattn.fast_rpb(wide(v), w, add_to=wide(before))))
                x, out = to(kind, self.v[0]), to(kind, np.zeros((3, 21, 7)))
                fastattn.toeplitz_matmul(w, x, out=out)
                self.assert_same(out, to(kind, fastattn.toeplitz_matmul(w, wide(x))))
                out = to(kind, np.zeros((2, 3, 21, 64)))
                fastattn.map_features(to(kind, self.q), out=out)
                self.assert_same(out, to(kind, fastattn.map_features(wide(to(kind, self.q)))))

    def test_errors(self):
        with self.assertRaisesRegex(fastattn.DTypeError, r"q has dtype uint16; expected .* q\.view\(fastattn\.bfloat16\) of its bits"):
            fastattn.softmax_attention(bits_of(self.q), self.k, self.v)
        with self.assertRaisesRegex(fastattn.DTypeError, "out is uint16; expected a float32, float16 or bfloat16 array"):
            fastattn.softmax_attention(self.q, self.k, self.v, out=np.zeros(self.v.shape, np.uint16))
        with self.assertRaisesRegex(fastattn.DTypeError, "bias has dtype .*; expected float32, float64 or float16$"):
            fastattn.softmax_attention(self.q, self.k, self.v, bias=to("bfloat16", np.zeros(41)))
        both = np.zeros((2, *self.v.shape), np.float16)
        with self.assertRaisesRegex(fastattn.ArgumentError, "out overlaps v"):
            fastattn.softmax_attention(self.q, self.k, both[0], out=both[0])
        with self.assertRaisesRegex(fastattn.ShapeError, "expected whole elements and 2 on the last axis"):
            fastattn.softmax_attention(self.q, self.k, self.v, out=np.zeros(self.v.shape[:-1] + (14,), np.float16)[..., ::2])

    @unittest.skipIf(ml_dtypes is None, "ml_dtypes is not installed")
    def test_ml_dtypes(self):
        q, k, v = (x.astype(ml_dtypes.bfloat16) for x in (self.q, self.k, self.v))
        expected = fastattn.softmax_attention(*(x.astype(np.float32) for x in (q, k, v)))
        out = np.empty(expected.shape, ml_dtypes.bfloat16)
        fastattn.softmax_attention(q, k, v, out=out)
        self.assert_same(out, expected.astype(ml_dtypes.bfloat16))


if __name__ == "__main__":
    unittest.main()
