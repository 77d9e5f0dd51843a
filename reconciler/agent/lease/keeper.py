"""The thread that renews a lease for as long as its holder works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from reconciler.agent.lease.lease import Lease

Wait = Callable[[float], bool]
"""Waits so many seconds; True: it was told to stop."""


class Keeper:
    """Renews a lease while it is open. What goes wrong is the lease's ``trouble``, and its ``check`` stops the writes.

    ``wait`` is how the thread waits between two renewals; without one it waits on an event that ``stop`` sets.
    """

    def __init__(self, lease: Lease, wait: Wait | None = None) -> None:
        self._lease = lease
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; nothing when it has begun."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End: no renewal is made after this returns. Waits for the one under way, some seconds at the most."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Keeper:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._wait(self._lease.keep()):
                return
