"""The package around the functions: loading, environment, show_config, documentation, types, installation, forked processes."""

import ast
import contextlib
import doctest
import importlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

import fastattn
from fastattn import _library

PACKAGE = Path(fastattn.__file__).resolve().parent
TIERS = ("portable", "neon", "avx2", "avx512")

CONVENTIONS = {
    "kernelized_attention": "q, k, v, *, bias=None, feature_map='prf', features=None, projection=None,"
    " projection_kind='orthogonal', seed=0, nu=1, signed_features=False, normalize=None, qk_scale=None, feature_epsilon=None, causal=False, query_offset=None, key_mask=None,"
    " lengths=None, tolerance=0.0001, method='auto', threads=None, out=None, return_info=False",
    "schoenbat": "q, k, v, *, kernel='exp', features=128, draw=None, exact_degrees=0, gamma=None, beta=None, causal=False,"
    " key_mask=None, seed=0, literal=False, bias=None, query_offset=None, denominator_floor=None, lengths=None, tolerance=0.0001, method='auto',"
    " threads=None, out=None, return_info=False",
    "maclaurin_features": "features, dim, *, kernel='exp', seed=0, exact_degrees=0, literal=False",
    "softmax_attention": "q, k, v, *, bias=None, scale=None, causal=False, query_offset=None, key_mask=None, lengths=None,"
    " threads=None, out=None, return_info=False",
    "gaussian_attention": "q, k, v, *, bias=None, causal=False, query_offset=None, key_mask=None, lengths=None, threads=None,"
    " out=None, return_info=False",
    "skyformer": "q, k, v, *, landmarks=128, gamma=0.1, inverse='cholesky', sampling='uniform', seed=0, key_mask=None, lengths=None,"
    " threads=None, out=None, return_info=False",
    "map_features": "x, *, feature_map='prf', features=None, projection=None, projection_kind='orthogonal', seed=0, nu=1, normalize=None,"
    " qk_scale=None, feature_epsilon=None, return_log_scales=False, threads=None, out=None",
    "toeplitz_matmul": "c, x, *, out=None, threads=None",
    "fast_rpb": "v, weights, *, causal=False, grid=None, symmetric=False, prefix=0, suffix=0, key_mask=None, lengths=None,"
    " add_to=None, threads=None",
    "random_projection": "features, dim, *, kind='orthogonal', seed=0",
    "show_config": "",
}


def run_python(code, **environment):
    """The output of another interpreter; what it printed on both streams when it failed."""
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return finished.stdout.strip()


class InterfaceTest(unittest.TestCase):
    def test_signatures_are_the_documented_ones(self):
        for name, expected in CONVENTIONS.items():
            signature = inspect.signature(getattr(fastattn, name))
            bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
            self.assertEqual(str(inspect.Signature(bare)), f"({expected})")

    def test_everything_public_is_documented(self):
        for name in fastattn.__all__:
            # A dtype cannot carry a text of its own.
            self.assertTrue(inspect.getdoc(getattr(fastattn, name)) or f"`fastattn.{name}` is" in fastattn.__doc__, name)
        for name in (name for name in CONVENTIONS if name not in ("show_config", "toeplitz_matmul", "random_projection")):
            function = getattr(fastattn, name)
            for parameter in inspect.signature(function).parameters:
                self.assertIn(f"{parameter}", function.__doc__)

    def test_examples(self):
        for name in ("fastattn", *(f"fastattn._{name}" for name in ("fast_rpb", "gaussian", "kernelized", "maclaurin", "plans", "schoenbat", "skyformer", "softmax", "toeplitz"))):
            module = importlib.import_module(name)
            result = doctest.testmod(module, extraglobs={"fastattn": fastattn})
            self.assertGreater(result.attempted, 0, name)
            self.assertEqual(result.failed, 0, name)

    def test_readme_example(self):
        text = (PACKAGE.parent / "README.md").read_text()
        example = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
        self.assertIn("alibi_positions", example)
        self.assertIn("(8, 1024, 64) AttentionInfo(method=", run_python(example))

    def test_package_is_typed(self):
        self.assertTrue((PACKAGE / "py.typed").exists())
        for file in PACKAGE.glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef):
                    arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
                    missing = [a.arg for a in arguments if a.annotation is None and a.arg != "self"]
                    self.assertFalse(missing, f"{file.name}:{node.name}")
                    self.assertIsNotNone(node.returns, f"{file.name}:{node.name}")


