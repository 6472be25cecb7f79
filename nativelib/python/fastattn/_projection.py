"""random_projection."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from . import _abi, _arguments, _arrays, _library

# C's and C#'s names of this function's arguments.
_NAMES = {"dimension": "dim"}


def random_projection(features: int, dim: int, *, kind: str = "orthogonal", seed: int = 0) -> "NDArray[np.float32]":
    """Draws the rows of a random feature map.

    Parameters
    ----------
    features : int, 1 ... 4096
        Rows m.
    dim : int, 1 ... 512
        Columns d: the head dimension.
    kind : {"orthogonal", "iid", "sphere"}
        Rows orthogonal in blocks of d with the lengths of normal vectors; independent standard normal entries; or rows
        uniform on the sphere of radius sqrt(d).
    seed : int, 0 ... 2**64 - 1
        The same seed gives the same bytes on every machine.

    Returns
    -------
    float32 array [features, dim]
        Pass it as `projection` of `kernelized_attention`, or save it.

    Raises
    ------
    ArgumentError, DTypeError, FastAttnError
        As `kernelized_attention`.
    """
    lib = _library.library()
    projection = _abi.Handle()
    try:
        lib.check(
            lib.fa_projection_create(
                _arguments.integer(features, "features", 1, 4096),
                _arguments.integer(dim, "dim", 1, 512),
                _arguments.word(kind, "kind"),
                _arguments.integer(seed, "seed", 0, 2**64 - 1),
                ctypes.byref(projection),
            ),
            _NAMES,
        )
        values = np.empty((features, dim), dtype=np.float32)
        lib.check(lib.fa_projection_values(projection, _arrays.described(values)))
    finally:
        lib.fa_projection_destroy(projection)
    return values
