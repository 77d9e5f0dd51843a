"""Where findings about documents are gathered, each with its place, its app and its resource."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import PydanticCustomError

from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.key import Key
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, is_null, plain


@dataclass(frozen=True)
class Teller:
    """Adds problems to one list. ``app`` and ``key`` are those of whatever is being read."""

    problems: list[Problem] = field(default_factory=list)
    app: str | None = None
    key: Key | None = None

    def of(self, *, app: str | None = None, key: Key | None = None) -> Teller:
        """A teller for something narrower, with the same list."""
        return replace(self, app=app or self.app, key=key or self.key)

    def error(
        self,
        code: str,
        message: str,
        at: Mark,
        hint: str = "",
        *,
        path: str = "",
        related: Sequence[tuple[Mark, str]] = (),
        severity: Severity = Severity.ERROR,
    ) -> None:
        message, hint = (at.source.tellable(said, at.line) for said in (message, hint))
        places: tuple[tuple[Position, str], ...] = tuple((mark.position, word) for mark, word in related)
        self.problems.append(
            Problem(code, message, at.position, self.key, path, hint, places, severity, self.app),
        )

    def warning(self, code: str, message: str, at: Mark, hint: str = "", *, path: str = "") -> None:
        self.error(code, message, at, hint, path=path, severity=Severity.WARNING)

    @property
    def so_far(self) -> int:
        """How much has been told: for ``wrong_since``."""
        return len(self.problems)

    def wrong_since(self, before: int) -> bool:
        """Whether an error has been told since: whether something just read was wrong."""
        return any(problem.severity is Severity.ERROR for problem in self.problems[before:])


class Members:
    """An object with known members, read one by one. The unknown and the wrongly typed is told."""

    def __init__(
        self, node: Node | None, what: str, known: Sequence[str], tell: Teller, at: Mark | None = None
    ) -> None:
        self.what = what
        self.tell = tell
        self.node = node if isinstance(node, Map) else None
        if node is not None and self.node is None and not is_null(node):
            tell.error("wrong-type", f"{_found(node)} where {what} has to be an object", at or node.at)
        for name in self.node.members if self.node else ():
            if name not in known and self.node is not None:
                hint = did_you_mean(name, known, otherwise=f"its members are: {listing(known)}")
                tell.error("unknown-member", f"'{name}' is not a member of {what}", self.node.keys[name], hint)

    def get(self, name: str) -> Node | None:
        """A member that is there and not null."""
        node = self.node.members.get(name) if self.node else None
        return None if is_null(node) else node

    def mark(self, name: str) -> Mark:
        """Where a member that is there was written."""
        node = self.get(name)
        assert node is not None
        assert self.node is not None
        return node.at if isinstance(node, Scalar) else self.node.keys[name]

    def value(self, name: str, convert: Callable[[Any], Any]) -> Any:
        """A scalar member, converted; None when it is absent or wrong, which is told."""
        node = self.get(name)
        if node is None:
            return None
        return convert_or_tell(node, self.mark(name), f"'{name}'", convert, self.tell)

    def word(self, name: str, words: Sequence[str]) -> str | None:
        """A member that is one of a few words."""
        node = self.get(name)
        if node is None:
            return None
        value = plain(node)
        if isinstance(node, Scalar) and node.unread:
            return None
        if value in words:
            return str(value)
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        self.tell.error("unknown-value", f"'{name}' has to be one of {', '.join(words)}", self.mark(name), hint)
        return None

    def items(self, name: str) -> tuple[Node, ...]:
        """The elements of a list member."""
        node = self.get(name)
        if node is None:
            return ()
        if isinstance(node, List):
            return tuple(item for item in node.items if not is_null(item))
        hint = "put it in a list: [ … ]" if isinstance(node, Scalar) else ""
        self.tell.error("wrong-type", f"'{name}': {_found(node)} where a list is required", self.mark(name), hint)
        return ()

    def object(self, name: str) -> Map | None:
        """A member that is an object of any members."""
        node = self.get(name)
        if node is None or isinstance(node, Map):
            return node
        message = f"'{name}': {_found(node)} where an object is required"
        self.tell.error("wrong-type", message, self.mark(name))
        return None


def convert_or_tell(node: Node, at: Mark, name: str, convert: Callable[[Any], Any], tell: Teller) -> Any:
    """A node's value converted by one of the rules for values; None when it is wrong, which is told."""
    if isinstance(node, Scalar) and node.unread:
        return None
    try:
        return convert(plain(node))
    except PydanticCustomError as error:
        context = error.context or {}
        tell.error("wrong-type", f"{name}: {context.get('said')}", at, str(context.get("hint", "")))
        return None


def _found(node: Node) -> str:
    match node:
        case Map():
            return "object"
        case List():
            return "list"
    return "text" if isinstance(node.value, str) else "a single value"
