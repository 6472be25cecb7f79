"""What every array argument of every public function has in common: classes whose meaning would be lost, numbers float32 cannot hold, and where outputs may lie.

Arguments are found by their annotations, so a new one fails here until it is in the table of calls.
"""

import collections
import inspect
import unittest

import numpy as np

import fastattn
from fastattn import ArgumentError, DTypeError
from fastattn._native_object import NativeObject


def ones(*shape):
    return np.ones(shape, dtype=np.float64)


Q, V = ones(2, 4, 9, 8), ones(2, 4, 9, 5)
KEYS = dict(key_mask=np.ones((2, 9), dtype=bool), lengths=np.array([9, 8]))
QKV = dict(q=Q, k=Q, v=V, out=np.ones((2, 4, 9, 5), dtype=np.float32), **KEYS)
BIAS = dict(bias=ones(4, 17), query_offset=np.array([0, 1]))

SIZES = dict(heads=4, query_length=9, head_dimension=8, batch=2, value_dimension=5)

# A valid call of every public function that takes arrays, with every array it can take.
CALLS = {
    fastattn.attention: dict(system="softmax", q=Q, k=Q, v=V, fast_rpb=ones(17)),
    fastattn.kernelized_attention: dict(projection=ones(4, 16, 8), **QKV, **BIAS),
    fastattn.softmax_attention: dict(**QKV, **BIAS),
    fastattn.gaussian_attention: dict(**QKV, **BIAS),
    fastattn.schoenbat: dict(gamma=ones(5), beta=ones(5), **QKV, **BIAS),
    fastattn.skyformer: dict(landmarks=np.array([1, 2]), **QKV),
    fastattn.KernelizedAttention: dict(projection=ones(4, 16, 8), **SIZES, **BIAS),
    fastattn.SoftmaxAttention: dict(**SIZES, **BIAS),
    fastattn.GaussianAttention: dict(**SIZES, **BIAS),
    fastattn.SchoenbatAttention: dict(gamma=ones(5), beta=ones(5), **SIZES, **BIAS),
    fastattn.SkyformerAttention: dict(landmarks=np.array([1, 2]), **SIZES),
    fastattn.AttentionSystem.forward: dict(self=fastattn.SoftmaxAttention(**SIZES), **QKV),
    fastattn.fast_rpb: dict(v=V, weights=ones(4, 17), add_to=np.ones((2, 4, 9, 5), dtype=np.float32), **KEYS),
    fastattn.FastRpb: dict(weights=ones(4, 17), rows=9),
    fastattn.FastRpb.apply: dict(self=fastattn.FastRpb(ones(4, 17), 9), v=V, add_to=np.ones((2, 4, 9, 5), dtype=np.float32), **KEYS),
    fastattn.toeplitz_matmul: dict(c=ones(12), x=ones(4, 2), out=np.ones((9, 2), dtype=np.float32)),
    fastattn.Toeplitz: dict(c=ones(12), input_length=4),
    fastattn.Toeplitz.multiply: dict(self=fastattn.Toeplitz(ones(12), 4), x=ones(4, 2), out=np.ones((9, 2), dtype=np.float32)),
    fastattn.MaclaurinFeatures.from_values: dict(degrees=np.array([1, 2]), signs=np.ones((3, 4), dtype=int)),
    fastattn.fast_rpb.weights_from_checkpoint: dict(stored=ones(4, 17)),
    fastattn.dense_positions: dict(bias=ones(4, 17), query_length=9),
    fastattn.t5_positions.from_checkpoint: dict(table=ones(32, 4)),
    fastattn.grid_positions.from_swin: dict(table=ones(25, 4), height=3),
    fastattn.clipped_positions: dict(bias=ones(4, 7)),
    fastattn.t5_positions: dict(bias=ones(4, 32)),
    fastattn.alibi_positions: dict(slopes=ones(4)),
    fastattn.exponential_positions: dict(weights=ones(4, 2), rates=ones(4, 2)),
    fastattn.kerple_log_positions: dict(r1=ones(4), r2=ones(4)),
    fastattn.kerple_power_positions: dict(a=ones(4), p=ones(4)),
    fastattn.grid_positions: dict(
        bias=ones(4, 5, 5), height=3, width=3, prefix=1, special_to_grid=ones(4, 1), grid_to_special=ones(1), special_to_special=ones(4, 1, 1)
    ),
    fastattn.map_features: dict(x=ones(2, 4, 9, 8), projection=ones(4, 16, 8), out=np.ones((2, 4, 9, 16), dtype=np.float32)),
}


