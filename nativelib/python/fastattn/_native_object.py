"""NativeObject: something that the library prepared, until it is closed."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Mapping, NoReturn, TypeVar

from . import _abi, _library
from ._errors import ArgumentError

Self = TypeVar("Self", bound="NativeObject")


class NativeObject:
    """Owns a handle of the library. Immutable; any number of threads may use one at once, also while another one closes it."""

    __slots__ = ("_library", "_handle", "_names", "_end", "__weakref__")

    def _own(self, create: "Callable[[_library.Library, Any], int]", destroy: str, names: Mapping[str, str]) -> None:
        """Makes the native object by `create(library, handle)`, which returns C's status.

        `names` gives the caller's name for each argument that C names otherwise.
        """
        lib = _library.library()
        self._library, self._names, self._handle = lib, names, _abi.Handle()
        lib.check(_library.with_memory(lambda: create(lib, ctypes.byref(self._handle))), names)
        self._end = _library.destroy_with(self, getattr(lib, destroy), self._handle)

    def close(self) -> None:
        """Ends the object and frees its memory, after the calls that are in flight. A second time does nothing."""
        self._end()

    def _check(self, status: int) -> None:
        """Raises the exception of a status."""
        if status:
            if not self._end.alive:
                raise ArgumentError(f"this {type(self).__name__} is closed; expected one that is open")
            self._library.fail(status, self._names)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled; make it again from its arguments where it is needed")
