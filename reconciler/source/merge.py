"""Merging a patch into a spec by the list keys of the diff. Every value keeps the place where it was written.

Objects are merged; ``null`` removes a member. A list whose elements have an identity is merged element by element, a
new one is added, ``$remove: true`` beside its identity takes one out. Every other list is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.model.fields import UNSET, Fields, step
from reconciler.source.nodes import List, Map, Mark, Node, is_null, plain
from reconciler.source.telling import Teller

REMOVE = "$remove"

Identity = tuple[str | None, ...]
"""What names an element of a list; None where it does not say."""


@dataclass
class Merging:
    """One merge of a patch: the table of the kind, and which removals found something to remove."""

    fields: Fields
    tell: Teller
    removed: set[Mark] = field(default_factory=set)
    not_there: dict[Mark, str] = field(default_factory=dict)

    def merge(self, base: Node | None, patch: Node, pattern: str = "") -> Node:
        """What stands at a pattern after the patch."""
        if isinstance(patch, Map):
            return self._objects(base if isinstance(base, Map) else None, patch, pattern)
        if isinstance(patch, List):
            key = self.fields.at(pattern).key
            if key:
                return self._keyed(base if isinstance(base, List) else None, patch, pattern, key)
            for item in patch.items:
                if isinstance(item, Map) and REMOVE in item.members:
                    message = "$remove needs a list whose elements have an identity; this one is replaced as a whole"
                    self.tell.error("cannot-remove", message, item.keys[REMOVE])
        return patch

    def _objects(self, base: Map | None, patch: Map, pattern: str) -> Map:
        members: dict[str, Node] = dict(base.members) if base else {}
        keys = dict(base.keys) if base else {}
        for name, member in patch.members.items():
            if is_null(member):
                members.pop(name, None)
                continue
            members[name] = self.merge(members.get(name), member, self._pattern(pattern, name))
            keys[name] = patch.keys[name]
        return Map(members, keys, base.at if base else patch.at)

    def _pattern(self, pattern: str, name: str) -> str:
        """One step down; a map's keys are ``*`` in the table unless it names them."""
        named, any_ = step(pattern, name), step(pattern, "*")
        known = any(it == named or it.startswith(f"{named}.") for it in self.fields.table)
        return any_ if not known and any(it.startswith(any_) for it in self.fields.table) else named

    def _keyed(self, base: List | None, patch: List, pattern: str, key: tuple[str, ...]) -> List:
        items: list[Node] = list(base.items) if base else []
        inside = step(pattern, "*")
        for change in patch.items:
            if is_null(change):
                continue
            if not isinstance(change, Map):
                items.append(change)  # of the wrong type: the check of the shape says so
                continue
            identity = self._identity(change, inside, key)
            if identity is None:
                wanted = " and ".join(f"'{name}'" for name in key)
                message = f"an element of {pattern} needs {wanted} to say which one is meant"
                self.tell.error("no-identity", message, change.at)
                continue
            at = _which(identity, [self._identity(it, inside, key) for it in items])
            removes = change.members.get(REMOVE)
            if removes is not None:
                self._remove(items, at, change, plain(removes), identity)
            elif at is None:
                items.append(self._objects(None, change, inside))
            else:
                existing = items[at]
                items[at] = self._objects(existing if isinstance(existing, Map) else None, change, inside)
        return List(tuple(items), base.at if base else patch.at)

    def _remove(self, items: list[Node], at: int | None, change: Map, word: object, identity: Identity) -> None:
        mark = change.keys[REMOVE]
        if word is not True:
            self.tell.error("wrong-value", "'$remove' has to be true", mark)
        elif at is None:
            self.not_there[mark] = "/".join(part for part in identity if part)
        else:
            del items[at]
            self.removed.add(mark)

    def _identity(self, element: Node, inside: str, key: tuple[str, ...]) -> Identity | None:
        """What names an element, with the server's defaults for what it leaves out; None when nothing does."""
        if not isinstance(element, Map):
            return None
        said = [element.members.get(name) for name in key]
        if all(part is None or is_null(part) for part in said):
            return None
        return tuple(
            self._default(inside, name) if part is None or is_null(part) else _text(plain(part))
            for name, part in zip(key, said, strict=True)
        )

    def _default(self, inside: str, name: str) -> str | None:
        default = self.fields.at(step(inside, name)).default
        return None if default is UNSET else _text(default)


def _which(identity: Identity, known: list[Identity | None]) -> int | None:
    """The place of the element that is meant: the one of that identity, else the only one that does not contradict it.

    A container's port 80 is found without its host's port, which belongs to its identity once it has one.
    """
    if identity in known:
        return known.index(identity)
    fitting = [index for index, other in enumerate(known) if other is not None and _fits(identity, other)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(identity: Identity, other: Identity) -> bool:
    pairs = [(a, b) for a, b in zip(identity, other, strict=True) if a is not None and b is not None]
    return bool(pairs) and identity[0] is not None and all(a == b for a, b in pairs)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
