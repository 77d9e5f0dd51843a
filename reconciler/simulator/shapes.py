"""Requests and answers against botocore's own model: types, required members, enums, lengths, unknown members."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .errors import AwsError, SimulatorError


@dataclass(eq=False)
class Node:
    """One shape of the model, read once. ``kind`` is the model's type; recursion goes through the same Node."""

    name: str
    kind: str
    members: dict[str, Node] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    enum: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    pattern: re.Pattern[str] | None = None
    item: Node | None = None


@dataclass(frozen=True)
class Operation:
    name: str
    input: Node
    output: Node
    errors: frozenset[str]


WORDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "blob": (str, bytes),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


@lru_cache(maxsize=8)
def operations(service: str) -> dict[str, Operation]:
    """All operations of a botocore service name."""
    from .before_send import loader

    model = loader().load_service_model(service, "service-2")
    shapes, seen = model["shapes"], dict[str, Node]()

    def node(name: str) -> Node:
        if name in seen:
            return seen[name]
        raw = shapes[name]
        made = seen[name] = Node(
            name, raw["type"], enum=tuple(raw.get("enum", ())), required=tuple(raw.get("required", ()))
        )
        made.low, made.high = raw.get("min"), raw.get("max")
        if name in ("TagKey", "TagValue") and "\\p{L}" in raw.get("pattern", ""):
            made.pattern = re.compile(r"[\w\s.:/=+\-@]*")  # the model's \p{L}\p{Z}\p{N} in Python's words
        if raw["type"] == "list":
            made.item = node(raw["member"]["shape"])
        elif raw["type"] == "map":
            made.item = node(raw["value"]["shape"])
        for key, member in raw.get("members", {}).items():
            made.members[key] = node(member["shape"])
        return made

    empty = Node("Empty", "structure")
    return {
        name: Operation(
            name,
            node(raw["input"]["shape"]) if "input" in raw else empty,
            node(raw["output"]["shape"]) if "output" in raw else empty,
            frozenset(e["shape"] for e in raw.get("errors", ())),
        )
        for name, raw in model["operations"].items()
    }


def accept(node: Node, value: Any, path: str = "") -> Any:
    """A request's value as AWS would take it in: a copy without nulls, or the error AWS answers with."""
    if not _is(node, value):
        raise AwsError(
            "SerializationException", f"{_kind(value)} can not be converted to {node.kind} at '{path or node.name}'"
        )
    if node.kind == "structure":
        for name in node.required:
            if value.get(name) is None:
                raise violated("null", _join(path, name), "Member must not be null")
        taken = {}
        for name, inner in value.items():
            if name not in node.members:
                raise AwsError("SerializationException", f"Unknown parameter '{_join(path, name)}'")
            if inner is not None:
                taken[name] = accept(node.members[name], inner, _join(path, name))
        return taken
    if node.kind in ("list", "map"):
        assert node.item is not None
        _length(node, len(value), value, path)
        if node.kind == "list":
            return [accept(node.item, v, f"{path}.{i}.member") for i, v in enumerate(value, 1) if v is not None]
        return {k: accept(node.item, v, _join(path, k)) for k, v in value.items() if v is not None}
    if node.kind == "string":
        if node.enum and value not in node.enum:
            raise violated(f"'{value}'", path, f"Member must satisfy enum value set: [{', '.join(node.enum)}]")
        _length(node, len(value), value, path)
        if node.pattern and not node.pattern.fullmatch(value):
            raise violated(
                f"'{value}'", path, r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
            )
    elif node.kind in ("integer", "long", "float", "double"):
        if node.low is not None and value < node.low:
            raise violated(f"'{value}'", path, f"Member must have value greater than or equal to {node.low:g}")
        if node.high is not None and value > node.high:
            raise violated(f"'{value}'", path, f"Member must have value less than or equal to {node.high:g}")
    return value


def check(node: Node, value: Any, path: str = "") -> None:
    """Refuse an answer of our own that the model does not allow."""
    if not _is(node, value):
        raise SimulatorError(f"answer: {path or node.name} is {_kind(value)}, wanted {node.kind}")
    if node.kind == "structure":
        for name, inner in value.items():
            if name not in node.members:
                raise SimulatorError(f"answer: {path or node.name} has no member {name}")
            check(node.members[name], inner, _join(path, name))
    elif node.kind == "list":
        assert node.item is not None
        for i, inner in enumerate(value):
            check(node.item, inner, f"{path}[{i}]")
    elif node.kind == "map":
        assert node.item is not None
        for name, inner in value.items():
            check(node.item, inner, _join(path, name))
    elif node.enum and value not in node.enum:
        raise SimulatorError(f"answer: {path} is '{value}', not one of {', '.join(node.enum)}")


def violated(value: str, path: str, constraint: str) -> AwsError:
    """AWS's own wording of a request that breaks the model."""
    text = f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: {constraint}"
    return AwsError("InvalidParameterException", text)


def _is(node: Node, value: Any) -> bool:
    return isinstance(value, WORDS[node.kind]) and (node.kind == "boolean" or not isinstance(value, bool))


def _length(node: Node, length: int, value: Any, path: str) -> None:
    if node.low is not None and length < node.low:
        raise violated(f"'{value}'", path, f"Member must have length greater than or equal to {node.low}")
    if node.high is not None and length > node.high:
        raise violated(f"'{value}'", path, f"Member must have length less than or equal to {node.high}")


def _kind(value: Any) -> str:
    names = {bool: "TRUE_VALUE", str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", dict: "START_OBJECT"}
    return names.get(type(value), "START_ARRAY" if isinstance(value, list) else "NULL_VALUE")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
