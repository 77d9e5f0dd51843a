"""How often is too often: tokens that are taken and come back with time. Pure; seconds by a monotonic clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Bucket:
    """Holds ``most`` tokens; one comes back every ``every`` seconds."""

    def __init__(self, most: int, every: float) -> None:
        self._most, self._every = most, every
        self._left, self._at = float(most), float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0: there is one."""
        self._fill(now)
        return 0.0 if self._left >= 1 else (1 - self._left) * self._every

    def take(self, now: float) -> float:
        """The same, and where there is a token it is taken."""
        found = self.wait(now)
        if not found:
            self._left -= 1
        return found

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._left = min(self._most, self._left + (now - self._at) / self._every)
            self._at = now


class Buckets:
    """A bucket for each of those who ask, and no more than so many of them: the one longest unused is forgotten."""

    def __init__(self, most: int, every: float, *, keep: int = 1024) -> None:
        self._of: OrderedDict[str, Bucket] = OrderedDict()
        self._most, self._every, self._keep = most, every, keep

    def of(self, name: str) -> Bucket:
        found = self._of.setdefault(name, Bucket(self._most, self._every))
        self._of.move_to_end(name)
        while len(self._of) > self._keep:
            self._of.popitem(last=False)
        return found


class Once:
    """What has been seen, and no more than so many of them."""

    def __init__(self, keep: int = 4096) -> None:
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._keep = keep

    def first(self, what: Hashable) -> bool:
        """Whether it is seen for the first time; from now on it is not."""
        if what in self._seen:
            return False
        self._seen[what] = None
        while len(self._seen) > self._keep:
            self._seen.popitem(last=False)
        return True
