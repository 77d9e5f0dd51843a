"""How an environment stands, put together from ticks that each saw a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from reconciler.agent.board import Look
from reconciler.agent.source import Reading
from reconciler.core.rollup import source_condition, unlooked, unrendered
from reconciler.engine.in_force import InForce, app_of
from reconciler.engine.lookup import Wish
from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.model.plan import Change, FieldChange, Plan
from reconciler.model.record import Terms
from reconciler.model.status import ResourceStatus, Result, Status

T = TypeVar("T")


@dataclass(frozen=True)
class _App:
    """An app as it was last looked at. ``bug``: why it could not be since."""

    resources: tuple[ResourceStatus, ...] = ()
    changes: tuple[Change, ...] = ()
    unchanged: tuple[Key, ...] = ()
    warnings: tuple[Problem, ...] = ()
    terms: Terms | None = None
    ignored: Mapping[Key, tuple[FieldChange, ...]] = field(default_factory=dict)
    bug: Problem | None = None


class Picture:
    """Everything of one environment. For the thread of its controller alone.

    ``owned`` are the apps that own something in the account, ``read`` is the date of the newest reading.
    """

    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.owned: frozenset[str] = frozenset()
        self.read: datetime | None = None
        self._apps: dict[str, _App] = {}
        self._moved: set[str] = set()
        self._general: tuple[Problem, ...] = ()

    def saw(self, apps: Iterable[str], result: Result, *, everything: bool) -> None:
        """Take in what a tick found of some apps."""
        found = _by_app(result)
        for app in {*apps, *found}:
            now = found.get(app, _App())
            if _standing(self._apps.get(app)) != _standing(now):
                self._moved.add(app)
            self._apps[app] = now
        self._general = tuple(problem for problem in result.plan.warnings if app_of(problem) is None)
        self.owned = result.owned
        read = result.status.read
        if read is not None and (self.read is None or read > self.read):
            self.read = read
        if everything:
            for gone in self._apps.keys() - found.keys():
                del self._apps[gone]

    def poisoned(self, app: str, bug: Problem) -> None:
        """An app could not be looked at; what is known of it is what was."""
        self._apps[app] = replace(self._apps.get(app, _App()), bug=bug)

    def moved(self, apps: Iterable[str]) -> frozenset[str]:
        """Those of these apps that stand otherwise than when this was last asked."""
        found = frozenset(self._moved & set(apps))
        self._moved -= found
        return found

    def size(self, app: str, wish: Wish) -> int:
        """How many resources an app has."""
        known = self._apps.get(app)
        if known is not None and known.resources:
            return len(known.resources)
        return sum(key.app == app for key in wish.desired)

    def look(
        self,
        reading: Reading | None,
        force: InForce | None,
        *,
        problems: tuple[Problem, ...],
        broken: tuple[Problem, ...],
        held: bool,
        writer: str,
        waiting: int,
        at: datetime,
    ) -> Look:
        """All of it, as the board shows it."""
        commit = force.wish.commit if force else None
        look = Look(
            self.environment,
            commit,
            reading.head if reading else None,
            source_condition(
                reading.error if reading else None,
                broken,
                force.held if force else frozenset(),
                rewound=bool(reading and not reading.trusted),
                known=force is not None,
            ),
            held=held,
            writer=writer,
            problems=(*problems, *(app.bug for app in self._apps.values() if app.bug)),
            waiting=waiting,
            at=at,
        )
        if not self._apps or force is None or not held:
            return look
        apps = [self._apps[name] for name in sorted(self._apps)]
        resources = tuple(self._shown(it, force) for app in apps for it in app.resources)
        plan = Plan(
            self.environment,
            commit,
            tuple(change for app in apps for change in app.changes),
            tuple(key for app in apps for key in app.unchanged),
            (*self._general, *(problem for app in apps for problem in app.warnings)),
            force.wish.lookups,
            {name: terms for name in sorted(self._apps) if (terms := self._apps[name].terms) is not None},
            {key: fields for app in apps for key, fields in app.ignored.items()},
        )
        return replace(look, status=Status(self.environment, commit, resources), plan=plan, digests=plan.digests)

    def _shown(self, resource: ResourceStatus, force: InForce) -> ResourceStatus:
        app = resource.key.app
        bug = self._apps[app].bug
        if bug is not None:
            return unlooked(resource, bug.message)
        if force.broken or app in force.held:
            return unrendered(resource, "the newest commit cannot be used; the last good state stays in force")
        return resource


def _by_app(result: Result) -> dict[str, _App]:
    """A tick's findings, app by app."""
    plan = result.plan
    resources = _sorted(result.status.resources, lambda it: it.key.app)
    changes = _sorted(plan.changes, lambda it: it.key.app)
    unchanged = _sorted(plan.unchanged, lambda it: it.app)
    warnings = _sorted(plan.warnings, lambda it: app_of(it) or "")
    ignored: dict[str, dict[Key, tuple[FieldChange, ...]]] = {}
    for key, fields in plan.ignored.items():
        ignored.setdefault(key.app, {})[key] = fields
    return {
        app: _App(
            tuple(resources.get(app, ())),
            tuple(changes.get(app, ())),
            tuple(unchanged.get(app, ())),
            tuple(warnings.get(app, ())),
            plan.terms.get(app),
            ignored.get(app, {}),
        )
        for app in (resources | changes | unchanged | warnings).keys() - {""}
    }


def _sorted(items: Iterable[T], app: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(app(item), []).append(item)
    return found


def _standing(app: _App | None) -> object:
    """What other apps may be waiting for."""
    if app is None:
        return None
    return [(it.key, it.phase) for it in app.resources], [(it.key, it.step, it.waits_on) for it in app.changes]
