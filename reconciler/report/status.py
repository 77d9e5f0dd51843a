"""How everything fares: a table for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.model.status import Condition, ResourceStatus, Status
from reconciler.report import redact
from reconciler.report.cells import pad, safe, width
from reconciler.report.durations import duration, rfc3339, seconds_between
from reconciler.report.plan_words import revision_words
from reconciler.report.style import Tone, paint

FORMAT_VERSION: Final = "1.0"


def status_text(status: Status, *, color: bool = False, wide: bool = False, now: datetime | None = None) -> str:
    """A table with a line of totals, ending with a newline.

    Made for somebody woken up: what is stalled stands first, then what is not ready, then the rest, each in the
    order given; the reason is that of the condition that explains most; messages stand last and are never cut.
    SINCE is an age when the caller says what time it is. ``wide`` adds SYNCED and HEALTHY.
    """
    title = f"{safe(status.environment)} at {revision_words(status.revision)}"
    if not status.resources:
        return f"{paint(title, 'bold', color)}\n\nNo resources.\n"
    resources = sorted(status.resources, key=_urgency)
    heads = ["KEY", "PHASE", "READY", *(["SYNCED", "HEALTHY"] if wide else []), "REASON", "SINCE", "MESSAGE"]
    rows = [_row(resource, wide, now) for resource in resources]
    widths = [max(width(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [paint(_aligned(heads, widths), "dim", color)]
    for resource, row in zip(resources, rows, strict=True):
        lines.append(_colored(_aligned(row, widths), row[1], tone(resource), color))
    return "\n".join([paint(title, "bold", color), "", *lines, "", totals(status)]) + "\n"


def totals(status: Status) -> str:
    """``12 resources: 10 ready, 1 stalled, 1 on the way.``"""
    number = len(status.resources)
    ready = sum(resource.ready for resource in status.resources)
    stalled = sum(resource.stalled and not resource.ready for resource in status.resources)
    said = [f"{ready} ready"]
    said += [f"{stalled} stalled"] if stalled else []
    said += [f"{number - ready - stalled} on the way"] if number > ready + stalled else []
    return f"{number} resource{'s' * (number != 1)}: {', '.join(said)}."


def telling(resource: ResourceStatus) -> Condition | None:
    """The condition that explains most: why it is stuck, else what it is doing, else whether it is ready."""
    for type in ("Stalled", "Reconciling"):
        found = resource.condition(type)
        if found is not None and found.status == "True":
            return found
    if resource.ready:
        return resource.condition("Ready")
    wrong = [found for found in resource.conditions if found.type in ("Synced", "Healthy") and found.status != "True"]
    ready = resource.condition("Ready")
    return ready if ready is not None and ready.reason else (wrong[0] if wrong else ready)


def tone(resource: ResourceStatus) -> Tone:
    """Green: ready. Red: stalled. Yellow: everything between."""
    if resource.stalled:
        return "red"
    return "green" if resource.ready else "yellow"


def status_json(status: Status) -> dict[str, Any]:
    """Plain JSON values, formatVersion "1.0"; times are RFC 3339 in UTC or null. `schema.STATUS` describes it."""
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": status.environment,
        "revision": status.revision,
        "ready": status.ready,
        "resources": [
            {
                "key": str(resource.key),
                "app": resource.key.app,
                "phase": resource.phase,
                "conditions": [_condition(condition) for condition in resource.conditions],
            }
            for resource in status.resources
        ],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": redact.text(condition.message),
        "lastTransitionTime": rfc3339(condition.since) if condition.since else None,
    }


def _urgency(resource: ResourceStatus) -> int:
    return 0 if resource.stalled else 2 if resource.ready else 1


def _row(resource: ResourceStatus, wide: bool, now: datetime | None) -> list[str]:
    why = telling(resource)
    ready = resource.condition("Ready")
    since = (ready.since if ready else None) or (why.since if why else None)
    further = [_word(resource, "Synced"), _word(resource, "Healthy")] if wide else []
    return [
        safe(str(resource.key)),
        safe(resource.phase) or "-",
        _word(resource, "Ready"),
        *further,
        (safe(why.reason) if why else "") or "-",
        _since(since, now),
        safe(redact.text(" ".join(why.message.split()))) if why else "",
    ]


def _word(resource: ResourceStatus, type: str) -> str:
    found = resource.condition(type)
    return found.status if found else "-"


def _since(at: datetime | None, now: datetime | None) -> str:
    if at is None:
        return "-"
    return duration(seconds_between(at, now)) if now else rfc3339(at)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()


def _colored(line: str, phase: str, tone: Tone, color: bool) -> str:
    """The phase in its tone; the key before it holds no spaces, so the first such word is the phase."""
    before, found, after = line.partition(f"  {phase}")
    return before + found.replace(phase, paint(phase, tone, color)) + after
