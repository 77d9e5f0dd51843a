"""Edits of a manifest's text in place: comments, blank lines, quotes and line ends stay as they are.

Every edit is proved: what was written is loaded again, and has to differ from what was there in that one value alone.
JSON is edited like YAML's flow style, in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import SourceError
from reconciler.model.tree import Path
from reconciler.source.decode import decode
from reconciler.source.edit_proof import changed, part, says, shape_of
from reconciler.source.nodes import LINE_END, Mark
from reconciler.source.spans import Span, at_path, documents, path_to
from reconciler.source.spelling import Value, block, inline, quoted, respelled

_BOM = "\ufeff"
_BLOCK = re.compile(r"[|>][1-9]?(?P<sign>[-+]?)")
_BY_HAND = "edit it by hand"


class EditError(SourceError):
    """A text that cannot be edited in place, or whose edit would not say what was meant. Nothing has been changed."""


@dataclass(frozen=True)
class Insertion:
    """A text put in place of what stands from ``start`` to ``end``."""

    start: int
    end: int
    text: str


def replace_scalar(text: str, mark: Mark, new: str) -> str:
    """The text with another value where a scalar was written. ``mark`` is that of the loaded scalar."""
    file = File.of(text, mark.source.name)
    return file.replaced(*file.find(mark, "scalar"), new)


def append_to_list(text: str, mark: Mark, item: Value) -> str:
    """The text with one more element at the end of a list."""
    file = File.of(text, mark.source.name)
    return file.appended(*file.find(mark, "list"), item)


def add_member(text: str, mark: Mark, name: str, value: Value) -> str:
    """The text with one more member at the end of an object. Raises EditError where it has that member."""
    file = File.of(text, mark.source.name)
    return file.with_member(*file.find(mark, "map"), name, value)


@dataclass(frozen=True)
class File:
    """A text that can be edited. ``spans`` and ``shapes`` are of its documents, in order."""

    name: str
    bom: str
    body: str
    spans: tuple[Span, ...]
    shapes: tuple[Any, ...]

    @classmethod
    def of(cls, text: str, name: str = "") -> File:
        """Raises EditError for a text that is not valid: what an edit does to it could not be proved."""
        bom, body = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
        shapes = says(name, body)
        if isinstance(shapes, str):
            raise EditError(f"the file has mistakes: {shapes}", where=name, hint="mend them first")
        read = decode(name, body.encode())
        assert isinstance(read, str)
        if len(read) != len(body):
            raise EditError("escaped surrogates in JSON cannot be edited around", where=name, hint=_BY_HAND)
        return cls(name, bom, body, documents(read), shapes)

    @property
    def json(self) -> bool:
        return self.name.endswith(".json")

    @property
    def eol(self) -> str:
        """How the file ends its lines."""
        return "\r\n" if "\r\n" in self.body else "\n"

    def find(self, mark: Mark, kind: str) -> tuple[int, Path]:
        """The document and the path of what was loaded from a place. Raises EditError where it is not there."""
        starts = [0, *(found.end() for found in LINE_END.finditer(self.body))]
        if mark.line < len(starts):
            start = starts[mark.line] + mark.column
            for index, span in enumerate(self.spans):
                path = path_to(span, start, kind)
                if path is not None:
                    return index, path
        where = f"{self.name}:{mark.line + 1}:{mark.column + 1}"
        raise EditError(f"there is no {kind} here", where=where, hint="has the file been changed meanwhile?")

    # -- the edits

    def replaced(self, index: int, path: Path, new: str) -> str:
        span = at_path(self.spans[index], path)
        if span.kind != "scalar":
            raise EditError("an object or a list stands here, not one value", where=self._where(span), hint=_BY_HAND)
        wanted = changed(self.shapes, (index, *path), shape_of(new))
        written = self.body[span.start : span.end]
        space = self._space(span)
        ways: Iterable[str] = (quoted(new, json_only=True),)
        if not self.json:
            ways = respelled(written, span.style, new, indent=self._inner_indent(span), eol=self.eol)
        return self._first(([Insertion(span.start, span.end, space + way)] for way in ways), wanted, self._where(span))

    def appended(self, index: int, path: Path, item: Value) -> str:
        span = at_path(self.spans[index], path)
        shape = [*part(self.shapes, (index, *path)), shape_of(item)]
        lines = block([item], self._column(span.start))
        edits = self._in_flow(span, inline(item, json_only=self.json)) if span.flow else self._behind(span, lines)
        return self._first([edits], changed(self.shapes, (index, *path), shape), self._where(span))

    def with_member(self, index: int, path: Path, name: str, value: Value) -> str:
        span = at_path(self.spans[index], path)
        if span.member(name) is not None:
            raise EditError(f"'{name}' is here already", where=self._where(span), hint=_BY_HAND)
        shape = {**part(self.shapes, (index, *path)), name: shape_of(value)}
        if span.flow:
            entry = f"{inline(name, json_only=self.json)}: {inline(value, json_only=self.json)}"
            edits = self._in_flow(span, entry)
        else:
            edits = self._behind(span, block({name: value}, self._column(span.start)))
        return self._first([edits], changed(self.shapes, (index, *path), shape), self._where(span))

    def filled(self, index: int, path: Path, value: Value) -> str:
        """With a value where a member has none: nothing, null, or an empty list or object."""
        *outer, name = path
        around = at_path(self.spans[index], tuple(outer))
        pair = around.member(str(name))
        assert pair is not None
        key, old = pair
        if around.flow or isinstance(value, str | int):
            edits = [Insertion(old.start, old.end, self._space(old) + inline(value, json_only=self.json))]
        else:
            before = len(self.body[: old.start].rstrip(" "))
            end = self._line_end(old.end)
            lines = block(value, self._column(key.start) + 2)
            edits = [Insertion(before, old.end, ""), Insertion(end, end, "".join(self.eol + it for it in lines))]
        return self._first([edits], changed(self.shapes, (index, *path), shape_of(value)), self._where(old))

    def put(self, index: int, path: Path, value: Value) -> str:
        """With a value at a path of members, whatever of the path is there already."""
        span = self.spans[index]
        for depth, step in enumerate(path):
            if isinstance(step, int):
                span = span.items[step]
                continue
            if span.kind != "map":
                raise EditError(f"'{step}' has no object around it", where=self._where(span), hint=_BY_HAND)
            pair = span.member(step)
            rest = _nested(path[depth + 1 :], value)
            if pair is None:
                return self.with_member(index, path[:depth], step, rest)
            span = pair[1]
            if span.empty and (depth + 1 < len(path) or not isinstance(value, str)):
                return self.filled(index, path[: depth + 1], rest)
        if not isinstance(value, str):
            raise EditError("something stands here already", where=self._where(span), hint=_BY_HAND)
        return self.replaced(index, path, value)

    def with_document(self, value: Value) -> str:
        """With one document in a file that has none."""
        lines = inline(value, json_only=True).splitlines() if self.json else block(value, 0)
        start = self.eol if self.body and not self.body.endswith(("\n", "\r")) else ""
        end = len(self.body)
        made = Insertion(end, end, start + "".join(line + self.eol for line in lines))
        return self._first([[made]], (shape_of(value),), self.name)

    # -- where to write

    def _behind(self, span: Span, lines: Sequence[str]) -> list[Insertion]:
        """Lines behind the last one of a block."""
        end = span.content_end(self.body)
        if end == 0 or self.body[end - 1] in "\r\n":
            return [Insertion(end, end, "".join(line + self.eol for line in lines))]
        end = self._line_end(end)
        return [*self._closed(span), Insertion(end, end, "".join(self.eol + line for line in lines))]

    def _closed(self, span: Span) -> list[Insertion]:
        """A block scalar that the file ends in has no line end; what follows gives it one, which ``-`` takes away."""
        last = span.last
        header = _BLOCK.match(self.body, last.start)
        if last.style not in ("|", ">") or header is None or self.body[-1:] in "\r\n":
            return []
        return [] if last.end < len(self.body) else [Insertion(header.start("sign"), header.end("sign"), "-")]

    def _in_flow(self, span: Span, entry: str) -> list[Insertion]:
        """One more entry before the bracket that closes; on a line of its own where the others have one."""
        if not span.items and not span.members:
            return [Insertion(span.start + 1, span.end - 1, entry)]
        last = span.members[-1] if span.members else (span.items[-1], span.items[-1])
        end = last[1].content_end(self.body)
        line_end = self._line_end(end)
        trailing = "," in re.sub(r"#.*", "", self.body[end : span.end])
        lead = self.body[self._line_start(last[0].start) : last[0].start]
        if line_end >= span.end or lead.strip():
            return [Insertion(end, end, f", {entry}")]
        return [
            Insertion(end, end, "" if trailing else ","),
            Insertion(line_end, line_end, f"{self.eol}{lead}{entry}{',' if trailing else ''}"),
        ]

    def _space(self, span: Span) -> str:
        """What has to stand before a value where there is none yet."""
        return " " if span.start == span.end and self.body[: span.start].endswith((":", "-")) else ""

    def _line_start(self, at: int) -> int:
        return max(self.body.rfind("\n", 0, at), self.body.rfind("\r", 0, at)) + 1

    def _line_end(self, at: int) -> int:
        found = re.compile(r"[\r\n]").search(self.body, at)
        return found.start() if found else len(self.body)

    def _column(self, at: int) -> int:
        return at - self._line_start(at)

    def _inner_indent(self, span: Span) -> int:
        """How far a block scalar's lines are indented; of another scalar it does not matter."""
        lines = self.body[span.start : span.end].splitlines()[1:]
        return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)

    def _where(self, span: Span) -> str:
        line = len(LINE_END.findall(self.body, 0, span.start))
        return f"{self.name or 'text'}:{line + 1}:{self._column(span.start) + 1}"

    # -- the proof

    def _first(self, ways: Iterable[Sequence[Insertion]], wanted: Any, where: str) -> str:
        """The first way that says what is wanted and nothing else."""
        for edits in ways:
            made = _spliced(self.body, edits)
            if says(self.name, made) == wanted:
                return self.bom + made
        raise EditError("this cannot be changed in place so that the rest stays as it is", where=where, hint=_BY_HAND)


def _spliced(body: str, edits: Iterable[Insertion]) -> str:
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda it: it.start):
        pieces += [body[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, body[at:]])


def _nested(path: Path, value: Value) -> Value:
    for step in reversed(path):
        value = {str(step): value}
    return value


__all__ = ["EditError", "File", "add_member", "append_to_list", "replace_scalar"]
