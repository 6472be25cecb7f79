"""The other side of bench/FastAttn.Bench/Inputs/PeerProgram.cs: a program that makes what it is asked for, and times it.

A request is a line of words, behind it the float32 arrays that it announces; an answer is a line, "ok" or "no" and words.
"""

import os
import sys
import time

import numpy


def serve(forms, about):
    """Answers until the input ends.

    forms: name -> function(sizes, arrays) that prepares and returns a function without arguments whose result numpy.asarray takes.
    """
    # Whatever libraries print must not get between the answers.
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    runs, outputs = {}, {}

    def answer(text, data=b""):
        writer.write(text.encode() + b"\n" + data)
        writer.flush()

    while line := reader.readline().decode():
        word, *rest = line.split()
        if word == "about":
            answer("ok " + about)
        elif word == "names":
            answer("ok " + ",".join(name.split(":")[1] for name in forms if name.startswith(rest[0] + ":")))
        elif word == "create":
            counts = [int(count) for count in rest[3].split(",")]
            arrays = [numpy.frombuffer(reader.read(4 * count), "<f4") for count in counts]
            try:
                runs[rest[0]] = forms[rest[1]]([int(size) for size in rest[2].split(",")], arrays)
                answer("ok")
            except Exception as error:  # Told to the bench, which ends with it.
                answer("no " + repr(error).replace("\n", " "))
        elif word == "run":
            start = time.perf_counter()
            outputs[rest[0]] = runs[rest[0]]()
            answer(f"ok {time.perf_counter() - start!r}")
        elif word == "output":
            data = numpy.ascontiguousarray(numpy.asarray(outputs[rest[0]]), "<f4")
            answer(f"ok {data.size}", data.tobytes())
        elif word == "drop":
            runs.pop(rest[0], None)
            outputs.pop(rest[0], None)
            answer("ok")
        else:
            answer("no " + word)
