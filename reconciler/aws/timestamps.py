"""Timestamps of answers as aware datetimes in UTC, without the time zone look-ups that make the SDK's parser slow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def parse_timestamp(value: Any) -> datetime:
    """A timestamp as any of AWS's protocols writes it: epoch seconds, ISO 8601, RFC 822."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return _utc(value)
    try:
        if value.isdigit():
            return datetime.fromtimestamp(int(value), UTC)
        return _utc(datetime.fromisoformat(value))
    except ValueError:
        from botocore.utils import parse_timestamp as slow

        return _utc(slow(value))


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The Date of an answer: AWS's clock, to the second."""
    try:
        return _utc(parsedate_to_datetime(headers["date"]))
    except (KeyError, ValueError):
        return None


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
