"""Which build is loaded, on this machine and on made-up ones, and what show_config says of the others."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from fastattn import _levels, _library
from test_package import PACKAGE, run_python

# Words of a Haswell and of a Skylake server under an operating system that saves every register.
HASWELL = (0x7FFAFBFF, 0x000027AB, 0x00000021, 0x7)
SERVER = (0x7FFEFBFF, 0xD39FFFFB, 0x00000121, 0xE7)

SHOW = "import fastattn; fastattn.show_config()"


def verdicts(words=SERVER, machine="x86_64", folder=None, **environment):
    """What stands against each build, the widest first; None: nothing."""
    return [_levels.obstacle(level, environment, machine, _levels.Words(*words), folder) for level in _levels.LEVELS]


def runs_here():
    """The levels that the dynamic linker finds supported on this machine."""
    told = subprocess.run(["/lib64/ld-linux-x86-64.so.2", "--help"], stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r"^  (x86-64-v[34]) \(supported", told, re.MULTILINE) + ["x86-64"]


class LevelsTest(unittest.TestCase):
    def test_made_up_processors(self):
        self.assertEqual(verdicts(SERVER), [None, None, None])
        fourth, third, first = verdicts(HASWELL)
        self.assertRegex(fourth, "^this machine lacks AVX512F, AVX512BW, ")
        self.assertEqual((third, first), (None, None))
        self.assertRegex(verdicts((0, 0, 0, 0))[1], "^this machine lacks CMPXCHG16B, .*, MOVBE, ")

    def test_a_missing_feature_is_named(self):
        no_lzcnt = SERVER[:2] + (SERVER[2] & ~0x20,) + SERVER[3:]
        self.assertEqual(verdicts(no_lzcnt), ["this machine lacks LZCNT"] * 2 + [None])
        no_512_bits_saved = SERVER[:3] + (0x7,)
        self.assertEqual(
            verdicts(no_512_bits_saved), ["this machine lacks an operating system that saves the registers of AVX-512", None, None]
        )

    def test_another_machine_runs_none(self):
        self.assertEqual(verdicts(machine="aarch64"), ["it is built for x86_64, this machine is aarch64"] * 3)

    def test_a_forced_level(self):
        self.assertEqual(verdicts(FASTATTN_LEVEL="x86-64-v4"), [None, None, None])
        self.assertEqual(verdicts(FASTATTN_LEVEL="x86-64-v3"), ["FASTATTN_LEVEL is x86-64-v3", None, None])
        self.assertEqual(verdicts(FASTATTN_LEVEL="x86-64"), ["FASTATTN_LEVEL is x86-64"] * 2 + [None])
        self.assertEqual(verdicts(FASTATTN_LEVEL=""), [None, None, None])
        # It lowers the level and cannot raise it.
        self.assertRegex(verdicts(HASWELL, FASTATTN_LEVEL="x86-64-v4")[0], "^this machine lacks AVX512F")

    def test_a_machine_that_cannot_be_asked_gets_the_build_for_any(self):
        reasons = verdicts(folder=Path("/nonexistent"))
        self.assertRegex(reasons[0], "^what this machine has could not be found out: /nonexistent/libfastattn_levels.so: ")
        self.assertIsNone(reasons[2])

    def test_the_decision_is_the_dynamic_linker_s(self):
        usable = [level for level in _levels.LEVELS if _levels.obstacle(level, {}) is None]
        self.assertEqual(usable, runs_here())

    def test_no_text_of_the_kernel_is_read(self):
        blind = (
            "import builtins, io, os\n"
            "def refuse(file, *rest, _open=open, **more):\n"
            "    if str(file).startswith('/proc'): raise FileNotFoundError(file)\n"
            "    return _open(file, *rest, **more)\n"
            "builtins.open = io.open = refuse\n"
            "import fastattn; print(fastattn._library.library().path.parent.name)"
        )
        self.assertEqual(run_python(blind, FASTATTN_LIBRARY=""), runs_here()[0])


class ShowConfigTest(unittest.TestCase):
    def show(self, **environment):
        return run_python(SHOW, FASTATTN_LIBRARY="", **environment)

    def test_wider_builds_are_told_with_the_reason(self):
        shown = self.show(FASTATTN_LEVEL="x86-64")
        self.assertIn(f"library  {PACKAGE}/lib/x86-64/libfastattn.so\n", shown)
        for level in ("x86-64-v4", "x86-64-v3"):
            self.assertIn(f"         not {level}: FASTATTN_LEVEL is x86-64\n", shown)
        self.assertRegex(shown, "(?m)^tier     portable: .*\nthreads  [0-9]+\ncosts    ")
        self.assertNotIn("not x86-64:", shown)

    def test_a_build_that_is_not_there_is_told(self):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(PACKAGE, Path(directory) / "fastattn", ignore=shutil.ignore_patterns("x86-64-v*"))
            shown = run_python(f"import sys; sys.path.insert(0, {directory!r}); {SHOW}", FASTATTN_LIBRARY="")
        for level in runs_here()[:-1]:
            self.assertIn(f"         not {level}: {directory}/fastattn/lib/{level}/libfastattn.so: cannot open", shown)

    def test_this_machine(self):
        shown = self.show()
        self.assertIn(f"library  {PACKAGE}/lib/{runs_here()[0]}/libfastattn.so\n", shown)
        for level in set(_levels.LEVELS) - set(runs_here()):
            self.assertIn(f"         not {level}: this machine lacks ", shown)

    def test_an_unknown_level_is_refused(self):
        last_line = self.show(FASTATTN_LEVEL="x86-64-v9").splitlines()[-1]
        self.assertEqual(
            last_line, "fastattn._errors.ArgumentError: FASTATTN_LEVEL is 'x86-64-v9'; expected one of x86-64-v4, x86-64-v3, x86-64"
        )

    def test_a_file_named_by_the_user_is_taken_as_it_is(self):
        path = PACKAGE / "lib" / "x86-64" / "libfastattn.so"
        self.assertEqual(_library._candidates({"FASTATTN_LIBRARY": str(path), "FASTATTN_LEVEL": "x86-64-v3"}), [(path, None)])


if __name__ == "__main__":
    unittest.main()
