"""Webhooks: whoever is known by a secret may say that there is something new; what is new, the repository says."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from reconciler.agent.desk import Wake
from reconciler.agent.server.answers import answer
from reconciler.agent.server.bells import Bell
from reconciler.agent.server.bodies import body_of
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.hooks import CHECKS, MOST_BYTES, Call
from reconciler.agent.server.refusals import Refused
from reconciler.model.errors import ReconcilerError
from reconciler.report.cells import safe

log = logging.getLogger(__name__)


async def ring(handed: Handed, request: Request) -> Response:
    """202 for what was heard, 200 for a ping, 401 for a stranger; 429 for too much: one late wake stands for all."""
    bell = handed.bells.get(request.path_params["name"])
    if bell is None:
        raise Refused(404, "unknown-hook", "there is no such webhook", "see server.hooks in the agent's settings")
    handed.still_here()
    body = await body_of(request, MOST_BYTES)
    try:
        call = CHECKS[bell.hook.sender](_secret(handed, bell), request.scope["headers"], body, handed.clock.now())
    except Refused as refused:
        _refused(handed, bell, refused)
        raise
    if call.what == "ping":
        return _answered(handed, bell, "pong", 200)
    if call.what == "other":
        return _answered(handed, bell, "ignored")
    if call.once is not None and not bell.heard.first(call.once):
        return _answered(handed, bell, "heard-before")
    if wait := bell.calls.take(handed.clock.monotonic()):
        _wake_late(handed, bell, wait)
        handed.board.count("reconciler_webhooks_total", hook=bell.hook.name, result="too-many")
        message = "too many calls of this webhook; one look, a little later, stands for all of them"
        raise Refused(429, "too-many", message, "there is no need to send it again", wait=wait)
    handed.desk.wake(_wake(bell, call))
    return _answered(handed, bell, "woken")


def _wake(bell: Bell, call: Call) -> Wake:
    ref = f" to {safe(call.ref)}" if call.ref else ""
    return Wake(git=True, why=f"push{ref} by webhook {bell.hook.name}", reset=True)


def _wake_late(handed: Handed, bell: Bell, wait: float) -> None:
    if bell.late:
        return
    bell.late = True

    def now() -> None:
        bell.late = False
        bell.calls.take(handed.clock.monotonic())
        handed.desk.wake(Wake(git=True, why=f"several pushes by webhook {bell.hook.name}", reset=True))

    handed.later(wait, now)


def _secret(handed: Handed, bell: Bell) -> bytes:
    """Raises Refused where there is none: a signature made with an empty one anybody can make."""
    try:
        found = handed.secret(bell.hook.secret).strip().encode()
    except (ReconcilerError, OSError) as error:
        why = error if isinstance(error, ReconcilerError) else type(error).__name__
        raise Refused(503, "no-secret", f"the secret of the webhook cannot be read: {why}") from None
    if not found:
        raise Refused(503, "no-secret", "the secret of the webhook is empty")
    return found


def _refused(handed: Handed, bell: Bell, refused: Refused) -> None:
    handed.board.count("reconciler_webhooks_total", hook=bell.hook.name, result=refused.code)
    if not bell.complaints.take(handed.clock.monotonic()):
        log.warning("the webhook %s was refused: %s", bell.hook.name, refused.message)


def _answered(handed: Handed, bell: Bell, result: str, status: int = 202) -> Response:
    handed.board.count("reconciler_webhooks_total", hook=bell.hook.name, result=result)
    return answer({"result": result}, status)
