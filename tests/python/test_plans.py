"""Attentions as objects, and the cache of the functions: the same numbers as before, nothing prepared twice, nothing kept for ever."""

import copy
import gc
import inspect
import pickle
import threading
import unittest
from unittest import mock

import numpy as np

import fastattn
from fastattn import ArgumentError, DTypeError, ShapeError, _library

N, HEADS, D = 12, 2, 8
PAIRS = {
    fastattn.kernelized_attention: fastattn.KernelizedAttention,
    fastattn.softmax_attention: fastattn.SoftmaxAttention,
    fastattn.gaussian_attention: fastattn.GaussianAttention,
    fastattn.schoenbat: fastattn.SchoenbatAttention,
    fastattn.skyformer: fastattn.SkyformerAttention,
}
SIZES = ("heads", "query_length", "head_dimension", "batch", "key_heads", "key_length", "value_dimension")
OF_A_CALL = ("q", "k", "v", "key_mask", "lengths", "out", "return_info")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


Q, K, V = normal(HEADS, N, D), normal(HEADS, N, D, seed=1), normal(HEADS, N, D, seed=2)
BIAS = normal(HEADS, 2 * N - 1, seed=3)


def with_bias(function):
    return {} if function is fastattn.skyformer else {"bias": BIAS}


class Fresh(unittest.TestCase):
    """An empty cache for every test."""

    def setUp(self):
        fastattn.clear_plan_cache()
        self.addCleanup(fastattn.clear_plan_cache)
        self.addCleanup(fastattn.set_plan_cache_limit, fastattn.plan_cache_info().limit)

    def misses(self):
        return fastattn.plan_cache_info().misses


