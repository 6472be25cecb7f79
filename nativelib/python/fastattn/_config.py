"""What is installed: the version, and all that show_config prints."""

from __future__ import annotations

from . import _abi, _library
from ._errors import ArgumentError


def version() -> str:
    """The library's version."""
    return _library.library().fa_version_string().decode()


def show_config() -> None:
    """Prints the version, the library file in use, each wider build with the reason why it is not in use, the instruction tier
    and why, the default number of threads, and where the figures come from by which "auto" chooses a method.

    Raises
    ------
    FastAttnError
        The library could not be loaded; the message lists the files tried and what was wrong with each. Or this process was
        forked from one that had used the library.
    ArgumentError
        FASTATTN_TIER or FASTATTN_LEVEL holds an unknown word, or FASTATTN_THREADS is not a whole number above zero.
    """
    lib = _library.library()
    # Ends nothing, and says whether the library may be used in this process.
    lib.check(lib.fa_toeplitz_destroy(_abi.Handle()))
    tier, reason, threads = lib.fa_simd_tier(), lib.fa_simd_tier_reason(), lib.fa_default_threads()
    if tier is None or reason is None or threads == 0:
        raise ArgumentError(lib.fa_last_error().decode())

    print(f"version  {version()}")
    print(f"library  {lib.path}")
    for path, obstacle in lib.passed_over:
        print(f"         not {path.parent.name}: {obstacle}")
    print(f"tier     {tier.decode()}: {reason.decode()}")
    print(f"threads  {threads}")
    print(f"costs    {lib.fa_cost_table_source().decode()}")
