"""Colour for a terminal: a tone's name to an ANSI sequence. Whether there is colour at all is the caller's decision."""

from __future__ import annotations

from typing import Final, Literal

Tone = Literal["plain", "bold", "dim", "red", "green", "yellow", "blue", "magenta", "cyan"]

_CODES: Final[dict[Tone, str]] = {
    "plain": "",
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


def paint(text: str, tone: Tone, color: bool, *, bold: bool = False) -> str:
    """The text in a tone; exactly the text where there is no colour or nothing to colour."""
    codes = [code for code in ("1" if bold else "", _CODES[tone]) if code]
    if not (color and text and codes):
        return text
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"
