"""show_config."""

from __future__ import annotations

from . import _library
from ._errors import FastAttnError


def show_config() -> None:
    """Prints the version, the library file in use, the instruction tier and why, and the default number of threads.

    Raises
    ------
    FastAttnError
        The library could not be loaded (the message lists the files tried and what was wrong with each), or
        FASTATTN_TIER or FASTATTN_THREADS cannot be understood.
    """
    lib = _library.library()
    tier = lib.fa_simd_tier()
    threads = lib.fa_default_threads()
    if tier is None or threads == 0:
        raise FastAttnError(lib.fa_last_error().decode())

    print(f"version  {lib.fa_version_string().decode()}")
    print(f"library  {lib.path}")
    print(f"tier     {tier.decode()}: {lib.fa_simd_tier_reason().decode()}")
    print(f"threads  {threads}")
