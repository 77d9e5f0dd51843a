"""Planning with a second look: what is about to move is asked once more whether it may, and whether it can."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.core import preflight, retention
from reconciler.core.drift import is_held
from reconciler.core.planner import plan
from reconciler.core.world import World
from reconciler.engine.apply import Tick
from reconciler.engine.observe import PATIENCE, further, judged, with_outside
from reconciler.model.key import Key
from reconciler.model.kind import Reader
from reconciler.model.observed import Retention
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.status import Status


def considered(read: Reader, world: World, tick: Tick) -> tuple[World, Plan]:
    """The plan, and the world with what was asked of the resources that it updates or runs, and of what these name.

    What is held because somebody changed it is asked too: it may have been put where it is. What is updated to
    something new is not asked whether it failed: what came to be in this tick cannot have. What is run may have run
    before on something older: it is always asked. Of what is outside only that is read which a change is about to need,
    or which a first reading leads to. And nothing is changed on account of what is only remembered.
    """
    while True:
        planned = plan(world)
        if doubtful := _doubtful(world, planned, tick):
            tick.remembered -= doubtful
            seen = {key: reading for key, reading in world.seen.items() if key not in doubtful}
            world = further(read, replace(world, seen=seen), tick.memory)
        elif asking := [change for change in planned.changes if _worth_asking(change, tick)]:
            tick.considered |= {change.key for change in asking}
            world = _asked(read, world, asking, tick)
        elif unread := preflight.unread(world, planned.changes):
            world = with_outside(read, world, unread)
        elif resting := _resting(world, planned, tick):
            world = _with_superseded(read, world, resting)
        else:
            return world, planned


def restless(world: World, planned: Plan, status: Status, tick: Tick) -> frozenset[str]:
    """The apps of which nothing may be remembered: something is left to do, is not well, or was just written."""
    apps = _touched(world, planned) | {key.app for key in (*tick.written, *tick.failed, *tick.unknown)}
    apps |= {resource.key.app for resource in status.resources if not resource.ready}
    now = status.read
    recent = (
        key.app
        for key, answered in tick.memory.answers.items()
        if now is None or (now - answered.now.at).total_seconds() < PATIENCE
    )
    return apps.union(recent)


def _doubtful(world: World, planned: Plan, tick: Tick) -> set[Key]:
    """What was not read but recalled, of the apps that the plan would touch; what runs, too, is told by revisions."""
    touched = _touched(world, planned) & {key.app for key in tick.remembered}
    runs = {key for key in world.seen if key.app in touched and world.kinds[key.kind].fields.one_off}
    return {key for key in tick.remembered if key.app in touched} | (runs if touched else set())


def _touched(world: World, planned: Plan) -> frozenset[str]:
    """The apps that a plan changes something of, and those whose resources that needs."""
    keys = {change.key for change in planned.changes}
    needed = (world.desired[key].needs | world.desired[key].needs_ready for key in keys if key in world.desired)
    return frozenset(key.app for key in keys.union(*needed))


def _asked(read: Reader, world: World, asking: list[Change], tick: Tick) -> World:
    seen = dict(world.seen)
    for name, kind in world.kinds.items():
        changes = [change for change in asking if change.key.kind == name]
        seen |= {reading.key: reading for reading in kind.second_look(read, changes)} if changes else {}
    clear = {
        change.key: mark for change in asking if seen.get(change.key) == change.observed and (mark := _mark(change))
    }
    tick.memory = replace(tick.memory, clear={**tick.memory.clear, **clear})
    return judged(replace(world, seen=seen))


def _worth_asking(change: Change, tick: Tick) -> bool:
    if change.waits_on or change.key in tick.considered or change.desired is None:
        return False
    if change.step is Action.RUN:
        return any(call.ready for call in change.calls)
    known = tick.memory.clear.get(change.key)
    return (
        (change.step is Action.UPDATE or is_held(change))
        and not change.desired.needs & tick.written
        and (known is None or known != _mark(change))
    )


def _mark(change: Change) -> tuple[datetime, str] | None:
    """What an answer to a second look holds for: until the resource changes, or something else is wanted of it."""
    changed = change.observed.changed if change.observed else None
    return (changed, repr(sorted(change.values.items()))) if changed else None


def _resting(world: World, planned: Plan, tick: Tick) -> list[Retention]:
    """The families of which some revisions may go, in a run that has changed nothing of theirs.

    What was not in the plan that people saw is left to the next one.
    """
    return [
        item
        for item in retention.resting(world, planned)
        if item.reading.key not in world.superseded
        and not {item.reading.key, *(user.key for user in item.users)} & tick.memory.answers.keys()
    ]


def _with_superseded(read: Reader, world: World, resting: list[Retention]) -> World:
    found = {item.reading.key: replace(item.reading, spec=None) for item in resting}
    for name, kind in world.kinds.items():
        asked = [item for item in resting if item.reading.key.kind == name]
        found |= {seen.key: seen for seen in kind.superseded(read, asked)} if asked else {}
    return replace(world, superseded={**world.superseded, **found})
