"""Finds, loads and describes the native library (see fastattn.h, whose declarations these are)."""

from __future__ import annotations

import ctypes
import os
import re
import threading
import weakref
from pathlib import Path
from typing import Any, Callable, List, Mapping, NoReturn, Optional, Tuple

from . import _levels
from ._errors import ArgumentError, FastAttnError, ShapeError
from ._interrupt import Interrupts

ABI_VERSION = 1
MAX_NDIM = 4

_OK, _NULL, _ARGUMENT, _SHAPE, _WORD, _CANCELLED = 0, 1, 2, 3, 4, 10


class Tensor(ctypes.Structure):
    """fa_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("ndim", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("shape", ctypes.c_int64 * MAX_NDIM),
        ("strides", ctypes.c_int64 * MAX_NDIM),
    ]


class Handle(ctypes.Structure):
    """fa_projection, fa_position, fa_maclaurin, fa_attention, fa_toeplitz and fa_fast_rpb."""

    _fields_ = [("id", ctypes.c_uint64)]


class _Sized(ctypes.Structure):
    """A structure whose first field is its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class AttentionShape(_Sized):
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


_QUERY_OFFSETS = (("query_offsets", ctypes.c_void_p), ("query_offsets_count", ctypes.c_int64))


class AttentionOptions(_Sized):
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
        *_QUERY_OFFSETS,
    ]


class SchoenbatOptions(_Sized):
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
        *_QUERY_OFFSETS,
    ]


class SoftmaxOptions(_Sized):
    """fa_softmax_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("query_offset", ctypes.c_int64),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("position", Handle),
        *_QUERY_OFFSETS,
    ]


class GaussianOptions(_Sized):
    """fa_gaussian_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("query_offset", ctypes.c_int64),
        ("has_query_offset", ctypes.c_int32),
        ("causal", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("position", Handle),
        *_QUERY_OFFSETS,
    ]


class SkyformerOptions(_Sized):
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


class FastRpbOptions(_Sized):
    """fa_fast_rpb_options."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("prefix", ctypes.c_int64),
        ("suffix", ctypes.c_int64),
        ("causal", ctypes.c_int32),
        ("symmetric", ctypes.c_int32),
    ]


class KeySelection(_Sized):
    """fa_key_selection."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("key_mask", ctypes.c_void_p),
        ("key_mask_count", ctypes.c_int64),
        ("lengths", ctypes.c_void_p),
        ("lengths_count", ctypes.c_int64),
    ]


class Report(_Sized):
    """fa_report."""

    _fields_ = [
        ("struct_size", ctypes.c_uint64),
        ("method", ctypes.c_char_p),
        ("tier", ctypes.c_char_p),
        ("repaired_rows", ctypes.c_int64),
        ("fallback_heads", ctypes.c_int64),
    ]


_P = ctypes.POINTER
_STATUS = ctypes.c_int32
_SIGNATURES = {
    "fa_abi_version": (ctypes.c_uint32, []),
    "fa_version_string": (ctypes.c_char_p, []),
    "fa_status_string": (ctypes.c_char_p, [ctypes.c_int32]),
    "fa_last_error": (ctypes.c_char_p, []),
    "fa_simd_tier": (ctypes.c_char_p, []),
    "fa_simd_tier_reason": (ctypes.c_char_p, []),
    "fa_default_threads": (ctypes.c_int32, []),
    "fa_cost_table_source": (ctypes.c_char_p, []),
    "fa_set_interrupt": (_STATUS, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32]),
    "fa_projection_create": (_STATUS, [ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_uint64, _P(Handle)]),
    "fa_projection_from_values": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_projection_shape": (_STATUS, [Handle, _P(ctypes.c_int64)]),
    "fa_projection_values": (_STATUS, [Handle, _P(Tensor)]),
    "fa_projection_destroy": (_STATUS, [Handle]),
    "fa_position_clipped": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_position_dense": (_STATUS, [_P(Tensor), ctypes.c_int64, ctypes.c_int64, _P(Handle)]),
    "fa_position_t5_rounded": (_STATUS, [_P(Tensor), ctypes.c_int32, ctypes.c_int64, ctypes.c_char_p, _P(Handle)]),
    "fa_position_t5": (_STATUS, [_P(Tensor), ctypes.c_int32, ctypes.c_int64, _P(Handle)]),
    "fa_position_alibi": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_position_exponentials": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_kerple_log": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_kerple_power": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_grid": (_STATUS, [_P(Tensor), ctypes.c_int64, ctypes.c_int64, _P(Handle)]),
    "fa_position_grid_special": (
        _STATUS,
        [
            _P(Tensor), ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, _P(Tensor), _P(Tensor), _P(Tensor), _P(Handle),
        ],
    ),
    "fa_position_destroy": (_STATUS, [Handle]),
    "fa_maclaurin_create": (
        _STATUS,
        [ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32, _P(Handle)],
    ),
    "fa_maclaurin_from_values": (
        _STATUS,
        [
            ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_int32,
            ctypes.c_int32, _P(Handle),
        ],
    ),
    "fa_maclaurin_shape": (_STATUS, [Handle, _P(ctypes.c_int64)]),
    "fa_maclaurin_degrees": (_STATUS, [Handle, ctypes.c_void_p, ctypes.c_int64]),
    "fa_maclaurin_signs": (_STATUS, [Handle, ctypes.c_void_p, ctypes.c_int64]),
    "fa_maclaurin_destroy": (_STATUS, [Handle]),
    "fa_schoenbat_create": (_STATUS, [_P(AttentionShape), _P(SchoenbatOptions), _P(Tensor), Handle, _P(Handle)]),
    "fa_softmax_create": (_STATUS, [_P(AttentionShape), _P(SoftmaxOptions), _P(Tensor), _P(Handle)]),
    "fa_gaussian_create": (_STATUS, [_P(AttentionShape), _P(GaussianOptions), _P(Tensor), _P(Handle)]),
    "fa_skyformer_create": (_STATUS, [_P(AttentionShape), _P(SkyformerOptions), _P(Handle)]),
    "fa_feature_count": (_STATUS, [_P(AttentionOptions), Handle, ctypes.c_int64, _P(ctypes.c_int64)]),
    "fa_map_features": (_STATUS, [_P(AttentionOptions), Handle, _P(Tensor), _P(Tensor), ctypes.c_void_p, ctypes.c_int64]),
    "fa_attention_create": (_STATUS, [_P(AttentionShape), _P(AttentionOptions), _P(Tensor), Handle, _P(Handle)]),
    "fa_attention_forward": (
        _STATUS,
        [Handle, _P(Tensor), _P(Tensor), _P(Tensor), _P(Tensor), _P(KeySelection), _P(Report)],
    ),
    "fa_attention_destroy": (_STATUS, [Handle]),
    "fa_toeplitz_create": (_STATUS, [_P(Tensor), ctypes.c_int64, ctypes.c_int64, _P(Handle)]),
    "fa_toeplitz_multiply": (_STATUS, [Handle, _P(Tensor), _P(Tensor), ctypes.c_int32]),
    "fa_toeplitz_destroy": (_STATUS, [Handle]),
    "fa_fast_rpb_create": (_STATUS, [_P(Tensor), _P(FastRpbOptions), _P(Handle)]),
    "fa_fast_rpb_create_grid": (_STATUS, [_P(Tensor), _P(Tensor), _P(FastRpbOptions), _P(Handle)]),
    "fa_fast_rpb_apply": (
        _STATUS,
        [Handle, _P(Tensor), _P(Tensor), _P(KeySelection), ctypes.c_int32, ctypes.c_int32],
    ),
    "fa_fast_rpb_destroy": (_STATUS, [Handle]),
}

