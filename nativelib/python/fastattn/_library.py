"""Finds and loads the native library, and turns its statuses into exceptions."""

from __future__ import annotations

import ctypes
import os
import re
import threading
import weakref
from pathlib import Path
from typing import Any, Callable, List, Mapping, NoReturn, Optional, Tuple

from . import _levels
from ._abi import ABI_VERSION, FUNCTIONS, Handle
from ._errors import ArgumentError, FastAttnError, ShapeError
from ._interrupt import Interrupts

_OK, _NULL, _ARGUMENT, _SHAPE, _WORD, _OUT_OF_MEMORY, _CANCELLED = 0, 1, 2, 3, 4, 8, 10

# Functions that let go of memory which only saves time.
reserves: "List[Callable[[], None]]" = []

_lock = threading.Lock()
_loaded: Optional["Library"] = None


class Library:
    """The loaded library: its functions, the file they came from, and the wider builds that were not taken, each with the reason."""

    def __init__(self, path: Path, passed_over: "Tuple[Tuple[Path, str], ...]" = ()) -> None:
        self.path = path
        self.passed_over = passed_over
        functions = ctypes.CDLL(str(path))
        for name, (result, arguments) in FUNCTIONS.items():
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
    loaded = _loaded or _load_once()
    loaded.interrupts.watch()
    return loaded


def _load_once() -> Library:
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _load()
        return _loaded


def with_memory(call: "Callable[[], int]", status: Optional[int] = None) -> int:
    """The status of a call, which is made again with more room where there was too little memory. `status`: of the first time."""
    status = call() if status is None else status
    if status == _OUT_OF_MEMORY:
        for let_go in reserves:
            let_go()
        status = call()
    return status


def destroy_with(owner: object, destroy: "Callable[[Handle], int]", handle: Handle) -> "weakref.finalize[..., object]":
    """Destroys a handle when its owner ends; not in another process, a copy of this one made by fork, which must not enter the library.

    Gives what ends it earlier when called, and knows whether it is alive.
    """
    process = os.getpid()

    def end() -> None:
        if os.getpid() == process:
            destroy(handle)

    return weakref.finalize(owner, end)


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
