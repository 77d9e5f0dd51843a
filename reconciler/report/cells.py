"""Text measured in terminal columns: wide characters count two, combining ones none, controls are spelled out.

Nothing foreign reaches a terminal but through here: an escape sequence, a carriage return or a direction override in a
value would otherwise rewrite what the reader sees. Widths are those of Unicode's East Asian Width property.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

TAB: Final = 4
_SPELLED_OUT: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe(text: str) -> str:
    r"""The text with every control, format and line-breaking character spelled out: ``\n``, ``\x1b``, ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(_spelled(char) for char in text)


def safe_lines(text: str) -> list[str]:
    """The lines of a text meant to have some, each of them safe."""
    return [safe(line.expandtabs(TAB)) for line in text.splitlines()] or [""]


@lru_cache(maxsize=4096)
def _spelled(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) not in _SPELLED_OUT:
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """The columns a safe text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """The text with spaces up to a number of columns; longer ones stay as they are."""
    return text + " " * (columns - width(text))


def spread(line: str) -> list[str]:
    """What each character of a source line is shown as, tabs as the spaces up to the next stop.

    The list has one entry a character, so a column of the file finds its place on the screen by summing widths.
    """
    shown, at = [], 0
    for char in line:
        cell = " " * (TAB - at % TAB) if char == "\t" else safe(char)
        shown.append(cell)
        at += width(cell)
    return shown


def take(text: str, columns: int, *, end: bool = False) -> str:
    """As much of the text's beginning (or end) as fits into a number of columns."""
    taken, used = [], 0
    for char in reversed(text) if end else text:
        used += _columns(char)
        if used > columns:
            break
        taken.append(char)
    return "".join(reversed(taken) if end else taken)


def cut(text: str, columns: int) -> str:
    """The text with its middle left out where it is wider than that: both ends of an ARN or a URI tell the most."""
    if width(text) <= columns:
        return text
    tail = (columns - 1) // 2
    return take(text, columns - 1 - tail) + "…" + take(text, tail, end=True)


def cut_pair(before: str, after: str, columns: int) -> tuple[str, str]:
    """Both texts cut so that a difference between them is still to be seen."""
    cuts = cut(before, columns), cut(after, columns)
    if before == after or cuts[0] != cuts[1]:
        return cuts
    ends = min(len(before), len(after))
    differs = next((place for place in range(ends) if before[place] != after[place]), ends)
    lead = columns // 4
    start = max(differs - lead, lead)
    return (
        take(before, lead) + "…" + cut(before[start:], columns - lead - 1),
        take(after, lead) + "…" + cut(after[start:], columns - lead - 1),
    )