class Objects(Fresh):
    def test_have_the_options_of_their_function(self):
        for function, kind in PAIRS.items():
            options = {name: p.default for name, p in inspect.signature(function).parameters.items() if name not in OF_A_CALL}
            own = {name: p.default for name, p in inspect.signature(kind).parameters.items() if name not in SIZES}
            self.assertEqual(own, options, kind)

    def test_give_what_their_function_gives(self):
        mask, lengths = np.arange(N) != 3, np.array([N - 1])
        for function, kind in PAIRS.items():
            with self.subTest(function=function.__name__), kind(HEADS, N, D, **with_bias(function)) as attention:
                expected, told = function(Q, K, V, **with_bias(function), return_info=True)
                out = np.empty_like(V)
                for _ in range(2):
                    got, info = attention.forward(Q, K, V, out=out, return_info=True)
                    self.assertIs(got, out)
                    np.testing.assert_array_equal(got, expected)
                    self.assertEqual(info, told)
                np.testing.assert_array_equal(attention.forward(Q[None], K[None], V[None]), expected[None])
                # Other strides, and back: descriptions of arrays are used again.
                turned = np.ascontiguousarray(Q.transpose(1, 0, 2)).transpose(1, 0, 2)
                np.testing.assert_array_equal(attention.forward(turned, K, V), expected)
                np.testing.assert_array_equal(attention.forward(Q.astype(np.float64), K, V), expected)
                np.testing.assert_array_equal(
                    attention.forward(Q[None], K[None], V[None], key_mask=mask, lengths=lengths),
                    function(Q[None], K[None], V[None], key_mask=mask, lengths=lengths, **with_bias(function)),
                )

    def test_an_array_of_bias_is_copied(self):
        bias = BIAS.copy()
        attention = fastattn.SoftmaxAttention(HEADS, N, D, bias=bias)
        expected = attention.forward(Q, K, V)
        bias[:] = 0
        np.testing.assert_array_equal(attention.forward(Q, K, V), expected)

    def test_sizes_that_are_left_out_follow_from_others(self):
        attention = fastattn.SoftmaxAttention(4, 9, 8, batch=2, key_heads=2, key_length=5, value_dimension=3)
        self.assertEqual(attention.forward(normal(2, 4, 9, 8), normal(2, 2, 5, 8), normal(2, 2, 5, 3)).shape, (2, 4, 9, 3))
        self.assertIn("heads=4, key_heads=2, query_length=9, key_length=5, head_dimension=8, value_dimension=3", repr(attention))
        self.assertIn("heads=4, key_heads=4, query_length=9, key_length=9, head_dimension=8, value_dimension=8", repr(fastattn.SoftmaxAttention(4, 9, 8)))

    def test_tell_their_plan(self):
        for function, kind in PAIRS.items():
            attention = kind(HEADS, N, D, **with_bias(function))
            info = attention.forward(Q, K, V, return_info=True)[1]
            plan = attention.plan
            self.assertEqual((plan.method, plan.tier), (info.method, info.tier))
            self.assertGreaterEqual(plan.workspace_bytes, 0)
            self.assertTrue(attention.explain().startswith(f"{plan.method} on {plan.tier}: "))
        forced = fastattn.KernelizedAttention(HEADS, N, D, bias=BIAS, features=16, feature_map="trf", method="fft")
        self.assertEqual((forced.plan.method, forced.plan.features), ("fft", 32))
        self.assertGreater(forced.plan.fourier_length, 0)
        self.assertIn("forced by the caller\n", forced.explain())
        self.assertEqual(len(forced.explain().splitlines()), 7)

    def test_refuse_bad_sizes_and_options(self):
        for arguments, kind, text in (
            (dict(heads=0), ArgumentError, "heads is 0"),
            (dict(heads=True), DTypeError, "heads is True"),
            (dict(query_length=-1), ArgumentError, "query_length is -1"),
            (dict(head_dimension=513), ArgumentError, "head_dimension is 513"),
            (dict(value_dimension=2**70), ArgumentError, "value_dimension is"),
            (dict(key_heads=3), ShapeError, "key_heads"),
            (dict(batch=1.0), DTypeError, "batch is 1.0"),
            (dict(bias=BIAS[:, 1:]), ShapeError, r"bias is \[2, 22\]"),
            (dict(scale=-1), ArgumentError, "scale is -1"),
            (dict(query_offset=[1, 2]), ShapeError, "query_offset has shape"),
        ):
            with self.subTest(**{name: str(value)[:9] for name, value in arguments.items()}), self.assertRaisesRegex(kind, text):
                fastattn.SoftmaxAttention(**{**dict(heads=HEADS, query_length=N, head_dimension=D), **arguments})

    def test_refuse_arrays_of_other_sizes_and_leave_out_alone(self):
        attention = fastattn.SoftmaxAttention(HEADS, N, D)
        out = np.full_like(V, 7)
        for arguments, kind, text in (
            (dict(q=Q[:, 1:], out=None), ShapeError, "q is"),
            (dict(k=K[:1]), ShapeError, "k is"),
            (dict(v=V[..., 1:], out=None), ShapeError, "v is"),
            (dict(q=Q.astype(int)), DTypeError, "q has dtype int"),
            (dict(key_mask=np.ones(N - 1, dtype=bool)), ShapeError, "key_mask has shape"),
            (dict(lengths=[N + 1]), ArgumentError, "lengths"),
            (dict(return_info=1), DTypeError, "return_info is 1"),
            (dict(q=out), ArgumentError, "out overlaps q"),
            (dict(out=out[:, 1:]), ShapeError, "out has shape"),
        ):
            with self.subTest(text=text), self.assertRaisesRegex(kind, text):
                attention.forward(**{**dict(q=Q, k=K, v=V, out=out), **arguments})
        self.assertTrue((out == 7).all())

    def test_a_closed_one_is_refused(self):
        attention = fastattn.SoftmaxAttention(HEADS, N, D)
        with attention as entered:
            self.assertIs(entered, attention)
        attention.close()
        for ask in (lambda: attention.forward(Q, K, V), lambda: attention.plan, attention.explain, attention.trim):
            with self.assertRaisesRegex(ArgumentError, "this SoftmaxAttention is closed"):
                ask()
        self.assertIn(", closed>", repr(attention))

    def test_trimmed_memory_comes_back(self):
        attention = fastattn.SoftmaxAttention(HEADS, N, D)
        expected = attention.forward(Q, K, V)
        for _ in range(3):
            attention.trim()
            np.testing.assert_array_equal(attention.forward(Q, K, V), expected)

    def test_what_they_have_in_common_is_not_made_alone(self):
        with self.assertRaisesRegex(TypeError, "make one of its kinds, such as SoftmaxAttention"):
            fastattn.AttentionSystem()

    def test_cannot_be_copied_or_pickled(self):
        attention = fastattn.SoftmaxAttention(HEADS, N, D)
        for act in (pickle.dumps, copy.copy, copy.deepcopy):
            with self.assertRaisesRegex(TypeError, "SoftmaxAttention cannot be copied or pickled; make it again"):
                act(attention)

    def test_serve_several_threads_at_once(self):
        rows = [normal(3, 200, D, seed=seed) for seed in range(4)]
        with fastattn.SoftmaxAttention(3, 200, D, threads=1) as attention:
            expected = [attention.forward(row, row, row) for row in rows]
            wrong = []

            def work(mine):
                out = np.empty_like(rows[0])
                for _ in range(30):
                    attention.forward(rows[mine], rows[mine], rows[mine], out=out)
                    if not np.array_equal(out, expected[mine]):
                        wrong.append(mine)

            threads = [threading.Thread(target=work, args=(mine,)) for mine in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])


    def test_a_call_within_a_call_has_arguments_of_its_own(self):
        attention = fastattn.SoftmaxAttention(HEADS, N, D)
        expected, other = attention.forward(Q, K, V), attention.forward(K, V, Q)
        library, within = attention._library, []

        class Calls:
            """The library, in which the first call makes another one, as a signal handler or another thread might."""

            def __getattr__(self, name):
                return getattr(library, name)

            def fa_attention_forward(self, *arguments):
                if not within:
                    within.append(None)
                    within[0] = attention.forward(K, V, Q)
                return library.fa_attention_forward(*arguments)

        attention._library = Calls()
        np.testing.assert_array_equal(attention.forward(Q, K, V), expected)
        np.testing.assert_array_equal(within[0], other)


