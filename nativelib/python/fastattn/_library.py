"""Finds, loads and describes the native library (see fastattn.h, whose declarations these are)."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import threading
from pathlib import Path
from typing import Any, Mapping, NoReturn, Optional, Set, Tuple

from ._errors import ArgumentError, FastAttnError, ShapeError

ABI_VERSION = 1
MAX_NDIM = 4

_OK, _NULL, _ARGUMENT, _SHAPE, _WORD = 0, 1, 2, 3, 4

# What a CPU must have for each build, by the names in /proc/cpuinfo; the best build first.
_LEVELS: Tuple[Tuple[str, Set[str]], ...] = (
    ("x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi1", "bmi2", "abm", "movbe"}),
    ("x86-64-v3", {"avx2", "fma", "bmi1", "bmi2", "abm", "movbe"}),
    ("x86-64", set()),
)


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
    "fa_projection_create": (_STATUS, [ctypes.c_int64, ctypes.c_int64, ctypes.c_char_p, ctypes.c_uint64, _P(Handle)]),
    "fa_projection_from_values": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_projection_shape": (_STATUS, [Handle, _P(ctypes.c_int64)]),
    "fa_projection_values": (_STATUS, [Handle, _P(Tensor)]),
    "fa_projection_destroy": (_STATUS, [Handle]),
    "fa_position_clipped": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_position_t5": (_STATUS, [_P(Tensor), ctypes.c_int32, ctypes.c_int64, _P(Handle)]),
    "fa_position_alibi": (_STATUS, [_P(Tensor), _P(Handle)]),
    "fa_position_exponentials": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_kerple_log": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_kerple_power": (_STATUS, [_P(Tensor), _P(Tensor), _P(Handle)]),
    "fa_position_grid": (_STATUS, [_P(Tensor), ctypes.c_int64, ctypes.c_int64, _P(Handle)]),
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
    """The loaded library: its functions, and the file they came from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        functions = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(functions, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

        if self.fa_abi_version() != ABI_VERSION:
            raise OSError(f"ABI version {self.fa_abi_version()}; expected {ABI_VERSION}")

    def __getattr__(self, name: str) -> Any:
        """Reached only for names that no signature made; declared so that type checkers know the others are there."""
        raise AttributeError(name)

    def check(self, status: int, names: Mapping[str, str] = {}) -> None:
        """Raises the exception of a status; `names` gives the caller's name for each argument C names otherwise."""
        if status != _OK:
            self.fail(status, names)

    def fail(self, status: int, names: Mapping[str, str] = {}) -> NoReturn:
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
        return _loaded


def _load() -> Library:
    tried = []
    for path, obstacle in _candidates():
        if obstacle is None:
            try:
                return Library(path)
            except (OSError, AttributeError) as error:
                obstacle = str(error)
        tried.append(f"  {path}: {obstacle}")
    raise FastAttnError("no FastAttn library could be loaded; tried\n" + "\n".join(tried))


def _candidates() -> "list[tuple[Path, Optional[str]]]":
    """Files in the order they are tried, each with the reason it cannot even be tried."""
    override = os.environ.get("FASTATTN_LIBRARY")
    if override:
        return [(Path(override).absolute(), None)]

    flags = _cpu_flags()
    found: list[tuple[Path, Optional[str]]] = []
    for level, needed in _LEVELS:
        path = Path(__file__).resolve().parent / "lib" / level / "libfastattn.so"
        missing = sorted(needed - flags)
        if platform.machine() != "x86_64":
            obstacle = f"built for x86_64, this machine is {platform.machine()}"
        elif missing:
            obstacle = "this CPU lacks " + ", ".join(missing)
        else:
            obstacle = None
        found.append((path, obstacle))
    return found


def _cpu_flags() -> "set[str]":
    """Instruction sets that both the CPU and the operating system offer, from /proc/cpuinfo; none when it cannot be read."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() == "flags":
                    return set(value.split())
    except OSError:
        pass
    return set()
