"""Time as an argument: what agent, engine and aws are handed instead of looking at a clock themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tests hand one that moves when somebody sleeps on it."""

    def now(self) -> datetime:
        """The time of day, aware, in UTC. May jump: never measure with it."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let this much time pass; nothing at or below zero."""
        ...
