"""A person's rollback: which earlier revision each service of an app goes to, and the pins that say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.core.planner import plan
from reconciler.core.said import name_of, pin_of, tidied
from reconciler.core.values import resolved
from reconciler.core.world import World
from reconciler.engine.apply import Target
from reconciler.engine.hear import Heard
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import observe
from reconciler.engine.people import record_of
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.history import BADLY, Deployed, Outcome, Revision
from reconciler.model.key import Key
from reconciler.model.kind import Kind, Reader
from reconciler.model.observed import Observed
from reconciler.model.record import Pin, Record, Said, short
from reconciler.model.status import Memory

MOST = 100
"""Deployments that are looked at for the last known good one: a page."""

Ancestors = Callable[[str], Sequence[str]]
"""From a commit to itself and those before it, newest first; empty where the repository does not know it."""


@dataclass(frozen=True)
class Back:
    """Where one service goes: from the revision it is at to ``to``; None with the reason why it stays."""

    key: Key
    at: str
    to: Revision | None
    why: str = ""


@dataclass(frozen=True)
class Rollback:
    """What is going to be said: ``record`` is what is to be written."""

    services: tuple[Back, ...]
    record: Record


@dataclass(frozen=True)
class _Service:
    """What is known of a service that is to go back.

    live     the revision it is at
    wanted   the revision the repository asks for, None while there is none yet
    pinned   the revision it is pinned to
    owned    the revisions that the inventory nominates for what it runs
    """

    key: Key
    kind: Kind
    seen: Observed
    live: Revision
    wanted: str | None
    pinned: str | None
    owned: tuple[str, ...]
    history: Sequence[Deployed]

    def to(self, found: Revision | None, otherwise: str) -> Back:
        """Back to a revision, if that can be and is not where the repository goes anyway."""
        why = otherwise
        if found is not None and not found.usable:
            why = f"{found.name} has been deregistered"
        elif found is not None and found.arn == self.wanted:
            why = f"{found.name} is what the repository wants now"
        elif found is not None:
            return Back(self.key, self.live.arn, found)
        return Back(self.key, self.live.arn, None, why)


def roll_back(target: Target, wish: Wish, app: str, to: str | None, said: Said, ancestors: Ancestors) -> Rollback:
    """Find where each service of an app goes; nothing is written.

    ``to``: a commit of at least seven digits, ``family:7`` or an ARN; None: each to its last known good revision.
    Raises UsageError, AwsError, and ReconcilerError when there is nothing to go back to.
    """
    assert target.records is not None
    choose = _chooser(to, ancestors)
    record, book = record_of(target.records, target.scope, app)
    world = observe(target.read, target.scope, wish, Memory(), target.asked, Heard(book))
    keys = [key for key in wish.desired if key.app == app and wish.kinds[key.kind].runs]
    if not keys:
        raise UsageError(f"the app {app} has no service that could be rolled back", hint="see: reconciler status")
    record = tidied(record, wish.desired, app)
    found = []
    for key in keys:
        service = _service(target.read, world, key)
        back = choose(target.read, service) if service else Back(key, "", None, "it does not exist yet")
        found.append(back)
        if service and back.to:
            record = _with_pin(world, record, service, back.to, said)
    if not any(back.to for back in found):
        what = "; ".join(f"{name_of(back.key)}: {back.why}" for back in found)
        raise ReconcilerError(f"there is nothing to go back to ({what})", hint=f"see: reconciler history {app}")
    return Rollback(tuple(found), record)


def _service(read: Reader, world: World, key: Key) -> _Service | None:
    seen, kind, desired = world.seen.get(key), world.kinds[key.kind], world.desired[key]
    if seen is not None and seen.error is not None:
        raise seen.error
    if seen is None or not seen.present:
        return None
    live = Revision(str((seen.spec or {}).get(kind.runs, "")))
    wanted = resolved(world, {change.key: change for change in plan(world).changes}, desired).get(kind.runs)
    pin = pin_of(world, desired)
    owned = tuple(arn for need in desired.needs for arn in world.inventory.arns(need))
    return _Service(
        key,
        kind,
        seen,
        live,
        wanted if isinstance(wanted, str) else None,
        pin.revision if pin else None,
        tuple(arn for arn in owned if Revision(arn).family == live.family),
        kind.history(read, seen, MOST),
    )


def _with_pin(world: World, record: Record, service: _Service, to: Revision, said: Said) -> Record:
    """The record with a pin. Should the last deployment to just that have failed, a person says that it be tried."""
    name = name_of(service.key)
    pin = Pin(to.arn, short(world.desired[service.key].digest), said, to.commit)
    last = next((item for item in service.history if item.revision.arn == to.arn), None)
    again = {name: last.id} if last is not None and last.outcome in BADLY else {}
    return replace(record, pins={**record.pins, name: pin}, retried={**record.retried, **again})


def _chooser(to: str | None, ancestors: Ancestors) -> Callable[[Reader, _Service], Back]:
    if to is None:
        return lambda _, service: _last_good(service)
    if re.fullmatch(r"[0-9a-f]{7,64}", to):
        commits = ancestors(to)
        return lambda read, service: _of_commit(to, commits, read, service)
    if re.fullmatch(r"(arn:[^\s]+:task-definition/)?[A-Za-z0-9_-]+:[0-9]{1,9}", to):
        return lambda read, service: _named(to, read, service)
    raise UsageError(f"'{to}' is neither a commit nor a revision", hint="write a commit (at least 7 digits) or web:7")


def _last_good(service: _Service) -> Back:
    """The newest revision that a deployment completed with, before the one that is to be left."""
    tried = {item.revision.arn for item in service.history}
    aim = service.wanted if service.wanted in tried else service.live.arn
    left = service.pinned or aim
    start = next((number for number, item in enumerate(service.history) if item.revision.arn == left), 0)
    for item in service.history[start:]:
        again = item.revision.arn in (left, aim)
        if item.outcome is Outcome.SUCCEEDED and item.revision.usable and not again:
            return service.to(item.revision, "")
    return service.to(None, "no earlier deployment of it is known to have succeeded")


def _named(to: str, read: Reader, service: _Service) -> Back:
    if Revision(to).family != service.live.family:
        return service.to(None, f"it runs the family {service.live.family}")
    found = next(iter(service.kind.revisions(read, service.seen, [to])), None)
    return service.to(found, f"there is no revision {Revision(to).name}")


def _of_commit(to: str, commits: Sequence[str], read: Reader, service: _Service) -> Back:
    """The revision that a commit made, or else the one that held at that commit."""
    known = {it.arn: it for it in service.kind.revisions(read, service.seen, service.owned)}
    known |= {item.revision.arn: item.revision for item in service.history}
    made = [(revision.commit, revision) for revision in known.values() if revision.commit]
    own = {commit for commit, _ in made if commit.startswith(to)}
    if len(own) > 1:
        raise UsageError(f"'{to}' is the beginning of more than one commit", hint="write more of it")
    age = {commit: number for number, commit in enumerate(commits)}
    held = sorted((commit for commit, _ in made if commit in age), key=lambda commit: age[commit])
    commit = next(iter([*own, *held]), None)
    candidates = [revision for of, revision in made if of == commit]
    found = max(candidates, key=lambda revision: revision.number, default=None)
    return service.to(found, f"no revision of {service.live.family} is known from {to}")
