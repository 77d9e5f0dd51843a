"""A traceback that can be shown: where a program went wrong and by which exceptions, without what these say.

The text of an exception holds whatever was at hand: ``invalid literal for int() with base 10: 'hunter2'``. Errors of
this product are made to be read, and keep theirs.
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from reconciler.model.errors import ReconcilerError
from reconciler.report import redact

_CAUSE: Final = "\nthat was the direct cause of:\n\n"
_CONTEXT: Final = "\nwhile that was being handled:\n\n"
_MOST: Final = 20
"""Exceptions of a chain or a group that are shown."""


def traceback_text(error: BaseException) -> str:
    """Frames with their source lines, types, and the chain behind them, the first cause first; ends with a newline."""
    chain = [error]
    while len(chain) < _MOST and (behind := _behind(chain[-1])) is not None:
        chain.append(behind)
    told = ["".join(_one(one)) + (_CAUSE if before.__cause__ else _CONTEXT) for before, one in pairwise(chain)]
    return "".join([*reversed(told), *_one(error)])


def _behind(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


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
