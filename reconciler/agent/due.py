"""Which apps are due, and in which order: what somebody waits for, then what moves, then the round of all the others.

Level-based: an app is due or it is not; being woken ten times while it waits is being due once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from random import Random

FIRST, LONGEST = 5.0, 300.0
"""Seconds of the first and of the longest pause after a failure."""

MOVING, UNHURRIED, PATIENT = 5.0, 15.0, 60.0
"""Seconds between two looks at what moves: at first, and once it has moved for longer than PATIENT."""

JITTER = 0.1


class Lane(IntEnum):
    """Earlier ones go first, however long the later ones are."""

    ASKED = 0
    MOVING = 1
    ROUND = 2


@dataclass(slots=True)
class _App:
    """``at`` None: nothing is due before the next round. ``alone``: it has failed, so it holds up nobody but itself."""

    at: float | None
    lane: Lane = Lane.ASKED
    failures: int = 0
    since: float | None = None

    @property
    def alone(self) -> bool:
        return self.failures > 0


class Due:
    """The apps of one environment. Times are seconds by the monotonic clock; not thread-safe.

    ``resync`` is how long nothing may go unlooked-at: the round, which takes all apps together, since ten services cost
    one call only when they are asked of together.
    """

    def __init__(self, resync: float, jitter: Random, now: float) -> None:
        self._resync, self._jitter = resync, jitter
        self._apps: dict[str, _App] = {}
        self._round_at = now
        self._turn_of_failed = False

    def know(self, apps: Collection[str], now: float) -> None:
        """These apps, and no others; those that are new are due."""
        for gone in self._apps.keys() - set(apps):
            del self._apps[gone]
        for app in apps:
            self._apps.setdefault(app, _App(now))

    def wake(self, apps: Iterable[str] | None, now: float, *, reset: bool = False) -> None:
        """Look at these apps now (None: at all). ``reset``: what failed may work now, so its pauses begin anew."""
        for name in self._apps if apps is None else apps:
            app = self._apps.get(name)
            if app is None:
                continue
            if reset:
                app.failures = 0
            elif app.alone:  # its pause is not cut short by an event that may be its own doing
                continue
            app.at, app.lane = now, Lane.ASKED

    def rested(self, app: str) -> None:
        """Nothing moves there: it waits for the next round."""
        self._set(app, None, failures=0)

    def moves(self, app: str, now: float, after: float = MOVING) -> None:
        """It moves by itself: look again after these seconds, less often when it takes its time."""
        known = self._apps.get(app)
        if known is None:
            return
        since = known.since if known.since is not None else now
        if after == MOVING and now - since > PATIENT:
            after = UNHURRIED
        self._set(app, now + after, failures=0, since=since)

    def failed(self, app: str, now: float) -> float:
        """It failed in a way that may pass: a pause that doubles, with jitter. The seconds."""
        known = self._apps.get(app)
        failures = 1 + (known.failures if known else 0)
        pause = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 10))
        pause *= 1 + self._jitter.uniform(-JITTER, JITTER)
        self._set(app, now + pause, failures=failures)
        return pause

    def at(self, app: str, when: float) -> None:
        """Look no later than this."""
        known = self._apps.get(app)
        if known is not None and (known.at is None or known.at > when):
            known.at, known.lane = when, Lane.MOVING

    def begin_round(self, now: float) -> bool:
        """Whether a round begins now: every app that is not pausing becomes due."""
        if now < self._round_at:
            return False
        self._round_at = now + self._resync * (1 + self._jitter.uniform(-JITTER, JITTER))
        for app in self._apps.values():
            if app.at is None or (app.at > now and not app.alone):
                app.at, app.lane = now, Lane.ROUND
        return True

    def scope(self, now: float, size: Callable[[str], int], room: int) -> tuple[str, ...]:
        """The apps to look at together now, the first lane first, as many as there is room for, at least one.

        What failed last time is looked at by itself, in turn with all the others.
        """
        apps = self._apps
        due = sorted((app.lane, app.at, name) for name, app in apps.items() if app.at is not None and app.at <= now)
        failed = [name for _, _, name in due if apps[name].alone]
        well = [name for _, _, name in due if not apps[name].alone]
        if failed and (not well or self._turn_of_failed):
            self._turn_of_failed = False
            return (failed[0],)
        self._turn_of_failed = True
        chosen: list[str] = []
        for name in well:
            room -= size(name)
            if chosen and room < 0:
                break
            chosen.append(name)
        return tuple(chosen)

    def next(self) -> float:
        """When something is due."""
        return min([self._round_at, *(app.at for app in self._apps.values() if app.at is not None)])

    def waiting(self, now: float) -> int:
        """How many are due."""
        return sum(app.at is not None and app.at <= now for app in self._apps.values())

    def failures(self, app: str) -> int:
        """How often in a row it failed."""
        known = self._apps.get(app)
        return known.failures if known else 0

    def _set(self, app: str, at: float | None, *, failures: int, since: float | None = None) -> None:
        if app in self._apps:
            self._apps[app] = _App(at, Lane.MOVING, failures, since)
