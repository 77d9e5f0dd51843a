"""The simulator: accounts and Regions on one virtual clock, and the one path that every request takes."""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from . import calls as record
from . import ecs, shapes, tagging, wire
from .calls import Call
from .clock import Clock
from .directions import Directions
from .ecs.workload import World
from .errors import AnswerLost, AwsError, unsupported
from .faults import Faults
from .ids import Ids
from .others import Others, error_code
from .settings import Settings
from .wire import Request, Response, Target

if TYPE_CHECKING:
    from .server import Server

OURS = {"ecs": "ecs", "tagging": "resourcegroupstaggingapi"}
VIEWS_KEPT = 16


class Simulator(Directions):
    """An AWS that starts empty. Safe to call from threads: one request at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.faults = Faults()
        self.calls: list[Call] = []
        """Every request, in order. May be cleared."""
        self.log: IO[str] | None = None
        """Where each call is written as one JSON line."""
        self.clock = Clock(self.settings.start.timestamp())
        self._ids = Ids(self.settings.seed)
        self._others = Others(self.settings.account, self.settings.seed)
        self._world = World()
        self._regions: dict[tuple[str, str], ecs.Region] = {}
        self._views: dict[tuple[str, str], deque[bytes]] = {}
        self._number = 0
        self._lock = threading.RLock()
        self._wall: tuple[float, float, float] | None = (
            None  # (wall start, virtual start, speed) while it runs by itself
        )

    # Time.

    def now(self) -> datetime:
        """The virtual clock."""
        return datetime.fromtimestamp(self.clock.now, UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass: run what is due."""
        with self._lock:
            self.clock.run_until(self.clock.now + seconds)

    def settle(self, limit: float = 3600) -> float:
        """Run until nothing moves any more, or for ``limit`` seconds; returns the seconds passed."""
        with self._lock:
            start = self.clock.now
            while (due := self.clock.due) is not None and due <= start + limit:
                self.clock.run_until(due)
            return self.clock.now - start

    def run_by_itself(self, speed: float) -> None:
        """From here on time passes with the wall clock, ``speed`` virtual seconds a second; 0 stops it."""
        with self._lock:
            self._catch_up()
            self._wall = (time.monotonic(), self.clock.now, speed) if speed else None

    def _catch_up(self) -> None:
        if self._wall:
            wall, virtual, speed = self._wall
            self.clock.run_until(virtual + (time.monotonic() - wall) * speed)

    def _delay(self, seconds: float) -> None:
        """Latency: waited for where time passes by itself, else just passed."""
        if self._wall:
            time.sleep(seconds / self._wall[2])
        else:
            self.advance(seconds)

    # Doors.

    def attach(self, session: Any) -> None:
        """Every client that this boto3 or botocore session makes from here on talks to the simulator."""
        from .before_send import attach

        attach(self, session)

    def client(self, service: str, region: str | None = None, **options: Any) -> Any:
        """A boto3 client through the ``before-send`` door, with made-up credentials."""
        from .before_send import client

        return client(self, service, region or self.settings.region, **options)

    def serve(self, port: int = 0, speed: float = 60.0, log: str | None = None) -> Server:
        """The HTTP door on 127.0.0.1; a context manager. While it is open time passes by itself, unless speed is 0."""
        from .server import Server

        return Server(self, port, speed, log)

    # The one path.

    def handle(self, request: Request) -> Response:
        """The answer to a request, whichever door it came through; AnswerLost when a fault withholds it."""
        if self.faults.latency:
            self._delay(self.faults.latency)
        with self._lock:
            self._catch_up()
            request_id, now = self._ids.request(), self.clock.now
            target: Target | None = None
            error: str | None = None
            response: Response | None = None
            try:
                target = wire.identify(request, self.settings.region)
                response = self._answer(request, target)
                error = error_code(response)
            except AwsError as refused:
                response = wire.failure(target.protocol if target else "json", refused)
                error = refused.code
            except AnswerLost as lost:
                error = lost.how
                raise
            finally:
                self._record(target, error, response.status if response is not None else 0, now)
            return wire.stamp(response, self.clock.now, request_id)

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """An ECS operation without any door: checked like a request, answered as plain values, not recorded.

        Raises AwsError. For histories too many for a client.
        """
        with self._lock:
            region = self.settings.region
            target = Target("ecs", region, operation, "", "json", params)
            return self._ours(target, self.settings.account)

    def writes(self) -> list[Call]:
        """The mutating calls."""
        return [c for c in self.calls if c.mutating]

    def region(self, name: str | None = None, account: str | None = None) -> ecs.Region:
        """The ECS state itself, for tests that look behind the answers."""
        return self._region(account or self.settings.account, name or self.settings.region)

    def _region(self, account: str, name: str) -> ecs.Region:
        key = (account, name)
        if key not in self._regions:
            self._regions[key] = ecs.Region(account, name, self._world)
        return self._regions[key]

    def _answer(self, request: Request, target: Target) -> Response:
        account = self._others.account_of(target.access_key)
        service, operation = target.service, target.operation
        resource = resource_of(target, account)
        place = (account, target.region)
        self.faults.refuse(service, operation, resource, self.settings.caller_arn, place, self.clock.now)
        self.faults.strike(service, operation, "before")
        if service in OURS:
            members = self._ours(target, account)
            response = wire.answer(target.protocol, members)
        else:
            response = self._others.handle(request, target)
        self.faults.strike(service, operation, "after")
        return response

    def _ours(self, target: Target, account: str) -> dict[str, Any]:
        known = shapes.operations(OURS[target.service])
        if target.operation not in known:
            raise AwsError(
                "UnknownOperationException", f"The requested operation is not recognized: {target.operation}"
            )
        operation = known[target.operation]
        ours = target.service == "ecs"
        handler = self._handler(ecs.OPERATIONS if ours else tagging.OPERATIONS, target)
        params = shapes.accept(operation.input, target.params)
        scope = self._scope(self._seen(target, account))
        members: dict[str, Any] = handler(scope if ours else tagging.View(scope, self._others), params)
        if self.settings.check_answers:
            shapes.check(operation.output, members)
        return members

    @staticmethod
    def _handler(
        operations: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any]]], target: Target
    ) -> Callable[..., Any]:
        if target.operation not in operations:
            raise unsupported(target.service, target.operation)
        return operations[target.operation]

    def _seen(self, target: Target, account: str) -> ecs.Region:
        """The Region as this call sees it: as it is, or for a stale read as it was some mutating calls ago."""
        state = self._region(account, target.region)
        views = self._views.setdefault((account, target.region), deque(maxlen=VIEWS_KEPT))
        if target.mutating:
            if self.faults.remembering:
                views.append(pickle.dumps(state, pickle.HIGHEST_PROTOCOL))
            return state
        behind = self.faults.behind(target.service, target.operation, self.clock.now)
        if not behind or not views:
            return state
        view = pickle.loads(views[max(len(views) - behind, 0)])
        assert isinstance(view, ecs.Region)
        return view

    def _record(self, target: Target | None, error: str | None, status: int, now: float) -> None:
        self._number += 1
        call = Call(
            number=self._number,
            service=target.service if target else "",
            operation=target.operation if target else "",
            params=target.params if target else {},
            mutating=target.mutating if target else False,
            error=error,
            status=status,
            at=now,
            region=target.region if target else "",
            account=self._others.account_of(target.access_key) if target else self.settings.account,
        )
        self.calls.append(call)
        if self.log:
            record.write(self.log, call)


def resource_of(target: Target, account: str) -> str:
    """The ARN a call is about, as denials name it; ``*`` where there is none."""
    params = target.params
    prefix = f"arn:aws:{target.service}:{target.region}:{account}:"
    cluster = str(params.get("cluster", "default")).rpartition("/")[2]
    for member in ("resourceArn", "service", "serviceName", "task", "taskDefinition", "clusterName", "cluster"):
        value = params.get(member)
        if not isinstance(value, str):
            continue
        if value.startswith("arn:"):
            return value
        kind = {"serviceName": "service", "taskDefinition": "task-definition", "clusterName": "cluster"}.get(
            member, member
        )
        return prefix + (f"{kind}/{cluster}/{value}" if kind in ("service", "task") else f"{kind}/{value}")
    for member in ("SecretId", "Name", "logGroupName"):
        if isinstance(params.get(member), str):
            return str(params[member])
    return "*"
