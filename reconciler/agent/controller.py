"""One environment, kept equal to the repository: what is in force, which apps are due, tick after tick.

It never waits: a turn does what can be done now and says when the next one is worth it. Everything it remembers may
vanish at any call; a new one begins from git and AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from reconciler.agent.board import Board, Look, News
from reconciler.agent.desk import Wake
from reconciler.agent.due import FIRST, LONGEST, Due
from reconciler.agent.picture import Picture
from reconciler.agent.source import Reading, Source
from reconciler.core.rollup import look_again
from reconciler.engine.apply import Target
from reconciler.engine.in_force import InForce, app_of, apps_of, changed_apps, in_force
from reconciler.engine.lookup import Wish, narrowed
from reconciler.engine.reconcile import reconcile
from reconciler.engine.settle import Draft, draft, settle
from reconciler.engine.sources import Doors
from reconciler.engine.trim import trimmed
from reconciler.kinds import KINDS
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import InvalidManifests, LeaseHeld, Problem, ReconcilerError, Throttled
from reconciler.model.kind import Reader
from reconciler.model.plan import Plan
from reconciler.model.status import Memory, Result, Status

RETRY = 2.0
"""Seconds between two tries to become the one writer."""

STEP = 20
"""Resources for each call that may be made at once: ten services are one call, and their revisions are remembered."""


class Lease(Protocol):
    """Who is the one writer."""

    @property
    def held(self) -> bool: ...

    @property
    def writer(self) -> str: ...

    def try_take(self) -> bool: ...

    def begin(self, commit: str, committed: float) -> None: ...

    def release(self) -> None: ...


@dataclass(frozen=True)
class Ends:
    """What connects a controller to its account.

    ``target`` makes the Target of a tick; ``forget`` what was remembered of readings before a round; ``room`` is how
    many calls may be made at once.
    """

    read: Reader
    doors: Doors
    target: Callable[[], Target]
    lease: Lease | None = None
    forget: Callable[[], None] = lambda: None
    room: Callable[[], int] = lambda: 50
    close: Callable[[], None] = lambda: None


Connect = Callable[[Environment], Ends]
"""Raises AccessError, UsageError, AwsError."""


class Log(Protocol):
    """One line an event."""

    def __call__(self, event: str, **fields: object) -> None: ...


@dataclass
class Controller:
    """The controller of one environment. ``turn`` is for one thread alone; ``wake`` and ``ask`` for any.

    ``nudge`` wakes that thread, ``stop`` says that no further call is to be made.
    """

    name: str
    source: Source
    connect: Connect
    clock: Clock
    board: Board
    log: Log
    resync: float = 300.0
    jitter: Random = field(default_factory=Random)
    stop: Callable[[], bool] = lambda: False
    nudge: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._inbox: list[Wake] = []
        self._asked: set[str] = set()
        self._due = Due(self.resync, self.jitter, self.clock.monotonic())
        self._ends: Ends | None = None
        self._environment: Environment | None = None
        self._reading: Reading | None = None
        self._draft: Draft | None = None
        self._force: InForce | None = None
        self._memory = Memory()
        self._picture = Picture(self.name)
        self._waits: dict[str, frozenset[str]] = {}
        self._why_failed: dict[str, frozenset[str]] = {}
        self._trouble: ReconcilerError | None = None
        self._troubled = 0

    # -- what other threads may call

    def wake(self, wake: Wake) -> None:
        """Look soon at what may have changed."""
        with self._lock:
            self._inbox.append(wake)
        self.nudge()

    def ask(self, app: str | None) -> None:
        """A person wants an app (None: all) made as the repository says, drift too."""
        with self._lock:
            self._asked |= {app} if app is not None else set(self._apps())
            self._inbox.append(Wake(apps=frozenset([app]) if app is not None else None, why="asked", reset=True))
        self.nudge()

    @property
    def wish(self) -> Wish | None:
        """What is in force."""
        force = self._force
        return force.wish if force else None

    @property
    def ends(self) -> Ends | None:
        return self._ends

    # -- one turn

    def turn(self) -> float:
        """Do what is due; the seconds until the next turn is worth it."""
        try:
            pause = self._turn()
        except ReconcilerError as error:
            return self._in_trouble(error)
        except Exception as error:  # noqa: BLE001 - a bug must not end the healing of this environment for good
            self.log("bug", environment=self.name, exc_info=error)
            self._force, self._memory = None, Memory()
            return self._in_trouble(ReconcilerError(f"{type(error).__name__}, a bug", hint="please report it"))
        if self._trouble is not None:
            self.log("recovered", environment=self.name)
            self._trouble, self._troubled = None, 0
            self._show()
        return pause

    def _turn(self) -> float:
        self._hear()
        if self._trouble is not None:
            self._due.wake(None, self.clock.monotonic(), reset=True)
        reading = self.source.reading()
        if news := reading != self._reading:
            self._take(reading)
        if self._draft is None:
            self._show()
            return self.resync
        if not self._is_writer():
            self._show()
            return RETRY
        now = self.clock.monotonic()
        if self._force is None or self._due.begin_round(now):
            self._begin_round(now)
        assert self._ends is not None
        scope = self._due.scope(now, self._size, STEP * max(1, self._ends.room()))
        if not scope:
            if news:
                self._show()
            return max(0.0, self._due.next() - now)
        self._tick(scope)
        return max(0.0, self._due.next() - self.clock.monotonic())

    def _hear(self) -> None:
        with self._lock:
            wakes, self._inbox = self._inbox, []
        for wake in wakes:
            if wake.git:  # what is there to look at, the source says
                continue
            self._due.wake(wake.apps, self.clock.monotonic(), reset=wake.reset)

    def _take(self, reading: Reading) -> None:
        """Take up what the source says now. A state that cannot be used leaves the last good one in force."""
        before, self._reading = self._reading, reading
        if reading.error is not None:
            self.log("source failed", environment=self.name, error=reading.error, hint=reading.error.hint)
        if reading.revision is None or (before and before.revision is reading.revision):
            return
        try:
            made = draft(reading.revision, self.name, KINDS)
        except InvalidManifests as error:
            self._picture.problems = error.problems
            self.log("commit not usable", environment=self.name, commit=reading.head, error=str(error))
            return
        self._draft = made
        self._at_account(made.rendered.environment)
        if self._force is not None:
            self._settle(self.clock.monotonic())

    def _at_account(self, environment: Environment) -> None:
        """Connected to where the environment is; anew when it has moved."""
        if self._ends is not None and _place(environment) == _place(self._environment):
            self._environment = environment
            return
        if self._ends is not None:
            self.close()
        self._ends = None
        self._environment = environment
        self._ends = self.connect(environment)

    def _is_writer(self) -> bool:
        if self._ends is None:
            assert self._environment is not None
            self._ends = self.connect(self._environment)
        lease = self._ends.lease
        if lease is None or lease.held:
            return True
        if not lease.try_take():
            self._force = None  # whoever writes now may have brought about anything
            return False
        self.log("lease taken", environment=self.name)
        self.board.tell(News("lease-taken", self.name, self.clock.now()))
        self._memory = Memory()
        # What another writer went by may be newer than what was fetched here.
        self.source.refresh()
        reading = self.source.reading()
        if reading != self._reading:
            self._take(reading)
        return True

    def _begin_round(self, now: float) -> None:
        assert self._ends is not None
        self._ends.forget()
        self._settle(now)
        self._due.begin_round(now)

    def _settle(self, now: float) -> None:
        """Say what is in force: what other tools own is read anew, and what is wanted otherwise becomes due."""
        assert self._draft is not None
        assert self._ends is not None
        last = self._force.wish if self._force else None
        made = self._draft
        pins = any(document.policy.images == "pin" for document in made.rendered.documents)
        looks = bool(made.rendered.needs) or pins
        new = settle(made, self._ends.read, self._ends.doors) if looks else made.wish
        assert self._reading is not None
        new = replace(new, whole=new.whole and self._reading.trusted)
        found = in_force(new, last)
        if found is None:
            raise InvalidManifests(new.problems)
        if last is None or found.wish.commit != last.commit:
            self._new_commit(found)
        changed = changed_apps(last, found.wish)
        self._force = found
        self._picture.problems = (*found.wish.problems,)
        self._due.know(self._apps() | self._picture.owned, now)
        self._due.wake(changed, now, reset=True)

    def _new_commit(self, found: InForce) -> None:
        commit = found.wish.commit
        held = ", ".join(sorted(found.held))
        self.log("commit", environment=self.name, commit=commit, held=held or None)
        self.board.tell(News("commit", self.name, self.clock.now(), commit=commit, message=held and f"held: {held}"))
        lease = self._ends.lease if self._ends else None
        if lease is not None and commit is not None:
            lease.begin(commit, self.source.committed(commit))

    # -- one tick

    def _tick(self, scope: tuple[str, ...]) -> None:
        began = self.clock.monotonic()
        for apps, result in self._looked(scope):
            self._memory = result.memory
            self._picture.saw(apps, result, everything=self._is_everything(apps))
            for app in apps:
                self._due_again(app, result)
            self._asked -= set(apps)
            self._wake_waiting(apps)
        assert self._force is not None
        self._memory = trimmed(self._memory, self._force.wish, self._picture.read)
        self._due.know(self._apps() | self._picture.owned, self.clock.monotonic())
        took = self.clock.monotonic() - began
        self.board.count("reconciler_ticks", environment=self.name)
        self.board.count("reconciler_tick_seconds", took, environment=self.name)
        self._show()

    def _looked(self, scope: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], Result]]:
        """A result for each part of the scope that could be looked at together: an app whose planning fails is found
        by halving, and holds up only itself."""
        assert self._force is not None
        assert self._ends is not None
        wish = self._force.wish if self._is_everything(scope) else narrowed(self._force.wish, scope)
        target = replace(self._ends.target(), stop=self.stop)
        try:
            found = reconcile(target, wish, self._memory)
        except ReconcilerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other apps go on
            if len(scope) == 1:
                self._poisoned(scope[0], error)
                return
        else:
            yield scope, found
            return
        half = len(scope) // 2
        yield from self._looked(scope[:half])
        yield from self._looked(scope[half:])

    def _poisoned(self, app: str, error: Exception) -> None:
        pause = self._due.failed(app, self.clock.monotonic())
        message = f"{app} could not be looked at: {type(error).__name__}, a bug; the next try is in {pause:.0f} s"
        self._picture.poisoned(app, Problem("InternalError", message, hint="please report it", app=app))
        self.log("app failed", environment=self.name, app=app, exc_info=error, pause=round(pause))
        self.board.count("reconciler_app_failures_total", environment=self.name, app=app)

    def _due_again(self, app: str, result: Result) -> None:
        """When to look at an app next."""
        now = self.clock.monotonic()
        status, plan = part(result, app)
        failures = {key: error for key, error in result.failures.items() if key.app == app}
        real = [error for error in failures.values() if not isinstance(error, Throttled)]
        if real:
            why = frozenset(f"{type(error).__name__} {error.code} {error.operation}" for error in real)
            if self._why_failed.get(app) != why:  # something else than last time: the world has changed
                self._due.wake([app], now, reset=True)
            self._why_failed[app] = why
            pause = self._due.failed(app, now)
            for key, error in failures.items():
                self.log("call failed", environment=self.name, app=app, key=str(key), error=error, pause=round(pause))
            return
        self._why_failed.pop(app, None)
        again = look_again(status, plan)
        if again is None:
            self._due.rested(app)
        else:
            self._due.moves(app, now, again)
        self._waits[app] = frozenset(key.app for change in plan.changes for key in change.waits_on if key.app != app)

    def _wake_waiting(self, apps: Iterable[str]) -> None:
        """What waits for an app that has changed need not wait for its own time."""
        moved = self._picture.moved(apps)
        waiting = [app for app, first in self._waits.items() if first & moved]
        self._due.wake([app for app in waiting if app not in moved], self.clock.monotonic())

    # -- how it stands

    def _apps(self) -> frozenset[str]:
        return apps_of(self._force.wish) if self._force else frozenset()

    def _is_everything(self, scope: Iterable[str]) -> bool:
        return self._apps() | self._picture.owned <= set(scope)

    def _size(self, app: str) -> int:
        assert self._force is not None
        return self._picture.size(app, self._force.wish)

    def _in_trouble(self, error: ReconcilerError) -> float:
        """Nothing of the environment can be done now: later, with a pause that doubles."""
        if isinstance(error, LeaseHeld):
            self.log("lease lost", environment=self.name, error=error)
            self.board.tell(News("lease-lost", self.name, self.clock.now(), message=str(error), severity="error"))
            self._show()
            return RETRY
        self._troubled += 1
        pause = min(LONGEST, FIRST * 2.0 ** min(self._troubled - 1, 10)) * (1 + self.jitter.uniform(-0.1, 0.1))
        if self._trouble is None or str(self._trouble) != str(error):
            self.board.tell(News("trouble", self.name, self.clock.now(), message=str(error), severity="error"))
        self._trouble = error
        self.log("trouble", environment=self.name, error=error, hint=error.hint, pause=round(pause))
        self._show()
        return pause

    def _show(self) -> None:
        lease = self._ends.lease if self._ends else None
        trouble = self._trouble
        problems = self._picture.problems
        if trouble is not None:
            code = type(trouble).__name__
            problems = (Problem(code, str(trouble), hint=trouble.hint), *problems)
        look: Look = self._picture.look(
            self._reading,
            self._force,
            problems=problems,
            held=lease is None or lease.held,
            writer=lease.writer if lease else "",
            waiting=self._due.waiting(self.clock.monotonic()),
            at=self.clock.now(),
        )
        self.board.put(look)

    def close(self) -> None:
        """Give the lease back and end the connection; the controller may be used again."""
        ends, self._ends = self._ends, None
        if ends is None:
            return
        if ends.lease is not None and ends.lease.held:
            ends.lease.release()
        ends.close()


def part(result: Result, app: str) -> tuple[Status, Plan]:
    """What a tick found of one app."""
    status, plan = result.status, result.plan
    mine = replace(status, resources=tuple(it for it in status.resources if it.key.app == app))
    changes = tuple(change for change in plan.changes if change.key.app == app)
    return mine, replace(plan, changes=changes)


def _place(environment: Environment | None) -> Mapping[str, object] | None:
    """What a connection depends on."""
    if environment is None:
        return None
    members = ("region", "account_id", "assume_role", "endpoint_url", "call_rates", "lease")
    return {name: getattr(environment, name) for name in members}


__all__ = ["Connect", "Controller", "Ends", "Lease", "Log", "app_of", "part"]
