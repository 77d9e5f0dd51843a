"""The first Ctrl-C or SIGTERM asks to stop after the call in flight; the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from reconciler.cli.exits import Exit


class Stop:
    """Whether somebody asked to stop, and what the exit code is then."""

    def __init__(self, told: Callable[[str], None] = lambda text: None) -> None:
        self._asked = threading.Event()
        self._told = told
        self.code = Exit.INTERRUPTED

    def __call__(self) -> bool:
        return self._asked.is_set()

    def ask(self, code: Exit = Exit.INTERRUPTED) -> None:
        """Ask to stop; asked twice, the process ends here."""
        if self._asked.is_set():
            if sys.stderr is not None and sys.stderr.isatty():
                os.write(2, b"\x1b[?25h\n")  # a live table has hidden the cursor
            os._exit(code)
        self.code = code
        self._asked.set()
        again = " (Ctrl-C again: at once)" if code is Exit.INTERRUPTED else ""
        said = f"stopping after the call in flight{again}"
        try:
            self._told(said)
        except RuntimeError:  # the signal came in the midst of a write to the same stream
            os.write(2, f"{said}\n".encode())

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Signals ask to stop, where this is the main thread; before and after they do what they did."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        wanted = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED}

        def heard(number: int, _frame: FrameType | None) -> None:
            self.ask(wanted[signal.Signals(number)])

        before = {number: signal.signal(number, heard) for number in wanted}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