class Products(Fresh):
    """Toeplitz and FastRpb, which have no sizes but those of their arrays."""

    def test_toeplitz_gives_what_its_function_gives(self):
        c, x = normal(3, 9 + 4), normal(3, 5, 2)
        expected = fastattn.toeplitz_matmul(c, x)
        out = np.empty_like(expected)
        with fastattn.Toeplitz(c, 5) as matrix:
            self.assertIs(matrix.multiply(x, out=out), out)
            np.testing.assert_array_equal(out, expected)
            with self.assertRaisesRegex(ShapeError, "x is"):
                matrix.multiply(x[:, 1:])
            with self.assertRaisesRegex(ArgumentError, "out overlaps x"):
                matrix.multiply(out[:, :5], out=out)
        with self.assertRaisesRegex(ArgumentError, "this Toeplitz is closed"):
            matrix.multiply(x)
        with self.assertRaisesRegex(ShapeError, "c has shape .*expected at least 19 coefficients for an input length of 20"):
            fastattn.Toeplitz(c, 20)
        with self.assertRaisesRegex(TypeError, "Toeplitz cannot be copied"):
            pickle.dumps(matrix)

    def test_fast_rpb_gives_what_its_function_gives(self):
        v = normal(2, 12, 3)
        for weights, options in (
            (normal(2, 19), dict(prefix=1, suffix=1)),
            (normal(12), dict(symmetric=True)),
            (normal(23), dict(causal=True)),
            ((normal(5), normal(7)), dict(grid=(3, 4))),
            (normal(2, 3), dict(grid=(2, 2), prefix=8)),
        ):
            with self.subTest(**options), fastattn.FastRpb(weights, 12, **options) as rpb:
                expected = fastattn.fast_rpb(v, weights, **options)
                np.testing.assert_array_equal(rpb.apply(v), expected)
                np.testing.assert_array_equal(rpb.apply(v[None], lengths=[9]), fastattn.fast_rpb(v[None], weights, lengths=[9], **options))
                add_to = np.ones_like(expected)
                self.assertIs(rpb.apply(v, add_to=add_to), add_to)
                np.testing.assert_array_equal(add_to, fastattn.fast_rpb(v, weights, add_to=np.ones_like(expected), **options))
        with self.assertRaisesRegex(ArgumentError, "this FastRpb is closed"):
            rpb.apply(v)

    def test_functions_prepare_nothing_the_second_time(self):
        c, x, weights, pair = normal(9), normal(5, 2), normal(23), (normal(5), normal(7))
        for call in (
            lambda: fastattn.toeplitz_matmul(c, x),
            lambda: fastattn.fast_rpb(normal(2, 12, 3), weights),
            lambda: fastattn.fast_rpb(normal(2, 12, 3), pair, grid=(3, 4)),
        ):
            fastattn.clear_plan_cache()
            first = call()
            np.testing.assert_array_equal(call(), first)
            self.assertEqual((self.misses(), fastattn.plan_cache_info().hits), (1, 1))
            for array in (c, weights, pair[1]):
                array *= 2
            self.assertGreater(np.abs(call() - first).max(), 1e-3)
            self.assertEqual(self.misses(), 2)


