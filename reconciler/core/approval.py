"""A person's approval: what stands for an app's plan, what of a later plan it covers, and when all of it has been made.

The digest of a call binds it to what is desired of its resource and of all that this needs, not to ARNs: so a value may
come to stand where none was known, and it cannot be that of anything else. The commit counts for nothing: another one
with the same plan is the same plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.agreed import AWAITING_APPROVAL, digest, not_known
from reconciler.core.order import fingerprint
from reconciler.core.references import resolve
from reconciler.core.world import World
from reconciler.model.desired import Reference
from reconciler.model.key import COMMIT
from reconciler.model.plan import Call, Change, Plan
from reconciler.model.record import Terms
from reconciler.model.status import Status
from reconciler.model.tree import Momentary, Path, Pending

LEAST = 8
"""Digits of a digest that a person has to say."""

_CALL, _PLACE = 16, 8
"""Characters of a digest that are kept of a call, and of a place in one."""

_LATER = "(known later)"


def terms(world: World, changes: Iterable[Change]) -> dict[str, Terms]:
    """What stands for the calls of these changes, by app."""
    apps: dict[str, list[Change]] = {}
    for change in changes:
        apps.setdefault(change.key.app, []).append(change)
    return {app: _terms(world, app, of) for app, of in apps.items()}


def covers(world: World, agreed: Terms | None, change: Change) -> bool:
    """Whether all that is left of a change is among what a person has agreed to."""
    if agreed is None:
        return False
    return all(_name(world, change, call, agreed.later)[:_CALL] in agreed.calls for call in change.calls)


def spent(world: World, plan: Plan, status: Status) -> dict[str, str]:
    """The approvals (app → id) of which nothing is left to make: what they are about is what is wanted, and Ready."""
    if not world.inventory.complete:
        return {}
    waiting = {it.key for it in plan.changes if it.blocked is not None and it.blocked.code == AWAITING_APPROVAL}
    busy = {change.key.app for change in plan.changes if change.key not in waiting}
    busy |= {it.key.app for it in status.resources if not it.ready and it.key not in waiting}
    return {
        app: record.approved.id
        for app, record in world.records.items()
        if record.approved and record.agreed and app not in busy and _aim(world, app) == record.agreed.aim
    }


def _terms(world: World, app: str, changes: list[Change]) -> Terms:
    calls = [(change, call) for change in changes for call in change.calls]
    places = {_place(change, call, path) for change, call in calls for path, _ in not_known(call)}
    names = sorted(_name(world, change, call, frozenset(places)) for change, call in calls)
    whole = fingerprint([world.scope.environment, app, names])
    return Terms(whole, _aim(world, app), frozenset(name[:_CALL] for name in names), frozenset(places))


def _aim(world: World, app: str) -> str:
    """The digest of all that is wanted of an app, and of what the person at the command line asks for besides."""

    def digest_of(reference: Reference) -> str:
        needed = world.desired.get(reference.key)
        return f"{reference} {needed.digest if needed else ''}"

    wanted = [[str(key), resolve(it.spec, digest_of)] for key, it in world.desired.items() if key.app == app]
    return fingerprint([sorted(wanted, key=lambda item: str(item[0])), repr(world.asked)])[:_CALL]


def _name(world: World, change: Change, call: Call, later: frozenset[str]) -> str:
    """The digest of a call; what stands at the places ``later`` counts for nothing."""

    def told(path: Path, leaf: Any) -> Any:
        unknown = isinstance(leaf, Pending | Momentary) or _place(change, call, path) in later
        return _LATER if unknown else leaf

    params = digest(_without_commit(call.params), told if later else _only_unknown)
    return fingerprint([str(change.key), _meant(world, change), call.operation, params])


def _only_unknown(_path: Path, leaf: Any) -> Any:
    return _LATER if isinstance(leaf, Pending | Momentary) else leaf


def _place(change: Change, call: Call, path: Path) -> str:
    return hashlib.sha256(f"{change.key} {call.operation} {path}".encode()).hexdigest()[:_PLACE]


def _meant(world: World, change: Change) -> list[str]:
    """The digests of what is desired of a resource and of all that it refers to."""
    if change.desired is None:
        return []
    needs = (world.desired[key].digest for key in sorted(change.desired.needs) if key in world.desired)
    return [change.desired.digest, *needs]


def _without_commit(params: Any) -> Any:
    """Parameters in which the tag that tells the commit says nothing."""
    if isinstance(params, Mapping):
        if COMMIT in (params.get("key"), params.get("Key")):
            return {}
        return {name: _without_commit(value) for name, value in params.items()}
    return [_without_commit(value) for value in params] if isinstance(params, list) else params
