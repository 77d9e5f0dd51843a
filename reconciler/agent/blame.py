"""Who changed what by hand, as far as CloudTrail told: for a while, and for as many as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.agent.index import Owned
from reconciler.model.clock import Clock
from reconciler.model.key import Key

LASTS: Final = timedelta(hours=24)
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Who:
    """``by`` is a principal, ``action`` an IAM action, ``at`` AWS's own time of the call."""

    owned: Owned
    by: str
    action: str
    at: datetime


class Blame:
    """Thread-safe. Of each resource the newest change counts, in whichever order they are told."""

    def __init__(self, clock: Clock, *, most: int = MOST, lasts: timedelta = LASTS) -> None:
        self._clock, self._most, self._lasts = clock, most, lasts
        self._lock = threading.Lock()
        self._known: OrderedDict[Owned, Who] = OrderedDict()

    def tell(self, who: Who) -> None:
        """A time to come is that of a clock that is wrong: it counts as now."""
        now = self._clock.now()
        who = who if who.at <= now else Who(who.owned, who.by, who.action, now)
        with self._lock:
            before = self._known.get(who.owned)
            if now - who.at > self._lasts or (before is not None and before.at > who.at):
                return
            self._known[who.owned] = who
            self._known.move_to_end(who.owned)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def who(self, environment: str, key: Key) -> str:
        """``by arn:aws:iam::123456789012:user/alice at 10:03 UTC``; empty: nobody knows."""
        found = self.last(environment, key)
        return f"by {found.by} at {_shown(found.at, self._clock.now())} UTC" if found else ""

    def last(self, environment: str, key: Key) -> Who | None:
        """The newest change that is known and not too old."""
        now = self._clock.now()
        with self._lock:
            found = self._known.get(Owned(environment, key))
            if found is not None and now - found.at > self._lasts:
                del self._known[found.owned]
                return None
            return found


def _shown(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"
