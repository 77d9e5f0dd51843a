"""What is sealed in an environment, as a table for people and as JSON for machines. Nothing of it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.key import Key
from reconciler.model.sealed import Envelope, Sealed
from reconciler.report.cells import pad, safe, width
from reconciler.report.style import paint

FORMAT_VERSION: Final = "1.0"
_HEADS: Final = ("KEY", "VALUE", "SEALED WITH", "AT")


@dataclass(frozen=True)
class Line:
    """One manifest that may hold a secret value; ``wrong``: it cannot be told, since the manifest is not valid."""

    key: Key
    sealed: Sealed | None
    at: str = ""
    wrong: bool = False


def sealed_text(lines: Sequence[Line], *, color: bool = False) -> str:
    """A table, ending with a newline."""
    if not lines:
        return "No secret and no parameter is declared.\n"
    rows = [tuple(map(safe, (str(line.key), _value(line), _with(line), line.at))) for line in lines]
    widths = [max(width(row[column]) for row in [_HEADS, *rows]) for column in range(len(_HEADS))]
    shown = ["  ".join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = "  ".join(pad(cell, size) for cell, size in zip(_HEADS, widths, strict=True)).rstrip()
    return "\n".join([paint(head, "dim", color), *shown]) + "\n"


def sealed_json(environment: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Plain JSON values, formatVersion "1.0"; what is not known is null."""
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": environment,
        "values": [
            {
                "key": str(line.key),
                "id": line.sealed.id if line.sealed else None,
                "sealedWith": _with(line) if line.sealed else None,
                "at": line.at or None,
            }
            for line in lines
        ],
    }


def _value(line: Line) -> str:
    if line.wrong:
        return "not known: its manifest is wrong"
    return line.sealed.id if line.sealed else "none here: it is only referred to"


def _with(line: Line) -> str:
    content = line.sealed.content if line.sealed else None
    if isinstance(content, Envelope):
        return f"kms {content.kms}" if content.kms else f"age {', '.join(content.age)}"
    return str(content) if content is not None else ""
