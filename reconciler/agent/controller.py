"""One environment, kept equal to the repository: what is in force, which apps are due, tick after tick.

It never waits: a turn does what can be done now and says when the next one is worth it. Everything it remembers may
vanish at any call; a new one begins from git and AWS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from reconciler.agent.board import Board, Look, News
from reconciler.agent.desk import Wake
from reconciler.agent.due import FIRST, LONGEST, Due
from reconciler.agent.intent import Intent, Log
from reconciler.agent.lease.lease import Lease
from reconciler.agent.measure import took
from reconciler.agent.outlook import Outlook
from reconciler.agent.picture import Picture
from reconciler.agent.source import Source
from reconciler.engine.apply import Target
from reconciler.engine.in_force import InForce, apps_of, changed_apps
from reconciler.engine.lookup import Wish, narrowed
from reconciler.engine.reconcile import reconcile
from reconciler.engine.sources import Doors
from reconciler.engine.trim import trimmed
from reconciler.model.allow import Allow
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import LeaseHeld, Problem, ReconcilerError
from reconciler.model.key import Key
from reconciler.model.kind import Reader
from reconciler.model.plan import Call, Change
from reconciler.model.record import Record
from reconciler.model.status import Memory, Result

RETRY = 2.0
"""Seconds between two tries to become the one writer."""

STEP = 20
"""Resources for each call that may be made at once: ten services are one call, and their revisions are remembered."""


@dataclass(frozen=True)
class Ends:
    """What connects a controller to its account.

    ``target`` makes the Target of a tick; ``forget`` has what is remembered of these apps read anew; ``room`` is how
    many calls may be made at once. ``learn`` is told what was read of these apps (None: of all).
    """

    read: Reader
    doors: Doors
    target: Callable[[], Target]
    lease: Lease | None = None
    forget: Callable[[Collection[str]], None] = lambda apps: None
    learn: Callable[[Mapping[Key, str], Collection[str] | None], None] = lambda arns, apps: None
    room: Callable[[], int] = lambda: 50
    close: Callable[[], None] = lambda: None


Connect = Callable[[Environment], Ends]
"""Raises AccessError, UsageError, AwsError."""


@dataclass
class Controller:
    """The controller of one environment. ``turn`` is for one thread alone; ``wake`` and ``ask`` for any.

    ``nudge`` wakes that thread, ``stop`` says that no further call is to be made, ``allow`` what commits may do, and
    ``room`` whether this replica may hold one more environment.
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
    allow: tuple[Allow, ...] = ()
    room: Callable[[], bool] = lambda: True

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._inbox: list[Wake] = []
        self._asked: set[str] = set()
        self._due = Due(self.resync, self.jitter, self.clock.monotonic())
        self._ends: Ends | None = None
        self._environment: Environment | None = None
        self._intent = Intent(self.name, self.source, self.log, self.allow)
        self._memory = Memory()
        self._picture = Picture(self.name)
        self._outlook = Outlook(self.name, self._due, self._picture, self.clock, self.board, self.log)
        self._fresh = False  # the remote has answered since the lease was taken: it may really have gone back
        self._trouble: ReconcilerError | None = None
        self._troubled = self._ticks = 0

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
        force = self._intent.force
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
            self._intent.forget()
            self._memory = Memory()
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
        news = self._take_news()
        if not self._intent.known:
            self._show()
            return self.resync
        if not self._is_writer():
            self._show()
            return self._ends.lease.again if self._ends and self._ends.lease else RETRY
        now = self.clock.monotonic()
        if self._intent.force is None or self._due.begin_round(now):
            self._begin_round(now)
        elif news:
            self._settle(now)
        assert self._ends is not None
        scope = self._due.scope(now, self._size, STEP * max(1, self._ends.room()))
        if scope:
            self._tick(scope)
        elif news:
            self._show()
        return max(0.0, self._due.next() - self.clock.monotonic())

    def _hear(self) -> None:
        with self._lock:
            wakes, self._inbox = self._inbox, []
        for wake in wakes:
            if wake.git:  # what is there to look at, the source says
                continue
            self._due.wake(wake.apps, self.clock.monotonic(), reset=wake.reset)
            if wake.reset and wake.apps and self._ends is not None:  # somebody did something to it
                self._ends.forget(wake.apps)

    def _take_news(self) -> bool:
        """Take up what the repository says now; whether that is something else than before."""
        reading = self._intent.news()
        if reading is None:
            return False
        environment = self._intent.take(reading)
        if environment is not None and _place(environment) != _place(self._environment):
            self.close()  # it has moved
        self._environment = environment or self._environment
        return True

    def _is_writer(self) -> bool:
        if self._ends is None:
            assert self._environment is not None
            self._ends = self.connect(self._environment)
        lease = self._ends.lease
        if lease is None or lease.held:
            return True
        self._intent.forget()
        self._memory = Memory()
        if not (self.room() and lease.try_take()):
            return False
        self.log("lease taken", environment=self.name)
        self.board.tell(News("lease-taken", self.name, self.clock.now()))
        # What another writer went by may be newer than what was fetched here.
        self._fresh = self.source.refresh()
        self._take_news()
        return self._ends is not None

    def _begin_round(self, now: float) -> None:
        self._settle(now)
        self._due.begin_round(now)

    def _settle(self, now: float) -> None:
        """Say what is in force; what is wanted otherwise than before becomes due."""
        assert self._ends is not None
        before = self.wish
        found = self._intent.settle(self._ends.read, self._ends.doors, self._records)
        if before is None or found.wish.commit != before.commit:
            self._new_commit(found)
        self._due.know(self._apps() | self._picture.owned, now)
        self._due.wake(changed_apps(before, found.wish), now, reset=True)

    def _records(self) -> Mapping[str, Record]:
        assert self._ends is not None
        target = self._ends.target()
        return target.records.read(target.scope).records if target.records is not None else {}

    def _new_commit(self, found: InForce) -> None:
        commit = found.wish.commit
        held = ", ".join(sorted(found.held))
        self.log("commit", environment=self.name, commit=commit, held=held)
        message = f"left as they were: {held}" if held else ""
        self.board.tell(News("commit", self.name, self.clock.now(), commit=commit, message=message))
        lease = self._ends.lease if self._ends else None
        if lease is None or commit is None:
            return
        try:
            lease.begin(self.source.begun(commit), self.source.older, back=self._fresh)
        except ReconcilerError:
            self._intent.forget()
            self._fresh = self.source.refresh()
            raise

    # -- one tick

    def _tick(self, scope: tuple[str, ...]) -> None:
        assert self._ends is not None
        began = self.clock.monotonic()
        self._ticks += 1
        asked = tuple(app for app in scope if app in self._asked)
        for apps, result in self._looked(asked or scope, asked=bool(asked)):
            everything = self._is_everything(apps)
            self._memory = result.memory
            self._outlook.took(apps, result, everything=everything, who=self._ends.target().who)
            self._ends.learn(result.arns, None if everything else apps)
            self._asked_done(apps, result)
        assert self.wish is not None
        self._memory = trimmed(self._memory, self.wish, self._picture.read)
        self._due.know(self._apps() | self._picture.owned, self.clock.monotonic())
        took(self.board, "reconciler_reconcile_duration_seconds", self.clock.monotonic() - began, environment=self.name)
        self._show()

    def _asked_done(self, apps: Iterable[str], result: Result) -> None:
        """What a person asked for holds until nothing of it is left to make."""
        left = {change.key.app for change in result.plan.changes if change.calls and not change.blocked}
        with self._lock:
            self._asked -= set(apps) - left

    def _looked(self, scope: tuple[str, ...], *, asked: bool) -> Iterable[tuple[tuple[str, ...], Result]]:
        """A result for each part of the scope that could be looked at together: an app whose planning fails is found
        by halving, and holds up only itself."""
        assert self.wish is not None
        assert self._ends is not None
        wish = self.wish if self._is_everything(scope) else narrowed(self.wish, scope)
        target = replace(self._ends.target(), stop=self.stop, made=self._made, unattended=not asked)
        try:
            found = reconcile(target, wish, self._memory)
        except ReconcilerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other apps go on
            if len(scope) == 1:
                self._outlook.poisoned(scope[0], error)
                return
        else:
            yield scope, found
            return
        half = len(scope) // 2
        yield from self._looked(scope[:half], asked=asked)
        yield from self._looked(scope[half:], asked=asked)

    def _made(self, change: Change, call: Call) -> None:
        """A call was made."""
        commit = self.wish.commit if self.wish else None
        app, key = change.key.app, str(change.key)
        self.log("call", environment=self.name, app=app, key=key, call=call.operation, commit=commit, tick=self._ticks)
        self.board.count("reconciler_writes_total", environment=self.name, operation=call.operation)

    # -- how it stands

    def _apps(self) -> frozenset[str]:
        return apps_of(self.wish) if self.wish else frozenset()

    def _is_everything(self, scope: Iterable[str]) -> bool:
        return self._apps() | self._picture.owned <= set(scope)

    def _size(self, app: str) -> int:
        assert self.wish is not None
        return self._picture.size(app, self.wish)

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
        problems = self._intent.problems
        if trouble is not None:
            code = type(trouble).__name__
            problems = (Problem(code, str(trouble), hint=trouble.hint), *problems)
        look: Look = self._picture.look(
            self._intent.reading,
            self._intent.force,
            problems=problems,
            broken=self._intent.broken,
            held=self._ends is not None and (lease is None or lease.held),
            writer=lease.writer.holder if lease and lease.writer else "",
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


def _place(environment: Environment | None) -> Mapping[str, object] | None:
    """What a connection depends on."""
    if environment is None:
        return None
    members = ("region", "account_id", "assume_role", "endpoint_url", "call_rates", "lease")
    return {name: getattr(environment, name) for name in members}
