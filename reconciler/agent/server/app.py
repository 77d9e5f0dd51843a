"""The application: which handler is at which path, and what they are all handed."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from reconciler.agent.board import Board
from reconciler.agent.desk import Desk
from reconciler.agent.server import asking, metrics, probes, ringing, saying, streaming
from reconciler.agent.server.answers import Guarded, on_bug, on_http, on_refused
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import Refused
from reconciler.model.agent import Kept, Server
from reconciler.model.clock import Clock

INTERVAL = 60.0

Handler = Callable[[Handed, Request], Awaitable[Response]]


class App:
    """An ASGI application. ``stopping`` is set, from any thread, when it is to end: streams end then."""

    def __init__(self, handed: Handed) -> None:
        self.handed = handed
        self._inner = Guarded(_routed(handed))

    @property
    def stopping(self) -> threading.Event:
        return self.handed.stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._inner(scope, receive, send)


def build(
    board: Board,
    desk: Desk,
    server: Server,
    clock: Clock,
    secret: Callable[[Kept], str],
    *,
    interval: float = INTERVAL,
    **more: Any,
) -> App:
    """``secret`` reads what is kept somewhere, anew each time; it may raise a ReconcilerError.

    ``interval``: seconds between two turns of the loop, at most; after three of them without one the agent is ill.
    """
    return App(Handed(board, desk, server, clock, secret, interval, **more))


def _routed(handed: Handed) -> Starlette:
    shown = partial(metrics.metrics, metrics.registry(handed.board, handed.clock))
    reads: dict[str, Handler] = {
        "/healthz": probes.health,
        "/readyz": probes.readiness,
        "/metrics": shown,
        "/api/v1/environments": asking.environments,
        "/api/v1/status": asking.status,
        "/api/v1/plan": asking.plan,
        "/api/v1/news": asking.news,
        "/api/v1/stream": streaming.stream,
    }
    writes: dict[str, Handler] = {
        "/hooks/{name}": ringing.ring,
        **{f"/api/v1/{verb}": partial(saying.say, verb) for verb in saying.VERBS},
    }
    app = Starlette(
        routes=[
            *(Route(path, _bound(handler, handed), methods=["GET"]) for path, handler in reads.items()),
            *(Route(path, _bound(handler, handed), methods=["POST"]) for path, handler in writes.items()),
        ],
        exception_handlers={Refused: on_refused, HTTPException: on_http, Exception: on_bug},
    )
    app.router.redirect_slashes = False
    return app


def _bound(handler: Handler, handed: Handed) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        return await handler(handed, request)

    return answered
