"""Bytes to text that a YAML reader can take: UTF-8, no control characters, JSON without its comments."""

from __future__ import annotations

import re

from reconciler.model.errors import Position, Problem
from reconciler.source.nodes import Mark, Source
from reconciler.source.revision import app_of

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_JSON_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|#[^\n]*|/\*.*?\*/', re.DOTALL)
_SURROGATES = re.compile(r"(\\\\)|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def decode(name: str, data: bytes) -> str | Problem:
    """The text of a file, or why it is none. Lines and, but for escaped surrogates in JSON, columns stay."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1)
        what = "the file is binary, not text" if b"\0" in data else "the file is not UTF-8"
        return Problem("not-text", what, Position(name, line + 1, column + 1), app=app_of(name))
    if name.endswith(".json"):
        text = _without_json_comments(text)
    odd = _CONTROL.search(text)
    if odd is None:
        return text
    line = text.count("\n", 0, odd.start())
    at = Mark(Source(name, text), line, odd.start() - (text.rfind("\n", 0, odd.start()) + 1))
    message = f"the file holds the control character U+{ord(odd.group()):04X}"
    return Problem("not-text", message, at.position, app=app_of(name))


def _without_json_comments(text: str) -> str:
    """Blank out ``//``, ``#`` and ``/* */`` outside of strings, and join escaped surrogates, which YAML has not."""

    def blank(token: re.Match[str]) -> str:
        found = token.group()
        if not found.startswith('"'):
            return re.sub(r"[^\n]", " ", found)
        return _SURROGATES.sub(_joined, found) if "\\u" in found else found

    return _JSON_TOKEN.sub(blank, text)


def _joined(pair: re.Match[str]) -> str:
    if pair.group(1):
        return pair.group()
    high, low = int(pair.group(2), 16), int(pair.group(3), 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"
