"""What waits to be sent to one receiver: bounded, tried again with patience, and given up in the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from random import Random
from typing import Final, Generic, TypeVar

from reconciler.agent.board import Board
from reconciler.agent.tell.answers import LONGEST, Later
from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError

T = TypeVar("T")
COUNTER: Final = "reconciler_notifications_total"
MOST: Final = 1_000
LIFETIME: Final = 3_600.0
"""Seconds after which a notification that could not be sent is not news any more."""
_FIRST: Final = 5.0

log = logging.getLogger(__name__)


class Lane(Generic[T]):
    """A queue in front of ``send``, which takes some of it at once and raises for all of them.

    batch     how many it takes
    same      what stands for an item: a later one takes the place of an earlier one that still waits
    lifetime  seconds after which an item is given up

    What is too much pushes out the oldest. Thread-safe but for ``step``, which one thread calls.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Sequence[T]], None],
        clock: Clock,
        board: Board,
        *,
        batch: int = 1,
        same: Callable[[T], Hashable] | None = None,
        lifetime: float = LIFETIME,
        jitter: Random | None = None,
    ) -> None:
        self.name = name
        self._send, self._clock, self._board = send, clock, board
        self._batch, self._same, self._jitter = batch, same, jitter or Random()
        self._lifetime = lifetime
        self._waiting: dict[Hashable, tuple[T, float]] = {}
        self._number = self._failures = 0
        self._due = 0.0
        self._lock = threading.Lock()

    def put(self, item: T) -> None:
        """Never blocks, never fails."""
        with self._lock:
            self._number += 1
            key = self._same(item) if self._same is not None else self._number
            self._waiting[key] = item, self._clock.monotonic()
            full = len(self._waiting) > MOST
            if full:
                del self._waiting[next(iter(self._waiting))]
        if full:
            self._dropped(1, f"{MOST} others wait already")

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._waiting)

    def step(self) -> float | None:
        """Send what is due. Seconds until something may be due again; None: nothing waits."""
        now = self._clock.monotonic()
        self._age(now)
        with self._lock:
            taken = [(key, item) for key, (item, _) in list(self._waiting.items())[: self._batch]]
        if not taken:
            return None
        if now < self._due:
            return self._due - now
        try:
            self._send([item for _, item in taken])
        except ReconcilerError as error:
            return self._failed(error, taken)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and the next one may go well
            self._done(taken)
            self._dropped(len(taken), f"a bug in reconciler: {type(error).__name__}")
            return 0.0
        self._failures, self._due = 0, 0.0
        self._done(taken)
        self._board.count(COUNTER, len(taken), channel=self.name, result="sent")
        return 0.0

    def _failed(self, error: ReconcilerError, taken: Sequence[tuple[Hashable, T]]) -> float:
        if not error.retry:
            self._done(taken)
            self._dropped(len(taken), f"{error}{f' ({error.hint})' if error.hint else ''}")
            return 0.0
        asked = error.after if isinstance(error, Later) else None
        pause = min(_FIRST * 2.0**self._failures, LONGEST) * self._jitter.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        pause = max(pause, asked or 0.0)
        self._due = self._clock.monotonic() + pause
        log.warning("channel %s: %s; tried again in %.0f s", self.name, error, pause)
        return pause

    def _age(self, now: float) -> None:
        with self._lock:
            old = [key for key, (_, since) in self._waiting.items() if now - since > self._lifetime]
            for key in old:
                del self._waiting[key]
        if old:
            self._dropped(len(old), f"could not be sent for {self._lifetime / 60:.0f} minutes")

    def _done(self, taken: Sequence[tuple[Hashable, T]]) -> None:
        """Forget what was sent; but not what has taken its place meanwhile."""
        with self._lock:
            for key, item in taken:
                if key in self._waiting and self._waiting[key][0] is item:
                    del self._waiting[key]

    def _dropped(self, number: int, why: str) -> None:
        log.warning("channel %s: %d not sent: %s", self.name, number, why)
        self._board.count(COUNTER, number, channel=self.name, result="dropped")
