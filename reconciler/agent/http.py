"""The way out to forges and chats: one request, one answer, within a time; JSON where both sides speak it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from reconciler.model.errors import ReconcilerError

TIMEOUT = 10.0
MOST_BYTES = 4 << 20


class NoAnswer(ReconcilerError):
    """A request outside of AWS that got no answer. ``where`` is the host: a URL may hold a secret."""

    retry = True


@dataclass(frozen=True)
class Response:
    """``headers`` have small letters."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The body. Raises ValueError where it is no JSON."""
        return json.loads(self.body)


class Ask(Protocol):
    """Makes one request. Raises NoAnswer; any answer, whatever its status, is returned."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        """``body``: bytes as they are, anything else as JSON."""
        ...


def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None) -> Response:
    """The Ask of real runs. A redirect is not followed: what is sent may be for one host alone."""
    import urllib3  # late: it takes its time

    sent = {"User-Agent": "ecs-reconciler", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        sent.setdefault("Content-Type", "application/json")
        body = json.dumps(body).encode()
    try:
        answer = _pool().request(
            method, url, headers=sent, body=body, redirect=False, retries=False, preload_content=False
        )
        try:
            found = answer.read(MOST_BYTES)
        finally:
            answer.release_conn()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        host = urlsplit(url).hostname or "that address"
        failed = NoAnswer(f"no answer: {type(error).__name__}", where=host, hint="is it reachable from here?")
    else:
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, found)
    raise failed


@cache
def _pool() -> Any:
    import urllib3  # late: it takes its time

    return urllib3.PoolManager(timeout=urllib3.Timeout(total=TIMEOUT), maxsize=4)
