"""Plain YAML scalars by the core schema of YAML 1.2; what another reader would take for another number is refused.

``NO``, ``on``, ``12:30:45`` and dates are text. ``0777``, ``1_000`` and ``017`` are read as different numbers by
YAML 1.1 and 1.2: nobody can say which one is meant.
"""

from __future__ import annotations

import re

from reconciler.model.coercion import spelled

_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_AMBIGUOUS = re.compile(r"[-+]?(?:0[0-9][0-9_.eE+-]*|0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_.]*)", re.ASCII)
_NUMBER_START = frozenset("0123456789.+-")
_DIGITS = 40


class Ambiguous(ValueError):
    """A number that two readers of YAML would read differently, or that is too long to be one."""


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar; raises Ambiguous."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if text.isdecimal() and text.isascii() and (text[0] != "0" or text == "0"):  # most numbers are plain ones
        return int(_short(text))
    if _INTEGER.fullmatch(text):
        return spelled(int(_short(text)), text)
    if _BASED.fullmatch(text):
        return spelled(int(_short(text), 0), text)
    if _AMBIGUOUS.fullmatch(text):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) or text.count(".") > 1:
            return text  # 0001-02-03, 01.02.03
        raise Ambiguous(text)
    if _FLOAT.fullmatch(text):
        return spelled(float(_short(text)), text)
    return text


def _short(text: str) -> str:
    if len(text) > _DIGITS:
        raise Ambiguous(text)
    return text
