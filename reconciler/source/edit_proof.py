"""What a text says, exactly: what an edit of it is proved against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.tree import Path
from reconciler.source.load import load
from reconciler.source.nodes import List, Map, Node, Scalar
from reconciler.source.spelling import Value, inline


def says(name: str, body: str) -> tuple[Any, ...] | str:
    """What a text says, exactly; or the first thing that is wrong with it."""
    loaded = load(name, body.encode("utf-8", "surrogatepass"))
    if loaded.problems:
        problem = loaded.problems[0]
        return f"{problem.at}: {problem.message}" if problem.at else problem.message
    return tuple(map(_shape, loaded.documents))


def _shape(node: Node) -> Any:
    if isinstance(node, Map):
        return {name: _shape(it) for name, it in node.members.items()}
    if isinstance(node, List):
        return [_shape(it) for it in node.items]
    assert isinstance(node, Scalar)
    return _scalar(node.value, node.text)


def shape_of(value: Value) -> Any:
    """The shape of a value that is to be written."""
    if isinstance(value, Mapping):
        return {name: shape_of(it) for name, it in value.items()}
    if isinstance(value, str | int):
        return _scalar(value, inline(value))
    return [shape_of(it) for it in value]


def _scalar(value: Any, text: str) -> Any:
    """Text is its value; of all else how it is spelled counts too, since 1.10 is not 1.1 to every member."""
    return ("text", value) if isinstance(value, str) else (type(value).__name__, text)


def part(shape: Any, path: Path) -> Any:
    """What a shape has at a path."""
    for step in path:
        shape = shape[step]
    return shape


def changed(shape: Any, path: Path, new: Any) -> Any:
    """The shape with another one at a path."""
    if not path:
        return new
    step, *rest = path
    if isinstance(shape, dict):
        return {**shape, step: changed(shape[step], tuple(rest), new)}
    items = [changed(it, tuple(rest), new) if index == step else it for index, it in enumerate(shape)]
    return tuple(items) if isinstance(shape, tuple) else items
