"""The virtual clock: a heap of due actions, run in the order of their time, then of their making."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Clock:
    """Seconds since the epoch. Nothing here knows the wall clock."""

    def __init__(self, start: float) -> None:
        self.now = start
        self.after_step: list[Action] = []
        """Called after every action: tests check their invariants here."""
        self._heap: list[tuple[float, int, Action, bool]] = []
        self._made = 0
        self._moving = 0

    def after(self, delay: float, action: Action, *, housekeeping: bool = False) -> None:
        """Run ``action`` when ``delay`` seconds have passed. It may find the world changed and must look.

        ``housekeeping`` is what nobody waits for: forgetting what is long gone.
        """
        self._made += 1
        self._moving += not housekeeping
        heapq.heappush(self._heap, (self.now + max(delay, 0.0), self._made, action, housekeeping))

    @property
    def due(self) -> float | None:
        """When the next action is due; None when nothing will happen by itself, housekeeping aside."""
        return self._heap[0][0] if self._moving else None

    def run_until(self, moment: float) -> None:
        """Run all that is due up to and including ``moment``, then stand there. Never goes back."""
        while self._heap and self._heap[0][0] <= moment:
            due, _, action, housekeeping = heapq.heappop(self._heap)
            self._moving -= not housekeeping
            self.now = max(self.now, due)
            action()
            for check in self.after_step:
                check()
        self.now = max(self.now, moment)
