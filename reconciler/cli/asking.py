"""Asking an agent: its API over HTTP with a token, and what it refuses as this program's own errors.

The standard library alone: who asks an agent has no need of what asks AWS. The token goes to the one address that was
given: redirects are not followed, and proxies not asked.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from reconciler.cli.runtime import Runtime
from reconciler.model.errors import (
    AccessError,
    InvalidManifests,
    LeaseHeld,
    ReconcilerError,
    StalePlan,
    UsageError,
)
from reconciler.report.status_reading import read_problems

TOKEN = "RECONCILER_AGENT_TOKEN"
PATIENCE = 120.0
"""Seconds for one answer: behind some words a repository is fetched, or an environment is looked at."""

_MOST_BYTES = 256 << 20
_HINT = "is it running, and reachable from here? AWS itself is asked without --agent"


class NoAgent(ReconcilerError):
    """Nothing answers, nothing that is an agent, or not now."""

    retry = True


@dataclass(frozen=True)
class Agent:
    """Where an agent is. ``base`` is the path that its API is below."""

    url: str
    tls: bool
    host: str
    port: int | None
    base: str
    token: str | None = field(default=None, repr=False)

    def get(self, path: str, **query: str | Iterable[str] | None) -> dict[str, Any]:
        """A document of the API."""
        return self._asked("GET", _with(path, query))

    def say(self, verb: str, **members: Any) -> dict[str, Any]:
        """What came of a word; members that are None or empty are left out."""
        body = {name: value for name, value in members.items() if value}
        return self._asked("POST", f"/api/v1/{verb}", json.dumps(body).encode())

    @contextmanager
    def stream(self, patience: float, **query: str | Iterable[str] | None) -> Iterator[Stream]:
        """The status for as long as it is read; ``patience``: seconds without any sign of life."""
        connection = self._connection(patience)
        try:
            with self._reached():
                answer = self._send(connection, "GET", _with("/api/v1/stream", query), None)
                if answer.status != 200:
                    self._refused(answer.status, answer.read(_MOST_BYTES))
            yield Stream(connection, answer)
        finally:
            connection.close()

    def _asked(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        connection = self._connection(PATIENCE)
        try:
            with self._reached():
                answer = self._send(connection, method, path, body)
                read = answer.read(_MOST_BYTES)
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            self._refused(answer.status, read)
        found = _object(read)
        if found is None:
            raise self._no_agent(answer.status)
        return found

    def _connection(self, patience: float) -> http.client.HTTPConnection:
        made = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        return made(self.host, self.port, timeout=patience)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None
    ) -> http.client.HTTPResponse:
        headers: dict[str, str | bytes] = {"Accept": "application/json", "User-Agent": "ecs-reconciler"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}".encode()
        connection.request(method, self.base + path, body=body, headers=headers)
        return connection.getresponse()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise NoAgent(f"the agent does not answer: {why}", where=self.url, hint=_HINT) from None

    def _no_agent(self, status: int) -> NoAgent:
        return NoAgent(f"what answers there is no agent (HTTP {status})", where=self.url, hint="is the address right?")

    def _refused(self, status: int, body: bytes) -> None:
        """Raises what the agent says as the error that it would be here."""
        error = (_object(body) or {}).get("error")
        if not isinstance(error, Mapping):
            raise self._no_agent(status)
        code, message, hint = (str(error.get(name, "")) for name in ("code", "message", "hint"))
        if status in (401, 403):
            hint = hint if self.token is not None else f"set {TOKEN}, or give a file with --agent-token-file"
            raise AccessError(message, where=self.url, hint=hint)
        if code == "invalid-manifests" and isinstance(error.get("problems"), list):
            raise InvalidManifests(read_problems(error["problems"]))
        if code in _OF_CODE:
            raise _OF_CODE[code](message, hint=hint)
        if status in (400, 404, 413, 415) and code != "not-found":
            raise UsageError(message, hint=hint.replace("say environment", "choose one with -e"))
        if status in (429, 503):
            raise NoAgent(message, where=self.url, hint=hint or "ask again in a moment")
        raise ReconcilerError(message, where=self.url, hint=hint)


class Stream:
    """Events as they come. ``end`` may be called from a signal handler."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        self._connection, self._answer = connection, answer
        self._ended = False

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        """A document for each change, None for each sign of life; ends when the agent, or somebody here, ends it.

        Raises NoAgent when there was no sign of life for too long, or what came is no stream.
        """
        data = ""
        for line in self._lines():
            if line.startswith("data:"):
                data = line.removeprefix("data:").strip()
            elif line.startswith(":"):
                yield None
            elif not line and data:
                found = _object(data.encode())
                if found is None:
                    raise NoAgent("the agent's stream cannot be read")
                data = ""
                yield found

    def end(self) -> None:
        """Whoever reads it reads no further."""
        import socket

        self._ended = True
        wire = self._connection.sock
        if wire is not None:
            try:
                wire.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                return

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                line = self._answer.readline(_MOST_BYTES)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if self._ended or isinstance(error, http.client.IncompleteRead | ConnectionError):
                    return
                raise NoAgent(f"the agent fell silent: {type(error).__name__}", hint=_HINT) from None
            if not line or self._ended:
                return
            yield line.decode(errors="replace").rstrip("\r\n")


_OF_CODE: Mapping[str, type[ReconcilerError]] = {
    "lease-held": LeaseHeld,
    "stale-plan": StalePlan,
    "another-plan": UsageError,
}


def agent(run: Runtime) -> Agent:
    """The agent that ``--agent`` names. Raises UsageError for an address or a token that is none."""
    url = run.options.agent or ""
    if run.options.revision is not None or run.options.worktree:
        flag = "--revision" if run.options.revision is not None else "--worktree"
        raise UsageError(f"{flag} and --agent cannot both be meant", hint="an agent reads its own repository")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not url.isprintable() or " " in url or host is None or parts.scheme not in ("http", "https"):
        raise UsageError("--agent is no address of an agent", hint="write http://host:port or https://host")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("--agent holds more than an address", hint=f"the token goes into {TOKEN}")
    shown = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    base = quote(parts.path.rstrip("/"), safe="/%")
    return Agent(shown, parts.scheme == "https", host, port, base, _token(run))


def _token(run: Runtime) -> str | None:
    """What is in the file, else in the variable; None where nobody says one."""
    name = run.options.agent_token_file
    found = run.environ.get(TOKEN, "")
    if name is not None:
        try:
            found = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise UsageError(f"the file with the token cannot be read: {why}", where=name) from None
    token = found.strip()
    if not token.isprintable():
        raise UsageError("the token holds what no token can", where=name or TOKEN)
    return token or None


def _with(path: str, query: Mapping[str, str | Iterable[str] | None]) -> str:
    pairs = {name: [value] if isinstance(value, str) else list(value) for name, value in query.items() if value}
    return f"{path}?{urlencode(pairs, doseq=True)}" if pairs else path


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
