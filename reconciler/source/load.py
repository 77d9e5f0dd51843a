"""Bytes to documents whose every key and value knows its place, within bounds that no file can break.

The walk follows libyaml's events with a stack of its own. Aliases and anchors are refused, so a document is never
larger than its file; depth, nodes and documents are counted while reading. JSON is read by the same reader, with
trailing commas and comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.model.errors import Problem
from reconciler.source import syntax
from reconciler.source.decode import decode
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, Source
from reconciler.source.revision import app_of
from reconciler.source.scalars import Ambiguous, resolve

DEPTH = 64
NODES = 15_000
DOCUMENTS = 1_000
PROBLEMS = 20

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Loaded:
    """The documents of a file.

    ``flawed`` are the indexes of those that are not what was written: a key was given twice, say. They are here so that
    more can be told of them; they must not be used. ``broken`` is the index of one that breaks off.
    """

    documents: tuple[Node, ...] = ()
    flawed: frozenset[int] = frozenset()
    broken: int | None = None
    problems: tuple[Problem, ...] = ()


class _Stop(Exception):
    """Reading cannot go on."""


@dataclass
class _Frame:
    at: Mark
    mapping: bool
    items: list[Node] = field(default_factory=list)
    members: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)
    key: str | None = None
    twice: bool = False

    def node(self) -> Node:
        return Map(self.members, self.keys, self.at) if self.mapping else List(tuple(self.items), self.at)


def load(name: str, data: bytes) -> Loaded:
    """Read a file. Whatever its bytes are, the answer is documents and problems, never an exception."""
    text = decode(name, data)
    if isinstance(text, Problem):
        return Loaded(problems=(text,))
    reader = _Reader(Source(name, text))
    reader.read()
    return Loaded(tuple(reader.documents), frozenset(reader.flawed), reader.broken, tuple(reader.problems))


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.documents: list[Node] = []
        self.flawed: set[int] = set()
        self.aliased = False
        self.broken: int | None = None
        self.problems: list[Problem] = []
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.nodes = 0

    def read(self) -> None:
        text = self.source.text
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                _HANDLERS.get(type(event), _Reader.ignore)(self, event)
        except _Stop:
            self.break_off()
        except yaml.YAMLError as error:
            self.problems.append(syntax.explain(error, self.source))
            self.break_off()

    def problem(self, code: str, message: str, at: Mark, hint: str = "", **more: Any) -> None:
        """Tell a problem of the document being read, which then is flawed."""
        self.flawed.add(len(self.documents))
        message, hint = (self.source.tellable(said, at.line) for said in (message, hint))
        self.problems.append(Problem(code, message, at.position, hint=hint, app=app_of(self.source.name), **more))
        if len(self.problems) >= PROBLEMS:
            raise _Stop

    def stop(self, code: str, message: str, at: Mark, hint: str = "") -> None:
        self.problem(code, message, at, hint)
        raise _Stop

    def break_off(self) -> None:
        """Close what is open: a document that breaks off may still tell its kind and name."""
        while self.stack:
            frame = self.stack.pop()
            self.place_quietly(frame.node())
        if self.root is not None:
            self.broken = len(self.documents)
            self.flawed.add(self.broken)
            self.documents.append(self.root)
            self.root = None

    def place_quietly(self, node: Node) -> None:
        if not self.stack:
            self.root = node
        elif not self.stack[-1].mapping:
            self.stack[-1].items.append(node)
        elif (key := self.stack[-1].key) is not None:
            self.stack[-1].members.setdefault(key, node)

    # -- events

    def ignore(self, _event: Any) -> None:
        """Starts and ends of the stream say nothing."""

    def document_start(self, event: Any) -> None:
        if len(self.documents) >= DOCUMENTS:
            at = Mark(self.source, event.start_mark.line, 0)
            self.stop("too-large", f"the file has more than {DOCUMENTS:,} documents", at, "split it")

    def document_end(self, _event: Any) -> None:
        if self.root is not None and not (isinstance(self.root, Scalar) and self.root.text == ""):
            self.documents.append(self.root)
        self.root = None

    def alias(self, event: Any) -> None:
        message = f"the alias *{short(event.anchor)} is not read: aliases can make a small file endlessly large"
        hint = 'quote it, if text is meant; else put the value in "vars" and write ${{ vars.name }}, or use a patch'
        if not self.aliased:
            self.problem("alias", message, self.mark(event), hint)
        self.flawed.add(len(self.documents))
        self.aliased = True  # once is enough: a bomb is full of them
        self.value(Scalar("*" + event.anchor, self.mark(event), unread=True))

    def scalar(self, event: Any) -> None:
        at = self.mark(event)
        self.count(at)
        odd = (event.anchor is not None or event.tag is not None) and self.decorated(event, at)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.mapping and frame.key is None:
            self.key(frame, event, at)
        elif not event.implicit[0] or event.tag is not None:
            self.value(Scalar(event.value, at, event.value or '""', unread=odd))
        else:
            self.value(self.resolved(event.value, at, odd))

    def resolved(self, text: str, at: Mark, odd: bool) -> Scalar:
        """A plain scalar; ``odd``: it has an anchor or a tag."""
        try:
            return Scalar(resolve(text), at, text, unread=odd)
        except Ambiguous:
            shown = short(text)
            message = f"{shown} is not one number to every reader of YAML"
            hint = f'quote it if text is meant: "{shown}"; else write it plainly'
            self.problem("ambiguous-number", message, at, hint)
            return Scalar(text, at, text, unread=True)

    def key(self, frame: _Frame, event: Any, at: Mark) -> None:
        name: str = event.value
        if name == "<<" and event.implicit[0]:
            self.problem("merge-key", "merge keys (<<) are not read", at, "write the members out, or use a patch")
        elif name == "" and event.implicit[0]:
            self.problem("empty-key", "a key is missing before ':'", at)
        merges = name == "<<" and event.implicit[0]
        frame.twice = name in frame.members or merges
        if frame.twice and not merges:
            first = frame.keys[name]
            message = f"'{short(name)}' is given twice, in lines {first.line + 1} and {at.line + 1}"
            self.problem("duplicate-key", message, at, "keep one", related=((first.position, "first given here"),))
        else:
            frame.keys[name] = at
        frame.key = name

    def start(self, event: Any) -> None:
        at = self.mark(event)
        self.count(at)
        if event.anchor is not None or event.tag is not None:
            self.decorated(event, at)
        if len(self.stack) >= DEPTH:
            self.stop("too-deep", f"values are nested more than {DEPTH} deep", at)
        if self.stack and self.stack[-1].mapping and self.stack[-1].key is None:
            if syntax.template_in(self.source.line(at.line)):
                self.problems.append(syntax.render_first(self.source, at.line))
                self.flawed.add(len(self.documents))
                raise _Stop
            self.stop("complex-key", "a key has to be text, not an object or a list", at)
        self.stack.append(_Frame(at, type(event) is yaml.MappingStartEvent))

    def end(self, _event: Any) -> None:
        self.value(self.stack.pop().node())

    def value(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is None:
            self.stop("complex-key", "a key has to be text", node.at)
        else:
            if not frame.twice:
                frame.members[frame.key] = node
            frame.key = None

    # -- bounds

    def mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 0
        if width <= 0:
            width = max(1, len(self.source.line(start.line)) - start.column)
        return Mark(self.source, start.line, start.column, width)

    def count(self, at: Mark) -> None:
        self.nodes += 1
        if self.nodes > NODES:
            self.stop("too-large", f"the file has more than {NODES:,} values", at, "split it")

    def decorated(self, event: Any, at: Mark) -> bool:
        """Tell an anchor or a tag; whether the value is not what was written."""
        before = len(self.problems)
        if event.anchor is not None:
            hint = 'put the value in "vars" and write ${{ vars.name }}, or use a patch'
            self.problem("anchor", f"the anchor &{short(event.anchor)} is not read", at, hint)
        if event.tag not in (None, "!") and event.tag not in _EXPECTED[type(event)]:
            shown = "!!" + event.tag[len(_CORE) :] if event.tag.startswith(_CORE) else event.tag
            self.problem("tag", f"the tag {short(shown)} is not read", at, "write the value without it")
        return len(self.problems) > before


_EXPECTED: dict[type, tuple[str, ...]] = {
    yaml.ScalarEvent: (_CORE + "str",),
    yaml.SequenceStartEvent: (_CORE + "seq",),
    yaml.MappingStartEvent: (_CORE + "map",),
}
_HANDLERS: dict[type, Any] = {
    yaml.DocumentStartEvent: _Reader.document_start,
    yaml.DocumentEndEvent: _Reader.document_end,
    yaml.AliasEvent: _Reader.alias,
    yaml.ScalarEvent: _Reader.scalar,
    yaml.SequenceStartEvent: _Reader.start,
    yaml.MappingStartEvent: _Reader.start,
    yaml.SequenceEndEvent: _Reader.end,
    yaml.MappingEndEvent: _Reader.end,
}


def short(text: str, most: int = 40) -> str:
    """Text that may be shown in a sentence."""
    return text if len(text) <= most else text[: most - 1] + "…"
