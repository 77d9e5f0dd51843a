"""A program that ends within its time, with everything it started: git's helpers and ssh hang with their remotes."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. ``code`` None: it did not within its time, or was stopped, and was killed.

    ``said`` is the end of what it wrote on stderr.
    """

    code: int | None
    said: str


class Bounded:
    """Runs programs one after another; another thread may stop them."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self) -> None:
        """Kill what runs, and let nothing begin any more."""
        with self._lock:
            self._stopped = True
            if self._running is not None:
                _kill(self._running)

    def run(self, arguments: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Ended:
        """Run to the end, or for ``timeout`` seconds. Raises OSError where it cannot be started.

        stderr goes to a file, not a pipe: who outlives its parent with a pipe in hand would keep us waiting.
        """
        with tempfile.TemporaryFile(dir=self._scratch) as errors:
            with self._lock:
                if self._stopped:
                    return Ended(None, "")
                self._running = process = subprocess.Popen(
                    list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=dict(env),
                    cwd=self._scratch, start_new_session=True,
                )  # fmt: skip
            code: int | None = None
            try:
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(timeout)
            finally:
                with self._lock:
                    self._running = None
                    if code is None:
                        _kill(process)
                process.wait()
            size = errors.seek(0, os.SEEK_END)
            errors.seek(max(0, size - _MOST_BYTES))
            said = errors.read().decode(errors="replace")
        return Ended(None if self.stopped else code, said)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """It is the leader of a group of its own, and not yet waited for: the number is still its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
