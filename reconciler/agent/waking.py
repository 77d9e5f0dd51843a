"""A clock for whoever may be told to stop: nobody sleeps on while somebody waits for the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.model.clock import Clock

_SLICE = 0.25
"""Seconds after which a sleeper looks up: so soon a stop is heard, and a live table moves."""


class Waking:
    """A clock whose sleep ends early when somebody asks to stop, and that calls back while it sleeps."""

    def __init__(self, clock: Clock, stop: Callable[[], bool], beat: Callable[[], None] = lambda: None) -> None:
        self._clock, self._stop, self._beat = clock, stop, beat

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        end = self._clock.monotonic() + seconds
        while not self._stop() and (left := end - self._clock.monotonic()) > 1e-6:
            self._clock.sleep(min(left, _SLICE))
            self._beat()