def public_functions():
    """Every public function, those that classes have and those that functions carry, and the classes that make what is prepared."""
    for name in fastattn.__all__:
        value = getattr(fastattn, name)
        if inspect.isfunction(value) or (inspect.isclass(value) and issubclass(value, NativeObject) and "__init__" in vars(value)):
            yield value
        for inner_name, inner in vars(value).items() if inspect.isfunction(value) or inspect.isclass(value) else ():
            inner = inner.__func__ if isinstance(inner, staticmethod) else inner
            if inspect.isfunction(inner) and not inner_name.startswith("_"):
                yield inner


def shown(function, name):
    """How a message names the argument, as a pattern."""
    return "fast_rpb: weights" if (function, name) == (fastattn.attention, "fast_rpb") else name


def array_arguments(function):
    return [name for name, p in inspect.signature(function).parameters.items() if "ArrayLike" in str(p.annotation) or "NDArray" in str(p.annotation)]


class Units(np.ndarray):
    """A subclass that numpy knows nothing about."""


def bearers_of_meaning(array):
    masked = np.ma.masked_array(array, mask=array == array)
    yield masked
    yield np.ma.masked_array(array)  # nothing masked, yet the next one may have a mask
    yield [masked[0], masked[0]]
    yield collections.deque([masked[0], masked[0]])
    yield collections.UserList([[masked[0]], [masked[0]]])
    yield [1.0, np.ma.masked]
    yield np.asarray(array).view(np.recarray)
    yield np.asarray(array).view(Units)
    if array.ndim == 2:
        yield array.view(np.matrix)


class EveryArrayArgument(unittest.TestCase):
    def test_every_one_is_in_the_table(self):
        for function in public_functions():
            missing = set(array_arguments(function)) - set(CALLS.get(function, ()))
            self.assertFalse(missing, f"{function.__qualname__}: arrays that no call here gives")

    def test_calls_are_valid(self):
        for function, arguments in CALLS.items():
            self.assertIsNotNone(function(**arguments))

    def test_classes_that_mean_something_are_refused(self):
        for function, arguments in CALLS.items():
            for name in array_arguments(function):
                for bearer in bearers_of_meaning(arguments[name]):
                    if name in ("out", "add_to") and not isinstance(bearer, np.ndarray):
                        continue
                    with self.subTest(function=function.__name__, argument=name, type=type(bearer)):
                        with self.assertRaisesRegex(DTypeError, rf"{shown(function, name)}(\[.\])? is a (masked array, whose mask|\w+, whose meaning) would be lost; expected"):
                            function(**{**arguments, name: bearer})

    def test_sequences_of_all_kinds_are_arrays(self):
        rows = [[1.0, 2.0], [3.0, 4.0]]
        expected = fastattn.softmax_attention(rows, rows, rows)
        for sequence in (collections.deque(rows), collections.UserList(rows), tuple(map(tuple, rows)), [np.float32(row) for row in rows]):
            np.testing.assert_array_equal(fastattn.softmax_attention(sequence, rows, sequence), expected)

    def test_a_list_that_holds_itself_is_refused(self):
        endless = [1.0]
        endless.append(endless)
        with self.assertRaisesRegex(DTypeError, "q is .*expected an array"):
            fastattn.softmax_attention(endless, Q, V)

    def test_masked_numbers_are_refused(self):
        with self.assertRaisesRegex(DTypeError, "qk_scale is a masked array"):
            fastattn.kernelized_attention(Q, Q, V, normalize=False, qk_scale=np.ma.masked)
        with self.assertRaisesRegex(DTypeError, "query_offset is a masked array"):
            fastattn.kernelized_attention(Q, Q, V, query_offset=np.ma.masked_array(3, mask=True))

    def test_files_mapped_into_memory_are_arrays_as_any_other(self):
        mapped = np.memmap("/dev/zero", dtype=np.float32, mode="r", shape=(9, 8))
        self.assertFalse(fastattn.softmax_attention(mapped, mapped, mapped).any())

    def test_numbers_that_float32_cannot_hold_are_refused(self):
        for function, arguments in CALLS.items():
            for name in array_arguments(function):
                array = arguments[name]
                if array.dtype != np.float64:
                    continue
                for value in (1e300, -1e300):
                    lossy = array.copy()
                    lossy.flat[lossy.size - 1] = value
                    entry = ", ".join(str(extent - 1) for extent in lossy.shape)
                    with self.subTest(function=function.__name__, argument=name, value=value):
                        with self.assertRaisesRegex(ArgumentError, rf"{shown(function, name)}\[{entry}\] is {value}, which float32".replace("+", "\\+")):
                            function(**{**arguments, name: lossy})

    def test_infinities_that_are_meant_pass(self):
        bias = np.zeros(17)
        bias[9:] = -np.inf
        causal = fastattn.softmax_attention(Q, Q, V, causal=True)
        np.testing.assert_array_equal(fastattn.softmax_attention(Q, Q, V, bias=bias), causal)


