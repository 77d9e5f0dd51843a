"""What was deployed of an app: ECS's own memory of it, and who has pinned what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.said import name_of, pin_of
from reconciler.engine.apply import Target
from reconciler.engine.hear import hear
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import observe
from reconciler.model.errors import Problem, UsageError
from reconciler.model.history import Deployed
from reconciler.model.key import Key
from reconciler.model.record import Pin
from reconciler.model.status import Memory
from reconciler.model.suggest import did_you_mean


@dataclass(frozen=True)
class Entry:
    """One deployment of one resource; ``pin`` where the resource is pinned to what it was to run."""

    key: Key
    deployed: Deployed
    pin: Pin | None = None


@dataclass(frozen=True)
class History:
    """Deployments, newest first, and what should be known of the look."""

    entries: tuple[Entry, ...]
    notes: tuple[Problem, ...] = ()


def history(target: Target, wish: Wish, app: str, names: Sequence[str], most: int) -> History:
    """The newest deployments of an app, or of some of its resources. Raises UsageError for an unknown one, AwsError."""
    can = {name_of(key): key for key in wish.desired if key.app == app and wish.kinds[key.kind].runs}
    for name in names:
        if name not in can:
            hint = did_you_mean(name, can, otherwise=f"there are: {', '.join(can) or 'none'}")
            raise UsageError(f"there is no {name} in the app {app} that is deployed", hint=hint)
    heard = hear(target.records, target.scope, wish, writing=False)
    world = observe(target.read, target.scope, wish, Memory(), target.asked, heard)
    found = []
    for key in (can[name] for name in dict.fromkeys(names or can)):
        seen = world.seen.get(key)
        unread = [world.seen[it] for it in (key, *world.desired[key].needs) if it in world.seen]
        if error := next((it.error for it in unread if it.error is not None), None):
            raise error
        deployed = wish.kinds[key.kind].history(target.read, seen, most) if seen else ()
        pin = pin_of(world, world.desired[key])
        newest = next((item.id for item in deployed if pin and item.revision.arn == pin.revision), None)
        found += [Entry(key, item, pin if item.id == newest else None) for item in deployed]
    found.sort(key=lambda entry: entry.deployed.began, reverse=True)
    return History(tuple(found[:most]), heard.notes)
