"""Answers as they go out: JSON, errors of one shape, and the headers that all of them carry."""

from __future__ import annotations

import json
import logging
import math
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.agent.server.refusals import Refused
from reconciler.report import problems, redact
from reconciler.report.trace import traceback_text

log = logging.getLogger(__name__)

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Nothing here is a page: no browser may guess at it, keep it, frame it or run anything of it."""

_CODES = {404: "not-found", 405: "method-not-allowed"}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Any plain JSON value."""
    return encoded(encode(body), status, headers)


def encode(body: Any) -> bytes:
    """JSON in UTF-8, with a newline at its end for whoever reads it in a terminal."""
    return json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def encoded(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON that is bytes already."""
    return Response(body, status, {**HEADERS, **(headers or {})}, media_type="application/json")


def refusal(refused: Refused, headers: dict[str, str] | None = None) -> Response:
    """``{"error": {code, message, hint}}``; manifests that are wrong have their ``problems`` in it, too."""
    error: dict[str, Any] = {
        "code": refused.code,
        "message": redact.text(refused.message),
        "hint": redact.text(refused.hint),
    }
    if refused.problems:
        error["problems"] = problems.to_json(refused.problems)
    more = {} if refused.wait is None else {"retry-after": str(max(1, math.ceil(refused.wait)))}
    if refused.status == 401:
        more["www-authenticate"] = 'Bearer realm="reconciler"'
    return answer({"error": error}, refused.status, {**more, **(headers or {})})


async def on_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(error)


async def on_http(request: Request, error: Exception) -> Response:
    """What the router itself says: no such path, no such method."""
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "refused")
    message = "there is nothing at this path"
    if error.status_code == 405:
        message = f"{request.method} is not what this path is for"
    given = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return refusal(Refused(error.status_code, code, message), given)


async def on_bug(_request: Request, error: Exception) -> Response:
    """Whatever nobody thought of: its place goes to the log, nothing of it to whoever asked."""
    log.error("a request ended in a bug: %s", traceback_text(error))
    return refusal(Refused(500, "bug", "this is a bug in reconciler", "its log says where"))


class Guarded:
    """An application that is never raised out of: what is wrong has been answered and logged inside."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._inner(scope, receive, sent)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - on_bug has answered and logged it, unless it could not
            if not begun:
                await (await on_bug(Request(scope), error))(scope, receive, send)
