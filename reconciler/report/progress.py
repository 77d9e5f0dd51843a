"""What `apply`, `wait` and `status --watch` say as things move: a line for what happened or is still waited for.

Off a terminal the lines are printed as they are, every ten seconds those of what is still waited for. On one, `rows`
gives the lines of a live table; drawing it is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.model.key import Key
from reconciler.model.phase import HELD
from reconciler.model.plan import Change
from reconciler.model.status import Condition, ResourceStatus, Status
from reconciler.report import redact
from reconciler.report.cells import safe
from reconciler.report.durations import duration, rfc3339, seconds_between
from reconciler.report.plan_words import LEGEND, symbol
from reconciler.report.status import telling, tone, totals
from reconciler.report.style import Tone, paint

EVERY: Final = 10.0
"""Seconds between two lines about the same waiting resource, off a terminal."""

SELDOM: Final = 80.0
"""The most of them, while nothing but numbers changes."""

_PHASES: Final = {
    "PreHook": "running jobs before",
    "PostHook": "running jobs after",
    "RollingBack": "rolling back",
    "RollingOut": "rolling out",
    "Unknown": "not read",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the live table: what, which phase, what it says, for how long, and how loud."""

    key: str
    phase: str
    message: str
    elapsed: str
    tone: Tone


def change_line(change: Change, *, color: bool = False) -> str:
    """A change that begins: ``~ bookstore/Service/puma: update``."""
    sign = symbol(change)
    return f"{paint(sign, LEGEND[sign][1], color)} {safe(str(change.key))}: {change.action}"


def call_line(key: Key, operation: str, seconds: float | None = None) -> str:
    """A call that was made: ``bookstore/Service/puma: ecs:UpdateService (2s)``."""
    return f"{safe(str(key))}: {safe(operation)}{_took(seconds)}"


def waiting_line(resource: ResourceStatus, seconds: float | None = None) -> str:
    """``still rolling out: bookstore/Service/puma 3/4 running, 1 pending (1m20s)``"""
    message = _message(telling(resource))
    return f"still {doing(resource.phase)}: {safe(str(resource.key))}{f' {message}' if message else ''}{_took(seconds)}"


def waiting_lines(status: Status, since: Mapping[Key, datetime], now: datetime) -> list[str]:
    """A line for each resource that is neither ready nor stalled; ``since`` is when its change began."""
    return [
        waiting_line(resource, _elapsed(resource, since, now))
        for resource in status.resources
        if not resource.ready and not resource.stalled
    ]


def outcome_line(resource: ResourceStatus, seconds: float | None = None, *, color: bool = False) -> str:
    """How a resource ended: ``ready: bookstore/Service/puma (2m05s)``, ``failed: … ImageNotFound: no such tag (8s)``.

    What to do next, where somebody knows, is a second line.
    """
    if resource.ready:
        return f"{paint('ready', 'green', color)}: {safe(str(resource.key))}{_took(seconds)}"
    why = telling(resource)
    said = ": ".join(part for part in (safe(why.reason) if why else "", _message(why)) if part)
    ended = "held" if resource.phase in HELD else "failed" if resource.stalled else "not ready"
    word = paint(ended, tone(resource), color)
    hint = f"\n  = {safe(redact.text(resource.hint))}" if resource.hint else ""
    return f"{word}: {safe(str(resource.key))}{f' {said}' if said else ''}{_took(seconds)}{hint}"


def status_line(resource: ResourceStatus, at: datetime, *, color: bool = False) -> str:
    """What a resource has turned to: ``2026-08-21T03:14:07Z bookstore/Service/puma RollingOut TasksStarting: 3/4 …``"""
    why = resource.condition("Ready") if resource.ready else telling(resource)
    said = ": ".join(part for part in (safe(why.reason) if why else "", _message(why)) if part)
    phase = paint(safe(resource.phase), tone(resource), color)
    return f"{rfc3339(at)} {safe(str(resource.key))} {phase}{f' {said}' if said else ''}"


def gone_line(key: Key, at: datetime) -> str:
    """A resource that is no more."""
    return f"{rfc3339(at)} {safe(str(key))} Gone"


def finished_line(status: Status, calls: int, seconds: float) -> str:
    """The last line: ``Made 3 calls in 2m05s. 8 resources: 8 ready.``"""
    return f"Made {calls or 'no'} call{'s' * (calls != 1)} in {duration(seconds)}. {totals(status)}"


def rows(status: Status, since: Mapping[Key, datetime], now: datetime) -> list[Row]:
    """The live table in the order of the status, so that no line jumps while it is read."""
    return [
        Row(
            key=safe(str(resource.key)),
            phase=safe(resource.phase),
            message=_message(telling(resource)) if not resource.ready else "",
            elapsed="" if resource.ready else _elapsed_words(_elapsed(resource, since, now)),
            tone=tone(resource),
        )
        for resource in status.resources
    ]


def doing(phase: str) -> str:
    """A phase as a doing word: ``RollingOut`` → ``rolling out``, ``Pending`` → ``pending``."""
    return _PHASES.get(phase) or safe(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", phase).lower()) or "waiting"


def _message(why: Condition | None) -> str:
    return safe(redact.text(" ".join(why.message.split()))) if why else ""


def _elapsed(resource: ResourceStatus, since: Mapping[Key, datetime], now: datetime) -> float | None:
    begun = since.get(resource.key)
    if begun is None:
        ready = resource.condition("Ready")
        begun = ready.since if ready else None
    return seconds_between(begun, now) if begun else None


def _elapsed_words(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f" ({duration(seconds)})"
