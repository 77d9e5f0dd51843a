"""What AWS says of one member: type, values, documentation."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.service_model import Shapes
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.tree import Path

_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"</?(?:p|li|ul|ol|dl|dd|dt|note|important|div|br)\b[^>]*>", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True)
class Member:
    """A member of a spec. ``type`` reads ``string``, ``list of object`` …; ``members`` are those of an object, or of a
    list's or map's elements, with their types; ``documentation`` has a paragraph a line."""

    path: str
    type: str
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    members: Mapping[str, str] | None = None
    documentation: str = ""


def find_member(shapes: Shapes, path: str | Path) -> Member:
    """The member at a path; a step through a list may be left out or be ``[]``, ``*``, a number."""
    steps = re.findall(r"[^.\[\]]+", path) if isinstance(path, str) else [str(step) for step in path]
    shape, required, documentation, walked = shapes[""], False, "", ""
    for step in steps:
        shape = _through_lists(shapes, shape)
        if shape["type"] == "map":
            shape, required = shapes[shape["value"]["shape"]], False
            walked = f"{walked}.{step}"
            continue
        if step == "*" or step.isdigit():
            continue
        if step not in shape.get("members", {}):
            raise LookupError(_no_such(step, walked, shape))
        reference = shape["members"][step]
        required = step in shape.get("required", ())
        shape = shapes[reference["shape"]]
        documentation = reference.get("documentation") or shape.get("documentation", "")
        walked = f"{walked}.{step}" if walked else step
    inner = _through_lists(shapes, shape, maps=True)
    members = {name: type_name(shapes, it["shape"]) for name, it in inner.get("members", {}).items()}
    return Member(
        path=walked,
        type=_type_of(shapes, shape),
        required=required,
        values=tuple(_through_lists(shapes, shape).get("enum", ())),
        minimum=shape.get("min"),
        maximum=shape.get("max"),
        members=members or None,
        documentation=plain_text(documentation or shape.get("documentation", "")),
    )


def type_name(shapes: Shapes, name: str) -> str:
    """``list of object``, ``map of string``, ``string`` …"""
    return _type_of(shapes, shapes[name])


def plain_text(documentation: str) -> str:
    """AWS's HTML as text, a paragraph a line."""
    broken = _BREAK.sub("\n", _SPACE.sub(" ", documentation))
    lines = (_SPACE.sub(" ", html.unescape(_TAG.sub("", line))).strip() for line in broken.split("\n"))
    return "\n".join(line for line in lines if line)


def _type_of(shapes: Shapes, shape: Mapping[str, Any]) -> str:
    match shape["type"]:
        case "structure":
            return "object"
        case "list":
            return f"list of {type_name(shapes, shape['member']['shape'])}"
        case "map":
            return f"map of {type_name(shapes, shape['value']['shape'])}"
        case "long":
            return "integer"
        case "double" | "float":
            return "number"
        case "blob":
            return "string"
    return str(shape["type"])


def _through_lists(shapes: Shapes, shape: Mapping[str, Any], *, maps: bool = False) -> Mapping[str, Any]:
    while shape["type"] == "list" or (maps and shape["type"] == "map"):
        shape = shapes[(shape["member"] if shape["type"] == "list" else shape["value"])["shape"]]
    return shape


def _no_such(step: str, walked: str, shape: Mapping[str, Any]) -> str:
    known = list(shape.get("members", ()))
    where = f" of {walked}" if walked else ""
    if not known:
        return f"'{step}' is not a member{where}, which has none"
    hint = did_you_mean(step, known, otherwise=f"its members are: {listing(sorted(known), most=40)}")
    return f"'{step}' is not a member{where}; {hint}"
