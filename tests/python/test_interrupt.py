"""Ctrl-C and other signals during a call, and limits of the process; each in a process of its own."""

import os
import signal
import subprocess
import sys
import textwrap
import unittest

# Calls of many minutes, so that none ends by itself before the signal comes; what each returns afterwards must be right.
_PRELUDE = """
import os, signal, sys, threading, time
import numpy as np
import fastattn

# A shell that starts the tests in the background has Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
n = 400_000
q = np.zeros((1, n, 64), dtype=np.float32)
v = np.ones((1, n, 64), dtype=np.float32)
CALLS = {
    "kernelized": lambda: fastattn.kernelized_attention(q, q, v, bias=fastattn.alibi_positions([0.0]), method="direct"),
    "fft": lambda: fastattn.kernelized_attention(q, q, v, bias=fastattn.alibi_positions([0.01]), features=1024, method="fft"),
    "softmax": lambda: fastattn.softmax_attention(q, q, v),
    "gaussian": lambda: fastattn.gaussian_attention(q, q, v),
    "skyformer": lambda: fastattn.skyformer(q[:, :6000], q[:, :6000], v[:, :6000], landmarks=4096, gamma=1.0, inverse="schulz"),
}

def usable():
    one = np.ones((3, 1), dtype=np.float32)
    assert fastattn.fast_rpb(one, [1.0, 1, 1, 1, 1]).ravel().round().tolist() == [3, 3, 3]
    assert fastattn.softmax_attention(one, one, one).ravel().tolist() == [1, 1, 1]
    assert fastattn.dense_positions(np.zeros(5), 3).kind == "dense"
"""


def run(body: str, **keywords: object) -> "subprocess.CompletedProcess[str]":
    """The Python text in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", _PRELUDE + textwrap.dedent(body)], capture_output=True, text=True, timeout=300, check=False, **keywords
    )


class InterruptTest(unittest.TestCase):
    def check(self, result: "subprocess.CompletedProcess[str]") -> None:
        self.assertEqual((result.returncode, result.stdout.strip(), result.stderr.strip()), (0, "done", ""))

    def test_what_a_handler_raises_before_the_first_check_is_not_lost(self) -> None:
        self.check(
            run(
                """
                class Alarm(Exception):
                    pass

                def handler(*_):
                    raise Alarm

                signal.signal(signal.SIGALRM, handler)
                fastattn.__version__  # loads the library
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                try:
                    CALLS["softmax"]()
                except Alarm:
                    print("done")
                """
            )
        )

    def test_a_signal_ends_every_long_call(self) -> None:
        self.check(
            run(
                """
                for name, call in CALLS.items():
                    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
                    timer.start()
                    try:
                        call()
                        print(name, "was not interrupted")
                    except KeyboardInterrupt:
                        pass
                    timer.join()
                    usable()
                print("done")
                """
            )
        )

    def test_what_a_handler_raises_comes_out_and_what_it_returns_goes_on(self) -> None:
        self.check(
            run(
                """
                class Stop(Exception):
                    pass

                seen = []

                def handler(number, frame):
                    seen.append(number)
                    usable()
                    if len(seen) == 2:
                        signal.setitimer(signal.ITIMER_REAL, 0)
                        raise Stop

                signal.signal(signal.SIGALRM, handler)
                signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
                try:
                    CALLS["softmax"]()
                except Stop:
                    usable()
                    print("done" if len(seen) == 2 else seen)
                """
            )
        )

    def test_a_handler_may_call_the_object_that_it_interrupts(self) -> None:
        self.check(
            run(
                """
                class Stop(Exception):
                    pass

                m = 60_000
                rows, ones = q[:, :m].copy(), v[:, :m].copy()
                attention = fastattn.SoftmaxAttention(1, m, 64, threads=1)
                seen = []

                def handler(number, frame):
                    seen.append(number)
                    lone = fastattn.SoftmaxAttention(1, 1, 64)
                    assert lone.forward(q[:, :1], q[:, :1], v[:, :1]).tolist() == v[:, :1].tolist()
                    try:
                        attention.forward(rows[:, 1:], rows, ones)
                    except fastattn.ShapeError:
                        seen.append("refused")
                    raise Stop

                signal.signal(signal.SIGALRM, handler)
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                try:
                    attention.forward(rows, rows, ones)
                except Stop:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    usable()
                    print("done" if seen == [signal.SIGALRM, "refused"] else seen)
                """
            )
        )

    def test_calls_of_other_threads_go_on(self) -> None:
        self.check(
            run(
                """
                m = 3000
                small, ones = q[:, :m].copy(), v[:, :m].copy()
                expected = fastattn.softmax_attention(small, small, ones)
                wrong = []

                def work():
                    for _ in range(6):
                        if not np.array_equal(fastattn.softmax_attention(small, small, ones), expected):
                            wrong.append(1)

                other = threading.Thread(target=work)
                other.start()
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                try:
                    CALLS["kernelized"]()
                except KeyboardInterrupt:
                    other.join()
                    usable()
                    print(wrong or "done")
                """
            )
        )

    def test_a_library_that_was_only_loaded_may_be_forked(self) -> None:
        self.check(
            run(
                """
                fastattn.__version__
                child = os.fork()
                if child == 0:
                    usable()
                    os._exit(7)
                print("done" if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 else "the child failed")
                """
            )
        )


class LimitTest(unittest.TestCase):
    def test_little_address_space_is_an_error_or_an_answer(self) -> None:
        # A limit above what Python and NumPy have already, step by step, from far too little to enough.
        result = run(
            """
            import resource
            with open("/proc/self/statm") as sizes:
                used = int(sizes.read().split()[0]) * resource.getpagesize()
            answers = []
            for megabytes in (1, 8, 16, 32, 64, 128, 256, 512, 1024, 8192):
                child = os.fork()
                if child == 0:
                    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))
                    try:
                        usable()
                        os._exit(0)
                    except (fastattn.FastAttnError, MemoryError):
                        os._exit(1)
                answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            print("done" if set(answers) <= {0, 1} and answers[0] == 1 and answers[-1] == 0 else answers)
            """
        )
        self.assertEqual((result.stdout.strip(), result.stderr.strip()), ("done", ""))


if __name__ == "__main__":
    unittest.main()
