"""What an answer means to who sent something: done, not now, never."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from reconciler.agent.http import Response
from reconciler.model.errors import ReconcilerError

LONGEST: Final = 300.0
"""Seconds that a receiver may ask to be left alone."""

_LATER: Final = frozenset({408, 425, 429})


class Later(ReconcilerError):
    """Not now. ``after``: seconds that the receiver asked for; None: it did not say."""

    retry = True

    def __init__(self, message: str, *, where: object = "", after: float | None = None) -> None:
        super().__init__(message, where=where)
        self.after = after


class Refused(ReconcilerError):
    """The same will be refused again. ``status`` is what it was answered with."""

    def __init__(self, message: str, *, status: int, where: object = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


def settled(answer: Response, host: str, now: datetime) -> Response:
    """The answer, where what was asked for was done. Raises Later and Refused; neither quotes the answer."""
    if 200 <= answer.status < 300:
        return answer
    said = f"answered {answer.status}"
    if answer.status in _LATER or answer.status >= 500 or _used_up(answer):
        raise Later(said, where=host, after=_after(answer, now))
    hint = "it redirects: give the address it leads to" if answer.status < 400 else ""
    raise Refused(said, status=answer.status, where=host, hint=hint)


def _used_up(answer: Response) -> bool:
    """GitHub says 403 where others say 429; GitLab says both."""
    left = answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining"))
    return answer.status == 403 and (left == "0" or "retry-after" in answer.headers)


def _after(answer: Response, now: datetime) -> float | None:
    """Seconds, at most LONGEST. Retry-After is a number or a date; GitHub says when its hour is over instead."""
    said = answer.headers.get("retry-after", "").strip()
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    found: float | None = None
    try:
        if said.isascii() and said.isdigit():
            found = float(said)
        elif said:
            found = (parsedate_to_datetime(said) - now).total_seconds()
        elif _used_up(answer) and reset.isascii() and reset.isdigit():
            found = float(reset) - now.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return None if found is None else min(max(found, 0.0), LONGEST)
