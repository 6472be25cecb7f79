"""Ctrl-C, and whatever else a signal handler raises, ends a call that computes."""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Generator, Optional

# A call is asked so often: seldom enough to cost nothing, often enough for a person at the keyboard.
_MILLISECONDS = 50

_CHECK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)


class Interrupts:
    """Lets the calls of the main thread run the handlers of signals that came meanwhile. Other threads never run them."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._raised: Optional[BaseException] = None
        self._answers: Optional[Generator[int, None, None]] = None
        self._check: Any = None

    def watch(self) -> None:
        """Called before a call: on the main thread, from then on its calls are watched."""
        if threading.current_thread() is not threading.main_thread() or (self._answers is not None and self._answers.gi_frame):
            return
        answers = self._generate()
        # Into its `try`, before C calls it.
        next(answers)
        self._answers = answers
        self._check = _CHECK(answers.send)
        self._library.fa_set_interrupt(self._check, None, _MILLISECONDS)

    def raised(self) -> Optional[BaseException]:
        """What ended the last call, once."""
        raised, self._raised = self._raised, None
        return raised

    def _generate(self) -> "Generator[int, None, None]":
        # The interpreter runs handlers as a generator goes on. What they raise arises inside the `try`; at the start of a
        # function or a generator it would arise outside of any, and ctypes would print it and go on.
        answer = 0
        while True:
            try:
                yield answer
                answer = 0
            except BaseException as error:
                self._raised = error
                answer = 1
