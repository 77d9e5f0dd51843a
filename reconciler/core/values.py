"""What references stand for in a plan: live values, or Pending ones while a change will give another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.core.references import references, resolve
from reconciler.core.world import World
from reconciler.model.desired import Desired, Reference
from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.plan import Action, Change
from reconciler.model.tree import Pending, map_leaves, pending_after


def resolved(world: World, changes: Mapping[Key, Change], desired: Desired) -> dict[str, Any]:
    """The spec with every reference replaced by its value; a family named without revision is its latest one."""
    latest = {
        path: seen.arn
        for external, path in world.named.get(desired.key, ())
        if world.every_kind[external.kind].fields.versioned
        and (seen := world.outside.get((external.kind, external.address)))
        and seen.arn
    }
    spec = resolve(desired.spec, lambda reference: value_of(world, changes, reference, desired.key))
    return dict(map_leaves(spec, lambda path, leaf: latest.get(path, leaf))) if latest else spec


def value_of(world: World, changes: Mapping[Key, Change], reference: Reference, of: Key) -> str | Pending:
    """The live value a reference stands for, or Pending while there is none or a change will give another."""
    key, kind = reference.key, world.kinds[reference.key.kind]
    change, seen = changes.get(key), world.seen.get(key)
    known = seen is not None and seen.present and seen.error is None
    if not known or (change is not None and _renews(kind, change)):
        later = pending_after(f"{key.kind}/{key.name}" if key.app == of.app else key)
        stays = known and change is not None and change.action not in (Action.CREATE, Action.REPLACE)
        return replace(later, of=seen.arn or "") if stays and seen is not None else later
    assert seen is not None
    value = kind.reference(seen, reference.part)
    return value if value is not None else pending_after(f"{key.kind}/{key.name}")


def unread(world: World, key: Key) -> tuple[Key, ...]:
    """What a resource refers to that could not be read."""
    named = {reference.key for _, reference in references(world.desired[key].spec)}
    return tuple(sorted(name for name in named if (seen := world.seen.get(name)) and seen.error is not None))


def _renews(kind: Kind, change: Change) -> bool:
    """Whether a change gives its resource another identity."""
    if change.action in (Action.CREATE, Action.REPLACE):
        return change.step is not Action.DELETE or change.effect is Effect.REPLACES_WITH_DOWNTIME
    return kind.revalues(change) and not (change.desired and kind.floats(change.desired.spec))
