"""schoenbat and SchoenbatAttention."""

from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _abi, _arguments, _arrays, _library, _plans
from ._errors import DTypeError
from ._maclaurin import MaclaurinFeatures
from ._options import Bias, QueryOffset, bias_value, query_offset_value
from ._positions import Positions
from ._system import AttentionSystem, Result, gated, sizes


class SchoenbatAttention(AttentionSystem):
    """`schoenbat` prepared for one set of sizes.

    Parameters
    ----------
    heads, query_length, head_dimension : int
        H, n_q and d. Further sizes: `batch` B; `key_heads` H_k, by default H; `key_length` n_k, by default n_q; `value_dimension` d_v,
        by default d. Shapes follow from them as `forward` says.
    kernel, features, draw, exact_degrees, gamma, beta, causal, seed, literal, bias, query_offset, denominator_floor, tolerance, method,
    threads
        As in `schoenbat`. Arrays of bias, gamma and beta are copied.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `schoenbat`.

    Examples
    --------
    >>> import numpy as np
    >>> draw = MaclaurinFeatures.from_values([2], [[1, -1], [1, -1]], kernel="inv", exact_degrees=1)
    >>> q, k, v = np.float32([[2, 0]]), np.float32([[3, 1], [0, 5]]), np.float32([[0], [10]])
    >>> attention = SchoenbatAttention(1, 1, 2, key_length=2, value_dimension=1, draw=draw)
    >>> attention.forward(q, k, v).round(4)
    array([[4.2929]], dtype=float32)
    """

    __slots__ = ()

    def __init__(
        self,
        heads: int,
        query_length: int,
        head_dimension: int,
        *,
        batch: int = 1,
        key_heads: Optional[int] = None,
        key_length: Optional[int] = None,
        value_dimension: Optional[int] = None,
        kernel: str = "exp",
        features: int = 128,
        draw: Optional[MaclaurinFeatures] = None,
        exact_degrees: int = 0,
        gamma: Optional[ArrayLike] = None,
        beta: Optional[ArrayLike] = None,
        causal: bool = False,
        seed: int = 0,
        literal: bool = False,
        bias: Optional[Union[ArrayLike, Positions]] = None,
        query_offset: Optional[Union[int, ArrayLike]] = None,
        denominator_floor: Optional[float] = None,
        tolerance: float = 1e-4,
        method: str = "auto",
        threads: Optional[int] = None,
    ) -> None:
        shape = sizes(heads, query_length, head_dimension, batch, key_heads, key_length, value_dimension)
        _check_draw(draw)
        positions, offset = Bias(bias), QueryOffset(query_offset, shape["batch"])
        factors, exponents = _per_column(gamma, "gamma"), _per_column(beta, "beta")
        options = _abi.SchoenbatOptions(
            kernel=_unless_left(draw, _arguments.word(kernel, "kernel"), b"exp", None),
            method=_arguments.word(method, "method"),
            seed=_arguments.integer(seed, "seed", 0, 2**64 - 1),
            features=_unless_left(draw, _arguments.integer(features, "features", 1), 128, 0),
            gamma=None if factors is None else _arrays.tensor(factors),
            beta=None if exponents is None else _arrays.tensor(exponents),
            **offset.fields,
            causal=int(_arguments.boolean(causal, "causal")),
            exact_degrees=_arguments.integer(exact_degrees, "exact_degrees", 0, 2),
            literal=int(_arguments.boolean(literal, "literal")),
            threads=_arguments.thread_count(threads),
            denominator_floor=0.0 if denominator_floor is None else _arguments.real(denominator_floor, "denominator_floor"),
            tolerance=_arguments.real(tolerance, "tolerance"),
            position=positions.position,
        )
        given = _abi.Handle() if draw is None else draw._handle

        def create(lib: _library.Library, native: Any, attention: Any) -> int:
            return lib.fa_schoenbat_create(native, ctypes.byref(options), positions.tensor, given, attention)

        self._prepare(shape, create, threads=options.threads)


