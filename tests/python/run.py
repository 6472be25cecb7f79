"""Runs every test of this directory and prints "N passed, N failed, N skipped"; exits 1 when one failed."""

import sys
import unittest
from pathlib import Path


def main() -> int:
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    suite = unittest.defaultTestLoader.discover(str(here), pattern="test_*.py")
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    broken = {test.id().split(" ")[0] for test, _ in result.failures + result.errors}
    failed, skipped = len(broken), len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or result.testsRun == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
