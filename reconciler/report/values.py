"""One value on one line: JSON's scalars, compact lists and objects, whatever it holds made safe for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.report.cells import safe
from reconciler.report.redact import CHANGED, SENSITIVE

_TOO: Final = f" {CHANGED}"
_PLAIN: Final = re.compile(r"\([^()]*\)")
_NAME: Final = re.compile(r"[\w.\-/]+")


def show(value: Any) -> str:
    """A redacted value as shown: ``"staging"``, ``2``, ``["a", "b"]``, ``{cpu: 256, name: "web"}``.

    What stands for a value without being one, ``(known after …)`` and ``(sensitive)``, is not quoted.
    """
    if isinstance(value, str):
        if stands_in(value):
            return safe(value)
        return f"{quoted(value.removesuffix(_TOO))}{_TOO}" if value.endswith(_TOO) else quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_member(name)}: {show(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(element) for element in value) + "]"
    return json.dumps(value)


def quoted(text: str) -> str:
    """A string in JSON's quotes, readable letters left as they are."""
    return safe(json.dumps(text, ensure_ascii=False))


def stands_in(text: str) -> bool:
    """Whether a string is one of our own words in the place of a value."""
    return text in (SENSITIVE, CHANGED) or (text.startswith("(known after ") and _PLAIN.fullmatch(text) is not None)


def _member(name: object) -> str:
    text = str(name)
    return text if _NAME.fullmatch(text) else quoted(text)
