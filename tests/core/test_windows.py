"""Whether something may be changed at a time, and when next: by tables, and against a walk minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.windows import shut
from reconciler.model.cron import flaw, zone
from reconciler.model.window import Window

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OFFICE = Window("0 9 * * 1-5", 8 * HOUR, BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_open(now: str, *windows: Window) -> bool:
    return shut([windows], utc(now)) is None


def opens(now: str, *groups: tuple[Window, ...]) -> str:
    why = shut(groups, utc(now))
    assert why is not None
    assert why.until is not None
    return f"{why.until:%Y-%m-%dT%H:%M}"


# the rules


def test_without_windows_everything_is_open():
    assert shut([], utc("2026-01-05T10:00")) is None
    assert shut([()], utc("2026-01-05T10:00")) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-05T07:59", False),
        ("2026-01-05T08:00", True),
        ("2026-01-05T15:59", True),
        ("2026-01-05T16:00", False),
        ("2026-01-04T10:00", False),
    ],
)
def test_where_one_allows_it_is_open_only_inside_from_its_first_moment_to_before_its_last(now, expected):
    assert is_open(now, OFFICE) is expected


def test_of_several_that_allow_one_is_enough():
    assert is_open("2026-01-04T10:00", OFFICE, Window("0 10 * * SUN", HOUR))


def test_where_none_allows_it_is_open_but_for_what_denies():
    freeze = Window("0 0 24 12 *", 3 * DAY, deny=True)
    assert is_open("2026-12-23T23:59", freeze)
    assert not is_open("2026-12-24T00:00", freeze)
    assert not is_open("2026-12-26T23:59", freeze)
    assert is_open("2026-12-27T00:00", freeze)


def test_what_denies_wins_whichever_comes_first():
    lunch = Window("0 12 * * *", HOUR, BERLIN, deny=True)
    for windows in ([OFFICE, lunch], [lunch, OFFICE]):
        assert not is_open("2026-01-05T11:30", *windows)
        assert is_open("2026-01-05T12:00", *windows)


def test_the_windows_of_environment_and_app_have_to_be_open_both():
    app = Window("0 14 * * *", 2 * HOUR, BERLIN)
    assert shut([[OFFICE], [app]], utc("2026-01-05T12:59")) is not None
    assert shut([[OFFICE], [app]], utc("2026-01-05T13:00")) is None
    assert shut([[OFFICE], [app]], utc("2026-01-04T13:00")) is not None
    assert opens("2026-01-03T13:00", (OFFICE,), (app,)) == "2026-01-05T13:00"


# when it opens


def test_it_opens_next_when_all_is_open():
    assert opens("2026-01-09T17:00", (OFFICE,)) == "2026-01-12T08:00"
    freeze = Window("0 0 10 1 *", 3 * DAY, BERLIN, deny=True)
    assert opens("2026-01-09T17:00", (OFFICE, freeze)) == "2026-01-13T08:00"
    assert opens("2026-01-10T17:00", (OFFICE, freeze)) == "2026-01-13T08:00"
    assert opens("2026-01-10T17:00", (freeze,)) == "2026-01-12T23:00"


def test_one_that_opens_again_before_it_closes_stays_open():
    always = Window("*/30 * * * *", HOUR, deny=True)
    why = shut([[always]], utc("2026-01-05T10:10"))
    assert why is not None
    assert why.until is None
    assert "no time is in sight" in str(why)


def test_it_says_which_window_and_until_when_in_its_zone_and_in_utc():
    assert str(shut([[OFFICE]], utc("2026-07-03T17:00"))) == (
        "allow 0 9 * * 1-5 (Europe/Berlin) is not open; "
        "changes may be made from 2026-07-06 09:00 CEST (2026-07-06 07:00 UTC) on"
    )
    freeze = Window("0 0 24 12 *", 3 * DAY, deny=True)
    assert str(shut([[freeze]], utc("2026-12-24T12:00"))) == (
        "deny 0 0 24 12 * (UTC) is open; changes may be made from 2026-12-27 00:00 UTC on"
    )


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("0 0 31 * *", "2026-01-31T01:00", "2026-03-31T00:00"),
        ("0 0 L * *", "2026-01-31T01:00", "2026-02-28T00:00"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2028-02-29T00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"),
        ("0 0 1 1 *", "2026-12-31T23:59", "2027-01-01T00:00"),
        ("0 0 * * 5#1", "2026-01-03T00:00", "2026-02-06T00:00"),
        ("0 0 13 * FRI", "2026-01-01T12:00", "2026-01-02T00:00"),  # either will do
    ],
)
def test_ends_of_months_and_leap_days(schedule, now, expected):
    assert opens(now, (Window(schedule, 30 * MINUTE),)) == expected


# clocks that are put forward and back


@pytest.mark.parametrize(
    ("schedule", "time_zone", "first", "last"),
    [
        ("30 2 * * *", BERLIN, "2026-03-29T01:00", "2026-03-29T01:30"),  # 02:30 is skipped: as soon as it is past that
        ("0 3 * * *", BERLIN, "2026-03-29T01:00", "2026-03-29T01:30"),
        ("30 2 * * *", NEW_YORK, "2026-03-08T07:00", "2026-03-08T07:30"),
        ("15 2 * * *", LORD_HOWE, "2026-10-03T15:30", "2026-10-03T16:00"),  # half an hour is skipped there
        ("30 2 * * *", LORD_HOWE, "2026-10-03T15:30", "2026-10-03T16:00"),
    ],
)
def test_in_spring_a_time_that_is_skipped_is_the_end_of_what_is_skipped(schedule, time_zone, first, last):
    window = Window(schedule, 30 * MINUTE, time_zone)
    before = utc(first) - timedelta(minutes=1)
    assert shut([[window]], before).until == utc(first)
    assert shut([[window]], utc(first)) is None
    assert shut([[window]], utc(last)) is not None


@pytest.mark.parametrize(
    ("schedule", "time_zone", "first", "second"),
    [
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T01:30"),
        ("30 1 * * *", NEW_YORK, "2026-11-01T05:30", "2026-11-01T06:30"),
        ("45 1 * * *", LORD_HOWE, "2026-04-04T14:45", "2026-04-04T15:15"),
    ],
)
def test_in_autumn_a_time_that_comes_twice_opens_it_twice(schedule, time_zone, first, second):
    window = Window(schedule, 10 * MINUTE, time_zone)
    for begin in (first, second):
        assert shut([[window]], utc(begin) - timedelta(minutes=1)).until == utc(begin)
        assert shut([[window]], utc(begin)) is None
        assert shut([[window]], utc(begin) + timedelta(minutes=10)) is not None


def test_in_an_hour_that_comes_twice_what_the_clock_showed_before_it_was_put_back_counts():
    late = Window("30 2 * * *", HOUR, BERLIN)
    assert is_open("2026-10-25T01:10", late)  # 02:10 again: it opened at the first 02:30
    early = Window("10 2 * * *", MINUTE, BERLIN)
    assert opens("2026-10-25T00:40", (early,)) == "2026-10-25T01:10"  # the first 02:40: 02:10 comes again


def test_its_duration_is_what_passes_and_not_what_a_clock_shows():
    night = Window("0 22 * * *", 8 * HOUR, BERLIN)
    assert is_open("2026-03-29T04:59", night)  # 06:59 there: an hour was skipped
    assert not is_open("2026-03-29T05:00", night)
    assert not is_open("2026-10-25T04:00", night)  # 05:00 there: an hour came twice
    assert is_open("2026-10-25T03:59", night)


# against a walk


def matches(text: str, low: int, high: int) -> set[int]:
    """The values a field of cron names: lists of numbers, ranges, steps."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("*", "", "") if span == "*" else span.partition("-")
        start, stop = (low, high) if first == "*" else (int(first), int(last or first))
        found |= set(range(start, stop + 1, int(step or 1)))
    return found


