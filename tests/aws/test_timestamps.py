"""Timestamps as AWS's protocols write them, all aware and in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.aws.timestamps import date_of, parse_timestamp

MOMENT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        1735787045,
        1735787045.0,
        "1735787045",
        "2025-01-02T03:04:05Z",
        "2025-01-02T03:04:05.000Z",
        "2025-01-02T05:04:05+02:00",
        "20250102T030405Z",
        "Thu, 02 Jan 2025 03:04:05 GMT",
        datetime(2025, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_every_way_to_write_a_moment(value):
    parsed = parse_timestamp(value)
    assert parsed == MOMENT
    assert parsed.utcoffset() == timedelta(0)


def test_a_fraction_of_a_second_is_kept():
    assert parse_timestamp(1735787045.123) == MOMENT + timedelta(milliseconds=123)


def test_what_is_no_moment_is_said():
    with pytest.raises(ValueError):
        parse_timestamp("soon")


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": ""}])
def test_an_answer_without_a_date_has_none(headers):
    assert date_of(headers) is None


def test_the_date_of_an_answer():
    assert date_of({"date": "Thu, 02 Jan 2025 03:04:05 GMT"}) == MOMENT
