"""Plain trees of JSON values (dict, list, scalar), paths through them, and the one variable a tree may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Tree = Mapping[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that is known only after another change has been made. No call carries one to the wire.

    ``of`` is the ARN of what it will be a value of, where that is there already and stays.
    """

    text: str
    of: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text


class Momentary(str):
    """A text that holds the moment of planning. It can be sent; a plan that is kept stands for any other moment."""

    text = "(known when it is sent)"


def pending_after(what: object) -> Pending:
    """The value that exists once ``what`` has been changed."""
    return Pending(f"(known after {what})")


def show_path(path: Path) -> str:
    """A path as people write it: ``containerDefinitions[0].name``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar of a tree with its path; an empty mapping or list is a leaf of its own."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list) and value:
        for index, element in enumerate(value):
            yield from leaves(element, (*path, index))
    else:
        yield path, value


def map_leaves(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """The same tree with each scalar replaced by ``change(path, scalar)``."""
    if isinstance(value, dict):
        return {name: map_leaves(member, change, (*path, name)) for name, member in value.items()}
    if isinstance(value, list):
        return [map_leaves(element, change, (*path, index)) for index, element in enumerate(value)]
    return change(path, value)


def holds_pending(value: Any) -> bool:
    """Whether a tree holds a value that is not known yet."""
    return any(isinstance(leaf, Pending) for _, leaf in leaves(value))


def get_path(value: Any, path: Path, default: Any = None) -> Any:
    """The value at a path, or the default where the path leads nowhere."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
    return value


def set_path(value: Any, path: Path, new: Any) -> Any:
    """A copy of a tree of mappings with one path set; members on the way are created."""
    if not path:
        return new
    step, *rest = path
    copy = dict(value) if isinstance(value, dict) else {}
    copy[step] = set_path(copy.get(step), tuple(rest), new)
    return copy


def drop_path(value: Any, path: Path) -> Any:
    """A copy of a tree of mappings without what stands at the path."""
    if not path or not isinstance(value, dict) or path[0] not in value:
        return value
    copy = dict(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = drop_path(copy[path[0]], path[1:])
    return copy
