"""One change as lines, each with the symbol it begins with; text and Markdown differ only in how they set them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.fields import UNSET
from reconciler.model.plan import Action, Call, Change, FieldChange
from reconciler.report import redact
from reconciler.report.cells import cut, cut_pair, pad, safe, safe_lines, width
from reconciler.report.plan_words import cause_words, effect_words, manner, symbol, waits
from reconciler.report.values import show

ONE: Final = 80
"""Columns of a value that stands alone; a longer one loses its middle."""
EACH: Final = 60
"""Columns of either side of an arrow."""
COLUMN: Final = 64
"""Paths wider than this do not push the values of the others to the right."""
MEMBERS: Final = 20
"""Members shown of a new resource; the rest is counted."""

_CONTAINER_SCALARS: Final = ("image", "cpu", "memory", "memoryReservation", "essential")
_CONTAINER_LISTS: Final = {
    "environment": "variable",
    "secrets": "secret",
    "portMappings": "port",
    "mountPoints": "mount",
}


@dataclass(frozen=True, slots=True)
class Line:
    """``symbol`` is empty for a remark; ``note`` stands behind, less loud; a ``head`` names the resource."""

    symbol: str
    text: str
    note: str = ""
    head: bool = False


def change_lines(change: Change, *, verbose: bool = False) -> list[Line]:
    """The head line, remarks, what differs, and with ``verbose`` the calls."""
    words = manner(change)
    lines = [Line(symbol(change), safe(str(change.key)), f"({words})" if words else "", head=True)]
    if change.note:
        lines += [Line("", line) for line in safe_lines(redact.text(change.note))]
    if change.left:
        paths = ", ".join(safe(one.text) for one in change.left)
        lines.append(Line("", f"left as changed in AWS{f', by {safe(change.who)}' if change.who else ''}: {paths}"))
    elif change.who and not change.blocked and not change.waiting:
        lines.append(Line("", f"changed in AWS by {safe(change.who)}"))
    if later := waits(change):
        lines.append(Line("", later))
    if change.waiting:
        lines += [Line("", line) for line in safe_lines(redact.text(change.waiting))]
    lines += _blocked(change)
    rows = _rows(change, verbose)
    column = max((width(row.path) for row in rows if width(row.path) <= COLUMN), default=0)
    lines += [
        Line(row.symbol, f"{pad(row.path, column)}   {row.value}" if row.value else row.path, row.note) for row in rows
    ]
    if verbose:
        lines += [Line("", f"calls {safe(call.operation)}{_gate(call)}") for call in change.calls]
    return lines


def _gate(call: Call) -> str:
    return f" {safe(str(call.gate))}" if call.gate else ""


@dataclass(frozen=True, slots=True)
class _Row:
    symbol: str
    path: str
    value: str
    note: str = ""


def _blocked(change: Change) -> Iterator[Line]:
    if not change.blocked:
        return
    problem = change.blocked
    first, *rest = safe_lines(redact.text(problem.message))
    yield Line("", f"{safe(problem.code)}: {first}")
    yield from (Line("", f"  {line}") for line in rest)
    if problem.at:
        yield Line("", f"at {safe(str(problem.at))}")
    if problem.hint:
        first, *rest = safe_lines(redact.text(problem.hint))
        yield Line("", f"= {first}")
        yield from (Line("", f"  {line}") for line in rest)


def _rows(change: Change, verbose: bool) -> list[_Row]:
    if change.action is Action.CREATE and change.desired is not None:
        return _new(change.desired.spec, verbose)
    return [_differs(one, change, verbose) for one in change.fields]


def _differs(one: FieldChange, change: Change, verbose: bool) -> _Row:
    before, after = redact.sides(one)
    # Of a replacement every member is made anew: what a change of one alone would do is beside the point.
    told = change.effect and one.effect is not change.effect and change.action is not Action.REPLACE
    words = [effect_words(one.effect)] if told else []
    if one.cause != change.cause and (why := cause_words(one.cause)):
        words.append(why)
    note = f"({', '.join(words)})" if words else ""
    path = safe(one.text) or "(all)"
    if before is UNSET:
        return _Row("+", path, _alone(one.path, after, verbose), note)
    if after is UNSET:
        return _Row("-", path, _alone(one.path, before, verbose), note)
    if after == redact.CHANGED:
        return _Row("~", path, redact.CHANGED, note)
    texts = show(before), show(after)
    if not verbose:
        texts = cut_pair(*texts, EACH)
    return _Row("~", path, f"{texts[0]} -> {texts[1]}", note)


def _alone(path: Sequence[str], value: Any, verbose: bool) -> str:
    if verbose:
        return show(value)
    if _is_container(path) and isinstance(value, Mapping):
        return _container(value)
    return cut(show(value), ONE)


def _new(spec: Mapping[str, Any], verbose: bool) -> list[_Row]:
    """The members of a resource that is not there yet; containers and other objects in lists take a line each."""
    members = _members(redact.value((), spec), (), whole=verbose)
    rows = [_Row("+", safe(".".join(path)), _alone(path, member, verbose)) for path, member in members]
    if verbose or len(rows) <= MEMBERS + 1:  # a line that says "1 more" takes the room of the line it leaves out
        return rows
    return [*rows[:MEMBERS], _Row("", f"… and {len(rows) - MEMBERS} more members", "")]


def _members(value: Any, path: tuple[str, ...], *, whole: bool) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) a line: elements of lists by their name, and objects in lists as one value unless ``whole``."""
    if isinstance(value, Mapping) and value and (whole or not _is_container(path)):
        for name, member in value.items():
            yield from _members(member, (*path, str(name)), whole=whole)
    elif isinstance(value, list) and any(isinstance(element, Mapping) for element in value):
        for place, element in enumerate(value):
            name = element.get("name") if isinstance(element, Mapping) else None
            below = (*path, name if isinstance(name, str) else str(place))
            if whole and isinstance(element, Mapping):
                rest = {member: one for member, one in element.items() if (member, one) != ("name", below[-1])}
                yield from _members(rest["value"] if set(rest) == {"value"} else rest, below, whole=whole)
            else:
                yield below, element
    else:
        yield path, value


def _is_container(path: Sequence[str]) -> bool:
    return len(path) == 2 and path[0] == "containerDefinitions"


def _container(container: Mapping[str, Any]) -> str:
    """A container on one line: its image, its size, and how many there are of what comes in numbers."""
    said = [
        f"{member} {cut(show(container[member]), ONE)}"
        for member in _CONTAINER_SCALARS
        if container.get(member) is not None and (member, container[member]) != ("essential", True)
    ]
    counts = [(len(container[member]), word) for member, word in _CONTAINER_LISTS.items() if container.get(member)]
    said += [f"{number} {word}{'s' * (number != 1)}" for number, word in counts]
    return ", ".join(said) or "{}"
