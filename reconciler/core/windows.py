"""Sync windows: whether something may be changed at a time, why not, and when it may next.

A window opens each time that the clock of its zone shows a time of its schedule: in an hour that comes twice, twice. A
time that a clock skips is taken to be the end of what it skips. It stays open for its duration, whatever clocks do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from reconciler.model.cron import walls
from reconciler.model.window import Window

Groups = tuple[tuple[Window, ...], ...]
"""Windows of the environment, windows of the app: each of these has to be open by itself."""

_STEPS = 1000
"""How many closings and openings are looked through for the next time when all is open."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shut:
    """Nothing may be changed. ``window``: the open one that denies, or else one that would allow and is not open.

    ``until``: when all is open next, in UTC; None: not as far as was looked. ``zone`` is that of the window that
    decides it.
    """

    window: Window
    until: datetime | None
    zone: str = "UTC"

    def __str__(self) -> str:
        """``deny 0 0 24 12 * (Europe/Berlin) is open; changes may be made from 2026-12-27 00:00 CET (… UTC) on``"""
        why = f"{self.window} is {'open' if self.window.deny else 'not open'}"
        if self.until is None:
            return f"{why}, and no time is in sight when changes may be made"
        there, utc = self.until.astimezone(ZoneInfo(self.zone)), f"{self.until:%Y-%m-%d %H:%M} UTC"
        local = utc if self.zone == "UTC" else f"{there:%Y-%m-%d %H:%M %Z} ({utc})"
        return f"{why}; changes may be made from {local} on"


def shut(groups: Iterable[Iterable[Window]], now: datetime) -> Shut | None:
    """Why nothing may be changed at a time; None when it may.

    Without a window everything may be changed. An open one that denies wins; of a group that has some that allow, one
    of these must be open.
    """
    return _shut(tuple(tuple(group) for group in groups), now.astimezone(UTC).replace(microsecond=0))


@lru_cache(maxsize=1024)
def _shut(groups: Groups, now: datetime) -> Shut | None:
    first = found = _closed(groups, now)
    if first is None:
        return None
    at = now
    for _ in range(_STEPS):
        assert found is not None
        window, allowing = found
        if window.deny:
            opens = [((_last(window, at) or at) + timedelta(seconds=window.duration), window)]
        else:
            opens = [(time, one) for one in allowing if (time := _next(one, at)) is not None]
        if not opens:
            break
        at, window = min(opens, key=lambda item: item[0])
        found = _closed(groups, at)
        if found is None:
            return Shut(first[0], at, window.time_zone)
    return Shut(first[0], None)


def _closed(groups: Groups, now: datetime) -> tuple[Window, tuple[Window, ...]] | None:
    """The window that stands in the way, and those of which one has to open for it to do so no more."""
    for window in (window for group in groups for window in group):
        if window.deny and _is_open(window, now):
            return window, ()
    for group in groups:
        allowing = tuple(window for window in group if not window.deny)
        if allowing and not any(_is_open(window, now) for window in allowing):
            return allowing[0], allowing
    return None


def _is_open(window: Window, now: datetime) -> bool:
    opened = _last(window, now)
    return opened is not None and now < opened + timedelta(seconds=window.duration)


def _last(window: Window, now: datetime) -> datetime | None:
    """When it last opened, at the latest now."""
    zone = ZoneInfo(window.time_zone)
    slack = _slack(zone, now)
    times = walls(window.schedule, _wall(now, zone) + slack + timedelta(seconds=1), back=True)
    return max(_first(times, zone, slack, lambda at: at <= now), default=None)


def _next(window: Window, now: datetime) -> datetime | None:
    """When it opens next, later than now."""
    zone = ZoneInfo(window.time_zone)
    slack = _slack(zone, now)
    times = walls(window.schedule, _wall(now, zone) - slack - timedelta(seconds=1))
    return min(_first(times, zone, slack, lambda at: at > now), default=None)


def _first(
    times: Iterable[datetime], zone: ZoneInfo, slack: timedelta, fits: Callable[[datetime], bool]
) -> Iterator[datetime]:
    """The instants of the first time that has some which fit, and of those so near that a clock may have turned back
    in between."""
    first: datetime | None = None
    for wall in times:
        if first is not None and abs(wall - first) > slack:
            return
        for at in filter(fits, _instants(wall, zone)):
            first = first or wall
            yield at
        if first is not None and not slack:
            return


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When a clock shows a time: once, twice, or, where it skips that time, as soon as it is past it."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before == after:
        return (before,)
    if before < after:
        return before, after
    early, late = int(after.timestamp()), int(before.timestamp())  # it is put forward somewhere between these two
    while late - early > 1:
        middle = (early + late) // 2
        past = _wall(datetime.fromtimestamp(middle, UTC), zone) > wall
        early, late = (early, middle) if past else (middle, late)
    return (datetime.fromtimestamp(late, UTC),)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _slack(zone: ZoneInfo, now: datetime) -> timedelta:
    """By how much a clock is put forward or back around a time; nothing, but for two days in the year."""
    offsets = [(now + step).astimezone(zone).utcoffset() or timedelta() for step in (-_DAY, timedelta(), _DAY)]
    return max(offsets) - min(offsets)
