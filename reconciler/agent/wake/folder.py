"""Watches a folder that is read as it lies, and wakes the agent when something in it has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from reconciler.agent.desk import Wake

_SETTLED: Final = 500
"""Milliseconds: changes that follow each other are one, for so long; an editor or a checkout makes many."""
_STEP: Final = 50
_AGAIN: Final = 5.0
"""Seconds until a folder that cannot be watched is tried again; what happens meanwhile, polling finds."""

Watch = Callable[[Path, threading.Event], Iterator[Any]]


def watched(folder: Path, stop: threading.Event) -> Iterator[Any]:
    """Yields after each change, until told to stop. Raises OSError, and what the library raises."""
    from watchfiles import watch

    return watch(folder, stop_event=stop, debounce=_SETTLED, step=_STEP, rust_timeout=1000, raise_interrupt=False)


class FolderWatcher:
    """``wake`` is called by a thread of this; ``.git`` and the files that editors leave are not looked at."""

    def __init__(self, folder: Path, wake: Callable[[Wake], None], *, watch: Watch = watched) -> None:
        self._folder, self._wake, self._watch = folder, wake, watch
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.error = ""

    def start(self) -> None:
        """Watch from now on."""
        self._thread = threading.Thread(target=self._run, name="folder-watcher", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Whether it has ended within so many seconds."""
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def step(self) -> None:
        """Watch until told to stop, or until the folder cannot be watched any more; ``error`` says why."""
        try:
            for _ in self._watch(self._folder, self._stop):
                self.error = ""
                self._wake(Wake(git=True, why=f"files changed in {self._folder}"))
        except Exception as error:  # noqa: BLE001 - events are a convenience: without them polling finds what changed
            self.error = f"{self._folder} cannot be watched: {error}"

    def _run(self) -> None:
        while not self._stop.is_set():
            self.step()
            self._stop.wait(_AGAIN)
