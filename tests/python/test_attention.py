"""kernelized_attention against the float64 reference."""

import itertools
import threading
import unittest

import numpy as np

import fastattn
import reference

MAPS = ("prf", "trf", "elu", "relu", "sikf", "dpfp")
WITH_PROJECTION = ("prf", "trf", "relu")
TOLERANCE = 1e-4


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class Problem:
    """Random q, k, v and what the reference needs to know."""

    def __init__(self, seed, batch=1, heads=2, key_heads=None, n_q=40, n_k=None, d=16, d_v=None, features=32):
        key_heads = key_heads or heads
        n_k = n_k or n_q
        self.q = draw([seed, 0], batch, heads, n_q, d)
        self.k = draw([seed, 1], batch, key_heads, n_k, d)
        self.v = draw([seed, 2], batch, key_heads, n_k, d_v or d)
        self.bias = 0.7 * draw([seed, 3], heads, n_q + n_k - 1)
        self.projection = fastattn.random_projection(features, d, seed=seed)

    def arguments(self, feature_map, **others):
        if feature_map in WITH_PROJECTION:
            others.setdefault("projection", self.projection)
        return dict(feature_map=feature_map, **others)


class AttentionTest(unittest.TestCase):
    def assert_right(self, p, tolerance=TOLERANCE, method="auto", threads=None, **arguments):
        got, info = fastattn.kernelized_attention(
            p.q, p.k, p.v, method=method, threads=threads, tolerance=tolerance, return_info=True, **arguments
        )
        expected = reference.kernelized_attention(p.q, p.k, p.v, **arguments)
        chosen = {name: arguments.get(name) for name in ("query_offset", "key_mask", "lengths", "bias")}
        visible = reference.visible_pairs(
            p.q.shape[0], p.q.shape[2], p.k.shape[2], causal=arguments.get("causal", False), **chosen
        )
        self.assertEqual(got.dtype, np.float32)
        self.assertEqual(got.shape, expected.shape)
        self.assertLessEqual(reference.largest_error(got, expected, p.v, visible), tolerance)
        if method != "auto" and not info.fallback_heads:
            self.assertEqual(info.method, method)
        return got

    def test_every_map_method_and_direction(self):
        p = Problem(1, batch=2, n_q=70, d_v=9)
        for feature_map, causal, method in itertools.product(MAPS, (False, True), ("auto", "direct", "fft")):
            with self.subTest(feature_map=feature_map, causal=causal, method=method):
                self.assert_right(p, method=method, **p.arguments(feature_map, causal=causal, bias=p.bias))

    def test_without_positions(self):
        p = Problem(2, batch=2, n_q=70, d_v=9)
        for feature_map, causal, method in itertools.product(MAPS, (False, True), ("auto", "direct", "linear")):
            with self.subTest(feature_map=feature_map, causal=causal, method=method):
                self.assert_right(p, method=method, **p.arguments(feature_map, causal=causal))

    def test_rolls(self):
        p = Problem(12, batch=2, n_q=50, d=6, d_v=9)
        for nu, method in itertools.product((1, 2, 5, 13), ("auto", "direct", "fft")):
            with self.subTest(nu=nu, method=method):
                self.assert_right(p, method=method, feature_map="dpfp", nu=nu, bias=p.bias)

    def test_normalization_and_scale(self):
        p = Problem(3, d=8, features=48)
        p.q *= 0.7
        p.k *= 0.7
        choices = ((True, None), (False, None), (False, 0.5))
        for feature_map, (normalize, qk_scale) in itertools.product(MAPS, choices):
            with self.subTest(feature_map=feature_map, normalize=normalize, qk_scale=qk_scale):
                self.assert_right(p, **p.arguments(feature_map, normalize=normalize, qk_scale=qk_scale, bias=p.bias))

    def test_lengths_of_query_and_key(self):
        for n_q, n_k in ((1, 1), (1, 50), (50, 1), (33, 64), (64, 33), (7, 200), (130, 17)):
            p = Problem(4, n_q=n_q, n_k=n_k)
            for causal, method in itertools.product((False, True), ("direct", "fft")):
                with self.subTest(n_q=n_q, n_k=n_k, causal=causal, method=method):
                    offset = None if n_q <= n_k else 0
                    chosen = dict(causal=causal, query_offset=offset, bias=p.bias)
                    self.assert_right(p, method=method, **p.arguments("prf", **chosen))

    def test_query_offset(self):
        p = Problem(5, n_q=30, n_k=45)
        for offset, bias in itertools.product((-40, -10, 0, 3, 15, 100), (None, p.bias)):
            with self.subTest(offset=offset, bias=bias is not None):
                got = self.assert_right(p, **p.arguments("elu", causal=True, query_offset=offset, bias=bias))
                blind = max(0, min(30, -offset))
                self.assertFalse(got[:, :, :blind].any())

    def test_dimensions(self):
        for d, d_v, m in ((1, 1, 1), (2, 3, 5), (16, 1, 17), (31, 33, 64), (64, 64, 64), (80, 96, 20), (128, 5, 128), (512, 7, 8)):
            p = Problem(6, n_q=50, d=d, d_v=d_v, features=m)
            for method in ("direct", "fft"):
                with self.subTest(d=d, d_v=d_v, m=m, method=method):
                    self.assert_right(p, method=method, **p.arguments("prf", bias=p.bias))

    def test_grouped_heads(self):
        for heads, key_heads in ((4, 1), (4, 2), (6, 3)):
            with self.subTest(heads=heads, key_heads=key_heads):
                p = Problem(7, batch=2, heads=heads, key_heads=key_heads)
                self.assert_right(p, **p.arguments("prf", bias=p.bias))

    def test_projection_of_each_head(self):
        p = Problem(8, heads=3)
        own = np.stack([fastattn.random_projection(32, 16, kind=kind, seed=9) for kind in ("iid", "orthogonal", "sphere")])
        for projection in (own, own[:1]):
            self.assert_right(p, **p.arguments("prf", projection=projection, bias=p.bias))

    def test_bias_of_all_heads(self):
        p = Problem(9)
        for bias in (p.bias[0], p.bias[:1], p.bias):
            with self.subTest(shape=bias.shape):
                self.assert_right(p, **p.arguments("prf", bias=bias))

    def test_bias_minus_infinity_removes_pairs(self):
        p = Problem(10, n_q=60)
        p.bias[0, 20:50] = -np.inf
        p.bias[1, ::3] = -np.inf
        for method in ("direct", "fft"):
            with self.subTest(method=method):
                self.assert_right(p, method=method, **p.arguments("prf", bias=p.bias))

    def test_bias_that_removes_everything(self):
        p = Problem(11)
        nothing = np.full(p.bias.shape[1], -np.inf, dtype=np.float32)
        for method in ("auto", "direct", "fft"):
            got = fastattn.kernelized_attention(p.q, p.k, p.v, bias=nothing, method=method)
            self.assertFalse(got.any())

    def test_steep_bias_with_half_of_the_keys_masked(self):
        p = Problem(12, n_q=512, d=32, features=64)
        slope = -2.0 * np.abs(np.arange(-511, 512, dtype=np.float32))
        mask = np.arange(512) < 256
        for method in ("direct", "fft"):
            with self.subTest(method=method):
                self.assert_right(p, method=method, **p.arguments("prf", bias=slope, key_mask=mask))

    def test_long_sequences(self):
        p = Problem(13, n_q=1500, d=64, features=64)
        for causal in (False, True):
            with self.subTest(causal=causal):
                self.assert_right(p, method="fft", **p.arguments("prf", bias=p.bias, causal=causal))

    def test_key_mask_and_lengths(self):
        p = Problem(14, batch=3, n_q=40, n_k=50)
        rng = np.random.default_rng(0)
        one, each = rng.random(50) < 0.6, rng.random((3, 50)) < 0.4
        cases = {
            "mask of all": dict(key_mask=one),
            "mask of each": dict(key_mask=each),
            "lengths": dict(lengths=np.array([50, 13, 0])),
            "both": dict(key_mask=each, lengths=np.array([30, 1, 50], dtype=np.uint8)),
            "lists": dict(key_mask=one.tolist(), lengths=[3, 2, 1]),
        }
        for (name, chosen), method, causal in itertools.product(cases.items(), ("direct", "fft"), (False, True)):
            with self.subTest(name, method=method, causal=causal):
                self.assert_right(p, method=method, **p.arguments("prf", bias=p.bias, causal=causal, **chosen))

    def test_forms_of_key_masks(self):
        # Every form is the same mask, so the same bits; entries that are left out hold the loudest numbers of the head.
        p = Problem(14, batch=3, n_q=5, n_k=9)
        one, each = np.arange(9) % 3 != 1, np.arange(27).reshape(3, 9) % 4 != 2
        for mask in (one, each):
            additive = np.where(mask, 0.0, -np.inf)
            expected = fastattn.softmax_attention(p.q, p.k, p.v, key_mask=mask)
            padded = [mask[..., None, :], mask[..., None, None, :]] if mask.ndim == 2 else [mask[None], mask[None, None], mask[None, None, None]]
            forms = [mask.astype(kind) for kind in (np.uint8, np.int8, np.int64, np.uint64)]
            forms += [additive.astype(kind) for kind in (np.float16, np.float32, np.float64)] + [-0.0 + additive, mask.tolist()]
            forms += padded + [form.astype(int) for form in padded] + [np.asfortranarray(mask), np.repeat(mask, 2, axis=-1)[..., ::2]]
            for number, form in enumerate(forms):
                with self.subTest(axes=mask.ndim, form=number):
                    np.testing.assert_array_equal(fastattn.softmax_attention(p.q, p.k, p.v, key_mask=form), expected)
                    np.testing.assert_array_equal(
                        fastattn.fast_rpb(p.v, np.ones(17, dtype=np.float32), key_mask=form),
                        fastattn.fast_rpb(p.v, np.ones(17, dtype=np.float32), key_mask=mask),
                    )

    def test_ranks(self):
        p = Problem(15, batch=1, heads=1)
        four = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias)
        three = fastattn.kernelized_attention(p.q[0], p.k[0], p.v[0], bias=p.bias)
        two = fastattn.kernelized_attention(p.q[0, 0], p.k[0, 0], p.v[0, 0], bias=p.bias)
        np.testing.assert_array_equal(four[0], three)
        np.testing.assert_array_equal(four[0, 0], two)

    def test_drawn_projection_is_random_projection(self):
        p = Problem(16, d=8)
        for kind in ("iid", "orthogonal", "sphere"):
            projection = fastattn.random_projection(24, 8, kind=kind, seed=99)
            given = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, projection=projection)
            drawn = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, features=24, projection_kind=kind, seed=99)
            np.testing.assert_array_equal(given, drawn)
        drawn = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias)
        given = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, projection=fastattn.random_projection(64, 8))
        np.testing.assert_array_equal(given, drawn)

    def test_tolerance(self):
        p = Problem(17, n_q=700, d=32, features=32)
        for tolerance in (1e-2, 1e-5):
            with self.subTest(tolerance=tolerance):
                self.assert_right(p, tolerance=tolerance, method="fft", **p.arguments("prf", bias=p.bias))


