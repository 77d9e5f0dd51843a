"""What was: frozen states to answer old reads from, by number of writes back and by moment."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

VERSIONS_KEPT: Final = 64
Key = tuple[str, str, str]
"""(service, account, Region)"""


@dataclass
class History:
    before: deque[tuple[float, Any]] = field(default_factory=lambda: deque(maxlen=VERSIONS_KEPT))
    """(moment of a write, state just before it), oldest first."""
    since: list[tuple[float, Any]] = field(default_factory=list)
    """(moment, state from then on), oldest first."""


class Past:
    """Frozen states are opaque here; None stands for "as it is now"."""

    def __init__(self) -> None:
        self._histories: dict[Key, History] = {}

    def forget(self) -> None:
        self._histories.clear()

    def before(self, key: Key, now: float, frozen: Any) -> None:
        """A write is about to change this."""
        self._history(key).before.append((now, frozen))

    def since(self, key: Key, now: float, frozen: Any, horizon: float, *, each: bool = False) -> None:
        """This is how things stand from now on. Nobody will ask for what was before ``horizon``.

        ``each`` keeps what held for no time at all, too: that which was made and deleted in one moment.
        """
        since = self._history(key).since
        if since and since[-1][0] == now and not each:
            since[-1] = (now, frozen)
        elif not since or since[-1][1] != frozen:
            since.append((now, frozen))
        while len(since) > 1 and since[1][0] <= horizon:
            since.pop(0)

    def begun(self, key: Key) -> bool:
        return bool(self._history(key).since)

    def versions_ago(self, key: Key, count: int) -> Any:
        """As it was before the last ``count`` writes; the oldest kept when there were more."""
        before = self._history(key).before
        return before[max(len(before) - count, 0)][1] if count and before else None

    def at(self, key: Key, moment: float) -> Any:
        """As it was then; the oldest kept when that is younger."""
        since = self._history(key).since
        return next((frozen for began, frozen in reversed(since) if began <= moment), since[0][1] if since else None)

    def writes_since(self, key: Key, moment: float) -> int:
        return sum(at > moment for at, _ in self._history(key).before)

    def between(self, key: Key, start: float, end: float) -> list[Any]:
        """Every state that held at some time from ``start`` to ``end``."""
        since = self._history(key).since
        first = next((i for i in range(len(since) - 1, -1, -1) if since[i][0] <= start), 0)
        return [frozen for began, frozen in since[first:] if began <= end]

    def _history(self, key: Key) -> History:
        return self._histories.setdefault(key, History())
