"""After a tick: when each app is looked at again, and what of it goes into log and counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from reconciler.agent.board import Board
from reconciler.agent.due import Due
from reconciler.agent.intent import Log
from reconciler.agent.picture import Picture
from reconciler.core.drift import drifted
from reconciler.core.rollup import look_again
from reconciler.model.clock import Clock
from reconciler.model.errors import Problem, Throttled
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import Result, Status


@dataclass
class Outlook:
    """Of one environment, for the thread of its controller. ``who`` says who last changed something, if known."""

    environment: str
    due: Due
    picture: Picture
    clock: Clock
    board: Board
    log: Log
    _waits: dict[str, frozenset[str]] = field(default_factory=dict)
    _drifted: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    _failed: dict[str, frozenset[str]] = field(default_factory=dict)

    def took(self, apps: Iterable[str], result: Result, *, everything: bool, who: Callable[[Key], str]) -> None:
        """Take in what a tick found of some apps."""
        looked = tuple(apps)
        self._tell_drift(result, who)
        self.picture.saw(looked, result, everything=everything)
        for app in looked:
            self._again(app, result)
        self._wake_waiting(looked)

    def poisoned(self, app: str, error: Exception) -> None:
        """The look at an app failed by a mistake of ours: it is tried again less and less often."""
        pause = self.due.failed(app, self.clock.monotonic())
        message = f"{app} could not be looked at: {type(error).__name__}, a bug; the next try is in {pause:.0f} s"
        self.picture.poisoned(app, Problem("InternalError", message, hint="please report it", app=app))
        self.log("app failed", environment=self.environment, app=app, exc_info=error, pause=round(pause))
        self.board.count("reconciler_app_failures_total", environment=self.environment, app=app)

    def _again(self, app: str, result: Result) -> None:
        """When to look at an app next."""
        now = self.clock.monotonic()
        failures = {key: error for key, error in result.failures.items() if key.app == app}
        real = [error for error in failures.values() if not isinstance(error, Throttled)]
        if real:
            why = frozenset(f"{type(error).__name__} {error.code} {error.operation}" for error in real)
            if self._failed.get(app) != why:  # something else than last time: the world has changed
                self.due.wake([app], now, reset=True)
            self._failed[app] = why
            pause = round(self.due.failed(app, now))
            for key, error in failures.items():
                self.log("call failed", environment=self.environment, app=app, key=str(key), error=error, pause=pause)
            return
        self._failed.pop(app, None)
        status, plan = _part(result, app)
        again = look_again(status, plan)
        if again is not None:
            self.due.moves(app, now, again)
        else:
            self.due.rested(app)
            if result.again is not None and not result.moves:  # a window opens
                self.due.at(app, now + result.again)
        self._waits[app] = frozenset(key.app for change in plan.changes for key in change.waits_on if key.app != app)

    def _wake_waiting(self, apps: Iterable[str]) -> None:
        """What waits for an app that has changed need not wait for its own time."""
        moved = self.picture.moved(apps)
        waiting = [app for app, first in self._waits.items() if first & moved]
        self.due.wake([app for app in waiting if app not in moved], self.clock.monotonic())

    def _tell_drift(self, result: Result, who: Callable[[Key], str]) -> None:
        """Count what somebody changed when it is first seen, and what was corrected of it."""
        name, left = self.environment, drifted(result.plan)
        for key, paths in {**left, **result.healed}.items():
            if self._drifted.get(key) != paths:
                self.log("drift", environment=name, app=key.app, key=str(key), paths=paths, who=who(key))
                self.board.count("reconciler_drift_detected_total", environment=name, app=key.app)
        seen = {it.key for it in result.status.resources}
        self._drifted = {key: paths for key, paths in self._drifted.items() if key not in seen} | left
        for key, paths in result.healed.items():
            self.log("healed", environment=name, app=key.app, key=str(key), paths=paths)
            self.board.count("reconciler_heal_total", environment=name, app=key.app)


def _part(result: Result, app: str) -> tuple[Status, Plan]:
    """What a tick found of one app."""
    status, plan = result.status, result.plan
    mine = replace(status, resources=tuple(it for it in status.resources if it.key.app == app))
    return mine, replace(plan, changes=tuple(change for change in plan.changes if change.key.app == app))
