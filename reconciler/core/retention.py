"""Revisions that are kept and revisions that go: only after success, only where a policy asks, never a part read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.world import World
from reconciler.model.errors import Problem, Severity
from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.observed import Retention
from reconciler.model.plan import Action, Change, Plan

_NAMED = 5
"""How many revisions are named in a note."""


def resting(world: World, planned: Plan) -> list[Retention]:
    """The families of revisions of which some may go: a policy says how many stay, and all that runs them is Ready."""
    if not world.complete or world.unheard:  # what nobody could read may hold a pin
        return []
    moving = {change.key for change in planned.changes}
    found = (_retention(world, key, moving) for key in planned.unchanged)
    return [item for item in found if item is not None]


def retire(world: World, kind: Kind, start: Change) -> Change | None:
    """The resource is as desired: what is left is to let go of its older revisions. Nothing waits for that."""
    old = world.superseded.get(start.key)
    if old is None or not old.present:
        return None
    made = replace(start, action=Action.UPDATE, step=Action.DELETE, effect=Effect.IN_PLACE, old=old, observed=old)
    arns = [*old.others, old.arn or ""]
    shown = ", ".join(arn.rpartition("/")[2] for arn in arns[:_NAMED]) + (", …" if len(arns) > _NAMED else "")
    count = f"{len(arns)} older revision{'s' * (len(arns) != 1)}"
    note = (
        f"{count} that nothing needs any more: {shown} (keepRevisions {world.desired[start.key].policy.keep_revisions})"
    )
    return replace(made, calls=tuple(kind.calls(made)), note=note)


def notes(world: World) -> Iterator[Problem]:
    """Of which families nothing goes, because what they are needed for could not be read."""
    for key, seen in world.superseded.items():
        if seen.error is not None:
            message = f"which revisions are still needed could not be read, so all are kept: {seen.error.message}"
            at = world.desired[key].document.at
            yield Problem(
                "revisions-kept", message, at, key, hint=seen.error.hint, severity=Severity.WARNING, app=key.app
            )


def _retention(world: World, key: Key, moving: set[Key]) -> Retention | None:
    desired, seen = world.desired[key], world.seen.get(key)
    keep = desired.policy.keep_revisions
    owned = world.inventory.items.get(key, ())
    if keep is None or len(owned) <= keep or not world.kinds[key.kind].fields.versioned or key.app in world.suspended:
        return None
    users = [other for other in world.users.get(key, ()) if other in world.seen]
    if seen is None or not seen.present or not users or any(_unsettled(world, user, moving) for user in users):
        return None
    pinned = {pin.revision for record in world.records.values() for pin in record.pins.values()}
    readings = tuple(world.seen[user] for user in users)
    return Retention(seen, world.scope.owner(key), keep, owned, readings, frozenset(pinned))


def _unsettled(world: World, key: Key, moving: set[Key]) -> bool:
    return key in moving or key not in world.health or not world.health[key].healthy
