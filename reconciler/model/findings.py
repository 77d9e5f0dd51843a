"""What pydantic found, in plain words: which member, what is wrong, what is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from reconciler.model.coercion import shorten
from reconciler.model.errors import Finding
from reconciler.model.service_model import Shapes
from reconciler.model.suggest import did_you_mean, listing, nearest
from reconciler.model.tree import Path, Tree, leaves, show_path

_SKELETON = "this looks like a skeleton of --generate-cli-skeleton: leave out what is not set"


def findings_of(
    error: ValidationError, shapes: Shapes, spec: Tree, moved: Mapping[Path, Sequence[int]]
) -> list[Finding]:
    """A finding for each of pydantic's errors, at the path of the spec as it was written."""
    empty = sum(isinstance(value, str | int) and not value for _, value in leaves(spec))
    found = []
    for detail in error.errors(include_url=False, include_input=True):
        path = _written_path(detail["loc"], moved)
        found.append(_finding(detail, path, shapes, skeleton=empty >= 5))
    # a misspelled member is one mistake, not a missing one beside it
    words = {(it.path[:-1], it.hint.removeprefix("did you mean '").removesuffix("'?")) for it in found if it.hint}
    return [it for it in found if it.code != "missing-member" or (it.path[:-1], it.path[-1]) not in words]


def _written_path(location: Path, moved: Mapping[Path, Sequence[int]]) -> Path:
    """The path before nulls were taken out. A map's key that is itself wrong has pydantic's ``[key]`` after it."""
    if location and location[-1] == "[key]":
        location = location[:-1]
    written: list[str | int] = []
    for index, step in enumerate(location):
        places = moved.get(location[:index])
        written.append(places[step] if places is not None and isinstance(step, int) else step)
    return tuple(written)


def _finding(detail: Mapping[str, Any], path: Path, shapes: Shapes, *, skeleton: bool) -> Finding:
    context: Mapping[str, Any] = detail.get("ctx", {})
    name = show_path(path[-1:]) if path and isinstance(path[-1], str) else show_path(path)
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_member(path, shapes)
        case "missing":
            where = show_path(path[:-1])
            return Finding("missing-member", path, f"'{name}' is missing" + (f" in {where}" if where else ""))
        case "wanted":
            return Finding("wrong-type", path, f"'{name}': {context['said']}", context["hint"])
        case "literal_error":
            words = _shape_at(shapes, path).get("enum", [])
            message = f"'{name}': {shorten(str(detail['input']))} is not one of {listing(words)}"
            return Finding("unknown-value", path, message, did_you_mean(str(detail["input"]), words))
        case "string_too_short" | "too_short":
            least = context["min_length"]
            message = f"'{name}' is empty" if not detail["input"] else f"'{name}' is too short"
            return Finding("too-short", path, f"{message} (minimum length {least})", _SKELETON if skeleton else "")
        case "greater_than_equal":
            return Finding("out-of-range", path, f"'{name}': {detail['input']} is less than {context['ge']}")
        case "less_than_equal":
            return Finding("out-of-range", path, f"'{name}': {detail['input']} is more than {context['le']}")
    return Finding("wrong-value", path, f"'{name}' has a value of a form that AWS's API does not take")


def _unknown_member(path: Path, shapes: Shapes) -> Finding:
    word, around = str(path[-1]), _shape_at(shapes, path[:-1])
    known = list(around.get("members", ()))
    inside = show_path(path[:-1])
    message = f"'{word}' is not a member of {inside or 'the spec'}"
    if (near := nearest(word, known)) is not None:
        return Finding("unknown-member", path, message, f"did you mean '{near}'?")
    if (home := _home(word, around, shapes)) is not None:
        return Finding("unknown-member", path, message, f"'{word}' belongs in {home}")
    return Finding("unknown-member", path, message, f"its members are: {listing(sorted(known))}")


def _home(word: str, around: Mapping[str, Any], shapes: Shapes) -> str | None:
    """The nearest object further down that has such a member."""
    level = [("", around)]
    for _ in range(3):
        below = []
        for walked, shape in level:
            for name, reference in shape.get("members", {}).items():
                inner = shapes[reference["shape"]]
                path = f"{walked}.{name}" if walked else name
                if inner["type"] == "list":
                    inner, path = shapes[inner["member"]["shape"]], f"{path}[]"
                if word in inner.get("members", ()):
                    return path
                below.append((path, inner))
        level = below
    return None


def _shape_at(shapes: Shapes, path: Path) -> Mapping[str, Any]:
    """The shape a path leads to; an empty one where it leads nowhere."""
    shape = shapes[""]
    for step in path:
        match shape["type"]:
            case "structure":
                reference = shape["members"].get(step)
            case "list":
                reference = shape["member"]
            case "map":
                reference = shape["value"]
            case _:
                reference = None
        if reference is None:
            return {"type": "json"}
        shape = shapes[reference["shape"]]
    return shape
