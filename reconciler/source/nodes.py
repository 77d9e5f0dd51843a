"""A document as a tree that knows where each key and value was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from reconciler.model.errors import Position
from reconciler.model.sealed import Sealed
from reconciler.model.tree import Path
from reconciler.source.masking import hidden_words, masked_lines, spellings, without

LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # what libyaml counts as the end of a line
_TEXT = 240
_GOING_ON = 20  # lines of one secret text that a message is searched for


class Source:
    """A file's name and lines. ``mask``: how its lines may be shown; by default those of YAML."""

    def __init__(self, name: str, text: str, mask: Callable[[Sequence[str]], list[str]] = masked_lines) -> None:
        self.name = name
        self.text = text
        self._mask = mask
        self._hidden: dict[int, set[str]] = {}

    @cached_property
    def lines(self) -> list[str]:
        return LINE_END.split(self.text)

    def line(self, number: int) -> str:
        """A line by its number from 0; empty past the end."""
        return self.lines[number] if number < len(self.lines) else ""

    @cached_property
    def _shown(self) -> list[str]:
        return self._mask(self.lines)

    def shown(self, number: int) -> str:
        """A line as it may be shown: secrets as stars, its columns as they are."""
        return self._shown[number] if number < len(self.lines) else ""

    def hide(self, number: int, said: str) -> None:
        """What stands at a line holds a secret that was written elsewhere."""
        self._hidden.setdefault(number, set()).update(spellings(said))

    def tellable(self, message: str, number: int) -> str:
        """A message about a line, without the secrets that stand there."""
        words = set(self._hidden.get(number, ()))
        for place in range(number, min(len(self.lines), number + 1 + _GOING_ON)):
            if place > number and self._shown[place].strip("* \t"):
                break
            words |= hidden_words(self.lines[place], self._shown[place])
        return without(message, words) if words else message


class Mark(NamedTuple):
    """A place in a source; line and column count from 0."""

    source: Source
    line: int
    column: int
    width: int = 1

    @property
    def position(self) -> Position:
        text = self.source.shown(self.line)
        if len(text) > _TEXT:  # a line too long to show; without its column it would mislead
            text = text[:_TEXT] + "…" if self.column < _TEXT - 20 else ""
        width = max(1, min(self.width, len(text) - self.column)) if text else max(1, self.width)
        return Position(self.source.name, self.line + 1, self.column + 1, text, width)


class Scalar(NamedTuple):
    """``text`` is what was written; ``commit``: the value came from ``git.sha`` and changes with every commit;
    ``unread``: it stands for something that could not be read, which has been told, or has not been read yet: nothing
    else is told of it. A value that is sensitive is a Sealed, and ``text`` does not show it."""

    value: str | int | float | bool | Sealed | None
    at: Mark
    text: str = ""
    commit: bool = False
    unread: bool = False


class List(NamedTuple):
    items: tuple[Any, ...]  # of Node
    at: Mark


class Map(NamedTuple):
    members: Mapping[str, Any]  # of Node
    keys: Mapping[str, Mark]
    at: Mark


Node: TypeAlias = Scalar | List | Map


def plain(node: Node) -> Any:
    """The values alone."""
    if isinstance(node, Map):
        return {name: plain(member) for name, member in node.members.items()}
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    return node.value


def get(node: Node | None, *path: str | int) -> Node | None:
    """The node at a path, or None."""
    for step in path:
        if isinstance(node, Map) and isinstance(step, str):
            node = node.members.get(step)
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def with_member(node: Map, name: str, member: Node, key: Mark) -> Map:
    return Map({**node.members, name: member}, {**node.keys, name: key}, node.at)


def pruned(node: Node, dropped: Callable[[Node], bool]) -> Node:
    """The tree without the members and elements that are ``dropped``, at any depth; itself it is kept."""
    if isinstance(node, Map):
        kept = {name: pruned(member, dropped) for name, member in node.members.items() if not dropped(member)}
        return Map(kept, node.keys, node.at)
    if isinstance(node, List):
        return List(tuple(pruned(item, dropped) for item in node.items if not dropped(item)), node.at)
    return node


def is_null(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is None


def is_unread(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.unread


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Every scalar with its path."""
    if isinstance(node, Map):
        for name, member in node.members.items():
            yield from scalars(member, (*path, name))
    elif isinstance(node, List):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        yield path, node


def key_mark(node: Node, path: Path) -> Mark:
    """Where the key of a member was written, or the nearest thing around it that was."""
    found = node.at
    for step in path:
        if isinstance(node, Map) and isinstance(step, str) and step in node.members:
            found = node.keys.get(step, node.at)
            node = node.members[step]
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            found = node.at
        else:
            break
    return found


def value_mark(node: Node, path: Path) -> Mark:
    """Where a value was written; of an object or list the key that holds it."""
    found = get(node, *path)
    if isinstance(found, Scalar) and (found.text or found.value is not None):
        return found.at
    return key_mark(node, path)


def positions(node: Node, path: Path = (), key: Mark | None = None) -> dict[Path, Position]:
    """The place of every value of a tree: of a scalar its own, of an object or list that of its key."""
    here = node.at if isinstance(node, Scalar) or key is None else key
    found = {path: here.position}
    if isinstance(node, Map):
        for name, member in node.members.items():
            found |= positions(member, (*path, name), node.keys.get(name))
    elif isinstance(node, List):
        for index, item in enumerate(node.items):
            found |= positions(item, (*path, index))
    return found
