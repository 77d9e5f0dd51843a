"""Asks the remote for its newest commit, again and again, on a thread of its own: one that hangs holds up nothing else.

The loop reads what was seen and never waits for the remote, but for a time it sets itself (``fetch_now``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final

from reconciler.agent.desk import Wake
from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError, SourceError

_JITTER: Final = 0.1
_LONGEST_PAUSE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the remote.

    ``commit`` is the newest one that was fetched, whatever came after; None: none by this process. ``error``: why the
    last fetch failed; None: it did not. ``at``: when the last fetch ended. ``fetched_ever``: whether one succeeded.
    """

    commit: str | None = None
    error: ReconcilerError | None = None
    at: datetime | None = None
    fetched_ever: bool = False


class Overdue(SourceError):
    """A fetch has not ended in the time that somebody had for it; it goes on."""

    retry = True


class Poller:
    """``fetch`` gives the newest commit's full id or raises; ``every`` is seconds. All but ``step`` is for any thread.

    ``wake`` is called when the commit, or what is wrong, is another than before: by the poller's thread.
    """

    def __init__(
        self, fetch: Callable[[], str], clock: Clock, wake: Callable[[Wake], None], every: float, jitter: Random
    ) -> None:
        self._fetch, self._clock, self._wake = fetch, clock, wake
        self._every, self._jitter = every, jitter
        self._changed = threading.Condition()
        self._seen = Seen()
        self._begun = self._ended = self._failures = 0
        self._poked = self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Fetch now and from now on."""
        self._thread = threading.Thread(target=self._run, name="git-poller", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Begin no more fetches, and give the one under way so many seconds; whether it has ended."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def poke(self) -> None:
        """Fetch at once; while a fetch is under way, once more after it, however often this is said."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()

    def seen(self) -> Seen:
        """Never blocks for long."""
        with self._changed:
            return self._seen

    def fetch_now(self, timeout: float) -> Seen:
        """What a fetch saw that began after this call; after ``timeout`` seconds what is known, and Overdue."""
        with self._changed:
            ours = self._begun + 1
            self._poked = True
            self._changed.notify_all()
            if self._changed.wait_for(lambda: self._ended >= ours or self._stopping, timeout) and self._ended >= ours:
                return self._seen
            seen = self._seen
        overdue = Overdue(
            "the agent is stopping" if self._stopping else f"the fetch has not ended within {timeout:g} s",
            where="git",
            hint="it goes on; what was fetched before stays in force",
        )
        return Seen(seen.commit, overdue, seen.at, seen.fetched_ever)

    def step(self) -> float:
        """Fetch once, tell, and say after how many seconds to do it again."""
        with self._changed:
            self._poked = False
            self._begun += 1
            number = self._begun
        commit, error = self._attempt()
        with self._changed:
            before = self._seen
            self._seen = now = Seen(
                commit or before.commit, error, self._clock.now(), before.fetched_ever or error is None
            )
            self._failures = self._failures + 1 if error else 0
            self._ended = number
            self._changed.notify_all()
            pause = self._pause()
        if why := _news(before, now):
            self._wake(Wake(git=True, why=why))
        return pause

    def _attempt(self) -> tuple[str | None, ReconcilerError | None]:
        try:
            return self._fetch(), None
        except ReconcilerError as error:
            failed = error
        except Exception as error:  # noqa: BLE001 - the thread lives on, whatever it was
            failed = SourceError(
                f"the fetch broke off: {type(error).__name__}", where="git", hint="this is a mistake here"
            )
        failed.__traceback__ = failed.__cause__ = failed.__context__ = None  # frames hold credentials, and memory
        return None, failed

    def _pause(self) -> float:
        longest = max(self._every, _LONGEST_PAUSE)
        pause = min(longest, self._every * 2.0 ** min(self._failures, 30))
        return pause * self._jitter.uniform(1 - _JITTER, 1 + _JITTER)

    def _run(self) -> None:
        while not self._stopping:
            pause = self.step()
            with self._changed:
                self._changed.wait_for(lambda: self._poked or self._stopping, pause)


def _news(before: Seen, now: Seen) -> str:
    """What is new, for the log; empty: nothing."""
    if now.commit != before.commit:
        return f"commit {now.commit}"
    if _told(now.error) != _told(before.error):
        return "the repository cannot be fetched" if now.error else "the repository can be fetched again"
    return ""


def _told(error: ReconcilerError | None) -> tuple[str, str] | None:
    return None if error is None else (type(error).__name__, str(error))