class Outputs(unittest.TestCase):
    def test_may_lie_between_the_elements_of_inputs(self):
        room = np.random.default_rng(1).standard_normal((7, 2, 3), dtype=np.float32)
        rows, out = room[:, 0], room[:, 1]
        given = rows.copy()
        for function in (fastattn.softmax_attention, fastattn.kernelized_attention):
            np.testing.assert_array_equal(function(rows, rows, rows, out=out), function(given, given, given))
        np.testing.assert_array_equal(rows, given)
        with self.assertRaisesRegex(ArgumentError, "out overlaps q"):
            fastattn.softmax_attention(rows[1:], rows, rows, out=rows[:-1])

    def test_may_be_empty(self):
        # numpy gives such arrays strides of 0.
        nothing, empty = np.zeros((0, 3), dtype=np.float32), np.zeros((0, 64), dtype=np.float32)
        self.assertEqual(fastattn.softmax_attention(nothing, nothing, nothing, out=nothing.copy()).shape, (0, 3))
        self.assertIs(fastattn.map_features(nothing, out=empty), empty)
        self.assertEqual(fastattn.fast_rpb(nothing, np.zeros(0), add_to=nothing.copy()).shape, (0, 3))
        self.assertEqual(fastattn.toeplitz_matmul(np.zeros(4), np.ones((5, 3)), out=nothing.copy()).shape, (0, 3))


class PerQueryMask(unittest.TestCase):
    def test_is_told_what_to_use_instead(self):
        with self.assertRaisesRegex(fastattn.ShapeError, r"key_mask has shape \(9, 9\); expected \(9,\) or \(2, 9\), also .*; a key mask holds for all queries alike.*causal=True"):
            fastattn.softmax_attention(Q, Q, V, key_mask=np.tri(9, dtype=bool))

    def test_is_found_where_there_are_as_many_sequences_as_queries(self):
        x = ones(4, 1, 4, 8)
        for mask in (np.tri(4, dtype=bool), ~np.tri(4, dtype=bool)):
            with self.assertRaisesRegex(ArgumentError, "key_mask .* is triangular; .*causal=True.*lengths="):
                fastattn.softmax_attention(x, x, x, key_mask=mask)
        keys = ones(4, 1, 6, 8)
        with self.assertRaisesRegex(ArgumentError, "is triangular"):
            fastattn.softmax_attention(x, keys, keys, key_mask=np.tri(4, 6, 2, dtype=bool))
        for mask in (np.ones((4, 4), dtype=bool), np.eye(4, dtype=bool), np.zeros((4, 4), dtype=bool)):
            self.assertEqual(fastattn.softmax_attention(x, x, x, key_mask=mask).shape, x.shape)


if __name__ == "__main__":
    unittest.main()