def schoenbat(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    kernel: str = "exp",
    features: int = 128,
    draw: Optional[MaclaurinFeatures] = None,
    exact_degrees: int = 0,
    gamma: Optional[ArrayLike] = None,
    beta: Optional[ArrayLike] = None,
    causal: bool = False,
    key_mask: Optional[ArrayLike] = None,
    seed: int = 0,
    literal: bool = False,
    bias: Optional[Union[ArrayLike, Positions]] = None,
    query_offset: Optional[Union[int, ArrayLike]] = None,
    denominator_floor: Optional[float] = None,
    lengths: Optional[ArrayLike] = None,
    tolerance: float = 1e-4,
    method: str = "auto",
    threads: Optional[int] = None,
    out: Optional["NDArray[Any]"] = None,
    return_info: bool = False,
) -> Result:
    """SchoenbAt: attention with a dot-product kernel in Maclaurin features (Guo et al. 2025, arXiv 2505.12252).

    For every sequence and head, with phi the features of rows without their mean and of length d**-0.25::

        z_i = sum_j (phi(q_i) . phi(k_j)) v_j / sum_j (phi(q_i) . phi(k_j)),    then gamma * sign(z_i) * |z_i|**beta

    Parameters
    ----------
    q, k, v, key_mask, lengths, causal, query_offset, method, threads, out, return_info
        As in `kernelized_attention`.
    kernel : {"exp", "inv", "log", "trigh", "sqrt"}
        e^t, 1/(1 - t), 1 - ln(1 - t), cosh t + sinh t (which is e^t), 2 - sqrt(1 - t).
    features : int, at most 4096
        Of a row: those of exact degrees and at least one random one.
    draw : MaclaurinFeatures, optional
        Default: drawn as `maclaurin_features(features, d, kernel=kernel, seed=seed, exact_degrees=exact_degrees,
        literal=literal)`. When given, these four must be its own or be left at their defaults.
    exact_degrees : {0, 1, 2}
        The highest degree of the series that is exact.
    gamma : float, array [d_v] or [H, d_v], optional
        Factor on the result, finite.
    beta : float, array [d_v] or [H, d_v], optional
        Exponent on the result's absolute value, finite and above 0.
    seed : int, 0 ... 2**64 - 1
    literal : bool
        Whether degree 0 is drawn like the others, as in the paper's text, rather than exact, as in the authors' code.
    bias : as in `kernelized_attention`, optional
        Relative positions, which the paper does not have; without them the time is linear in n.
    denominator_floor : float, optional
        Denominators below it become it; above 0. The authors' code has 1. Default: none.
    tolerance : float, 1e-6 ... 0.1
        Largest error of a row before gamma and beta, as a share of the largest |v_j| the row sees.

    Returns
    -------
    float32 array [B, H, n_q, d_v], with as many axes as q
        As `kernelized_attention`.

    Raises
    ------
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.

    Notes
    -----
    Features can be negative, and so can the denominator: numerator and denominator are unbiased for the series up to degree 20,
    their ratio is not. Both are accurate relative to the sum of their terms' absolute values, and the tolerance holds where
    the denominator keeps at least a twentieth of that; where it cancels to less, what comes out is a quotient of two numbers
    that are nearly zero, and zeros where it is exactly zero.

    Time per head without positions O(n (s d + m d_v)), m features, s the sum of their degrees, about 2 m.

    Examples
    --------
    The rows are x, x and -x with x = [1 -1] 2**-0.75, so x . x = 1/sqrt(2); with both factors of the random feature [1 -1]
    the weights are 1 + 1/sqrt(2) + 4 and 1 - 1/sqrt(2) + 4 to six digits, and the result is 5 - 1/sqrt(2).

    >>> import numpy as np
    >>> draw = MaclaurinFeatures.from_values([2], [[1, -1], [1, -1]], kernel="inv", exact_degrees=1)
    >>> q, k, v = np.float32([[2, 0]]), np.float32([[3, 1], [0, 5]]), np.float32([[0], [10]])
    >>> schoenbat(q, k, v, draw=draw).round(4)
    array([[4.2929]], dtype=float32)
    """
    query, key, value = gated(q, k, v)
    _check_draw(draw)
    prepared = _plans.prepared(
        SchoenbatAttention, query, key, value,
        {
            "bias": bias_value(bias), "query_offset": query_offset_value(query_offset), "draw": draw,
            "gamma": _per_column(gamma, "gamma"), "beta": _per_column(beta, "beta"),
        },
        {
            "kernel": kernel, "features": features, "exact_degrees": exact_degrees, "causal": causal, "seed": seed,
            "literal": literal, "denominator_floor": denominator_floor, "tolerance": tolerance, "method": method,
            "threads": threads,
        },
    )  # fmt: skip
    given = None if out is None else {
        "q": q, "k": k, "v": v, "key_mask": key_mask, "lengths": lengths, "bias": bias, "gamma": gamma, "beta": beta
    }  # fmt: skip
    return prepared.forward(query, key, value, key_mask, lengths, out, return_info, given)


def _check_draw(draw: Any) -> None:
    if draw is not None and not isinstance(draw, MaclaurinFeatures):
        raise DTypeError(f"draw is {_arguments.shown(draw)}; expected MaclaurinFeatures")


def _unless_left(draw: Optional[MaclaurinFeatures], value: Any, default: Any, left: Any) -> Any:
    """The value, or C's word for "as in the draw" where a draw is given and the value is left at its default."""
    return left if draw is not None and value == default else value


def _per_column(values: Optional[ArrayLike], name: str) -> "Optional[NDArray[np.float32]]":
    if values is None:
        return None
    given = _arguments.number(values, name) if isinstance(values, int) else _arrays.as_array(values, name)
    return _arrays.float_array(np.atleast_1d(given), name, (1, 2))
