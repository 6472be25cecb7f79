#!/usr/bin/env python3
"""Prints what a call from Python costs beside the native call in it: by an object, and by a function that finds what it prepared before.

    PYTHONPATH=PREFIX/python taskset -c 0 /usr/bin/python3 bench/python_overhead.py [--rounds N]

PREFIX is what nativelib/build.sh made. One query and one key of 8 heads, 64 columns, one thread, warm; with a bias where the
system has positions. All contestants of a row take turns; a time is the tenth percentile over rounds, because disturbances only add.
"""

import argparse
import ctypes
import time

import numpy as np

import fastattn
from fastattn import _arrays, _library

HEADS, DIM, CALLS = 8, 64, 200
SYSTEMS = {
    "kernelized": (fastattn.kernelized_attention, fastattn.KernelizedAttention, {}),
    "softmax": (fastattn.softmax_attention, fastattn.SoftmaxAttention, {}),
    "gaussian": (fastattn.gaussian_attention, fastattn.GaussianAttention, {}),
    "schoenbat": (fastattn.schoenbat, fastattn.SchoenbatAttention, {}),
    "skyformer": (fastattn.skyformer, fastattn.SkyformerAttention, {"landmarks": 1}),
}


def microseconds(call):
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6


def contestants(function, kind, options):
    """The native call alone, with everything that it needs made before; then the calls of users."""
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((3, HEADS, 1, DIM), dtype=np.float32)
    out = np.empty_like(v)
    if function is not fastattn.skyformer:
        options = {**options, "bias": rng.standard_normal((HEADS, 1), dtype=np.float32)}
    system = kind(HEADS, 1, DIM, threads=1, **options)
    forward, handle = _library.library().fa_attention_forward, system._handle
    tensors = [_arrays.described(array) for array in (q, k, v, out)]
    return {
        "native": lambda: forward(handle, *tensors, None, None),
        "object": lambda: system.forward(q, k, v),
        "object, out=": lambda: system.forward(q, k, v, out=out),
        "function": lambda: function(q, k, v, threads=1, **options),
        "function, out=": lambda: function(q, k, v, threads=1, out=out, **options),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    print("microseconds a call; native, then what each way adds to it")
    for name, system in SYSTEMS.items():
        calls = contestants(*system)
        for call in calls.values():
            call()
        times = {way: [] for way in calls}
        for _ in range(rounds):
            for way, call in calls.items():
                times[way].append(microseconds(call))
        best = {way: float(np.percentile(taken, 10)) for way, taken in times.items()}
        if name == "kernelized":
            print(f"{'':12}{'native':>10}" + "".join(f"{'+ ' + way:>18}" for way in list(calls)[1:]))
        print(f"{name:12}{best['native']:10.1f}" + "".join(f"{best[way] - best['native']:18.1f}" for way in list(calls)[1:]))


if __name__ == "__main__":
    main()
