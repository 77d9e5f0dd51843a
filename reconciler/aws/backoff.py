"""How long to wait before a refused or unanswered call is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: anything up to ``base`` · 2ⁿ seconds, at most ``ceiling``.

    ``tries`` and ``throttles`` count the first one: how often silence is answered by asking again, and how often a
    throttle, which is no failure and slows the whole budget down.
    """

    tries: int = 5
    throttles: int = 12
    base: float = 0.5
    ceiling: float = 10.0

    def after(self, tried: int, jitter: Random, *, throttled: bool = False) -> float | None:
        """Seconds to wait after ``tried`` tries; None when there are no more."""
        if tried >= (self.throttles if throttled else self.tries):
            return None
        return jitter.uniform(0, min(self.ceiling, self.base * 2.0**tried))