_lock = threading.Lock()
_loaded: Optional["Library"] = None


class Library:
    """The loaded library: its functions, the file they came from, and the builds that were passed over for it, each with the reason."""

    def __init__(self, path: Path, passed_over: "Tuple[Tuple[Path, str], ...]" = ()) -> None:
        self.path = path
        self.passed_over = passed_over
        functions = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(functions, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

        if self.fa_abi_version() != ABI_VERSION:
            raise OSError(f"ABI version {self.fa_abi_version()}; expected {ABI_VERSION}")
        self.interrupts = Interrupts(self)

    def __getattr__(self, name: str) -> Any:
        """Reached only for names that no signature made; declared so that type checkers know the others are there."""
        raise AttributeError(name)

    def check(self, status: int, names: Mapping[str, str] = {}) -> None:
        """Raises the exception of a status; `names` gives the caller's name for each argument C names otherwise."""
        if status != _OK:
            self.fail(status, names)

    def fail(self, status: int, names: Mapping[str, str] = {}) -> NoReturn:
        if status == _CANCELLED:
            raise self.interrupts.raised() or KeyboardInterrupt
        message = self.fa_last_error().decode()
        argument = re.split(r"\W", message, maxsplit=1)[0]
        message = names.get(argument, argument) + message[len(argument) :]
        if status == _SHAPE:
            raise ShapeError(message)
        if status in (_NULL, _ARGUMENT, _WORD):
            raise ArgumentError(message)
        raise FastAttnError(f"{self.fa_status_string(status).decode()}: {message}")


def library() -> Library:
    """The library, loaded at the first call."""
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _load()
        _loaded.interrupts.watch()
        return _loaded


def destroy_with(owner: object, destroy: "Callable[[Handle], int]", handle: Handle) -> None:
    """Destroys a handle when its owner ends; not in another process, a copy of this one made by fork, which must not enter the library."""
    process = os.getpid()

    def end() -> None:
        if os.getpid() == process:
            destroy(handle)

    weakref.finalize(owner, end)


def _load() -> Library:
    passed_over: "List[Tuple[Path, str]]" = []
    for path, obstacle in _candidates(os.environ):
        if obstacle is None:
            try:
                return Library(path, tuple(passed_over))
            except (OSError, AttributeError) as error:
                obstacle = str(error)
        passed_over.append((path, obstacle))
    tried = "\n".join(f"  {path}: {obstacle}" for path, obstacle in passed_over)
    raise FastAttnError(f"no FastAttn library could be loaded; tried\n{tried}")


def _candidates(environment: "Mapping[str, str]") -> "List[Tuple[Path, Optional[str]]]":
    """Files in the order they are tried, each with the reason it is not to be tried."""
    override = environment.get("FASTATTN_LIBRARY")
    if override:
        return [(Path(override).absolute(), None)]

    folder = Path(__file__).resolve().parent / "lib"
    return [(folder / level / "libfastattn.so", _levels.obstacle(level, environment)) for level in _levels.LEVELS]