class NonFiniteTest(unittest.TestCase):
    def setUp(self):
        self.p = Problem(20, n_q=30, d_v=6)
        self.p.bias[:, 40:] = -np.inf  # query i sees no key beyond i + 10

    def forward(self, method, causal, bias):
        p = self.p
        return fastattn.kernelized_attention(p.q, p.k, p.v, bias=bias, method=method, causal=causal)[0]

    def each_case(self, check):
        """Calls `check(run, dependents)`: a forward, and which rows of head 1 depend on key 25."""
        for bias, methods in ((None, ("direct", "linear")), (self.p.bias, ("direct", "fft"))):
            for method, causal in itertools.product(methods, (False, True)):
                visible = reference.visible_pairs(1, 30, 30, causal=causal, bias=bias)[0]
                dependents = np.broadcast_to(visible, (2, 30, 30))[1, :, 25]
                with self.subTest(method=method, causal=causal, bias=bias is not None):
                    check(lambda: self.forward(method, causal, bias), dependents)

    def with_poison(self, array, index, poison, run):
        kept = array[index]
        array[index] = poison
        result = run()
        array[index] = kept
        return result

    def test_query_poisons_its_row(self):
        def check(run, _):
            before = run()
            for poison in (np.nan, np.inf, -np.inf):
                after = self.with_poison(self.p.q, (0, 1, 12, 3), poison, run)
                self.assertTrue(np.isnan(after[1, 12]).all())
                self.assert_close_elsewhere(before, after, np.arange(30) == 12)

        self.each_case(check)

    def test_key_poisons_the_rows_that_depend_on_it(self):
        def check(run, dependents):
            before = run()
            for poison in (np.nan, np.inf, -np.inf):
                after = self.with_poison(self.p.k, (0, 1, 25, 3), poison, run)
                self.assertTrue(np.isnan(after[1, dependents]).all())
                self.assert_close_elsewhere(before, after, dependents)

        self.each_case(check)

    def test_value_poisons_its_channel(self):
        def check(run, dependents):
            before = run()
            for poison in (np.nan, np.inf, -np.inf):
                after = self.with_poison(self.p.v, (0, 1, 25, 4), poison, run)
                self.assertFalse(np.isfinite(after[1, dependents, 4]).any())
                others = np.arange(6) != 4
                np.testing.assert_allclose(before[..., others], after[..., others], atol=3e-4)
                self.assert_close_elsewhere(before, after, dependents)

        self.each_case(check)

    def assert_close_elsewhere(self, before, after, rows):
        """Head 1 is as before but in some rows, and the other head bit for bit."""
        np.testing.assert_allclose(before[1, ~rows], after[1, ~rows], atol=3e-4)
        np.testing.assert_array_equal(before[0], after[0])

    def test_masked_keys_may_hold_anything(self):
        p = self.p
        mask = np.arange(30) < 22
        for method in ("direct", "fft"):
            before = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, key_mask=mask, method=method)
            p.k[..., 22:, :] = np.nan
            p.v[..., 25:, :] = np.inf
            after = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, key_mask=mask, method=method)
            np.testing.assert_array_equal(before, after)

    def test_zero_and_huge_rows(self):
        p = Problem(21, n_q=30)
        p.q[0, 0, 3] = 0
        p.k[0, 0, 5] = 0
        p.q[0, 0, 4] *= 1e20
        p.k[0, 0, 6] *= 1e20
        arguments = dict(bias=p.bias, projection=p.projection)
        got = fastattn.kernelized_attention(p.q, p.k, p.v, **arguments)
        expected = reference.kernelized_attention(p.q, p.k, p.v, **arguments)
        np.testing.assert_allclose(got, expected, atol=1e-3)


