"""Cron in five fields: what is wrong with a schedule, and the times that it names on a wall clock.

The grammar is cronsim's, which is that of Debian's cron: lists, ranges, steps, names of days and months, ``L``, ``#``.
Where both days are given, either will do, unless one of them begins with a star.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from reconciler.model.suggest import did_you_mean

_FIELDS = (
    ("minute", "minute", "0 to 59"),
    ("hour", "hour", "0 to 23"),
    ("day-of-month", "day of the month", "1 to 31, or L for the last one"),
    ("month", "month", "1 to 12, or JAN to DEC"),
    ("day-of-week", "day of the week", "0 to 7 (both are Sunday), or SUN to SAT"),
)
"""cronsim's name of each field, ours, and what may stand there."""

_LONGEST = 200
_SAMPLE = datetime(2024, 1, 1)
_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a schedule, and where in it: ``start`` counts characters from 0, ``width`` 0 is all of it."""

    message: str
    hint: str = ""
    start: int = 0
    width: int = 0


def flaw(schedule: str) -> Flaw | None:
    """Why a text is no schedule; None when it is one."""
    words = list(re.finditer(r"\S+", schedule))
    if len(words) != len(_FIELDS) or len(schedule) > _LONGEST:
        count = f"{len(words)} field{'s' * (len(words) != 1)}"
        hint = "write minute, hour, day of the month, month and day of the week: 0 9 * * 1-5"
        return Flaw(f"a schedule has five fields, this has {count}", hint)
    try:
        next(CronSim(schedule, _SAMPLE))
        return None
    except StopIteration:
        return Flaw("there is no such time")
    except CronSimError as error:
        for word, (theirs, ours, range) in zip(words, _FIELDS, strict=True):
            if str(error).endswith(f" {theirs}"):
                message = f"'{word[0]}' is no {ours} of a schedule"
                return Flaw(
                    message, f"write {range}; lists, ranges and steps of these, or *", word.start(), len(word[0])
                )
    except (ValueError, AssertionError, IndexError, TypeError, OverflowError):
        pass
    return Flaw("it is no schedule", "write minute, hour, day of the month, month and day of the week: 0 9 * * 1-5")


def walls(schedule: str, since: datetime, *, back: bool = False) -> Iterator[datetime]:
    """The times a schedule names after one, or before it, on a clock that knows no zone. At some time it gives up."""
    yield from CronSim(schedule, since, reverse=back)


def zone(name: str) -> ZoneInfo | None:
    """The time zone of a name such as ``Europe/Berlin``; None when there is none."""
    try:
        return None if name in _OF_THE_MACHINE else ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such name, no name at all, a folder of names
        return None


def near_zone(name: str) -> str:
    """The hint for a zone that is not known."""
    known = available_timezones()
    cities = {name.rpartition("/")[2]: name for name in sorted(known)}
    meant = cities.get(name.strip().replace(" ", "_").title()) or None
    return (
        f"did you mean '{meant}'?"
        if meant
        else did_you_mean(name, known, otherwise="write a name such as Europe/Berlin")
    )
