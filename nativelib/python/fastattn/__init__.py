"""Attention with relative positions on ordinary CPUs.

>>> import numpy as np, fastattn
>>> q = np.array([[0, 1], [1, 0], [2, 2]], dtype=np.float32)
>>> k = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
>>> v = np.array([[1], [2], [3], [4]], dtype=np.float32)
>>> bias = np.log(np.arange(1, 7, dtype=np.float32))
>>> fastattn.kernelized_attention(q, k, v, bias=bias, feature_map="elu").round(4)
array([[3.0233],
       [3.0448],
       [3.1818]], dtype=float32)

Shapes, words and rules are the same in Python, C, C# and the command line. Every function may be called from several
threads at once and releases the interpreter's lock while it computes. On the main thread signal handlers run meanwhile, and
what they raise, such as KeyboardInterrupt for Ctrl-C, ends the call; `out` then holds unspecified numbers.

Rows may be float32, float16 or bfloat16. `fastattn.bfloat16` is a dtype for bits of bfloat16: `bits.view(fastattn.bfloat16)` of a uint16
array, `np.empty(shape, fastattn.bfloat16)` for results; arrays of ml_dtypes' bfloat16 are taken as they are.
"""

from ._arrays import bfloat16
from ._attention import attention
from ._config import show_config, version
from ._errors import ArgumentError, DTypeError, FastAttnError, ShapeError
from ._fast_rpb import FastRpb, fast_rpb
from ._features import map_features
from ._gaussian import GaussianAttention, gaussian_attention
from ._kernelized import KernelizedAttention, kernelized_attention
from ._maclaurin import MaclaurinFeatures, maclaurin_features
from ._plans import PlanCacheInfo, clear_plan_cache, plan_cache_info, set_plan_cache_limit
from ._positions import (
    Positions,
    alibi_positions,
    alibi_slopes,
    clipped_positions,
    dense_positions,
    exponential_positions,
    grid_positions,
    kerple_log_positions,
    kerple_power_positions,
    t5_positions,
)
from ._projection import random_projection
from ._schoenbat import SchoenbatAttention, schoenbat
from ._skyformer import SkyformerAttention, skyformer
from ._softmax import SoftmaxAttention, softmax_attention
from ._system import AttentionInfo, AttentionPlan, AttentionSystem
from ._toeplitz import Toeplitz, toeplitz_matmul

__all__ = [
    "ArgumentError",
    "AttentionInfo",
    "AttentionPlan",
    "AttentionSystem",
    "DTypeError",
    "FastAttnError",
    "FastRpb",
    "GaussianAttention",
    "KernelizedAttention",
    "MaclaurinFeatures",
    "PlanCacheInfo",
    "Positions",
    "SchoenbatAttention",
    "ShapeError",
    "SkyformerAttention",
    "SoftmaxAttention",
    "Toeplitz",
    "alibi_positions",
    "alibi_slopes",
    "attention",
    "bfloat16",
    "clear_plan_cache",
    "clipped_positions",
    "dense_positions",
    "exponential_positions",
    "fast_rpb",
    "gaussian_attention",
    "grid_positions",
    "kernelized_attention",
    "kerple_log_positions",
    "kerple_power_positions",
    "maclaurin_features",
    "map_features",
    "plan_cache_info",
    "random_projection",
    "schoenbat",
    "set_plan_cache_limit",
    "show_config",
    "skyformer",
    "softmax_attention",
    "t5_positions",
    "toeplitz_matmul",
]


def __getattr__(name: str) -> str:
    # The library knows its version, and is not loaded before something is asked of it.
    if name == "__version__":
        return version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
