"""attention: any system by its name."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Union

from numpy.typing import ArrayLike

from . import _arguments
from ._errors import ArgumentError, FastAttnError, ShapeError
from ._fast_rpb import fast_rpb as _fast_rpb
from ._arrays import rows_array
from ._gaussian import gaussian_attention
from ._kernelized import kernelized_attention
from ._schoenbat import schoenbat
from ._skyformer import skyformer
from ._softmax import softmax_attention

_SYSTEMS: "Dict[str, Callable[..., Any]]" = {
    "softmax": softmax_attention,
    "kernelized": kernelized_attention,
    "gaussian": gaussian_attention,
    "skyformer": skyformer,
    "schoenbat": schoenbat,
}


def attention(
    system: str,
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    *,
    fast_rpb: Optional[Union[ArrayLike, Mapping[str, Any]]] = None,
    **options: Any,
) -> Any:
    """Any attention by its name, for comparison, and FastRPB added to it.

    Parameters
    ----------
    system : {"softmax", "kernelized", "gaussian", "skyformer", "schoenbat"}
        What to compute: `softmax_attention`, `kernelized_attention`, `gaussian_attention`, `skyformer` or `schoenbat`.
    q, k, v : arrays
        As in `kernelized_attention`.
    fast_rpb : weights, or a mapping with "weights" and other arguments of the function `fast_rpb`, optional
        W v is added to the result: q must have as many rows as v. `causal`, `key_mask` and `lengths` of the attention hold
        for it too, unless the mapping says otherwise.
    **options
        Keywords of the system's function.

    Returns
    -------
    What the system's function returns.

    Raises
    ------
    ArgumentError
        The system or an option is not known.
    ShapeError, ArgumentError, DTypeError, FastAttnError
        As the system's function and `fast_rpb`.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.float32([[0], [0]]), np.float32([[1], [-1]]), np.float32([[3], [5]])
    >>> attention("softmax", q, k, v).ravel()
    array([4., 4.], dtype=float32)
    >>> attention("softmax", q, k, v, fast_rpb=np.float32([0, 1, 10])).ravel()
    array([ 7., 39.], dtype=float32)
    """
    name = _arguments.word(system, "system").decode()
    if name not in _SYSTEMS:
        raise ArgumentError(f"system is {_arguments.shown(system)}; expected one of {', '.join(_SYSTEMS)}")
    function = _SYSTEMS[name]
    _refuse_unknown(options, function, "")
    if fast_rpb is None:
        return function(q, k, v, **options)

    # First what may still refuse its arguments: then the attention alone decides whether `out` is touched.
    shared = {key: options[key] for key in ("causal", "key_mask", "lengths", "threads") if key in options}
    chosen = dict(fast_rpb) if isinstance(fast_rpb, Mapping) else {"weights": fast_rpb}
    if "weights" not in chosen:
        raise ArgumentError("fast_rpb has no weights; expected an array or a mapping with 'weights'")
    if "add_to" in chosen:
        raise ArgumentError("fast_rpb has add_to; expected none, it is added to the attention")
    _refuse_unknown(set(chosen) - {"weights"}, _fast_rpb, "fast_rpb: ")
    try:
        added = _fast_rpb(v, **{**shared, **chosen})
    except FastAttnError as error:
        raise type(error)(f"fast_rpb: {error}") from error
    heads = rows_array(q, "q", (added.ndim,)).shape[:-1]
    if heads[-1] != added.shape[-2] or (added.ndim > 2 and heads[-2] % added.shape[-3]):
        raise ShapeError(f"q has shape {heads}, without its columns; expected the rows of fast_rpb's {added.shape} and a multiple of its heads")
    result = function(q, k, v, **options)
    output = result[0] if isinstance(result, tuple) else result
    if added.ndim > 2 and heads[-2] != added.shape[-3]:
        added = added.repeat(heads[-2] // added.shape[-3], axis=-3)
    output += added
    return result


def _refuse_unknown(given: Iterable[Any], function: "Callable[..., Any]", prefix: str) -> None:
    known = function.__kwdefaults__ or {}
    unknown = sorted(_arguments.shown(name) if not isinstance(name, str) else name for name in given if name not in known)
    if unknown:
        raise ArgumentError(f"{prefix}{unknown[0]} is given; expected keywords of {function.__name__}: {', '.join(known)}")