class LayoutTest(unittest.TestCase):
    def setUp(self):
        self.p = Problem(30, batch=2, heads=4, key_heads=2, n_q=25, n_k=35, d=12, d_v=10)
        self.expected = self.run_on(self.p.q, self.p.k, self.p.v)

    def run_on(self, q, k, v, **others):
        return fastattn.kernelized_attention(q, k, v, bias=self.p.bias, **others)

    def test_transposed_views_are_read_in_place(self):
        q, k, v = (np.ascontiguousarray(x.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3) for x in (self.p.q, self.p.k, self.p.v))
        self.assertFalse(q.flags.c_contiguous)
        np.testing.assert_array_equal(self.run_on(q, k, v), self.expected)
        for array in (q, k, v):
            self.assertTrue(np.shares_memory(fastattn._arrays.float_array(array, "q", (4,)), array))

    def test_packed_projections_are_read_in_place(self):
        packed = np.empty((2, 25, 4, 3, 12), dtype=np.float32)
        packed[..., 0, :] = self.p.q.transpose(0, 2, 1, 3)
        q = packed[..., 0, :].transpose(0, 2, 1, 3)
        np.testing.assert_array_equal(self.run_on(q, self.p.k, self.p.v), self.expected)
        self.assertTrue(np.shares_memory(fastattn._arrays.float_array(q, "q", (4,)), packed))

    def test_last_axis_with_gaps_is_copied(self):
        wide = np.zeros(self.p.q.shape[:-1] + (24,), dtype=np.float32)
        wide[..., ::2] = self.p.q
        np.testing.assert_array_equal(self.run_on(wide[..., ::2], self.p.k, self.p.v), self.expected)
        np.testing.assert_array_equal(self.run_on(np.asfortranarray(self.p.q), self.p.k, self.p.v), self.expected)

    def test_reversed_and_broadcast_views(self):
        q = np.ascontiguousarray(self.p.q[:, :, ::-1])[:, :, ::-1]
        np.testing.assert_array_equal(self.run_on(q, self.p.k, self.p.v), self.expected)
        k = np.broadcast_to(self.p.k[:1], self.p.k.shape)
        v = np.broadcast_to(self.p.v[:1], self.p.v.shape)
        np.testing.assert_array_equal(self.run_on(self.p.q, k, v), self.run_on(self.p.q, k.copy(), v.copy()))

    def test_unaligned_and_odd_strides_are_copied(self):
        raw = np.empty(self.p.q.nbytes + 1, dtype=np.uint8)
        unaligned = raw[1:].view(np.float32).reshape(self.p.q.shape)
        unaligned[...] = self.p.q
        np.testing.assert_array_equal(self.run_on(unaligned, self.p.k, self.p.v), self.expected)
        fields = np.empty(self.p.q.shape[:-1], dtype=[("row", np.float32, 12), ("tag", np.uint8)])
        fields["row"] = self.p.q
        np.testing.assert_array_equal(self.run_on(fields["row"], self.p.k, self.p.v), self.expected)

    def test_other_floats_are_converted(self):
        q, k, v = (x.astype(np.float16) for x in (self.p.q, self.p.k, self.p.v))
        expected = self.run_on(*(x.astype(np.float32) for x in (q, k, v)))
        for dtype in (np.float16, np.float64, ">f4", ">f8", ">f2"):
            with self.subTest(dtype=dtype):
                got = self.run_on(*(x.astype(dtype) for x in (q, k, v)))
                self.assertEqual(got.dtype, np.float32)
                np.testing.assert_array_equal(got, expected)

    def test_strided_bias_and_projection(self):
        projection = fastattn.random_projection(20, 12, seed=1)
        expected = self.run_on(self.p.q, self.p.k, self.p.v, projection=projection)
        wide = np.zeros((20, 24))
        wide[:, ::2] = projection
        np.testing.assert_array_equal(self.run_on(self.p.q, self.p.k, self.p.v, projection=wide[:, ::2]), expected)
        self.p.bias = np.asfortranarray(self.p.bias)
        np.testing.assert_array_equal(self.run_on(self.p.q, self.p.k, self.p.v, projection=projection), expected)

    def test_out(self):
        out = np.full(self.expected.shape, np.nan, dtype=np.float32)
        self.assertIs(self.run_on(self.p.q, self.p.k, self.p.v, out=out), out)
        np.testing.assert_array_equal(out, self.expected)

        # [B, n, H, d_v] with a border that must stay as it is.
        room = np.full((2, 25, 4, 12), -7, dtype=np.float32)
        view = room[..., 1:-1].transpose(0, 2, 1, 3)
        self.run_on(self.p.q, self.p.k, self.p.v, out=view)
        np.testing.assert_array_equal(view, self.expected)
        self.assertTrue((room[..., 0] == -7).all() and (room[..., -1] == -7).all())

    def test_inputs_are_not_written(self):
        kept = [x.copy() for x in (self.p.q, self.p.k, self.p.v, self.p.bias)]
        for x in (self.p.q, self.p.k, self.p.v, self.p.bias):
            x.flags.writeable = False
        self.run_on(self.p.q, self.p.k, self.p.v)
        for before, after in zip(kept, (self.p.q, self.p.k, self.p.v, self.p.bias)):
            np.testing.assert_array_equal(before, after)


