"""What stands under a resource in the status tree: why, its deployments and their tasks, evidence, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, ResourceStatus
from reconciler.report import redact
from reconciler.report.cells import pad, safe, safe_lines, width
from reconciler.report.durations import duration, rfc3339, seconds_between
from reconciler.report.status import telling
from reconciler.report.style import paint

_MOST_DEPLOYMENTS: Final = 5
_MOST_TASKS: Final = 3
_INDENT: Final = "    "


@dataclass(frozen=True)
class Look:
    """How it is shown. ``at`` is what time it is, for ages; ``columns`` the width to wrap at, None: not at all."""

    color: bool = False
    wide: bool = False
    at: datetime | None = None
    columns: int | None = None


def branches(resource: ResourceStatus, look: Look) -> Iterator[str]:
    """The lines under a resource; of one that is Ready only ``wide`` shows any."""
    if look.wide and resource.conditions:
        yield from wrapped(_all(resource.conditions), look, _INDENT)
    if not resource.ready:
        for said in _why(resource):
            yield from wrapped(said, look, _INDENT)
    if look.wide or not resource.ready:
        yield from _deployments(resource, look)
    for text in resource.detail if look.wide or not resource.ready else ():
        for line in safe_lines(redact.text(text)):
            yield paint(f"{_INDENT}| {line}", "dim", look.color)
    if resource.hint and not resource.ready:
        yield from wrapped(f"= {one_line(resource.hint)}", look, _INDENT)


def wrapped(text: str, look: Look, indent: str) -> Iterator[str]:
    """The text at an indent, broken between words where there is a width to break at; no word is ever cut."""
    if look.columns is None:
        yield indent + text
        return
    line = indent
    for word in text.split(" "):
        fits = width(line) + 1 + width(word) <= look.columns
        if line.strip() and not fits:
            yield line
            line = indent + "  "
        line += word if not line.strip() else f" {word}"
    yield line


def age(at: datetime | None, now: datetime | None) -> str:
    """How long ago, or when, where nobody says what time it is."""
    if at is None:
        return ""
    return duration(seconds_between(at, now)) if now else rfc3339(at)


def one_line(text: str) -> str:
    """A message as it may be shown, without its line breaks."""
    return safe(redact.text(" ".join(text.split())))


def _why(resource: ResourceStatus) -> Iterator[str]:
    """What explains most, and that it is unwell where that says something else."""
    first = telling(resource)
    if first is None:
        return
    yield _said(_own_reason(resource, first))
    healthy = resource.condition("Healthy")
    unwell = healthy is not None and healthy.status == "False" and healthy.reason != "Missing"
    if healthy is not None and unwell and healthy.message != first.message:
        yield _said(healthy)


def _own_reason(resource: ResourceStatus, condition: Condition) -> Condition:
    """What a thing does is told by its phase already; why it does is the reason of Ready."""
    ready = resource.condition("Ready")
    moving = condition.type == "Reconciling" and ready is not None and ready.message == condition.message
    return ready if moving and ready is not None else condition


def _said(condition: Condition) -> str:
    return ": ".join(part for part in (safe(condition.reason), one_line(condition.message)) if part)


def _all(conditions: Sequence[Condition]) -> str:
    return ", ".join(f"{it.type} {it.status}" + (f" ({safe(it.reason)})" if it.reason else "") for it in conditions)


def _deployments(resource: ResourceStatus, look: Look) -> Iterator[str]:
    found = resource.deployments
    shown = found if look.wide else found[:_MOST_DEPLOYMENTS]
    rows = [_cells(deployment, look) for deployment in shown]
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    evidence = "\n".join(resource.detail)
    for deployment, row in zip(shown, rows, strict=True):
        yield _INDENT + _fitting(row, widths, look)
        yield from _tasks(deployment, look, evidence)
    if len(found) > len(shown):
        yield f"{_INDENT}and {_number(len(found) - len(shown), 'older deployment')}"


def _fitting(row: Sequence[str], widths: Sequence[int], look: Look) -> str:
    """The cells in line with those above; where that is too wide, closer together; and then without the age."""
    aligned = "  ".join(pad(cell, columns) for cell, columns in zip(row, widths, strict=True)).rstrip()
    close, short = "  ".join(cell for cell in row if cell), "  ".join(cell for cell in row[:-1] if cell)
    room = look.columns - width(_INDENT) if look.columns is not None else width(aligned)
    return next((line for line in (aligned, close) if width(line) <= room), short)


def _cells(deployment: Deployment, look: Look) -> list[str]:
    more = [(deployment.pending, "pending"), (deployment.failed, "failed")]
    counts = [f"{deployment.running}/{deployment.desired} running", *(f"{n} {word}" for n, word in more if n)]
    state = deployment.state.lower().replace("_", " ")
    name = f"{deployment.role} {_short(deployment.id)}"
    return [safe(name), safe(deployment.revision), ", ".join(counts), safe(state), age(deployment.created, look.at)]


def _tasks(deployment: Deployment, look: Look, evidence: str) -> Iterator[str]:
    """Those that have something to say; all of them when ``wide``."""
    found = [task for task in deployment.tasks if look.wide or task.wrong]
    shown = found if look.wide else found[:_MOST_TASKS]
    for task in shown:
        yield from wrapped(_task(task, look, evidence), look, _INDENT + "  ")
    if len(found) > len(shown):
        yield f"{_INDENT}  and {_number(len(found) - len(shown), 'more task')}"


def _task(task: Task, look: Look, evidence: str) -> str:
    """Its reason is not said again where the evidence says it."""
    code = f"exit {task.exit_code}" if task.exit_code is not None else ""
    words = [f"task {_short(task.id)}", task.state, task.health if task.health == "UNHEALTHY" else "", code]
    words.append(age(task.stopped or task.started, look.at))
    reason = task.reason if task.reason not in evidence else ""
    why = ": ".join(part for part in (task.cause, one_line(reason)) if part)
    return "  ".join(safe(word) for word in (*words, why) if word)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _short(id: str) -> str:
    """Eight characters of an id, without what they all begin with: ``ecs-svc/4758614159142587353`` → ``47586141``."""
    return id.rpartition("/")[2][:8]
