"""Which build a machine can run: chosen as the dynamic linker chooses, by a small C library that starts no runtime."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path
from typing import Mapping, Optional

from ._errors import ArgumentError

# The builds, the widest first, by the names the dynamic linker has for them.
LEVELS = ("x86-64-v4", "x86-64-v3", "x86-64")
VARIABLE = "FASTATTN_LEVEL"


class Words(ctypes.Structure):
    """levels_words: what a processor says of itself by CPUID, and what the operating system saves of its registers (XCR0)."""

    _fields_ = [(name, ctypes.c_uint32) for name in ("leaf1_ecx", "leaf7_ebx", "extended1_ecx", "xcr0")]


def obstacle(
    level: str, environment: Mapping[str, str], machine: Optional[str] = None, words: Optional[Words] = None, folder: Optional[Path] = None
) -> Optional[str]:
    """Why a build is not to be taken, or None. `machine`, `words` and `folder` (of the C library) are this machine's unless given."""
    widest = environment.get(VARIABLE) or LEVELS[0]
    if widest not in LEVELS:
        raise ArgumentError(f"{VARIABLE} is {widest!r}; expected one of {', '.join(LEVELS)}")

    machine = machine or platform.machine()
    if machine != "x86_64":
        return f"it is built for x86_64, this machine is {machine}"
    if LEVELS.index(level) < LEVELS.index(widest):
        return f"{VARIABLE} is {widest}"
    if level == LEVELS[-1]:
        return None
    try:
        lacking = _lacking(level, words, folder or Path(__file__).resolve().parent / "lib")
    except (OSError, AttributeError) as error:
        return f"what this machine has could not be found out: {error}"
    return f"this machine lacks {lacking}" if lacking else None


def _lacking(level: str, words: Optional[Words], folder: Path) -> str:
    """What a machine lacks for a level, as a list of names; "" when it runs it."""
    library = ctypes.CDLL(str(folder / "libfastattn_levels.so"))
    if words is None:
        words = Words()
        library.levels_read(ctypes.byref(words))
    text = ctypes.create_string_buffer(512)
    library.levels_lack(int(level[-1]), ctypes.byref(words), text, len(text))
    return text.value.decode()