class ThreadTest(unittest.TestCase):
    def test_thread_count_changes_no_bit(self):
        p = Problem(40, batch=2, heads=4, n_q=600, d=32)
        for method in ("direct", "fft"):
            expected = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, method=method, threads=1)
            for threads in (None, 2, 3, 16):
                with self.subTest(method=method, threads=threads):
                    got = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias, method=method, threads=threads)
                    np.testing.assert_array_equal(got, expected)

    def test_python_threads_at_once(self):
        p = Problem(41, heads=2, n_q=200)
        expected = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias)
        results = [None] * 8

        def work(index):
            for _ in range(10):
                results[index] = fastattn.kernelized_attention(p.q, p.k, p.v, bias=p.bias)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            np.testing.assert_array_equal(result, expected)


class InfoTest(unittest.TestCase):
    def test_info(self):
        p = Problem(50, n_q=64)
        for method, bias in (("direct", p.bias), ("fft", p.bias), ("linear", None)):
            result, info = fastattn.kernelized_attention(p.q, p.k, p.v, bias=bias, method=method, return_info=True)
            self.assertIsInstance(info, fastattn.AttentionInfo)
            self.assertEqual(result.shape, p.v.shape)
            self.assertEqual(info.method, method)
            self.assertIn(info.tier, ("avx512", "avx2", "neon", "portable"))
            self.assertGreaterEqual(info.repaired_rows, 0)
            self.assertGreaterEqual(info.fallback_heads, 0)


if __name__ == "__main__":
    unittest.main()
