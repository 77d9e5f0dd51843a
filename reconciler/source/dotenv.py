"""Dotenv files: ``NAME=value`` by line, read strictly; nothing is interpolated, ``$X`` is text.

There is no one grammar of these files. What all readers take alike is taken; where they differ (a name without a value,
an unknown escape, text after a closing quote) the line is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.model.errors import Problem
from reconciler.model.secrecy import secret_name, stars
from reconciler.source.decode import decode
from reconciler.source.nodes import Map, Mark, Scalar, Source

_HEAD = re.compile(r"\s*(?:export\s+)?(?P<name>[^\s=#'\"]+)\s*=[^\S\n]*")
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_END = re.compile(r"\s*(?:#.*)?")
_COMMENT = re.compile(r"\s#")
_YAML = re.compile(r"\s*[\w.-]+\s*:(?:\s|$)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "$": "$", "`": "`"}
_MOST = 10_000
_PROBLEMS = 20


@dataclass(frozen=True)
class Entry:
    """One assignment. ``start`` is where its value begins, ``end`` where it has ended, as (line, column) from 0."""

    name: str
    value: str
    key: Mark
    start: tuple[int, int]
    end: tuple[int, int]


@dataclass
class Dotenv:
    """A file as read; with problems, its entries are not all that was meant."""

    source: Source
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def node(self) -> Map:
        """The variables as a tree; every value is text."""
        members, keys = {}, {}
        for name, entry in self.entries.items():
            line, column = entry.start
            width = entry.end[1] - column if entry.end[0] == line else len(self.source.line(line)) - column
            members[name] = Scalar(entry.value, Mark(self.source, line, column, max(1, width)), entry.value or '""')
            keys[name] = entry.key
        return Map(members, keys, Mark(self.source, 0, 0))


class _Wrong(Exception):
    """``ends``: it cannot be told what is inside quotes behind it, so nothing is told of that."""

    def __init__(
        self, message: str, line: int, column: int, width: int = 1, hint: str = "", *, ends: bool = False
    ) -> None:
        self.message, self.at, self.hint, self.ends = message, (line, column, width), hint, ends


def is_dotenv(path: str) -> bool:
    """Whether a file is one by its name: ``.env``, ``production.env``, ``.env.production``."""
    name = PurePosixPath(path).name
    return name.endswith(".env") or name.startswith(".env.")


def read_dotenv(name: str, data: bytes) -> Dotenv:
    """Read a file. Whatever its bytes are, the answer is entries and problems, never an exception."""
    text = decode(name, data)
    if isinstance(text, Problem):
        return Dotenv(Source(name, ""), problems=[text])
    read = Dotenv(Source(name, text, masked))
    lines, number = read.source.lines, 0
    while number < len(lines) and len(read.problems) < _PROBLEMS:
        line = lines[number]
        if _END.fullmatch(line):
            number += 1
            continue
        try:
            entry = _entry(read.source, number)
            _add(read, entry)
            number = entry.end[0] + 1
        except _Wrong as wrong:
            at = Mark(read.source, *wrong.at)
            read.problems.append(Problem("dotenv", wrong.message, at.position, hint=wrong.hint))
            if wrong.ends:
                break
            number += 1
    return read


def _add(read: Dotenv, entry: Entry) -> None:
    first = read.entries.get(entry.name)
    if first is not None:
        message = f"'{entry.name[:40]}' is given twice, in lines {first.key.line + 1} and {entry.key.line + 1}"
        related = ((first.key.position, "first given here"),)
        read.problems.append(Problem("duplicate-key", message, entry.key.position, hint="keep one", related=related))
    elif len(read.entries) >= _MOST:
        raise _Wrong(f"the file has more than {_MOST:,} values", entry.key.line, 0, hint="split it")
    else:
        read.entries[entry.name] = entry


def _entry(source: Source, number: int) -> Entry:
    line = source.line(number)
    head = _HEAD.match(line)
    if head is None:
        begins = len(line) - len(line.lstrip())
        hint = (
            "this is YAML: name the file *.yaml"
            if _YAML.match(line)
            else "comments begin with '#', and a value of several lines is in double quotes"
        )
        raise _Wrong("a line has to be NAME=value", number, begins, len(line.rstrip()) - begins, hint)
    name, column = head["name"], head.start("name")
    if not _NAME.fullmatch(name):
        hint = "letters, digits and _, no digit first"
        raise _Wrong("this cannot be the name of a variable", number, column, len(name), hint)
    start = head.end()
    value, end_line, end = _value(source, number, start)
    if (number, start) == (end_line, end):  # nothing, which stands right behind the '='
        start = end = line.index("=", column) + 1
    if not _END.fullmatch(source.line(end_line), end):
        rest = source.line(end_line)
        begins = end + len(rest[end:]) - len(rest[end:].lstrip())
        hint = "escape a quote inside, or use the other sort of quotes"
        raise _Wrong("something follows the closing quote", end_line, begins, len(rest.rstrip()) - begins, hint)
    return Entry(name, value, Mark(source, number, column, len(name)), (number, start), (end_line, end))


def _value(source: Source, number: int, start: int) -> tuple[str, int, int]:
    """The value that begins at a column, and the line and column where it has ended."""
    line = source.line(number)
    match line[start : start + 1]:
        case "'":
            end = line.find("'", start + 1)
            if end < 0:
                hint = "single quotes close on their line; double quotes may hold several"
                raise _Wrong("a quote is opened here and never closed", number, start, hint=hint)
            return line[start + 1 : end], number, end + 1
        case '"':
            return _double_quoted(source, number, start)
    # A comment needs white space before its '#'; directly behind the '=' that is what was skipped.
    comment = _COMMENT.search(line, max(start - 1, line.index("=") + 1))
    end = comment.start() if comment else len(line)
    value = line[start:end].rstrip()
    return value, number, start + len(value)


def _double_quoted(source: Source, number: int, start: int) -> tuple[str, int, int]:
    pieces: list[str] = []
    at, place = number, start + 1
    while True:
        line = source.line(at)
        while place < len(line):
            char = line[place]
            if char == '"':
                return "".join(pieces), at, place + 1
            if char != "\\":
                pieces.append(char)
            elif place + 1 < len(line):
                place += 1
                if line[place] not in _ESCAPES:
                    said = f"\\{line[place]} in double quotes is not read alike by all"
                    raise _Wrong(said, at, place - 1, 2, "use single quotes, or write \\\\", ends=True)
                pieces.append(_ESCAPES[line[place]])
            else:
                said = "a backslash at the end of a line is not read"
                raise _Wrong(said, at, place, hint="write \\\\ for itself", ends=True)
            place += 1
        pieces.append("\n")
        at, place = at + 1, 0
        if at >= len(source.lines):
            raise _Wrong("a quote is opened here and never closed", number, start, ends=True)


def masked(lines: Sequence[str]) -> list[str]:
    """Every line as it may be shown: a value named like a secret as stars, in all the lines it goes on in."""
    shown, quote, secret = [], "", False
    for line in lines:
        head = _HEAD.match(line) if not quote else None
        if quote:
            closes = _closes(line, 0, quote)
            shown.append(stars(line) if secret else line)
            quote = "" if closes else quote
        elif head is not None or "=" in line:
            split = head.end() if head is not None else line.index("=") + 1
            secret = secret_name(line[:split])
            shown.append(line[:split] + stars(line[split:]) if secret else line)
            opened = line[split : split + 1]
            quote = opened if opened in ("'", '"') and not _closes(line, split + 1, opened) else ""
            quote = quote if quote == '"' or secret else ""
        else:  # no assignment: it may go on with the one before, or be a name without one
            hidden = secret or secret_name(line)
            shown.append(stars(line) if hidden and line.strip() and not line.lstrip().startswith("#") else line)
    return shown


def _closes(line: str, start: int, quote: str) -> bool:
    rest = line[start:]
    return quote in (re.sub(r"\\.", "", rest) if quote == '"' else rest)
