"""Findings and errors as people read them, in the manner of rustc: the place, the line, a caret, the cause, a hint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from reconciler.model.errors import (
    AwsError,
    InvalidManifests,
    Position,
    Problem,
    ReconcilerError,
    Severity,
)
from reconciler.report import redact
from reconciler.report.cells import safe, safe_lines, spread, width
from reconciler.report.style import Tone, paint

WINDOW: Final = 100
"""Columns of a source line that are shown."""

TONES: Final[dict[Severity, Tone]] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}
_ANNOTATIONS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def draw(problem: Problem, *, color: bool = False) -> str:
    """One finding, without a newline at its end."""
    tone = TONES[problem.severity]
    places = [problem.at, *(place for place, _ in problem.related)]
    gutter = max((len(str(place.line)) for place in places if place), default=1)
    lines = [_title(f"{problem.severity}[{problem.code}]", problem.message, tone, color)]
    if problem.at:
        lines += _snippet(problem.at, "", "-->", "^", tone, gutter, color)
    elif where := _where(problem):
        lines.append(_arrow("-->", where, gutter, color))
    for place, word in problem.related:
        lines += _snippet(place, word, ":::", "-", "blue", gutter, color)
    return "\n".join(lines + _hint(problem.hint, gutter, color))


def draw_all(problems: Iterable[Problem], color: bool = False) -> str:
    """Every finding in the order given, and a line that counts them; nothing when there are none."""
    found = tuple(problems)
    if not found:
        return ""
    worst = min((problem.severity for problem in found), key=list(Severity).index)
    return "\n\n".join([*(draw(problem, color=color) for problem in found), paint(count(found), TONES[worst], color)])


def count(problems: Sequence[Problem]) -> str:
    """How many there are of each severity: ``2 errors, 1 warning``."""
    numbers = [(sum(problem.severity is severity for problem in problems), severity) for severity in Severity]
    return ", ".join(f"{number} {severity}{'s' * (number != 1)}" for number, severity in numbers if number)


def error(exc: ReconcilerError, color: bool = False) -> str:
    """Any error made to be read: message, where, hint; the manifests' problems one by one."""
    if isinstance(exc, InvalidManifests):
        return draw_all(exc.problems, color)
    code = f"[{exc.code}]" if isinstance(exc, AwsError) and exc.code else ""
    lines = [_title(f"error{code}", exc.message, "red", color)]
    if exc.where:
        lines.append(_arrow("-->", exc.where, 1, color))
    return "\n".join(lines + _hint(exc.hint, 1, color))


def github(problems: Iterable[Problem]) -> str:
    """Workflow commands that make GitHub annotate the lines of a commit; one line a finding.

    Source: docs.github.com, workflow commands; the escapes are those of actions/toolkit.
    """
    return "\n".join(_annotation(problem) for problem in problems)


def to_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """``{severity, code, message, hint, at, key, path, app, related}``; ``at`` is ``{file, line, column}`` or null."""
    return [
        {
            "severity": str(problem.severity),
            "code": problem.code,
            "message": redact.text(problem.message),
            "hint": redact.text(problem.hint),
            "at": _place(problem.at) if problem.at else None,
            "key": str(problem.key) if problem.key else None,
            "path": problem.path,
            "app": problem.app or (problem.key.app if problem.key else None),
            "related": [{**_place(place), "message": redact.text(word)} for place, word in problem.related],
        }
        for problem in problems
    ]


def _place(at: Position) -> dict[str, Any]:
    return {"file": at.file, "line": at.line, "column": at.column}


def _where(problem: Problem) -> str:
    return " ".join(part for part in (str(problem.key) if problem.key else problem.app or "", problem.path) if part)


def _title(label: str, message: str, tone: Tone, color: bool) -> str:
    first, *rest = safe_lines(redact.text(message))
    head = paint(safe(label), tone, color, bold=True) + paint(f": {first}", "bold", color)
    return "\n".join([head, *(f"  {line}" for line in rest)])


def _arrow(arrow: str, where: str, gutter: int, color: bool) -> str:
    return f"{' ' * gutter}{paint(arrow, 'blue', color, bold=True)} {safe(redact.text(where))}"


def _hint(hint: str, gutter: int, color: bool) -> list[str]:
    if not hint:
        return []
    first, *rest = safe_lines(redact.text(hint))
    sign = paint("=", "blue", color, bold=True)
    return [f"{' ' * gutter} {sign} {first}", *(f"{' ' * gutter}   {line}" for line in rest)]


def _snippet(at: Position, word: str, arrow: str, mark: str, tone: Tone, gutter: int, color: bool) -> list[str]:
    lines = [_arrow(arrow, str(at), gutter, color)]
    if not at.text.strip():
        return lines if not word else [*lines, f"{' ' * gutter} {paint(f'= {word}', tone, color)}"]
    shown, before, under = _window(redact.source_line(at.text.rstrip("\r\n")), at.column - 1, at.width)
    rule = paint("|", "blue", color, bold=True)
    number = paint(str(at.line).rjust(gutter), "blue", color, bold=True)
    marks = paint(mark * under + (f" {safe(word)}" if word else ""), tone, color, bold=True)
    return [
        *lines,
        f"{' ' * gutter} {rule}",
        f"{number} {rule} {shown.rstrip()}",
        f"{' ' * gutter} {rule} {' ' * before}{marks}",
    ]


def _window(line: str, start: int, length: int) -> tuple[str, int, int]:
    """The line as shown, the columns before the caret, and the caret's columns; a long line is cut around the caret."""
    cells = spread(line)
    edges = [0]
    for cell in cells:
        edges.append(edges[-1] + width(cell))
    start = max(0, min(start, len(cells)))
    stop = max(start, min(start + length, len(cells)))
    left, right = 0, len(cells)
    if edges[-1] > WINDOW:
        # A third of the window leads up to the caret: what it belongs to stands before it.
        left = next(i for i, edge in enumerate(edges) if edge >= edges[start] - WINDOW // 3)
        left = min(left, next(i for i, edge in enumerate(edges) if edge >= edges[-1] - WINDOW))
        right = max(i for i, edge in enumerate(edges) if edge <= edges[left] + WINDOW)
    head, tail = "…" if left else "", "…" if right < len(cells) else ""
    under = edges[min(stop, right)] - edges[start]
    return head + "".join(cells[left:right]) + tail, len(head) + edges[start] - edges[left], max(1, under)


def _annotation(problem: Problem) -> str:
    properties = []
    if problem.at:
        at = problem.at
        properties = [("file", at.file), ("line", str(at.line)), ("col", str(at.column))]
        properties.append(("endColumn", str(at.column + max(1, at.width))))
    properties.append(("title", problem.code))
    said = [problem.message, *([problem.hint] if problem.hint else [])]
    if not problem.at and (where := _where(problem)):
        said[0] = f"{where}: {said[0]}"
    shown = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties)
    return f"::{_ANNOTATIONS[problem.severity]} {shown}::{_escaped(redact.text(chr(10).join(said)), '')}"


def _escaped(text: str, further: str) -> str:
    for char in "%\r\n" + further:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
