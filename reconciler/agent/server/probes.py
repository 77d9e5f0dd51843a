"""Whether the agent is alive, and whether it is ready: by its own loop, never by how AWS or the remote fare."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from reconciler.agent.server.answers import answer
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import Refused

MISSED = 3
"""Turns of the loop that may be missed."""


async def health(handed: Handed, _request: Request) -> Response:
    """200 while the loop turns; a loop that never has turned is given as long as one that has."""
    beat = handed.board.pulse.beat
    age = handed.clock.monotonic() - max(handed.began, beat if beat is not None else handed.began)
    if age > MISSED * handed.interval:
        raise Refused(503, "stalled", f"the loop has not turned for {age:.0f} seconds", "restart the agent")
    return answer({"healthy": True})


async def readiness(handed: Handed, _request: Request) -> Response:
    """200 once the repository was read, until the agent is told to stop."""
    handed.still_here()
    if not handed.board.pulse.fetched:
        raise Refused(503, "no-repository-yet", "the repository has not been read yet", wait=5.0)
    return answer({"ready": True})
