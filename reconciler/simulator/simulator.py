"""The simulator: accounts and Regions on one virtual clock, and the one path that every request takes."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from . import ecs, scaling
from .answers import members_of
from .calls import Call
from .directions import Directions
from .errors import SimulatorError
from .fault import Fault
from .faults import Faults, view
from .notices import Notices, Subscription
from .path import Path
from .settings import Settings
from .wire import Request, Response, Target
from .world import World

if TYPE_CHECKING:
    from .server import Server


class Simulator(Directions):
    """An AWS that starts empty. Safe to call from threads: one request at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.faults = Faults(self.settings.seed, standing(self.settings))
        self.world = World(self.settings, self.faults)
        self.clock = self.world.clock
        self.calls: list[Call] = []
        """Every request, in order. May be cleared."""
        self.log: IO[str] | None = None
        """Where each call is written as one JSON line."""
        self.lock = threading.RLock()
        self.notices = Notices(self.world)
        """Events on their way; their ``duplicates``, ``reordered`` and ``dropped`` may be set."""
        self._path = Path(self)
        self._path.after.append(self.notices.look)
        self._wall: tuple[float, float, float] | None = (
            None  # (wall start, virtual start, speed) while it runs by itself
        )

    # Time.

    def now(self) -> datetime:
        """The virtual clock."""
        return datetime.fromtimestamp(self.clock.now, UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass: run what is due."""
        with self.lock:
            self.clock.run_until(self.clock.now + seconds)

    def settle(self, limit: float = 3600) -> float:
        """Run until nothing moves any more, or for ``limit`` seconds; returns the seconds passed."""
        with self.lock:
            start = self.clock.now
            while (due := self.clock.due) is not None and due <= start + limit:
                self.clock.run_until(due)
            return self.clock.now - start

    def run_by_itself(self, speed: float) -> None:
        """From here on time passes with the wall clock, ``speed`` virtual seconds a second; 0 stops it."""
        with self.lock:
            self.catch_up()
            self._wall = (time.monotonic(), self.clock.now, speed) if speed else None

    def catch_up(self) -> None:
        """Run what is due by the wall clock, where time passes by itself."""
        if self._wall:
            wall, virtual, speed = self._wall
            self.clock.run_until(virtual + (time.monotonic() - wall) * speed)

    @property
    def speed(self) -> float:
        """Virtual seconds a second while time passes by itself, else 0."""
        return self._wall[2] if self._wall else 0.0

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

    def handle(self, request: Request) -> Response:
        """The answer to a request, whichever door it came through; AnswerLost when a fault withholds it."""
        return self._path.walk(request)

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """An ECS operation without any door: checked like a request, answered as plain values; no fault, no record.

        Raises AwsError. For histories too many for a client.
        """
        with self.lock:
            target = Target("ecs", self.settings.region, operation, "", "json", params)
            return members_of(self.world, target, self.world.seen(target, self.settings.account, ()))

    def writes(self) -> list[Call]:
        """The mutating calls, without those of third parties."""
        return [c for c in self.calls if c.mutating and not c.outside]

    def revive(self) -> None:
        """Sessions whose process a fault has killed are in use again, by a new one."""
        self._path.revive()

    # Behind the answers.

    def region(self, name: str | None = None, account: str | None = None) -> ecs.Region:
        """The ECS state itself, for tests that look behind the answers."""
        return self.world.region(account or self.settings.account, name or self.settings.region)

    def scale(self, cluster: str, service: str, count: int, *, cause: str = "", region: str | None = None) -> bool:
        """What a scaling policy does when its alarm rings; whether the desired count moved.

        The count is kept within the target's range, and a suspended direction is not taken. SimulatorError without a
        scalable target.
        """
        with self.lock:
            state = self.region(region)
            scaled = self.world.scaled(state.account, state.name)
            id = scaling.Id("ecs", f"service/{cluster}/{service}", scaling.DIMENSION)
            if id not in scaled.targets:
                raise SimulatorError(f"no scalable target for {id.resource}")
            scaler = scaling.Scaler(self.world.scope(state), scaled, self.world.noticed)
            moved = scaler.wish(scaled.targets[id], count, cause or "monitor alarm in state ALARM triggered policy")
            self.notices.look()
            return moved

    def events_to(self, queue_url: str, *types: str, region: str | None = None) -> Subscription:
        """Put ECS's events on an SQS queue of the simulated account, as a rule with this queue as target would.

        ``types`` are detail types ("ECS Task State Change" ...); without any, all. ``close()`` ends it.
        """
        with self.lock:
            return self.notices.subscribe(queue_url, types, region or self.settings.region)


def standing(settings: Settings) -> tuple[Fault, ...]:
    """What settings make of reads: there from the start, and after ``faults.clear()``."""
    window, odds = settings.eventual_window, settings.eventual_odds
    eventual = [Fault(what="eventual", amount=window, odds=odds, times=None)] if window else []
    return (*eventual, *view(settings.tagging_lag, settings.tagging_ghosts))