class Functions(Fresh):
    def test_prepare_nothing_the_second_time(self):
        for function in PAIRS:
            fastattn.clear_plan_cache()
            first = function(Q, K, V, **with_bias(function))
            for _ in range(2):
                np.testing.assert_array_equal(function(Q.copy(), K.copy(), V.copy(), **with_bias(function)), first)
            info = fastattn.plan_cache_info()
            self.assertEqual((info.misses, info.hits, info.plans), (1, 2, 1), function.__name__)

    def test_an_array_that_was_changed_in_place_is_noticed(self):
        bias, projection = BIAS.copy(), normal(16, D, seed=4)
        gamma = np.ones(D, dtype=np.float32)
        landmarks, offsets = np.array([1, 2, 3]), np.array([0])
        for function, name, array, change in (
            (fastattn.softmax_attention, "bias", bias, -1.0),
            (fastattn.kernelized_attention, "projection", projection, 0.5),
            (fastattn.schoenbat, "gamma", gamma, 1.0),
            (fastattn.skyformer, "landmarks", landmarks, 4),
            (fastattn.softmax_attention, "query_offset", offsets, 2),
        ):
            with self.subTest(function=function.__name__, argument=name):
                more = dict(bias=fastattn.alibi_positions(0.5)) if name == "query_offset" else {}
                before = function(Q[None], K[None], V[None], **{name: array}, **more)
                array.flat[0] += change
                after = function(Q[None], K[None], V[None], **{name: array}, **more)
                self.assertGreater(np.abs(after - before).max(), 1e-4)
                misses = self.misses()
                np.testing.assert_array_equal(function(Q[None], K[None], V[None], **{name: array.copy()}, **more), after)
                self.assertEqual(self.misses(), misses, "an equal array was prepared again")

    def test_every_argument_counts(self):
        positions = fastattn.alibi_positions(0.5)
        calls = [
            (Q, K, V, {}), (Q[:, :9], K, V, {}), (Q, K[:, :9], V[:, :9], {}), (Q, K, V[..., :4], {}), (Q[:1], K[:1], V[:1], {}), (Q[None], K[None], V[None], {}),
            (Q, K, V, {"causal": True}), (Q, K, V, {"scale": 0.5}), (Q, K, V, {"threads": 1}), (Q, K, V, {"bias": BIAS}), (Q, K, V, {"bias": BIAS[:1]}),
            (Q, K, V, {"bias": BIAS[0]}), (Q, K, V, {"bias": positions}), (Q, K, V, {"bias": fastattn.alibi_positions(0.25)}),
            (Q, K, V, {"bias": positions, "query_offset": 1}), (Q, K, V, {"bias": positions, "query_offset": [1]}),
        ]  # fmt: skip
        for place, (q, k, v, options) in enumerate(calls):
            fastattn.softmax_attention(q, k, v, **options)
            self.assertEqual(self.misses(), place + 1)
        for q, k, v, options in calls:
            fastattn.softmax_attention(q, k, v, **options)
        self.assertEqual(self.misses(), len(calls))

    def test_equal_positions_are_the_same_however_often_they_are_made(self):
        table = np.linspace(-1, 1, 32, dtype=np.float32)
        kinds = (
            lambda: fastattn.alibi_positions(0.5), lambda: fastattn.kerple_log_positions(1.5, 0.25), lambda: fastattn.t5_positions(table),
            lambda: fastattn.t5_positions(table, max_distance=64), lambda: fastattn.clipped_positions(table[:9]), lambda: fastattn.clipped_positions(table[1:10]),
        )  # fmt: skip
        first = [fastattn.softmax_attention(Q, K, V, bias=make()) for make in kinds]
        self.assertEqual(self.misses(), len(kinds))
        for make, expected in zip(kinds, first):
            np.testing.assert_array_equal(fastattn.softmax_attention(Q, K, V, bias=make()), expected)
        self.assertEqual(self.misses(), len(kinds))

    def test_large_positions_are_the_same_object_only(self):
        bias = np.zeros((2, 2 * 5000 - 1), dtype=np.float32)
        rows = np.ones((2, 5000, 2), dtype=np.float32)
        for _ in range(2):
            fastattn.softmax_attention(rows, rows, rows, bias=fastattn.dense_positions(bias, 5000))
        self.assertEqual(self.misses(), 2)

    def test_equal_numbers_of_another_type_are_checked(self):
        fastattn.softmax_attention(Q, K, V, causal=True, threads=1)
        for wrong in (dict(causal=1), dict(causal=np.float64(1)), dict(threads=True), dict(threads=1.0)):
            with self.subTest(**wrong), self.assertRaises(DTypeError):
                fastattn.softmax_attention(Q, K, V, **{**dict(causal=True, threads=1), **wrong})

    def test_options_that_may_change_are_read_anew(self):
        class Seed:
            value = 1

            def __index__(self):
                return self.value

        seed = Seed()
        first = fastattn.kernelized_attention(Q, K, V, seed=seed)
        seed.value = 2
        np.testing.assert_array_equal(fastattn.kernelized_attention(Q, K, V, seed=seed), fastattn.kernelized_attention(Q, K, V, seed=2))
        self.assertGreater(np.abs(first - fastattn.kernelized_attention(Q, K, V, seed=2)).max(), 1e-4)

    def test_errors_are_raised_each_time_and_nothing_is_kept(self):
        for _ in range(2):
            with self.assertRaisesRegex(ArgumentError, "bias"):
                fastattn.softmax_attention(Q, K, V, bias=np.full(2 * N - 1, np.nan))
        self.assertEqual(fastattn.plan_cache_info().plans, 0)

    def test_out_must_not_share_memory_with_a_bias(self):
        room = np.zeros(HEADS * N * D, dtype=np.float32)
        with self.assertRaisesRegex(ArgumentError, "out overlaps bias"):
            fastattn.softmax_attention(Q, K, V, bias=room[: 2 * N - 1], out=room.reshape(HEADS, N, D))


