"""The structures and functions of fastattn.h for ctypes. Made by nativelib/declarations.py."""

from __future__ import annotations

import ctypes
from typing import Any, Dict, List, Tuple

ABI_VERSION = 1


class Handle(ctypes.Structure):
    """fa_projection, fa_position, fa_attention, fa_maclaurin, fa_toeplitz, fa_fast_rpb."""

    _fields_ = [("id", ctypes.c_uint64)]


class Sized(ctypes.Structure):
    """A structure whose first field is its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class Tensor(ctypes.Structure):
    """fa_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("ndim", ctypes.c_int32),
        ("element_type", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 4),
        ("strides", ctypes.c_int64 * 4),
    ]


class AttentionShape(Sized):
    """fa_attention_shape."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("batch", ctypes.c_int64),
        ("heads", ctypes.c_int64),
        ("key_heads", ctypes.c_int64),
        ("query_length", ctypes.c_int64),
        ("key_length", ctypes.c_int64),
        ("head_dimension", ctypes.c_int64),
        ("value_dimension", ctypes.c_int64),
    ]


class AttentionOptions(Sized):
    """fa_attention_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("feature_map", ctypes.c_char_p),
        ("projection_kind", ctypes.c_char_p),
        ("method", ctypes.c_char_p),
        ("seed", ctypes.c_uint64),
        ("features", ctypes.c_int64),
        ("query_offset", ctypes.c_int64),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("normalize", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("qk_scale", ctypes.c_float),
        ("tolerance", ctypes.c_float),
        ("position", Handle),
        ("nu", ctypes.c_int64),
        ("feature_epsilon", ctypes.c_float),
        ("signed_features", ctypes.c_int32),
        ("query_offsets", ctypes.c_void_p),
        ("query_offsets_count", ctypes.c_int64),
    ]


class KeySelection(Sized):
    """fa_key_selection."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("key_mask", ctypes.c_void_p),
        ("key_mask_count", ctypes.c_int64),
        ("lengths", ctypes.c_void_p),
        ("lengths_count", ctypes.c_int64),
    ]


class Report(Sized):
    """fa_report."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("method", ctypes.c_char_p),
        ("tier", ctypes.c_char_p),
        ("repaired_rows", ctypes.c_int64),
        ("fallback_heads", ctypes.c_int64),
    ]


class Plan(Sized):
    """fa_plan."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("method", ctypes.c_char_p),
        ("tier", ctypes.c_char_p),
        ("features", ctypes.c_int64),
        ("fourier_length", ctypes.c_int64),
        ("workspace_bytes", ctypes.c_int64),
    ]


class SchoenbatOptions(Sized):
    """fa_schoenbat_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("kernel", ctypes.c_char_p),
        ("method", ctypes.c_char_p),
        ("seed", ctypes.c_uint64),
        ("features", ctypes.c_int64),
        ("query_offset", ctypes.c_int64),
        ("gamma", ctypes.POINTER(Tensor)),
        ("beta", ctypes.POINTER(Tensor)),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("exact_degrees", ctypes.c_int32),
        ("literal", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("tolerance", ctypes.c_float),
        ("position", Handle),
        ("denominator_floor", ctypes.c_float),
        ("reserved", ctypes.c_int32),
        ("query_offsets", ctypes.c_void_p),
        ("query_offsets_count", ctypes.c_int64),
    ]


class SoftmaxOptions(Sized):
    """fa_softmax_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("query_offset", ctypes.c_int64),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("position", Handle),
        ("query_offsets", ctypes.c_void_p),
        ("query_offsets_count", ctypes.c_int64),
    ]


class GaussianOptions(Sized):
    """fa_gaussian_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("query_offset", ctypes.c_int64),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("position", Handle),
        ("query_offsets", ctypes.c_void_p),
        ("query_offsets_count", ctypes.c_int64),
    ]


class SkyformerOptions(Sized):
    """fa_skyformer_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("inverse", ctypes.c_char_p),
        ("sampling", ctypes.c_char_p),
        ("seed", ctypes.c_uint64),
        ("landmarks", ctypes.c_int64),
        ("landmark_indices", ctypes.c_void_p),
        ("landmark_indices_count", ctypes.c_int64),
        ("gamma", ctypes.c_float),
        ("has_gamma", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


class FastRpbOptions(Sized):
    """fa_fast_rpb_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("prefix", ctypes.c_int64),
        ("suffix", ctypes.c_int64),
        ("causal", ctypes.c_int32),
        ("symmetric", ctypes.c_int32),
    ]


