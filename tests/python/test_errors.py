"""Every line of the table of errors: the exception, the argument it names, and that `out` was not touched."""

import unittest

import numpy as np

import fastattn
from fastattn import ArgumentError, DTypeError, FastAttnError, ShapeError


def array(*shape, dtype=np.float32):
    return np.ones(shape, dtype=dtype)


def spoiled(shape, value):
    result = array(*shape)
    result.flat[result.size // 2] = value
    return result


# A valid call, then (what is changed, exception, texts of the message).
VALID = dict(q=array(2, 4, 9, 8), k=array(2, 2, 12, 8), v=array(2, 2, 12, 5))
ATTENTION = [
    (dict(q=array(2, 4, 9, 8, dtype=np.int32)), DTypeError, ["q", "int32", "float32"]),
    (dict(k=array(2, 2, 12, 8, dtype=np.complex64)), DTypeError, ["k", "complex64"]),
    (dict(v=array(2, 2, 12, 5, dtype=object)), DTypeError, ["v", "object"]),
    (dict(k=[[1.0], [1.0, 2.0]]), DTypeError, ["k is [[1.0], [1.0, 2.0]]; expected an array"]),
    (dict(q=array(2, 4, 9, 8, dtype=bool)), DTypeError, ["q", "bool"]),
    (dict(q=array(2, 4, 9, 8, dtype=np.longdouble)), DTypeError, ["q"]),
    (dict(q="text"), DTypeError, ["q"]),
    (dict(q=None), DTypeError, ["q"]),
    (dict(q=array(8)), ShapeError, ["q", "1 axes"]),
    (dict(q=array(1, 2, 4, 9, 8)), ShapeError, ["q", "5 axes"]),
    (dict(k=array(2, 12, 8)), ShapeError, ["k", "3 axes"]),
    (dict(q=array(2, 4, 9, 0)), ShapeError, ["q", "(2, 4, 9, 0)"]),
    (dict(v=array(2, 2, 12, 0)), ShapeError, ["v"]),
    (dict(k=array(1, 2, 12, 8)), ShapeError, ["k"]),
    (dict(k=array(2, 2, 12, 7)), ShapeError, ["k"]),
    (dict(v=array(2, 2, 11, 5)), ShapeError, ["v"]),
    (dict(v=array(2, 4, 12, 5)), ShapeError, ["v"]),
    (dict(k=array(2, 3, 12, 8), v=array(2, 3, 12, 5)), ShapeError, ["3"]),
    (dict(q=array(2, 4, 9, 513), k=array(2, 2, 12, 513)), ArgumentError, ["513"]),
    (dict(v=array(2, 2, 12, 4097)), ArgumentError, ["4097"]),
    (dict(bias=array(19)), ShapeError, ["bias", "[19]", "20"]),
    (dict(bias=array(3, 20)), ShapeError, ["bias", "[3, 20]"]),
    (dict(bias=array(1, 1, 20)), ShapeError, ["bias", "3 axes"]),
    (dict(bias=array(20, dtype=np.int64)), DTypeError, ["bias", "int64"]),
    (dict(bias=spoiled((20,), np.nan)), ArgumentError, ["bias", "NaN"]),
    (dict(bias=spoiled((4, 20), np.inf)), ArgumentError, ["bias"]),
    (dict(feature_map="softmax"), ArgumentError, ["feature_map", "softmax", "prf"]),
    (dict(feature_map="PRF"), ArgumentError, ["feature_map"]),
    (dict(feature_map=3), DTypeError, ["feature_map"]),
    (dict(feature_map="prf\0x"), ArgumentError, ["feature_map"]),
    (dict(feature_map="prf\n"), ArgumentError, ["feature_map is 'prf\\n'"]),
    (dict(feature_map="\ud800"), ArgumentError, ["feature_map"]),
    (dict(feature_map="x" * 10**6), ArgumentError, ["feature_map is 'xxx"]),
    (dict(feature_map=array(30, 40)), DTypeError, ["feature_map is an array of float32 [30, 40]"]),
    (dict(features=0), ArgumentError, ["features", "0"]),
    (dict(features=-5), ArgumentError, ["features", "-5"]),
    (dict(features=4097), ArgumentError, ["4097"]),
    (dict(features=8.0), DTypeError, ["features", "8.0"]),
    (dict(features=True), DTypeError, ["features is True; expected an integer"]),
    (dict(features=np.bool_(True)), DTypeError, ["features is True; expected an integer"]),
    (dict(features=10**5000), ArgumentError, ["features is "]),
    (dict(features=array(3)), DTypeError, ["features is an array of float32 [3]"]),
    (dict(features=16, projection=array(17, 8)), ShapeError, ["features", "16", "17"]),
    (dict(feature_map="elu", features=16), ArgumentError, ["features is 16"]),
    (dict(feature_map="sikf", projection=array(16, 8)), ArgumentError, ["projection"]),
    (dict(feature_map="dpfp", nu=0), ArgumentError, ["nu", "0"]),
    (dict(feature_map="dpfp", nu=10**6), ArgumentError, ["nu", "1000000"]),
    (dict(feature_map="elu", nu=2), ArgumentError, ["nu", "2"]),
    (dict(feature_map="dpfp", nu=1.5), DTypeError, ["nu"]),
    (dict(projection=array(16, 7)), ShapeError, ["projection", "7"]),
    (dict(projection=array(3, 16, 8)), ShapeError, ["projection", "3"]),
    (dict(projection=array(8)), ShapeError, ["projection", "1 axes"]),
    (dict(projection=array(16, 8, dtype=int)), DTypeError, ["projection"]),
    (dict(projection=spoiled((16, 8), np.nan)), ArgumentError, ["projection"]),
    (dict(projection=spoiled((16, 8), -np.inf)), ArgumentError, ["projection"]),
    (dict(projection_kind="gaussian"), ArgumentError, ["projection_kind", "gaussian", "sphere"]),
    (dict(seed=-1), ArgumentError, ["seed", "-1"]),
    (dict(seed=2**64), ArgumentError, ["seed"]),
    (dict(seed=1.5), DTypeError, ["seed"]),
    (dict(normalize=1), DTypeError, ["normalize"]),
    (dict(normalize="yes"), DTypeError, ["normalize"]),
    (dict(qk_scale=0.5), ArgumentError, ["qk_scale is 0.5", "normalize"]),
    (dict(qk_scale=0), ArgumentError, ["qk_scale"]),
    (dict(qk_scale=-1.0), ArgumentError, ["qk_scale"]),
    (dict(qk_scale=np.nan), ArgumentError, ["qk_scale"]),
    (dict(qk_scale=np.inf), ArgumentError, ["qk_scale"]),
    (dict(qk_scale="1"), DTypeError, ["qk_scale"]),
    (dict(qk_scale=bytearray(b"1")), DTypeError, ["qk_scale"]),
    (dict(qk_scale=memoryview(b"1")), DTypeError, ["qk_scale"]),
    (dict(qk_scale=True), DTypeError, ["qk_scale is True; expected a number"]),
    (dict(qk_scale=array(1)), DTypeError, ["qk_scale is an array of float32 [1]"]),
    (dict(qk_scale=1j), DTypeError, ["qk_scale is 1j"]),
    (dict(qk_scale=10**400), ArgumentError, ["qk_scale is 1000", "finite"]),
    (dict(causal=1), DTypeError, ["causal"]),
    (dict(causal=True, q=array(2, 4, 13, 8)), ShapeError, []),
    (dict(query_offset=1.0), DTypeError, ["query_offset"]),
    (dict(query_offset=2**70), ArgumentError, ["query_offset"]),
    (dict(query_offset=[1, 2, 3]), ShapeError, ["query_offset", "(3,)", "(2,)"]),
    (dict(query_offset=[1.0, 2.0]), DTypeError, ["query_offset", "float64"]),
    (dict(query_offset=np.array([[1, 2]])), ShapeError, ["query_offset", "(1, 2)"]),
    (dict(query_offset=[1, 2**40]), ArgumentError, ["query_offset[1] is 1099511627776"]),
    (dict(signed_features=1), DTypeError, ["signed_features"]),
    (dict(signed_features=True), ArgumentError, ["signed_features is true", "prf"]),
    (dict(feature_map="given", q=-array(2, 4, 9, 8)), ArgumentError, ["q[0, 0, 0, ", "expected features of at least 0"]),
    (dict(feature_map="given", features=8), ArgumentError, ["features is 8", "given"]),
    (dict(causal=True, query_offset=2**40), ArgumentError, ["query_offset"]),
    (dict(key_mask=array(12)), ArgumentError, ["key_mask[0] is", "float32", "0 (attend) or -inf"]),
    (dict(key_mask=np.float64([[0] * 12, [0] * 11 + [1]])), ArgumentError, ["key_mask[1, 11] is 1.0", "float64", "-inf"]),
    (dict(key_mask=np.float16([np.nan] * 12)), ArgumentError, ["key_mask[0] is nan"]),
    (dict(key_mask=np.arange(12)), ArgumentError, ["key_mask[2] is 2", "int64", "1 (attend) or 0"]),
    (dict(key_mask=np.full((2, 1, 1, 12), -1, dtype=np.int8)), ArgumentError, ["key_mask[0, 0, 0, 0] is -1"]),
    (dict(key_mask=np.ones(12, dtype=complex)), DTypeError, ["key_mask", "complex128"]),
    (dict(key_mask=["yes"] * 12), DTypeError, ["key_mask"]),
    (dict(key_mask=True), ShapeError, ["key_mask", "()"]),
    (dict(key_mask=array(11, dtype=bool)), ShapeError, ["key_mask", "(11,)"]),
    (dict(key_mask=array(3, 12, dtype=bool)), ShapeError, ["key_mask", "(3, 12)", "(2, 1, 1, 12)"]),
    (dict(key_mask=array(2, 1, 9, 12, dtype=bool)), ShapeError, ["key_mask", "(2, 1, 9, 12)", "for every query"]),
    (dict(key_mask=array(2, 4, 1, 12, dtype=bool)), ShapeError, ["key_mask", "(2, 4, 1, 12)"]),
    (dict(key_mask=array(1, 1, 1, 1, 12, dtype=bool)), ShapeError, ["key_mask"]),
    (dict(lengths=array(2)), DTypeError, ["lengths"]),
    (dict(lengths=np.array([1, 2, 3])), ShapeError, ["lengths"]),
    (dict(lengths=5), ShapeError, ["lengths"]),
    (dict(lengths=[[1], [2, 3]]), DTypeError, ["lengths is [[1], [2, 3]]"]),
    (dict(key_mask=[[True], [True, False]]), DTypeError, ["key_mask is [[True], [True, False]]"]),
    (dict(lengths=np.array([-1, 2])), ArgumentError, ["lengths", "-1"]),
    (dict(lengths=np.array([1, 13])), ArgumentError, ["lengths", "13"]),
    (dict(lengths=np.array([1, 2**40])), ArgumentError, ["lengths"]),
    (dict(tolerance=0.5), ArgumentError, ["tolerance"]),
    (dict(tolerance=1e-9), ArgumentError, ["tolerance"]),
    (dict(tolerance=0), ArgumentError, ["tolerance"]),
    (dict(tolerance=np.nan), ArgumentError, ["tolerance"]),
    (dict(tolerance=None), DTypeError, ["tolerance"]),
    (dict(method="fastest"), ArgumentError, ["method", "fastest", "direct"]),
    (dict(method="linear", bias=array(20)), ArgumentError, ["linear"]),
    (dict(method="neon"), ArgumentError, ["method"]),
    (dict(threads=0), ArgumentError, ["threads", "0"]),
    (dict(threads=2**31), ArgumentError, ["threads"]),
    (dict(threads="2"), DTypeError, ["threads"]),
    (dict(return_info="no"), DTypeError, ["return_info"]),
]

SOFTMAX = [
    (dict(scale=0), ArgumentError, ["scale", "0"]),
    (dict(scale="half"), DTypeError, ["scale"]),
    (dict(causal=1), DTypeError, ["causal"]),
    (dict(bias=array(19)), ShapeError, ["bias", "[19]", "20"]),
    (dict(causal=True, k=array(2, 2, 8, 8), v=array(2, 2, 8, 5)), ShapeError, ["query_offset"]),
    (dict(k=array(2, 2, 12, 7)), ShapeError, ["k"]),
    (dict(key_mask=array(12)), ArgumentError, ["key_mask[0] is"]),
    (dict(threads=0), ArgumentError, ["threads"]),
    (dict(return_info=None), DTypeError, ["return_info"]),
]
GAUSSIAN = [line for line in SOFTMAX if "scale" not in line[0]]
SKYFORMER = [
    (dict(landmarks=0), ArgumentError, ["landmarks", "0"]),
    (dict(landmarks=4097), ArgumentError, ["landmarks is 4097; expected 1"]),
    (dict(landmarks=2.5), DTypeError, ["landmarks", "float64"]),
    (dict(landmarks=[]), DTypeError, ["landmarks"]),
    (dict(landmarks=[[1, 2]]), ShapeError, ["landmarks", "(1, 2)"]),
    (dict(landmarks=[3, 21]), ArgumentError, ["landmarks[1] is 21; expected 0"]),
    (dict(landmarks=[3, -1]), ArgumentError, ["landmarks"]),
    (dict(landmarks=np.full(2, 2**64 - 1, dtype=np.uint64)), ArgumentError, ["landmarks[0] is 9223372036854775807"]),
    (dict(landmarks=True), DTypeError, ["landmarks is True"]),
    (dict(landmarks=[3, 3], gamma=0), ArgumentError, ["landmarks[1] is 3"]),
    (dict(gamma=-0.1), ArgumentError, ["gamma"]),
    (dict(gamma=np.nan), ArgumentError, ["gamma"]),
    (dict(gamma=None), DTypeError, ["gamma"]),
    (dict(inverse="newton"), ArgumentError, ["inverse", "schulz"]),
    (dict(sampling="all"), ArgumentError, ["sampling", "halves"]),
    (dict(seed=-1), ArgumentError, ["seed"]),
    (dict(lengths=[1]), ShapeError, ["lengths"]),
    (dict(threads=0), ArgumentError, ["threads"]),
]

TOEPLITZ_VALID = dict(c=array(6), x=array(4, 2))
TOEPLITZ = [
    (dict(c=array(6, dtype=int)), DTypeError, ["c", "int64"]),
    (dict(c=array(1, 1, 6)), ShapeError, ["c", "3 axes"]),
    (dict(c=array(2)), ShapeError, ["c", "(2,)", "at least 3"]),
    (dict(c=array(0)), ShapeError, ["c"]),
    (dict(c=array(3, 6)), ShapeError, ["x"]),
    (dict(c=array(3, 6), x=array(2, 4, 2)), ShapeError, ["x"]),
    (dict(c=spoiled((6,), np.nan)), ArgumentError, ["c"]),
    (dict(c=spoiled((6,), np.inf)), ArgumentError, ["c"]),
    (dict(x=array(4)), ShapeError, ["x", "1 axes"]),
    (dict(x=array(1, 1, 4, 2)), ShapeError, ["x", "4 axes"]),
    (dict(x=array(4, 2, dtype=complex)), DTypeError, ["x", "complex128"]),
    (dict(threads=0), ArgumentError, ["threads"]),
]

DRAW = fastattn.maclaurin_features(40, 8, kernel="log", exact_degrees=1)
SCHOENBAT = [
    (dict(q=array(2, 4, 9, 8, dtype=np.int32)), DTypeError, ["q", "int32"]),
    (dict(k=array(2, 2, 12, 7)), ShapeError, ["k"]),
    (dict(kernel="cosh"), ArgumentError, ["kernel", "cosh", "trigh"]),
    (dict(kernel=None), DTypeError, ["kernel"]),
    (dict(features=1), ArgumentError, ["features is 1; expected 2"]),
    (dict(features=4097), ArgumentError, ["features is 4097"]),
    (dict(features=None), DTypeError, ["features"]),
    (dict(features=45, exact_degrees=2), ArgumentError, ["features is 45; expected 46"]),
    (dict(exact_degrees=3), ArgumentError, ["exact_degrees", "3"]),
    (dict(exact_degrees=1, literal=True), ArgumentError, ["exact_degrees is 1"]),
    (dict(literal=1), DTypeError, ["literal"]),
    (dict(seed=-1), ArgumentError, ["seed"]),
    (dict(draw="exp"), DTypeError, ["draw", "MaclaurinFeatures"]),
    (dict(draw=fastattn.maclaurin_features(40, 9)), ShapeError, ["draw has 9 columns; expected the head dimension 8"]),
    (dict(draw=DRAW, kernel="inv"), ArgumentError, ["kernel is inv; expected log"]),
    (dict(draw=DRAW, features=41), ShapeError, ["features is 41; expected 40"]),
    (dict(draw=DRAW, exact_degrees=2), ArgumentError, ["exact_degrees is 2; expected 1"]),
    (dict(draw=DRAW, literal=True), ArgumentError, ["literal"]),
    (dict(gamma=array(4)), ShapeError, ["gamma is [4]; expected [1], [5] or [4, 5]"]),
    (dict(gamma=array(1, 1, 5)), ShapeError, ["gamma", "3 axes"]),
    (dict(gamma=np.arange(5)), DTypeError, ["gamma", "int"]),
    (dict(gamma=np.inf), ArgumentError, ["gamma[0] is"]),
    (dict(gamma="two"), DTypeError, ["gamma"]),
    (dict(gamma=-(10**400)), ArgumentError, ["gamma[0] is"]),
    (dict(beta=array(2, 5)), ShapeError, ["beta is [2, 5]"]),
    (dict(beta=spoiled((5,), 0)), ArgumentError, ["beta[2] is 0"]),
    (dict(beta=np.nan), ArgumentError, ["beta[0] is NaN"]),
    (dict(tolerance=1), ArgumentError, ["tolerance is 1"]),
    (dict(method="linear", bias=array(20)), ArgumentError, ["linear"]),
    (dict(bias=array(19)), ShapeError, ["bias", "[19]", "20"]),
    (dict(causal=True, k=array(2, 2, 8, 8), v=array(2, 2, 8, 5)), ShapeError, ["query_offset"]),
    (dict(key_mask=array(12)), ArgumentError, ["key_mask[0] is"]),
    (dict(threads=0), ArgumentError, ["threads"]),
    (dict(return_info=None), DTypeError, ["return_info"]),
]

MACLAURIN_VALID = dict(features=30, dim=4)
MACLAURIN = [
    (dict(features=1), ArgumentError, ["features is 1; expected 2"]),
    (dict(features=4097), ArgumentError, ["features", "4097"]),
    (dict(features=5, exact_degrees=1), ArgumentError, ["features is 5; expected 6"]),
    (dict(features=2.0), DTypeError, ["features"]),
    (dict(dim=0), ArgumentError, ["dim", "0"]),
    (dict(dim=513), ArgumentError, ["dim", "513"]),
    (dict(features=4096, dim=90, exact_degrees=2), ArgumentError, ["exact_degrees is 2"]),
    (dict(kernel="cosh"), ArgumentError, ["kernel", "cosh"]),
    (dict(kernel=None), DTypeError, ["kernel"]),
    (dict(seed=2**64), ArgumentError, ["seed"]),
    (dict(exact_degrees=3), ArgumentError, ["exact_degrees", "3"]),
    (dict(exact_degrees=1, literal=True), ArgumentError, ["exact_degrees is 1"]),
    (dict(literal=0), DTypeError, ["literal"]),
]

DRAW_VALUES_VALID = dict(degrees=[2, 3], signs=np.ones((5, 4), dtype=int), exact_degrees=1)
DRAW_VALUES = [
    (dict(degrees=[2.0, 3.0]), DTypeError, ["degrees", "float64"]),
    (dict(degrees=[[2, 3]]), ShapeError, ["degrees", "2 axes"]),
    (dict(degrees=np.array([], dtype=int)), ShapeError, ["degrees"]),
    (dict(degrees=[1, 3]), ArgumentError, ["degrees[0] is 1; expected 2"]),
    (dict(degrees=[2, 2**40]), ArgumentError, ["degrees[1]"]),
    (dict(degrees=[2, 2]), ShapeError, ["signs"]),
    (dict(signs=np.ones(20, dtype=int)), ShapeError, ["signs", "1 axes"]),
    (dict(signs=np.ones((5, 4))), DTypeError, ["signs", "float64"]),
    (dict(signs=np.zeros((5, 4), dtype=int)), ArgumentError, ["signs[0] is 0"]),
    (dict(signs=np.full((5, 4), 257)), ArgumentError, ["signs[0]"]),
    (dict(signs=np.ones((5, 0), dtype=int)), ArgumentError, ["dim is 0"]),
    (dict(kernel="cosh"), ArgumentError, ["kernel"]),
]

FAST_RPB_VALID = dict(v=array(2, 4, 12, 5), weights=array(4, 19), prefix=1, suffix=1, add_to=array(2, 4, 12, 5))
FAST_RPB = [
    (dict(v=array(12)), ShapeError, ["v", "1 axes"]),
    (dict(v=array(2, 4, 12, 5, dtype=int)), DTypeError, ["v", "int64"]),
    (dict(v=array(2, 3, 12, 5)), ShapeError, ["v", "3 heads", "4"]),
    (dict(v=array(12, 5)), ShapeError, ["v", "2 axes"]),
    (dict(weights=array(4, 18)), ShapeError, ["weights", "(4, 18)", "19"]),
    (dict(weights=array(4, 19), symmetric=True), ShapeError, ["weights", "10"]),
    (dict(weights=array(1, 4, 19)), ShapeError, ["weights", "3 axes"]),
    (dict(weights=array(4, 19, dtype=object)), DTypeError, ["weights"]),
    (dict(weights=spoiled((4, 19), np.nan)), ArgumentError, ["weights", "NaN"]),
    (dict(weights=spoiled((4, 19), -np.inf)), ArgumentError, ["weights"]),
    (dict(prefix=-1), ArgumentError, ["prefix", "-1"]),
    (dict(suffix=1.0), DTypeError, ["suffix"]),
    (dict(prefix=12), ShapeError, ["prefix is 12 and suffix is 1", "12 rows"]),
    (dict(prefix=2**62, suffix=2**62), ShapeError, ["prefix is 4611686018427387904"]),
    (dict(causal=1), DTypeError, ["causal"]),
    (dict(symmetric=None), DTypeError, ["symmetric"]),
    (dict(grid=10), DTypeError, ["grid", "(height, width)"]),
    (dict(grid=(3, 4), weights=(array(5), array(7))), ShapeError, ["grid", "3 x 4", "10"]),
    (dict(grid=(2, 0), weights=(array(3), array(9))), ArgumentError, ["grid[1]", "0"]),
    (dict(grid=(2, 5), weights=array(3)), ShapeError, ["weights", "pair"]),
    (dict(grid=(2, 5), weights=(array(3), array(8))), ShapeError, ["weights[1]", "(8,)", "9"]),
    (dict(grid=(2, 5), weights=(array(3),)), ShapeError, ["weights", "1 arrays"]),
    (dict(grid=(2, 5), weights=(array(4, 3), array(2, 9))), ShapeError, ["weights", "heads"]),
    (dict(grid=(2, 5), weights=(array(3), array(9)), causal=True), ArgumentError, ["causal"]),
    (dict(key_mask=array(11) > 0), ShapeError, ["key_mask", "12"]),
    (dict(lengths=np.array([13, 1])), ArgumentError, ["lengths", "13"]),
    (dict(add_to=array(2, 4, 12, 6)), ShapeError, ["add_to", "(2, 4, 12, 6)"]),
    (dict(add_to=array(2, 4, 12, 5).astype(np.float64)), DTypeError, ["add_to", "float64"]),
    (dict(add_to=[1.0]), DTypeError, ["add_to", "list"]),
    (dict(threads=0), ArgumentError, ["threads", "0"]),
]

PROJECTION_VALID = dict(features=8, dim=4)
PROJECTION = [
    (dict(features=0), ArgumentError, ["features", "0"]),
    (dict(features=4097), ArgumentError, ["features", "4097"]),
    (dict(features=2.0), DTypeError, ["features"]),
    (dict(features=True), DTypeError, ["features is True"]),
    (dict(dim=0), ArgumentError, ["dim", "0"]),
    (dict(dim=513), ArgumentError, ["dim", "513"]),
    (dict(kind="normal"), ArgumentError, ["kind", "normal", "orthogonal"]),
    (dict(kind=None), DTypeError, ["kind"]),
    (dict(seed=-1), ArgumentError, ["seed"]),
]


class ErrorTest(unittest.TestCase):
    def check_table(self, function, valid, table, out_shape=None):
        self.assertIsNotNone(function(**valid))
        for changed, kind, texts in table:
            with self.subTest(**{name: getattr(value, "shape", value) for name, value in changed.items()}):
                arguments = {**valid, **changed}
                out = None
                if out_shape is not None:
                    out = arguments["out"] = np.full(out_shape, -7, dtype=np.float32)
                with self.assertRaises(kind) as caught:
                    function(**arguments)
                self.assertIsInstance(caught.exception, FastAttnError)
                message = str(caught.exception)
                self.assertNotIn("\n", message)
                self.assertLess(len(message), 400)
                for text in texts:
                    self.assertIn(text, message)
                if out is not None:
                    self.assertTrue((out == -7).all(), "out was written")

    def test_attention(self):
        self.check_table(fastattn.kernelized_attention, VALID, ATTENTION)

    def test_attention_leaves_out_alone(self):
        table = [line for line in ATTENTION if not {"q", "v"} & set(line[0])]
        self.check_table(fastattn.kernelized_attention, VALID, table, out_shape=(2, 4, 9, 5))

    def test_toeplitz(self):
        self.check_table(fastattn.toeplitz_matmul, TOEPLITZ_VALID, TOEPLITZ)

    def test_exact_systems_and_skyformer(self):
        self.check_table(fastattn.softmax_attention, VALID, SOFTMAX)
        self.check_table(fastattn.gaussian_attention, VALID, GAUSSIAN)
        self.check_table(fastattn.skyformer, VALID, SKYFORMER)
        self.check_table(fastattn.skyformer, VALID, SKYFORMER, out_shape=(2, 4, 9, 5))

    def test_fast_rpb(self):
        self.check_table(fastattn.fast_rpb, FAST_RPB_VALID, FAST_RPB)
        room = np.ones((2, 4, 12, 5), dtype=np.float32)
        with self.assertRaisesRegex(ArgumentError, "add_to overlaps v"):
            fastattn.fast_rpb(room, FAST_RPB_VALID["weights"], prefix=1, suffix=1, add_to=room)
        for changed, kind, _ in FAST_RPB:
            if "add_to" in changed or "v" in changed:
                continue
            add_to = np.full((2, 4, 12, 5), -7, dtype=np.float32)
            with self.subTest(**{name: getattr(value, "shape", value) for name, value in changed.items()}), self.assertRaises(kind):
                fastattn.fast_rpb(**{**FAST_RPB_VALID, **changed, "add_to": add_to})
            self.assertTrue((add_to == -7).all(), "add_to was written")

    def test_projection(self):
        self.check_table(fastattn.random_projection, PROJECTION_VALID, PROJECTION)

    def test_schoenbat(self):
        self.check_table(fastattn.schoenbat, VALID, SCHOENBAT)
        table = [line for line in SCHOENBAT if not {"q", "v"} & set(line[0])]
        self.check_table(fastattn.schoenbat, VALID, table, out_shape=(2, 4, 9, 5))

    def test_maclaurin(self):
        self.check_table(fastattn.maclaurin_features, MACLAURIN_VALID, MACLAURIN)
        self.check_table(fastattn.MaclaurinFeatures.from_values, DRAW_VALUES_VALID, DRAW_VALUES)

    def test_out(self):
        good = np.zeros((2, 4, 9, 5), dtype=np.float32)
        read_only = good.copy()
        read_only.flags.writeable = False
        room = np.empty(2 * 4 * 9 * 8 + 2 * 4 * 9 * 5, dtype=np.float32)
        q_in_room = room[: 2 * 4 * 9 * 8].reshape(2, 4, 9, 8)
        q_in_room[...] = 1
        table = [
            (dict(out=good.astype(np.float64)), DTypeError, ["out", "float64"]),
            (dict(out=[1.0]), DTypeError, ["out", "list"]),
            (dict(out=good[:1]), ShapeError, ["out", "(1, 4, 9, 5)"]),
            (dict(out=read_only), ArgumentError, ["out", "read-only"]),
            (dict(out=np.empty((2, 4, 9, 10), dtype=np.float32)[..., ::2]), ShapeError, ["out", "strides"]),
            (dict(out=np.asfortranarray(good)), ShapeError, ["out", "strides"]),
            (dict(out=good.astype(">f4")), DTypeError, ["out"]),
            (dict(q=q_in_room, out=room[100 : 100 + 360].reshape(2, 4, 9, 5)), ArgumentError, ["out overlaps q"]),
            (dict(q=memoryview(q_in_room), out=room[100 : 100 + 360].reshape(2, 4, 9, 5)), ArgumentError, ["out overlaps q"]),
            (dict(lengths=memoryview(good.view(np.int32)[0, 0, 0, :2]), out=good), ArgumentError, ["out overlaps lengths"]),
            (dict(out=np.lib.stride_tricks.as_strided(good, strides=(0, 180, 20, 4))), ArgumentError, ["out"]),
        ]
        self.check_table(fastattn.kernelized_attention, VALID, table)
        x = np.ones((4, 4), dtype=np.float32)
        table = [
            (dict(x=x, c=array(7), out=x), ArgumentError, ["out overlaps x"]),
            (dict(out=np.empty((3, 4), dtype=np.float32)[:, ::2]), ShapeError, ["out"]),
            (dict(out=np.empty((3, 3), dtype=np.float32)), ShapeError, ["out", "(3, 2)"]),
            (dict(out=np.empty((3, 2))), DTypeError, ["out"]),
        ]
        self.check_table(fastattn.toeplitz_matmul, TOEPLITZ_VALID, table)

    def test_hierarchy(self):
        self.assertTrue(issubclass(ShapeError, (FastAttnError)) and issubclass(ShapeError, ValueError))
        self.assertTrue(issubclass(ArgumentError, (FastAttnError)) and issubclass(ArgumentError, ValueError))
        self.assertTrue(issubclass(DTypeError, (FastAttnError)) and issubclass(DTypeError, TypeError))


if __name__ == "__main__":
    unittest.main()
