"""How a value is written in YAML or JSON: in the house's manner where it is new, in the old one's where it replaces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from reconciler.source.scalars import Ambiguous, resolve

Value: TypeAlias = "str | int | bool | Mapping[str, Value] | Sequence[Value]"

_PLAIN = re.compile(r"[\w./][\w./@+=-]*(?::[\w./@+=-]+)*", re.ASCII)
_HEADER = re.compile(r"[|>][-+0-9]*(?P<comment>[ \t]+#[^\r\n]*)?")
_FLOW_WIDTH = 60


def inline(value: Value, *, json_only: bool = False) -> str:
    """A value on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return value if not json_only and _plainly(value) else quoted(value, json_only=json_only)
        case Mapping():
            members = (
                f"{inline(str(name), json_only=json_only)}: {inline(it, json_only=json_only)}"
                for name, it in value.items()
            )
            return "{" + ", ".join(members) + "}"
    return "[" + ", ".join(inline(it, json_only=json_only) for it in value) + "]"


def block(value: Value, indent: int) -> list[str]:
    """A value as lines, objects and lists in block style unless they are short."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, Mapping):
        for name, member in value.items():
            key = pad + inline(str(name)) + ":"
            lines += [f"{key} {inline(member)}"] if _short(member) else [key, *block(member, indent + 2)]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            first, *rest = [pad + "  " + inline(item)] if _short(item) else block(item, indent + 2)
            lines += [f"{pad}- {first[indent + 2 :]}", *rest]
    else:
        lines.append(pad + inline(value))
    return lines


def quoted(text: str, *, json_only: bool = False) -> str:
    """Text in double quotes, with escapes that YAML knows, and JSON where that is wanted."""

    def escaped(char: str) -> str:
        if char.isprintable():
            return char
        if json_only:
            return json.dumps(char)[1:-1]
        number = ord(char)
        return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"

    return "".join(map(escaped, json.dumps(text, ensure_ascii=False)))


def respelled(written: str, style: str, text: str, *, indent: int, eol: str) -> Iterator[str]:
    """Ways to write a text where another scalar stands, the one nearest to that first. Not each of them is sure to be
    read as the text: that has to be tried."""
    one_line = "\n" not in text and "\r" not in text
    behind = ""
    if style == "'" and one_line:
        yield "'" + text.replace("'", "''") + "'"
    elif style in ("|", ">"):
        tail = written[len(written.rstrip()) :]
        header = _HEADER.match(written)
        comment = (header["comment"] if header else None) or ""
        behind = comment + tail
        if text.strip("\n"):
            keeps = "+" in written.partition("\n")[0].partition("#")[0]
            yield _block_scalar(style, text, comment, " " * indent, eol, eol if keeps else tail)
    elif style == "" and one_line and text.strip():
        yield text
    yield quoted(text) + behind


def _block_scalar(style: str, text: str, comment: str, pad: str, eol: str, tail: str) -> str:
    """A block scalar of lines indented by ``pad``; ``tail`` is what follows its last line."""
    lines = text.rstrip("\n")
    ends = len(text) - len(lines)
    sign = ">" if style == ">" and "\n" not in lines else "|"
    keeping = "+" if ends > 1 else "" if ends else "-"
    shown = eol.join(pad + line if line else "" for line in lines.split("\n"))
    return f"{sign}{keeping}{comment}{eol}{shown}{eol * ends if ends > 1 else tail}"


def _short(value: Value) -> bool:
    if isinstance(value, str | int):
        return True
    inside = value.values() if isinstance(value, Mapping) else value
    return all(isinstance(it, str | int) for it in inside) and len(inline(value)) <= _FLOW_WIDTH


def _plainly(text: str) -> bool:
    try:
        return bool(_PLAIN.fullmatch(text)) and resolve(text) == text and isinstance(resolve(text), str)
    except Ambiguous:
        return False
