"""What was set in the files by ``set-image``: one line a variable, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.model.image import ImageChange
from reconciler.report import redact
from reconciler.report.cells import safe


def images_text(changes: Iterable[ImageChange]) -> str:
    """``file:line: NAME old -> new``, ending with a newline; of what is as asked already, that it is."""
    return "".join(safe(_line(change)) + "\n" for change in changes)


def images_json(changes: Iterable[ImageChange]) -> list[dict[str, Any]]:
    """``{name, file, line, before, after, changed, apps, environments}``, in the order asked."""
    return [
        {
            "name": change.name,
            "file": change.at.file,
            "line": change.at.line,
            "before": _shown(change.name, change.before),
            "after": _shown(change.name, change.after),
            "changed": change.changes,
            "apps": list(change.apps),
            "environments": list(change.environments),
        }
        for change in changes
    ]


def _line(change: ImageChange) -> str:
    place = f"{change.at.file}:{change.at.line}: {change.name}"
    after = _shown(change.name, change.after)
    if not change.changes:
        return f"{place} is {after} already"
    return f"{place} {_shown(change.name, change.before) or '(nothing)'} -> {after}"


def _shown(name: str, value: str) -> str:
    return redact.SENSITIVE if redact.secret_name(name) else value
