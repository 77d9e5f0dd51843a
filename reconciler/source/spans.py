"""Where in a text every value begins and ends, and how it is written: what an edit in place has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from reconciler.model.tree import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Span:
    """A value as written, from ``start`` up to ``end`` in characters; a block's end may lie behind its last line.

    ``style`` of a scalar is ``"``, ``'``, ``|``, ``>`` or empty. ``members`` are keys with values, ``items`` elements.
    """

    kind: Literal["scalar", "list", "map"]
    start: int
    end: int
    flow: bool = False
    style: str = ""
    value: str = ""
    items: tuple[Span, ...] = ()
    members: tuple[tuple[Span, Span], ...] = ()

    def member(self, name: str) -> tuple[Span, Span] | None:
        """The key and the value of a member."""
        return next((pair for pair in self.members if pair[0].value == name), None)

    @property
    def empty(self) -> bool:
        """Whether nothing stands here: no value, or an empty ``[ ]`` or ``{ }``."""
        return (self.kind == "scalar" and not self.style and self.value in ("", "~", "null")) or (
            self.kind != "scalar" and not self.items and not self.members
        )

    @property
    def last(self) -> Span:
        """The scalar, or the empty list or object, that ends it."""
        if self.members:
            return self.members[-1][1].last
        return self.items[-1].last if self.items else self

    def content_end(self, text: str) -> int:
        """Where the last character is that belongs to the value, comments and empty lines behind it left out."""
        if self.kind == "scalar" and self.style in ("|", ">"):
            written = text[self.start : self.end]
            if "+" in written.partition("\n")[0].partition("#")[0]:
                return self.end  # empty lines behind it are part of it
            return self.start + len(written.rstrip())
        if self.kind == "scalar" and self.start == self.end:
            return len(text[: self.start].rstrip())
        if self.flow or self.kind == "scalar":
            return self.end
        last = self.members[-1][1] if self.kind == "map" else self.items[-1]
        if last.kind == "scalar" and last.start == last.end and self.kind == "list":
            return max(len(text[: last.start].rstrip()), self.start + 1)
        return last.content_end(text)


def documents(text: str) -> tuple[Span, ...]:
    """The documents of a text that has been found readable, empty ones left out as the loader does."""
    found: list[Span] = []
    stack: list[tuple[Any, list[Span]]] = []
    for event in yaml.parse(text, Loader=_LOADER):
        start, end = event.start_mark.index, event.end_mark.index
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                stack.append((event, []))
                continue
            case yaml.ScalarEvent():
                span = Span("scalar", start, end, style=event.style or "", value=event.value)
            case yaml.MappingEndEvent():
                opened, parts = stack.pop()
                pairs = tuple(zip(parts[::2], parts[1::2], strict=True))
                span = Span("map", opened.start_mark.index, end, bool(opened.flow_style), members=pairs)
            case yaml.SequenceEndEvent():
                opened, parts = stack.pop()
                span = Span("list", opened.start_mark.index, end, bool(opened.flow_style), items=tuple(parts))
            case _:
                continue
        if stack:
            stack[-1][1].append(span)
        elif span.kind != "scalar" or span.style or span.value:
            found.append(span)
    return tuple(found)


def path_to(span: Span, start: int, kind: str) -> Path | None:
    """The path of the value of a kind that begins at a place."""
    if span.kind == kind and span.start == start:
        return ()
    inside: list[tuple[str | int, Span]] = [(key.value, value) for key, value in span.members]
    inside += enumerate(span.items)
    for step, part in inside:
        found = path_to(part, start, kind)
        if found is not None:
            return (step, *found)
    return None


def at_path(span: Span, path: Path) -> Span:
    """The value at a path that is there."""
    for step in path:
        if isinstance(step, int):
            span = span.items[step]
        else:
            pair = span.member(step)
            assert pair is not None
            span = pair[1]
    return span
