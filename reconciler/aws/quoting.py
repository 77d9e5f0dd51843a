"""Whether a text quotes a secret: as it is, escaped, encoded, on one line, or cut short."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

_RUN: Final = 8
"""So many characters in a row are a part of a secret, and no accident. A shorter secret counts whole."""


def quotes(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text holds one of these, or eight characters in a row of one, in a spelling that requests come in."""
    folded = _folded(text)
    runs = set(_runs(folded)) | set(_runs(text))
    return any(_quoted(text, folded, runs, spelt) for secret in secrets for spelt in _spellings(secret))


def _quoted(text: str, folded: str, runs: set[str], spelt: str) -> bool:
    if len(spelt) < _RUN:
        return bool(spelt) and (spelt in text or spelt in folded)
    return any(run in runs for run in _runs(spelt))


def _runs(text: str) -> Iterator[str]:
    return (text[at : at + _RUN] for at in range(len(text) - _RUN + 1))


def _folded(text: str) -> str:
    return " ".join(text.split())


def _spellings(secret: str) -> Iterator[str]:
    plain = {secret, _folded(secret), *(line for line in secret.splitlines() if len(line) >= _RUN)}
    for one in plain:
        yield one
        yield from (json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], repr(one)[1:-1])
        yield from (html.escape(one), quote(one, safe=""))
    data = secret.encode(errors="replace")
    yield from (data.hex(), data.hex().upper(), repr(data)[2:-1])
    for shift in range(3):
        # What stands before it moves it by so many bytes; the characters at its ends are mixed with what is around.
        encoded = base64.b64encode(bytes(shift) + data).decode().rstrip("=")[2 * (shift > 0) + (shift > 1) :][:-1]
        yield from (encoded, encoded.translate(str.maketrans("+/", "-_")))
