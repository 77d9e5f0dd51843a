"""What is to be written down as synced, by app: what services were Ready as, and what of an app was last in force."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.base import base_of
from reconciler.core.said import name_of, was_synced
from reconciler.core.world import World
from reconciler.model.desired import Desired
from reconciler.model.key import Key
from reconciler.model.plan import Change, Plan
from reconciler.model.record import Record, short
from reconciler.model.status import ResourceStatus, Status

MOST_BEHIND = 20
"""So many resources of an app are told apart that are not in force yet: a record has little room."""


@dataclass(frozen=True)
class _Tick:
    """How one tick left an app: what it declares, what is left to change, how it fares, what was written."""

    world: World
    declared: tuple[Desired, ...]
    changes: Mapping[Key, Change]
    fares: Mapping[Key, ResourceStatus]
    written: Collection[Key]

    @property
    def services(self) -> tuple[Desired, ...]:
        return tuple(item for item in self.declared if self.world.kinds[item.key.kind].runs)

    @property
    def rests(self) -> bool:
        fares = [self.fares[item.key] for item in self.services if item.key in self.fares]
        return all(one.ready or one.stalled for one in fares)


def to_record(
    world: World, plan: Plan, status: Status, rolled: Collection[Key], written: Collection[Key] = ()
) -> dict[str, Record]:
    """Only what differs from what is recorded, so that a commit that changes nothing of an app writes nothing.

    A service that begins to move elsewhere is struck off at once; the others are entered when all of the app's rest,
    and so is what the app wants. What was written on the way to that is neither what was in force nor what will be.
    """
    changes = {change.key: change for change in plan.changes}
    fares = {resource.key: resource for resource in status.resources}
    apps: dict[str, list[Desired]] = {}
    for key, desired in world.desired.items():
        if world.covers(key.app) and world.unheard_of(key.app) is None and not world.kinds[key.kind].fields.one_off:
            apps.setdefault(key.app, []).append(desired)
    found = {}
    for app, declared in apps.items():
        tick = _Tick(world, tuple(declared), changes, fares, written)
        known = world.record(app)
        record = replace(_in_force(tick, app, known), synced=_synced(tick, known, rolled))
        if _kept(record) != _kept(known):
            found[app] = Record(synced=record.synced, commit=record.commit, whole=record.whole, behind=record.behind)
    return found


def _kept(record: Record) -> tuple[object, ...]:
    return dict(record.synced), record.whole, dict(record.behind)


def _synced(tick: _Tick, known: Record, rolled: Collection[Key]) -> dict[str, str]:
    """The digest of each service that was Ready at it."""
    now = {
        name: known.synced[name]
        for item in tick.services
        if (name := name_of(item.key)) in known.synced and (item.key not in rolled or was_synced(tick.world, item))
    }
    if tick.rests:
        now |= {name_of(item.key): short(item.digest) for item in tick.services if _ready(tick, item)}
    return now


def _ready(tick: _Tick, item: Desired) -> bool:
    """Whether it is Ready as the repository says, but for what somebody changed and is left so."""
    change, shown = tick.changes.get(item.key), tick.fares[item.key]
    if change is None:
        return shown.ready
    return change.cause == "drift" and tick.world.health[item.key].healthy if item.key in tick.world.health else False


def _in_force(tick: _Tick, app: str, known: Record) -> Record:
    """The record with what of the app is in force now. An app of which something is invalid stays as it was."""
    whole = tick.world.wholes.get(app)
    if whole is None:
        return known
    if whole == known.whole:
        waiting = [item for item in tick.declared if name_of(item.key) in known.behind]
        behind = _behind(tick, known, (item for item in waiting if not _holds(tick, item)))
        return replace(known, behind=behind) if tick.rests else known
    if not tick.rests:
        return _on_the_way(tick, known)
    behind = _behind(tick, known, (item for item in tick.declared if not _holds(tick, item)))
    if len(behind) > MOST_BEHIND or len(behind) == len(tick.declared):
        return _on_the_way(tick, known)
    return replace(known, commit=tick.world.commit, whole=whole, behind=behind)


def _holds(tick: _Tick, item: Desired) -> bool:
    """Whether a resource is, or was, just as it is wanted, whatever somebody may have changed since."""
    change = tick.changes.get(item.key)
    if change is not None:
        return change.cause == "drift"
    base = base_of(tick.world, item)
    return item not in tick.services or tick.fares[item.key].ready or (base is not None and base.equals(item))


def _behind(tick: _Tick, known: Record, items: Iterable[Desired]) -> dict[str, str]:
    """Each with the commit at which it was in force; none where it has been written since."""
    found = {}
    for item in items:
        name = name_of(item.key)
        last = known.behind.get(name, (known.commit or "") if known.whole else "")
        found[name] = "" if item.key in tick.written else last
    return found


def _on_the_way(tick: _Tick, known: Record) -> Record:
    """What moves from what was in force is neither that nor anything else that could be named: marked before it could
    be taken for somebody's doing."""
    if not known.whole:
        return known
    moved = {name_of(item.key): "" for item in tick.declared if _moved(tick, item)}
    behind = {**known.behind, **moved}
    if len(behind) > MOST_BEHIND and moved:
        return replace(known, commit=None, whole="", behind={})
    return replace(known, behind=behind)


def _moved(tick: _Tick, item: Desired) -> bool:
    base = base_of(tick.world, item)
    if base is not None and base.equals(item):
        return False
    return item.key in tick.written or (base is not None and item.key not in tick.changes)
