"""Errors that repeat what was sent, as services word what they will not take, in every spelling one has met."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from .errors import AwsError

SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: repr(value)[1:-1],
    lambda value: " ".join(value.split()),
    lambda value: value if len(value) < 16 else f"{value[: len(value) // 2]}...",
    lambda value: quote(value, safe=""),
    html.escape,
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: base64.urlsafe_b64encode(f"={value}".encode()).decode(),
    lambda value: value.encode().hex(),
    lambda value: value.splitlines()[-1] if value.strip() else value,
)
"""As it is, as JSON, as a literal, on one line, cut short, in a URL, in XML, in base64, in hex, its last line."""


def quoting(params: dict[str, Any], spelling: int) -> AwsError:
    """A refusal that names each value of the request; spellings are counted round and round."""
    spelt = SPELLINGS[spelling % len(SPELLINGS)]
    found = [
        f"Value '{spelt(value)}' at '{name}' failed to satisfy constraint" for name, value in _texts(params, "request")
    ]
    return AwsError("ValidationException", f"{len(found)} validation errors detected: {'; '.join(found)}")


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for member, held in value.items():
            yield from _texts(held, str(member))
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element, name)
    elif isinstance(value, str):
        yield name, value
