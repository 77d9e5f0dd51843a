"""Durations as people write them, in seconds."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?", re.ASCII)


def seconds(value: object) -> float | None:
    """``300``, ``"90s"``, ``"20m"``, ``"1h30m"`` in seconds; None when it is no duration."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value < 1e9 else None
    if not isinstance(value, str):
        return None
    found = _DURATION.fullmatch(value.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + rest) or None