def named(schedule: str, wall: datetime) -> bool:
    minute, hour, day, month, weekday = schedule.split()
    if wall.minute not in matches(minute, 0, 59) or wall.hour not in matches(hour, 0, 23):
        return False
    if wall.month not in matches(month, 1, 12):
        return False
    of_month, of_week = wall.day in matches(day, 1, 31), wall.isoweekday() % 7 in {it % 7 for it in matches(weekday, 0, 7)}
    return of_month and of_week if "*" in (day[0], weekday[0]) else of_month or of_week


class Walk:
    """What a clock on the wall shows, minute by minute, for some days."""

    def __init__(self, time_zone: str, start: datetime, days: int) -> None:
        self.minutes = [start + timedelta(minutes=count) for count in range(days * 1440)]
        place = ZoneInfo(time_zone)
        self.walls = [minute.astimezone(place).replace(tzinfo=None) for minute in self.minutes]

    def openings(self, schedule: str) -> list[datetime]:
        found, before = [], self.walls[0] - timedelta(minutes=1)
        for at, wall in zip(self.minutes, self.walls, strict=True):
            shown = [before + timedelta(minutes=1), wall]
            while shown[0] < wall:
                shown.append(shown[0])
                shown[0] += timedelta(minutes=1)
            if any(named(schedule, one) for one in shown[1:]):
                found.append(at)
            before = wall
        return found


