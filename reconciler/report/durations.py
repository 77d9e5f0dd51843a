"""Times as people and machines read them; nothing here knows what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """``0s``, ``59s``, ``1m20s``, ``2h05m``, ``3d04h``: two units at the most. Never negative: clocks differ."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h"


def rfc3339(at: datetime) -> str:
    """``2026-08-21T03:14:07Z``. A time without a zone is taken for UTC, as AWS's are."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Seconds from one time to another, whether or not they carry a zone."""
    pair = [at.replace(tzinfo=UTC) if at.tzinfo is None else at for at in (earlier, later)]
    return (pair[1] - pair[0]).total_seconds()