class LoaderTest(unittest.TestCase):
    def test_library_is_loaded_at_the_first_call_only(self):
        code = "import fastattn; print(fastattn._library._loaded); fastattn.random_projection(2, 2); print(fastattn._library._loaded is None)"
        self.assertEqual(run_python(code, FASTATTN_LIBRARY="/nonexistent").splitlines()[0], "None")
        self.assertEqual(run_python(code).splitlines(), ["None", "False"])

    def test_override(self):
        path = str(PACKAGE / "lib" / "x86-64" / "libfastattn.so")
        code = "import fastattn; print(fastattn._library.library().path)"
        self.assertEqual(run_python(code, FASTATTN_LIBRARY=path), path)

    def test_error_lists_what_was_tried(self):
        message = run_python("import fastattn; fastattn.show_config()", FASTATTN_LIBRARY="/nonexistent/libfastattn.so")
        self.assertIn("FastAttnError: no FastAttn library could be loaded; tried", message)
        self.assertIn("/nonexistent/libfastattn.so: ", message)
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(PACKAGE, Path(directory) / "fastattn", ignore=shutil.ignore_patterns("lib"))
            code = f"import sys; sys.path.insert(0, {directory!r}); import fastattn; fastattn.show_config()"
            message = run_python(code, FASTATTN_LIBRARY="")
        for level in ("x86-64-v4", "x86-64-v3", "x86-64"):
            self.assertIn(f"{directory}/fastattn/lib/{level}/libfastattn.so: ", message)

    def test_file_that_is_no_library(self):
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(b"not a library")
            file.flush()
            self.assertIn(file.name, run_python("import fastattn; fastattn.show_config()", FASTATTN_LIBRARY=file.name))
        libc = run_python("import ctypes.util; print(ctypes.util.find_library('c'))")
        self.assertIn("fa_abi_version", run_python("import fastattn; fastattn.show_config()", FASTATTN_LIBRARY=f"/lib/x86_64-linux-gnu/{libc}"))


class ConfigTest(unittest.TestCase):
    def show(self, **environment):
        return run_python("import fastattn; fastattn.show_config()", **environment)

    def test_show_config(self):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self.assertIsNone(fastattn.show_config())
        for word in (f"version  {fastattn.__version__}\n", "library", "tier", "threads", "costs    shipped"):
            self.assertIn(word, printed.getvalue())
        self.assertRegex(fastattn.__version__, r"^\d+\.\d+\.\d+$")
        self.assertFalse(hasattr(fastattn, "anything_else"))

    def test_tier_can_be_lowered(self):
        self.assertIn("tier     portable: ", self.show(FASTATTN_TIER="portable"))

    def test_a_tier_that_the_build_lacks_is_ignored_and_told(self):
        shown = self.show(FASTATTN_TIER="neon")
        self.assertIn(f"tier     {run_python(TIER)}: ", shown)
        self.assertIn("FASTATTN_TIER=neon is not available here", shown)

    def test_a_cost_table_that_cannot_be_used_is_told(self):
        self.assertIn("because /nonexistent/costs.json cannot be used: ", self.show(FASTATTN_COSTS="/nonexistent/costs.json"))

    def test_environment_that_cannot_be_understood_is_refused(self):
        for variable, value in (("FASTATTN_TIER", "sse9"), ("FASTATTN_THREADS", "many"), ("FASTATTN_THREADS", "0")):
            for code in ("import fastattn; fastattn.show_config()", TIER):
                with self.subTest(variable=variable, value=value):
                    last_line = run_python(code, **{variable: value}).splitlines()[-1]
                    self.assertRegex(last_line, f"^fastattn._errors.ArgumentError: .*{variable}.*{value}")

    def test_threads(self):
        self.assertIn("threads  3", self.show(FASTATTN_THREADS="3"))

    def test_every_tier_of_this_build(self):
        lowest_first = TIERS[: TIERS.index(run_python(TIER)) + 1]
        for tier in lowest_first:
            if tier != "neon":
                with self.subTest(tier=tier):
                    self.assertEqual(run_python(TIER, FASTATTN_TIER=tier), tier)