# Of every function: what it returns, and what it takes.
FUNCTIONS: "Dict[str, Tuple[Any, List[Any]]]" = {
    "fa_abi_version": (ctypes.c_uint32, []),
    "fa_version_string": (ctypes.c_char_p, []),
    "fa_status_string": (ctypes.c_char_p, [ctypes.c_int32]),
    "fa_last_error": (ctypes.c_char_p, []),
    "fa_simd_tier": (ctypes.c_char_p, []),
    "fa_simd_tier_reason": (ctypes.c_char_p, []),
    "fa_default_threads": (ctypes.c_int32, []),
    "fa_cost_table_source": (ctypes.c_char_p, []),
    "fa_set_interrupt": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32]),
    "fa_projection_create": (ctypes.c_int32, [ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(Handle)]),
    "fa_projection_from_values": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_projection_shape": (ctypes.c_int32, [Handle, ctypes.c_void_p]),
    "fa_projection_values": (ctypes.c_int32, [Handle, ctypes.POINTER(Tensor)]),
    "fa_projection_destroy": (ctypes.c_int32, [Handle]),
    "fa_position_dense": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.c_int64, ctypes.c_int64, ctypes.POINTER(Handle)]),
    "fa_position_clipped": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_position_t5": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.c_int32, ctypes.c_int64, ctypes.POINTER(Handle)]),
    "fa_position_t5_rounded": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.c_int32, ctypes.c_int64, ctypes.c_char_p, ctypes.POINTER(Handle)]),
    "fa_position_alibi": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_position_exponentials": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_position_kerple_log": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_position_kerple_power": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), ctypes.POINTER(Handle)]),
    "fa_position_grid": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.c_int64, ctypes.c_int64, ctypes.POINTER(Handle)]),
    "fa_position_grid_special": (ctypes.c_int32, [
        ctypes.POINTER(Tensor),
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Handle),
    ]),
    "fa_position_destroy": (ctypes.c_int32, [Handle]),
    "fa_attention_create": (ctypes.c_int32, [
        ctypes.POINTER(AttentionShape),
        ctypes.POINTER(AttentionOptions),
        ctypes.POINTER(Tensor),
        Handle,
        ctypes.POINTER(Handle),
    ]),
    "fa_attention_forward": (ctypes.c_int32, [
        Handle,
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(KeySelection),
        ctypes.POINTER(Report),
    ]),
    "fa_attention_plan": (ctypes.c_int32, [Handle, ctypes.POINTER(Plan)]),
    "fa_attention_explain": (ctypes.c_int32, [Handle, ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p]),
    "fa_attention_trim": (ctypes.c_int32, [Handle]),
    "fa_attention_destroy": (ctypes.c_int32, [Handle]),
    "fa_feature_count": (ctypes.c_int32, [ctypes.POINTER(AttentionOptions), Handle, ctypes.c_int64, ctypes.c_void_p]),
    "fa_map_features": (ctypes.c_int32, [
        ctypes.POINTER(AttentionOptions),
        Handle,
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.c_void_p,
        ctypes.c_int64,
    ]),
    "fa_maclaurin_create": (ctypes.c_int32, [
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_char_p,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(Handle),
    ]),
    "fa_maclaurin_from_values": (ctypes.c_int32, [
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(Handle),
    ]),
    "fa_maclaurin_shape": (ctypes.c_int32, [Handle, ctypes.c_void_p]),
    "fa_maclaurin_degrees": (ctypes.c_int32, [Handle, ctypes.c_void_p, ctypes.c_int64]),
    "fa_maclaurin_signs": (ctypes.c_int32, [Handle, ctypes.c_void_p, ctypes.c_int64]),
    "fa_maclaurin_destroy": (ctypes.c_int32, [Handle]),
    "fa_schoenbat_create": (ctypes.c_int32, [
        ctypes.POINTER(AttentionShape),
        ctypes.POINTER(SchoenbatOptions),
        ctypes.POINTER(Tensor),
        Handle,
        ctypes.POINTER(Handle),
    ]),
    "fa_softmax_create": (ctypes.c_int32, [
        ctypes.POINTER(AttentionShape),
        ctypes.POINTER(SoftmaxOptions),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Handle),
    ]),
    "fa_gaussian_create": (ctypes.c_int32, [
        ctypes.POINTER(AttentionShape),
        ctypes.POINTER(GaussianOptions),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Handle),
    ]),
    "fa_skyformer_create": (ctypes.c_int32, [ctypes.POINTER(AttentionShape), ctypes.POINTER(SkyformerOptions), ctypes.POINTER(Handle)]),
    "fa_toeplitz_create": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.c_int64, ctypes.c_int64, ctypes.POINTER(Handle)]),
    "fa_toeplitz_multiply": (ctypes.c_int32, [Handle, ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), ctypes.c_int32]),
    "fa_toeplitz_destroy": (ctypes.c_int32, [Handle]),
    "fa_fast_rpb_create": (ctypes.c_int32, [ctypes.POINTER(Tensor), ctypes.POINTER(FastRpbOptions), ctypes.POINTER(Handle)]),
    "fa_fast_rpb_create_grid": (ctypes.c_int32, [
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(FastRpbOptions),
        ctypes.POINTER(Handle),
    ]),
    "fa_fast_rpb_apply": (ctypes.c_int32, [
        Handle,
        ctypes.POINTER(Tensor),
        ctypes.POINTER(Tensor),
        ctypes.POINTER(KeySelection),
        ctypes.c_int32,
        ctypes.c_int32,
    ]),
    "fa_fast_rpb_destroy": (ctypes.c_int32, [Handle]),
}
