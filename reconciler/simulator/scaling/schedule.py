"""When a scheduled action is due: at(…), rate(…) and cron(…) as AWS writes them."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

UNITS = {"minute": 60, "hour": 3600, "day": 86400}
MONTHS = dict(
    zip(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), range(1, 13), strict=True)
)
DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
FARTHEST = 366 * 5
"""Days that are searched for the next time of a cron expression."""


@dataclass(frozen=True)
class Schedule:
    """``text`` in ``zone``: an IANA name. ValueError from ``read`` when AWS would refuse it."""

    text: str
    zone: str = "UTC"

    def next(self, after: float, anchor: float) -> float | None:
        """The first time after ``after``, epoch seconds; a rate counts from ``anchor``. None: never again."""
        kind, body = _parts(self.text)
        zone = _zone(self.zone)
        if kind == "at":
            when = datetime.fromisoformat(body).replace(tzinfo=zone).timestamp()
            return when if when > after else None
        if kind == "rate":
            value, unit = body.split()
            step = int(value) * UNITS[unit.rstrip("s")]
            return anchor + (max(int((after - anchor) // step), 0) + 1) * step
        return _cron(body, zone, after)


def read(text: str, zone: str | None) -> Schedule:
    schedule = Schedule(text, zone or "UTC")
    schedule.next(0, 0)
    return schedule


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"no time zone {name}") from error


def _parts(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(at|rate|cron)\((.+)\)", text.strip())
    if not match:
        raise ValueError(text)
    kind, body = match.groups()
    if kind == "rate" and not re.fullmatch(r"[1-9]\d* (minute|hour|day)s?", body):
        raise ValueError(text)
    return kind, body


def _cron(body: str, zone: tzinfo, after: float) -> float | None:
    """minutes hours day-of-month month day-of-week [year]; one of the two days is ``?``."""
    fields = body.split()
    if len(fields) == 5:
        fields.append("*")
    if len(fields) != 6 or "L" in body.split()[2:3] or "#" in body or "W" in fields[2]:
        raise ValueError(body)
    minutes, hours = _set(fields[0], 0, 59), _set(fields[1], 0, 23)
    days, months = _set(fields[2], 1, 31), _set(fields[3], 1, 12, MONTHS)
    weekdays, years = _set(fields[4], 1, 7, DAYS), _set(fields[5], 1970, 2199)
    start = datetime.fromtimestamp(after, zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = start.date()
    for _ in range(FARTHEST):
        if (
            day.year in years
            and day.month in months
            and day.day in days
            and calendar.weekday(day.year, day.month, day.day) in {(w - 2) % 7 for w in weekdays}
        ):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    when = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    if when.timestamp() > after:
                        return when.timestamp()
        day += timedelta(days=1)
    return None


def _set(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            ends = [(names or {}).get(end.upper()) or int(end) for end in span.split("-")]
            first, last = ends[0], ends[-1] if len(ends) > 1 or not step else high
        if not low <= first <= last <= high:
            raise ValueError(field)
        found |= set(range(first, last + 1, int(step or 1)))
    return found
