"""A traceback that can be shown: where a program went wrong and by which exceptions, without what these say.

The text of an exception holds whatever was at hand: ``invalid literal for int() with base 10: 'hunter2'``. Errors of
this product are made to be read, and keep theirs.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterator
from typing import Final

from reconciler.model.errors import ReconcilerError
from reconciler.report import redact

_CAUSE: Final = "\nthat was the direct cause of:\n\n"
_CONTEXT: Final = "\nwhile that was being handled:\n\n"
_MOST: Final = 20
"""Exceptions of a chain or a group that are shown."""


def traceback_text(error: BaseException) -> str:
    """Frames with their source lines, types, and the chain behind them, the first cause first; ends with a newline."""
    parts: list[str] = []
    shown: BaseException | None = error
    while shown is not None and len(parts) < _MOST:
        parts.append("".join(_one(shown)))
        following = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
        if following is not None:
            parts.append(_CAUSE if shown.__cause__ else _CONTEXT)
        shown = following
    return "".join(reversed(parts))


def _one(error: BaseException) -> Iterator[str]:
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_list(traceback.extract_tb(error.__traceback__))
    yield f"{_said(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for number, one in enumerate(error.exceptions[:_MOST], 1):
            yield textwrap.indent(f"{number}. {traceback_text(one)}", "  ")


def _said(error: BaseException) -> str:
    """An exception in one line: its type, and its text where it was made to be read."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {redact.text(str(error))}" if isinstance(error, ReconcilerError) else name
