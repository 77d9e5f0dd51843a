"""How everything fares, for people: environment, app, resource, and under what is not well all that explains it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.model.key import Key
from reconciler.model.phase import badness
from reconciler.model.status import Aggregate, ResourceStatus, Status
from reconciler.report.cells import cut, pad, safe, width
from reconciler.report.plan_words import revision_words
from reconciler.report.status import tone, totals
from reconciler.report.status_tree import Look, age, branches, one_line
from reconciler.report.style import Tone, paint

_NAME = 32
"""Columns a name may take before it pushes the rest of its own line only."""


def status_text(
    status: Status,
    *,
    color: bool = False,
    wide: bool = False,
    now: datetime | None = None,
    columns: int | None = None,
) -> str:
    """A tree with a line of totals, ending with a newline.

    Made for somebody woken up: the app and the resource that fare worst stand first; what is Ready takes one line; what
    is not says why, what runs for it, and what to do. Messages are never cut; they are wrapped where ``columns`` says
    how wide the terminal is. SINCE is an age when the caller says what time it is. ``wide`` shows all of everything.
    """
    title = f"{safe(status.environment)} at {revision_words(status.revision)}"
    if not status.resources:
        return f"{paint(title, 'bold', color)}\n\nNo resources.\n"
    lines = status_lines(status, Look(color, wide, now, columns))
    return "\n".join([paint(title, "bold", color), "", *lines, "", totals(status)]) + "\n"


def status_lines(status: Status, look: Look) -> list[str]:
    """The tree itself."""
    heads, rows, widths = _laid_out(status.resources, look, "  {0.kind}/{0.name}")
    lines = [heads]
    for app in sorted(status.apps, key=lambda app: -badness(app.phase)):
        lines.append(_app_line(app, look))
        for resource in _worst_first(app.resources):
            lines += _resource_lines(resource, rows[resource.key], widths, look)
    return lines


def resource_lines(resources: Sequence[ResourceStatus], look: Look) -> list[str]:
    """Some resources by themselves, each with its whole key: what is left of an environment is no tree."""
    heads, rows, widths = _laid_out(resources, look, "{0}")
    lines = [heads]
    for resource in _worst_first(resources):
        lines += _resource_lines(resource, rows[resource.key], widths, look)
    return lines


def _laid_out(
    resources: Sequence[ResourceStatus], look: Look, name: str
) -> tuple[str, dict[Key, list[str]], list[int]]:
    """The line of heads, the cells of each resource, and how wide they are. SINCE is there when somebody knows it."""
    heads = [name.partition("{")[0] + "RESOURCE", "PHASE", "SYNC", "HEALTH", "SINCE"]
    rows = {resource.key: _row(resource, look.at, safe(name.format(resource.key))) for resource in resources}
    if not any(row[4] for row in rows.values()):
        heads, rows = heads[:4], {key: row[:4] for key, row in rows.items()}
    widths = [max(width(row[column]) for row in [heads, *rows.values()]) for column in range(len(heads))]
    widths[0] = min(widths[0], _NAME)
    return paint(_aligned(heads, widths), "dim", look.color), rows, widths


def _worst_first(resources: Sequence[ResourceStatus]) -> list[ResourceStatus]:
    return sorted(resources, key=lambda resource: -badness(resource.phase))


def _app_line(app: Aggregate, look: Look) -> str:
    """``bookstore  1/3 ready: 1 Failed, 1 RollingOut``"""
    said = f"{app.ready_count}/{len(app.resources)} ready"
    others = ", ".join(f"{number} {safe(phase)}" for phase, number in app.counts.items() if phase != "Ready")
    worst: Tone = "green" if app.ready else tone(max(app.resources, key=lambda resource: badness(resource.phase)))
    held = f"; suspended: {one_line(app.suspended.message)}" if app.suspended else ""
    held += f"; approved: {one_line(app.approved.message)}" if app.approved else ""
    counted = f"{said}: {others}" if others else said
    return f"{paint(safe(app.name), 'bold', look.color)}  {paint(counted, worst, look.color)}{held}"


def _resource_lines(resource: ResourceStatus, row: Sequence[str], widths: Sequence[int], look: Look) -> Iterator[str]:
    cells = [pad(cell, columns) for cell, columns in zip(row, widths, strict=True)]
    said = ""
    if resource.ready and (ready := resource.condition("Ready")):
        said = _fitting(one_line(ready.message), width("  ".join(cells)), look)
    cells[1] = cells[1].replace(row[1], paint(row[1], tone(resource), look.color), 1)
    yield ("  ".join(cells) + said).rstrip()
    yield from branches(resource, look)


def _fitting(message: str, used: int, look: Look) -> str:
    """What a Ready resource says, as far as there is room on a terminal."""
    if not message or (look.columns is not None and look.columns - used < 8):
        return ""
    return "  " + (message if look.columns is None else cut(message, look.columns - used - 2))


def _row(resource: ResourceStatus, now: datetime | None, name: str) -> list[str]:
    ready = resource.condition("Ready")
    return [
        name,
        safe(resource.phase) or "-",
        _sync(resource),
        safe(resource.health),
        age(ready.since if ready else None, now),
    ]


def _sync(resource: ResourceStatus) -> str:
    found = resource.condition("Synced")
    if found is None:
        return "-"
    return "Unknown" if found.status == "Unknown" else safe(found.reason) or found.status


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()
