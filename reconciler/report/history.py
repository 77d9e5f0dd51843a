"""What was deployed, as a table for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.history import BADLY, Deployed, Outcome
from reconciler.model.key import Key
from reconciler.model.record import Pin
from reconciler.report import redact
from reconciler.report.cells import pad, safe, width
from reconciler.report.durations import duration, rfc3339
from reconciler.report.plan_words import short
from reconciler.report.style import Tone, paint

FORMAT_VERSION: Final = "1.0"
_HEADS: Final = ("WHEN", "WHAT", "OUTCOME", "TOOK", "REVISION", "COMMIT", "AUTHOR", "SUBJECT")


@dataclass(frozen=True)
class Line:
    """One deployment to show; author and subject are those of its commit, where the repository has it."""

    key: Key
    deployed: Deployed
    pin: Pin | None = None
    author: str = ""
    subject: str = ""


def history_text(lines: Sequence[Line], *, color: bool = False) -> str:
    """A table, newest first, ending with a newline; below a line why it ended badly, or who pinned it."""
    if not lines:
        return "Nothing is known to have been deployed.\n"
    rows = [_row(line) for line in lines]
    widths = [max(width(row[column]) for row in [_HEADS, *rows]) for column in range(len(_HEADS))]
    shown = [paint(_aligned(_HEADS, widths), "dim", color)]
    for line, row in zip(lines, rows, strict=True):
        tone = _tone(line.deployed.outcome)
        cells = [pad(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        cells[2] = paint(cells[2], tone, color)
        shown.append("  ".join(cells).rstrip())
        if line.deployed.outcome in BADLY and line.deployed.reason:
            shown.append(f"    {safe(redact.text(line.deployed.reason))}")
        if line.pin is not None:
            shown.append(f"    {safe(redact.text(f'pinned {line.pin.said}'))}")
    return "\n".join(shown) + "\n"


def history_json(environment: str, app: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Plain JSON values, formatVersion "1.0"; times are RFC 3339 in UTC, what is not known is null."""
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": environment,
        "app": app,
        "deployments": [_json(line) for line in lines],
    }


def _json(line: Line) -> Mapping[str, Any]:
    item = line.deployed
    said = line.pin.said if line.pin else None
    return {
        "key": str(line.key),
        "id": item.id,
        "outcome": item.outcome,
        "began": rfc3339(item.began),
        "ended": rfc3339(item.ended) if item.ended else None,
        "seconds": int(item.seconds) if item.seconds is not None else None,
        "revision": item.revision.arn,
        "commit": item.revision.commit,
        "author": redact.text(line.author) or None,
        "subject": redact.text(line.subject) or None,
        "reason": redact.text(item.reason),
        "pinned": {"by": said.by, "at": rfc3339(said.at), "why": redact.text(said.why)} if said else None,
    }


def _row(line: Line) -> tuple[str, ...]:
    item = line.deployed
    return (
        rfc3339(item.began),
        safe(f"{line.key.kind}/{line.key.name}"),
        str(item.outcome),
        duration(item.seconds) if item.seconds is not None else "-",
        safe(item.revision.name),
        short(item.revision.commit) if item.revision.commit else "-",
        safe(redact.text(line.author)) or "-",
        safe(redact.text(line.subject)) or "-",
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(pad(cell, columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()


def _tone(outcome: Outcome) -> Tone:
    if outcome is Outcome.SUCCEEDED:
        return "green"
    return "red" if outcome in (Outcome.FAILED, Outcome.ROLLED_BACK) else "yellow"
