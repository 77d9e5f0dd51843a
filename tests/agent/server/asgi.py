"""A caller of ASGI applications without a wire, an agent made of a board and a desk that keeps what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.agent.board import Board, Look, Pulse
from reconciler.agent.desk import Wake
from reconciler.agent.server.app import App, build
from reconciler.engine.people import Released
from reconciler.model.agent import Hook, Kept, Server, Token
from reconciler.model.errors import Problem, ReconcilerError, UsageError
from reconciler.model.key import Key
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.record import Said
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HEAD, OLD = "a" * 40, "b" * 40


class Hands:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return 1000 + self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for given, value in self.headers if given == name), None)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


@dataclass
class FakeDesk:
    """Keeps what is said; ``fails`` is raised instead, once or for ever."""

    wakes: list[Wake] = field(default_factory=list)
    said: list[tuple[Any, ...]] = field(default_factory=list)
    fails: BaseException | None = None
    before: Said | None = None

    def wake(self, wake: Wake) -> None:
        self.wakes.append(wake)

    def _hear(self, *what: Any) -> None:
        self.said.append(what)
        if self.fails is not None:
            raise self.fails

    def sync(self, environment: str, app: str | None, said: Said) -> str | None:
        self._hear("sync", environment, app, said)
        return HEAD

    def suspend(self, environment: str, app: str, said: Said) -> Said | None:
        self._hear("suspend", environment, app, said)
        return self.before

    def resume(self, environment: str, app: str, said: Said) -> Said | None:
        self._hear("resume", environment, app, said)
        return self.before

    def approve(self, environment: str, app: str, digest: str, said: Said) -> str:
        self._hear("approve", environment, app, digest, said)
        return digest + "f" * (64 - len(digest))

    def retry(self, environment: str, app: str, names: Any, said: Said) -> list[Released]:
        self._hear("retry", environment, app, tuple(names), said)
        return [Released(Key(app, "Service", "web"), "its failed deployment")]

    def rollback(self, environment: str, app: str, to: str | None, said: Said) -> list[str]:
        self._hear("rollback", environment, app, to, said)
        return [f"goes back: {app}/Service/web from web:2 to web:1"]


TOKENS = (
    Token("reader", Kept(variable="READER"), "read"),
    Token("alice", Kept(variable="ALICE"), "write"),
    Token("shop-ci", Kept(variable="SHOP"), "write", ("staging/shop",)),
)
SECRETS = {
    "READER": "read-Xq7ReaderOnlyZq",
    "ALICE": "write-Xq7AliceWritesZq",
    "SHOP": "shop-Xq7ShopAloneZq",
    "GITHUB": "It's a Secret to Everybody",
    "GITLAB": "gitlab-Xq7SecretZq",
    "GENERIC": "generic-Xq7SecretZq",
}
HOOKS = (
    Hook("github", "github", Kept(variable="GITHUB")),
    Hook("gitlab", "gitlab", Kept(variable="GITLAB")),
    Hook("any", "generic", Kept(variable="GENERIC")),
)
ALICE, READER, SHOP_CI = (SECRETS[name] for name in ("ALICE", "READER", "SHOP"))


@dataclass
class Agent:
    """An application with all that it is handed."""

    server: Server = field(default_factory=lambda: Server(tokens=TOKENS, hooks=HOOKS))
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    board: Board = field(default_factory=Board)
    desk: FakeDesk = field(default_factory=FakeDesk)
    clock: Hands = field(default_factory=Hands)

    def __post_init__(self) -> None:
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.app: App = build(
            self.board,
            self.desk,
            self.server,
            self.clock,
            self.secret,
            interval=10.0,
            later=lambda seconds, act: self.later.append((seconds, act)),
        )
        self.board.beat(Pulse(self.clock.monotonic(), fetched=True))
        for look in (look_at("staging"), look_at("production")):
            self.board.put(look)

    def secret(self, kept: Kept) -> str:
        try:
            return self.secrets[kept.variable]
        except KeyError:
            raise ReconcilerError(f"{kept} is not set") from None

    def get(self, path: str, token: str | None = READER, **more: Any) -> Answer:
        return call(self.app, "GET", path, headers=bearer(token), **more)

    def post(self, path: str, body: Any, token: str | None = ALICE, headers: Any = ()) -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = [("content-type", "application/json"), *bearer(token), *headers]
        return call(self.app, "POST", path, headers=given, body=[sent])


def bearer(token: str | None) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")] if token is not None else []


def call(
    app: Any,
    method: str,
    path: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (),
    peer: str = "192.0.2.7",
    read: list[bytes] | None = None,
) -> Answer:
    """One request, one answer. ``body`` are the chunks as they arrive; ``read`` keeps those that were asked for."""

    async def whole() -> Answer:
        where, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": where, "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": (peer, 4321), "server": ("agent", 8080), "state": {},
        }  # fmt: skip
        chunks, found, parts = iter(body), Answer(0, [], b""), []
        ended = asyncio.Event()

        async def receive() -> dict[str, Any]:
            chunk = next(chunks, None)
            if chunk is None:
                if read is not None and b"" in read:
                    await ended.wait()
                    return {"type": "http.disconnect"}
                if read is not None:
                    read.append(b"")
                return {"type": "http.request", "body": b"", "more_body": False}
            if read is not None:
                read.append(chunk)
            return {"type": "http.request", "body": chunk, "more_body": True}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                found.status = message["status"]
                found.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
            else:
                parts.append(message.get("body", b""))

        await app(scope, receive, send)
        ended.set()
        found.body = b"".join(parts)
        return found

    return asyncio.run(whole())


def conditions(ready: bool, reason: str = "", message: str = "") -> tuple[Condition, ...]:
    word = "True" if ready else "False"
    found = [
        Condition("Ready", word, reason or "Ready", message, AT),
        Condition("Synced", word, "Synced" if ready else "OutOfSync", "", AT),
        Condition("Healthy", "True", "Healthy", "", AT),
    ]
    return (*found, *(() if ready else [Condition("Reconciling", "True", reason, message, AT)]))


def web(app: str = "shop", *, ready: bool = True) -> ResourceStatus:
    task = Task("0123456789abcdef", "STOPPED", "", "OutOfMemory", 137, "killed", AT, AT, True)
    return ResourceStatus(
        Key(app, "Service", "web"),
        "Ready" if ready else "RollingOut",
        conditions(ready, "" if ready else "TasksStarting", "2/2 running" if ready else "1/2 running"),
        HealthWord.HEALTHY if ready else HealthWord.PROGRESSING,
        "Current" if ready else "InProgress",
        () if ready else ("1 task stopped: OutOfMemoryError",),
        "" if ready else "raise the memory",
        (Deployment("ecs-svc/1", "PRIMARY", "web:2", 2, 1, 1, 0, "IN_PROGRESS", AT, (task,)),),
        AT,
    )


def look_at(environment: str, *, ready: bool = True, **more: Any) -> Look:
    """Two apps, one change left in each."""
    resources = (web("shop", ready=ready), web("billing"))
    changes = tuple(Change(Key(app, "Service", "web"), Action.UPDATE, Action.UPDATE) for app in ("shop", "billing"))
    plan = Plan(environment, HEAD, changes, (Key("shop", "Cluster", "main"),))
    own: dict[str, Any] = {
        "commit": HEAD, "head": HEAD, "source": Condition("SourceVerified", "True", "Verified", "", AT),
        "status": Status(environment, HEAD, resources), "plan": plan, "digests": {"shop": "1" * 64, "billing": "2" * 64},
        "at": AT, "held": True, "writer": "agent-1", "waiting": 3,
    }  # fmt: skip
    return Look(environment, **{**own, **more})


PROBLEM = Problem("unknown-member", "desiredCuont is no member", app="shop")
NOT_THERE = UsageError("there is no app 'nowhere'", hint="apps are: shop")
