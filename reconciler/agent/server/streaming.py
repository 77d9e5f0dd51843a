"""Server-sent events: the status whenever it has changed, for whoever watches. The first event is how things are now.

A reader that is slow gets the newest state when it is ready for one: nothing is queued. A stream ends when the server
does, whoever still reads it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from reconciler.agent.board import Look
from reconciler.agent.server.answers import HEADERS, encode
from reconciler.agent.server.asking import Question, question, shown
from reconciler.agent.server.documents import status_document
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import Refused

MOST_STREAMS: Final = 32
PING: Final = 15
"""Seconds without news after which a comment says that all is well: proxies cut silent connections after a minute."""

_PAUSE: Final = 0.25
"""Seconds between two looks at the board."""


class _Stream(StreamingResponse):
    """Counted for as long as somebody reads."""

    def __init__(self, handed: Handed, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, headers={**HEADERS, "x-accel-buffering": "no"}, media_type="text/event-stream")
        self._handed = handed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._handed.streams -= 1


async def stream(handed: Handed, request: Request) -> Response:
    """``event: status`` with the document of ``/api/v1/status``. ``ping``: seconds, from 1 to 15."""
    asked = question(handed, request, "ping")
    said = request.query_params.get("ping", str(PING))
    if not re.fullmatch(r"[0-9]{1,2}", said) or not 1 <= int(said) <= PING:
        raise Refused(400, "ping", f"ping has to be a number of seconds from 1 to {PING}")
    handed.still_here()
    if handed.streams >= MOST_STREAMS:
        raise Refused(503, "busy", f"{MOST_STREAMS} others are watching already", wait=10.0)
    handed.streams += 1
    return _Stream(handed, events(handed, asked, float(said)))


async def events(handed: Handed, asked: Question, ping: float) -> AsyncIterator[bytes]:
    """Until the server ends."""
    last: Mapping[str, Look] | None = None
    number, told = 0, handed.clock.monotonic()
    while not handed.ending:
        looks = _of(handed, asked)
        if last is None or not _same(last, looks):
            last, number = looks, number + 1
            body = await handed.looking.do(lambda: encode(shown(handed, asked, status_document)))
            told = handed.clock.monotonic()
            yield b"event: status\nid: %d\ndata: %s\n\n" % (number, body.strip())
        elif handed.clock.monotonic() - told >= ping:
            told = handed.clock.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(_PAUSE)


def _of(handed: Handed, asked: Question) -> Mapping[str, Look]:
    looks = handed.board.looks()
    if asked.environment is None:
        return looks
    return {name: look for name, look in looks.items() if name == asked.environment}


def _same(last: Mapping[str, Look], now: Mapping[str, Look]) -> bool:
    """Whether nobody has put anything new on the board: looks are never changed, only replaced."""
    return last.keys() == now.keys() and all(last[name] is look for name, look in now.items())