class Memory(Fresh):
    def test_is_bounded(self):
        fastattn.set_plan_cache_limit(1 << 20)
        for length in range(1, 200):
            rows = np.ones((length, D), dtype=np.float32)
            fastattn.kernelized_attention(rows, rows, rows, bias=np.zeros(2 * length - 1), method="direct")
            info = fastattn.plan_cache_info()
            self.assertLessEqual(info.bytes, info.limit)
        self.assertGreater(info.plans, 1)
        rows = np.ones((length - 1, D), dtype=np.float32)
        fastattn.kernelized_attention(rows, rows, rows, bias=np.zeros(2 * length - 3), method="direct")
        self.assertEqual(fastattn.plan_cache_info().hits, 1, "the last but one was not kept")
        fastattn.set_plan_cache_limit(0)
        info = fastattn.plan_cache_info()
        self.assertEqual((info.plans, info.bytes), (0, 0))
        fastattn.kernelized_attention(rows, rows, rows)
        self.assertEqual(fastattn.plan_cache_info().plans, 0)

    def test_the_least_recently_used_goes_first(self):
        def use(length):
            rows = np.ones((length, 1), dtype=np.float32)
            before = self.misses()
            fastattn.softmax_attention(rows, rows, rows, threads=1)
            return self.misses() > before

        self.assertTrue(all(use(length) for length in range(1, 257)))
        self.assertFalse(use(1))
        self.assertTrue(use(257))
        self.assertFalse(use(1), "it was used after the second")
        self.assertTrue(use(2))

    def test_so_many_plans_at_most(self):
        for length in range(1, 300):
            rows = np.ones((length, 1), dtype=np.float32)
            fastattn.softmax_attention(rows, rows, rows)
        self.assertLessEqual(fastattn.plan_cache_info().plans, 256)

    def test_large_working_memory_is_not_kept(self):
        fastattn.set_plan_cache_limit(4 << 20)
        rows = normal(2000, D)
        with mock.patch.object(fastattn.AttentionSystem, "trim", autospec=True, side_effect=fastattn.AttentionSystem.trim) as trim:
            for _ in range(2):
                result, info = fastattn.kernelized_attention(rows, rows, rows, bias=np.zeros(3999), method="fft", return_info=True)
            self.assertEqual(trim.call_count, 2)
            fastattn.softmax_attention(Q, K, V)
            self.assertEqual(trim.call_count, 2)
        self.assertEqual(info.method, "fft")
        self.assertEqual(fastattn.plan_cache_info().hits, 1)
        attention = fastattn.KernelizedAttention(1, 2000, D, bias=np.zeros(3999), method="fft")
        self.assertGreater(attention.plan.workspace_bytes, (4 << 20) // 8)
        np.testing.assert_array_equal(attention.forward(rows[None], rows[None], rows[None])[0], result)

    def test_what_the_cache_lets_go_of_ends(self):
        # Too large to be compared by its numbers, so that the cache holds the object.
        positions = fastattn.dense_positions(np.zeros((2, 9999), dtype=np.float32), 5000)
        rows = np.ones((2, 5000, 2), dtype=np.float32)
        fastattn.softmax_attention(rows, rows, rows, bias=positions)
        before = len(gc.get_referrers(positions))
        fastattn.clear_plan_cache()
        self.assertLess(len(gc.get_referrers(positions)), before)

    def test_is_let_go_of_where_there_is_too_little(self):
        out_of_memory, kept = 8, []

        def ask():
            kept.append(fastattn.plan_cache_info().plans)
            return 0 if len(kept) > 1 else out_of_memory

        fastattn.softmax_attention(Q, K, V)
        self.assertEqual(_library.with_memory(ask), 0)
        self.assertEqual(kept, [1, 0])
        self.assertEqual(_library.with_memory(lambda: out_of_memory), out_of_memory)
        # Without the second attempt, what is not about memory.
        kept.clear()
        self.assertEqual(_library.with_memory(ask, 2), 2)
        self.assertEqual(kept, [])

    def test_may_be_cleared_while_others_compute(self):
        rows = normal(3, 60, D)
        expected = fastattn.softmax_attention(rows, rows, rows)
        wrong, enough = [], threading.Event()

        def work():
            while not enough.is_set():
                if not np.array_equal(fastattn.softmax_attention(rows, rows, rows), expected):
                    wrong.append(1)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(200):
            fastattn.clear_plan_cache()
        enough.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_limits_are_checked(self):
        for limit, kind in ((-1, ArgumentError), (1.5, DTypeError), (None, DTypeError)):
            with self.assertRaisesRegex(kind, "limit is"):
                fastattn.set_plan_cache_limit(limit)


if __name__ == "__main__":
    unittest.main()