TIER = """
import numpy as np, fastattn
q = np.ones((5, 3), dtype=np.float32)
print(fastattn.kernelized_attention(q, q, q, return_info=True)[1].tier)
"""

FORK = """
import multiprocessing, numpy as np, fastattn
q = np.ones((4, 300, 16), dtype=np.float32)

def work(queue):
    try:
        queue.put(float(fastattn.kernelized_attention(q, q, q, threads=2).sum()))
    except fastattn.FastAttnError as error:
        queue.put(str(error))

def child(method):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=work, args=(queue,))
    process.start()
    process.join(30)
    return queue.get() if process.exitcode == 0 else process.exitcode

print(child("fork"))
print(float(fastattn.kernelized_attention(q, q, q).sum()))
print(child("fork"))
"""

# Children forked while two threads compute: each asks for something, or ends with objects of the parent's to finalize.
FORK_WHILE_COMPUTING = """
import os, signal, sys, threading, numpy as np, fastattn
q = np.ones((4, 64, 16), dtype=np.float32)
positions = fastattn.alibi_positions(0.5)
draw = fastattn.maclaurin_features(64, 16)
prepared = fastattn.SoftmaxAttention(4, 64, 16)
enough = threading.Event()

def compute():
    while not enough.is_set():
        fastattn.kernelized_attention(q, q, q, bias=positions, threads=2)

threads = [threading.Thread(target=compute) for _ in range(2)]
for thread in threads:
    thread.start()
ended = []
for attempt in range(40):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        if attempt % 2:
            sys.exit(0)
        fastattn.clear_plan_cache()
        for ask in (
            fastattn.show_config, lambda: fastattn.random_projection(2, 2), lambda: fastattn.alibi_positions(1.0),
            lambda: prepared.forward(q, q, q), prepared.explain, lambda: fastattn.kernelized_attention(q, q, q, bias=positions, threads=2),
        ):
            try:
                ask()
                os._exit(1)
            except fastattn.FastAttnError as error:
                if type(error) is not fastattn.FastAttnError or "forked" not in str(error):
                    os._exit(2)
        prepared.close()
        os._exit(0)
    ended.append(os.waitpid(child, 0)[1])
enough.set()
for thread in threads:
    thread.join()
print(set(ended))
"""

FINALIZERS = """
import os
from fastattn import _library
asked = []
class Owner: pass
owner = Owner()
_library.destroy_with(owner, asked.append, 1)
child = os.fork()
if child == 0:
    del owner
    os._exit(len(asked))
print(os.waitpid(child, 0)[1], asked)
del owner
print(asked)
"""


class ProcessTest(unittest.TestCase):
    def test_fork(self):
        before, parent, after = run_python(FORK).splitlines()
        self.assertEqual(before, parent)
        self.assertIn("FA_ERROR_FORKED", after)

    def test_fork_while_threads_compute(self):
        self.assertEqual(run_python(FORK_WHILE_COMPUTING), "{0}")

    def test_finalizers_do_nothing_in_another_process(self):
        self.assertEqual(run_python(FINALIZERS).splitlines(), ["0 []", "[1]"])


class InstallationTest(unittest.TestCase):
    def test_pip_installs_from_the_prefix(self):
        with tempfile.TemporaryDirectory() as directory:
            source, target = Path(directory) / "source", Path(directory) / "target"
            shutil.copytree(PACKAGE.parent, source, ignore=shutil.ignore_patterns("__pycache__"))
            installed = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet",
                 "--target", str(target), str(source)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            self.assertEqual(installed.returncode, 0, installed.stdout)
            code = f"import sys; sys.path.insert(0, {str(target)!r}); import fastattn; print(fastattn._library.library().path)"
            loaded = run_python(code, FASTATTN_LIBRARY="")
            self.assertTrue(loaded.startswith(str(target)), loaded)
            self.assertTrue((target / "fastattn" / "py.typed").exists())
            self.assertEqual(len(list(target.glob("fastattn/lib/*/libfastattn.so"))), 3)


if __name__ == "__main__":
    unittest.main()