PLACES = [
    (BERLIN, "2026-03-27"), (BERLIN, "2026-10-23"), (NEW_YORK, "2026-03-06"), (NEW_YORK, "2026-10-30"),
    (LORD_HOWE, "2026-10-01"), (LORD_HOWE, "2026-04-02"), ("UTC", "2028-02-27"), ("Asia/Kathmandu", "2026-12-30"),
]  # fmt: skip
WALKS = {place: Walk(place[0], utc(place[1]), 4) for place in PLACES}


def field(low: int, high: int, often: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high).map(str)
    ranges = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda it: f"{min(it)}-{max(it)}")
    steps = st.integers(2, often).map(lambda step: f"*/{step}")
    lists = st.lists(numbers, min_size=2, max_size=3).map(",".join)
    return st.one_of(st.just("*"), numbers, ranges, steps, lists)


schedules = st.tuples(
    st.one_of(field(0, 59, 30), st.sampled_from(["0", "30"])),
    st.one_of(field(0, 23, 12), st.sampled_from(["1", "2", "3", "1-3"])),
    st.one_of(st.just("*"), field(1, 28, 5)),
    st.just("*"),
    st.one_of(st.just("*"), field(0, 7, 3)),
).map(" ".join)
durations = st.one_of(st.integers(1, 180), st.sampled_from([480, 720, 1440]))


@settings(max_examples=60, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    rules=st.lists(st.tuples(schedules, durations, st.booleans()), min_size=1, max_size=3),
    count=st.integers(1440, 4 * 1440 - 1),
)
def test_it_is_what_a_walk_minute_by_minute_finds(place, rules, count):
    walk = WALKS[place]

    def open_in(schedule: str, minutes: int) -> set[int]:
        index = {at: number for number, at in enumerate(walk.minutes)}
        return {index[at] + after for at in walk.openings(schedule) for after in range(minutes)}

    windows = [Window(schedule, minutes * MINUTE, place[0], deny) for schedule, minutes, deny in rules]
    found = [(open_in(schedule, minutes), deny) for schedule, minutes, deny in rules]
    allowing = [minutes for minutes, deny in found if not deny]

    def free(number: int) -> bool:
        denied = any(number in minutes for minutes, deny in found if deny)
        return not denied and (not allowing or any(number in minutes for minutes in allowing))

    why = shut([windows], walk.minutes[count] + timedelta(seconds=count % 60))
    assert (why is None) == free(count)
    if why is not None:
        until = next((at for number, at in enumerate(walk.minutes) if number > count and free(number)), None)
        assert why.until == until if until is not None else why.until is None or why.until > walk.minutes[-1]


# schedules


@pytest.mark.parametrize(
    ("schedule", "message", "part"),
    [
        ("", "a schedule has five fields, this has 0 fields", ""),
        ("0 9 * *", "a schedule has five fields, this has 4 fields", ""),
        ("0 0 9 * * 1-5", "a schedule has five fields, this has 6 fields", ""),
        ("@daily", "a schedule has five fields, this has 1 field", ""),
        ("60 9 * * *", "'60' is no minute of a schedule", "60"),
        ("0 24 * * *", "'24' is no hour of a schedule", "24"),
        ("0  9  32 * *", "'32' is no day of the month of a schedule", "32"),
        ("0 9 * 13 *", "'13' is no month of a schedule", "13"),
        ("0 9 * * 1-8", "'1-8' is no day of the week of a schedule", "1-8"),
        ("0 9 * * MO", "'MO' is no day of the week of a schedule", "MO"),
        ("0 17-9 * * *", "'17-9' is no hour of a schedule", "17-9"),
        ("*/0 * * * *", "'*/0' is no minute of a schedule", "*/0"),
        ("0 9 30 2 *", "'30' is no day of the month of a schedule", "30"),
        ("0 9 ! * *", "'!' is no day of the month of a schedule", "!"),
    ],
)
def test_what_is_no_schedule_is_told_with_its_place(schedule, message, part):
    found = flaw(schedule)
    assert found is not None
    assert found.message == message
    assert schedule[found.start : found.start + found.width] == part
    assert found.hint


@pytest.mark.parametrize("schedule", ["0 9 * * 1-5", "0 9 * * mon-fri", "*/15 0 1,15 1-6/2 *", "0 0 L * *", "0 0 * * 5L", "0 0 LW * *"])
def test_what_is_a_schedule(schedule):
    assert flaw(schedule) is None


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(st.text("0123456789*/-,#LWMON ", max_size=6), min_size=5, max_size=5).map(" ".join)))
def test_whatever_a_schedule_says_it_is_told_and_nothing_breaks(text):
    found = flaw(text)
    assert found is None or found.message


@pytest.mark.parametrize("name", ["", "Europe", "europe/berlin!", "../etc/passwd", "/etc/localtime", "localtime", "posixrules", "+02:00", "Mars/Base", "a\0b"])
def test_what_is_no_time_zone(name):
    assert zone(name) is None
