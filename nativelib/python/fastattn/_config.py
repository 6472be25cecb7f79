"""show_config."""

from __future__ import annotations

from . import _library


def show_config() -> None:
    """Prints the version, the library file in use, the instruction tier and why, and the default number of threads.

    Raises
    ------
    FastAttnError
        The library could not be loaded; the message lists the files tried and what was wrong with each.
    """
    lib = _library.library()
    print(f"version  {lib.fa_version_string().decode()}")
    print(f"library  {lib.path}")
    print(f"tier     {lib.fa_simd_tier().decode()}: {lib.fa_simd_tier_reason().decode()}")
    print(f"threads  {lib.fa_default_threads()}")
