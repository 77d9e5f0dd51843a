"""What the files of other tools have in common: read without quoting anything, and searched for one value.

They hold secrets, or what people took for sealed, so no message repeats a value or a line: only names and places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from reconciler.model.errors import Position, Problem
from reconciler.model.sealed import BadEnvelope
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.tree import Path
from reconciler.source.load import load
from reconciler.source.nodes import Map, Mark, Node, Scalar, key_mark, value_mark

LARGEST: Final = 1 << 20
_SHOWN: Final = 200
_COMPARED: Final = 500

_SAID: Final = {
    "alias": "it holds an alias (*…), which is not read",
    "anchor": "it holds an anchor (&…), which is not read",
    "merge-key": "it holds a merge key (<<), which is not read",
    "tag": "it holds a YAML tag (!…), which is not read",
    "duplicate-key": "a key is given twice",
    "empty-key": "a key is missing before ':'",
    "complex-key": "a key is an object or a list",
    "ambiguous-number": "a number in it is not one number to every reader of YAML",
    "too-deep": "its values are nested too deep",
    "too-large": "it holds too many values",
    "not-text": "it is not plain UTF-8 text",
    "template": "it is a template, which has to be rendered first",
}
_STEP: Final = re.compile(r"'([^']+)'|\"([^\"]+)\"|\[([0-9]{1,6})\]|([^.\[\]'\"]+)")


def document(path: str, data: bytes, *, expected: str) -> Map:
    """The one object that a YAML or JSON file holds; raises BadEnvelope."""
    check_size(data)
    loaded = load(path, data)
    if loaded.problems:
        raise broken(loaded.problems[0])
    if not loaded.documents:
        raise BadEnvelope("it is empty", f"it should be {expected}")
    if len(loaded.documents) > 1:
        at = place(loaded.documents[1].at)
        raise BadEnvelope("it holds several documents", "split it into a file for each", at)
    [root] = loaded.documents
    if not isinstance(root, Map):
        raise BadEnvelope("it is not an object of keys and values", f"it should be {expected}", place(root.at))
    return root


def check_size(data: bytes) -> None:
    """No file of secrets is that large; raises BadEnvelope."""
    if len(data) > LARGEST:
        raise BadEnvelope(f"it is larger than {LARGEST >> 20} MiB", "split it")


def place(mark: Mark) -> Position:
    """Where something was written, without the line: it may hold a value."""
    return Position(mark.source.name, mark.line + 1, mark.column + 1, width=max(1, mark.width))


def leaves(node: Node) -> list[tuple[Path, Any]]:
    """Every scalar with its path; an empty object or list is a leaf of its own. As deep as ``load`` allows."""
    found: list[tuple[Path, Any]] = []

    def walk(node: Node, path: Path) -> None:
        if isinstance(node, Scalar):
            # A number too large for a float is text to the other tools, too.
            endless = isinstance(node.value, float) and not isfinite(node.value)
            found.append((path, node.text if endless else node.value))
        elif isinstance(node, Map):
            for name, member in node.members.items():
                walk(member, (*path, name))
            if not node.members:
                found.append((path, {}))
        else:
            for index, item in enumerate(node.items):
                walk(item, (*path, index))
            if not node.items:
                found.append((path, []))

    walk(node, ())
    return found


def selection(text: str | None) -> Path | None:
    """``database.password``, ``list[0]``, ``'a.b'.c`` as a path; None is the whole file. Raises BadEnvelope."""
    if text is None:
        return None
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        dotted = bool(steps) and text[at] == "."
        found = _STEP.match(text, at + dotted)
        if found is None or (dotted if found[3] else bool(steps) and not dotted):
            break
        steps.append(int(found[3]) if found[3] else found[1] or found[2] or found[4])
        at = found.end()
    if at < len(text) or not steps:
        raise BadEnvelope("what is selected is no path in a file", "write it like database.password or list[0]")
    return tuple(steps)


def show(path: Path) -> str:
    """A path as ``selection`` reads it; a very long one is cut."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        plain = _STEP.fullmatch(step)
        quote = '"' if "'" in step else "'"
        text += ("." if text else "") + (step if plain and plain[4] else f"{quote}{step}{quote}")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def find(root: Map, select: Path, paths: Iterable[Path]) -> None:
    """Make certain that one of the ``paths`` is selected; BadEnvelope tells what is there instead."""
    every = list(paths)
    if select in every:
        return
    below = [path for path in every if path[: len(select)] == select]
    if below:
        what = "a list" if isinstance(below[0][len(select)], int) else "an object"
        hint = f"select one of its values: {listing(show(path) for path in below)}"
        raise BadEnvelope(f"{show(select)} is {what}", hint, place(key_mark(root, select)))
    names = [show(path) for path in every]
    otherwise = f"it has {listing(names)}" if names else "it holds no value"
    raise BadEnvelope(f"it has no {show(select)}", did_you_mean(show(select), names[:_COMPARED], otherwise=otherwise))


def value_at(root: Map, path: Path) -> Position:
    """Where a value was written."""
    return place(value_mark(root, path))


def broken(problem: Problem) -> BadEnvelope:
    """What a reader found, in words that quote nothing."""
    at = problem.at
    where = Position(at.file, at.line, at.column, width=at.width) if at is not None else None
    return BadEnvelope(_SAID.get(problem.code, "it cannot be read as YAML"), "correct it there", where)
