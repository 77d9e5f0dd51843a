"""What memory makes of one look: a failed one keeps the last verdict, a recovery is believed the second time.

Without memory nothing waits: a single look is told as it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.model.errors import AwsError
from reconciler.model.observed import NEVER, Observed
from reconciler.model.status import Condition, Health, HealthWord, Past, ResourceStatus

MISSES = 3
"""Failed looks in a row after which the last verdict counts no more. Argo CD's grace is 180 seconds."""

CLEAN = 2
"""Healthy readings in a row that end a degradation."""

_FROM_HEALTH = ("Ready", "Healthy", "Stalled")


def missed(error: AwsError | None, past: Past | None) -> int:
    """How often in a row it could not be read, this time included; 0 when it could, or never can."""
    if error is None or not error.retry:
        return 0
    return 1 + (past.shown.misses if past else 0)


def kept(error: AwsError, past: Past, misses: int) -> tuple[ResourceStatus, Past] | None:
    """What was last told, with the word that it could not be read since; None when it has been too often.

    What is remembered is without that word: it is said anew each time.
    """
    last = past.shown
    if last.read is None or misses >= MISSES:
        return None
    since = f"not read since {last.read:%H:%M:%S} UTC: {error.message}"
    told = tuple(
        replace(it, message=f"{it.message} ({since})" if it.message else since)
        if it.type in ("Ready", "Synced", "Healthy")
        else it
        for it in last.conditions
    )
    shown = replace(last, misses=misses)
    return replace(shown, conditions=told), replace(past, shown=shown)


def steadied(health: Health | None, seen: Observed, past: Past | None) -> tuple[Health | None, int | None]:
    """The verdict as it may be told, and how many clean readings there have been since it was degraded.

    Two looks at the same moment are one. What is not there is not degraded any more, and begins anew when it is.
    """
    clean = past.clean if past else None
    if health is None or health.word is HealthWord.MISSING:
        return health, None
    if health.word is HealthWord.DEGRADED:
        return health, 0
    if clean is None:
        return health, None
    if not health.healthy:
        return health, 0
    assert past is not None
    clean += past.shown.read is None or seen.at > past.shown.read
    if clean >= CLEAN:
        return health, None
    message = (
        f"{health.message}; it was degraded, so it is looked at once more" if health.message else "looked at again"
    )
    return Health(HealthWord.PROGRESSING, "Recovering", message), clean


def since(condition: Condition, verdict: Health | None, seen: Observed, past: Past | None) -> Condition:
    """The condition with the time its status last changed.

    AWS's own time where the verdict knows it, but never one before what was told until then; else the time that is
    remembered; else the reading's. What cannot be read is unknown since it was last read.
    """
    if condition.since is not None:
        return condition
    before = past.shown.condition(condition.type) if past else None
    told = before.since if before is not None else None
    own = verdict.since if verdict is not None and _speaks(condition, verdict) else None
    if own is not None and (told is None or own > told):
        return replace(condition, since=own)
    if before is not None and before.status == condition.status and told is not None:
        return replace(condition, since=told)
    return replace(condition, since=read(seen, past))


def read(seen: Observed, past: Past | None) -> datetime | None:
    """The date of the last reading."""
    if seen.at != NEVER:
        return seen.at
    return past.shown.read if past else None


def _speaks(condition: Condition, verdict: Health) -> bool:
    """Whether a condition says what the verdict says, and not something of its own."""
    return condition.type in _FROM_HEALTH and condition.reason == (verdict.reason or verdict.word.value)
