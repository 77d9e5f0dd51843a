"""Planning with a second look: what is about to move is asked once more whether it may."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.planner import plan
from reconciler.core.world import World
from reconciler.engine.apply import Tick
from reconciler.engine.observe import judged
from reconciler.model.kind import Reader
from reconciler.model.plan import Action, Change, Plan


def considered(read: Reader, world: World, tick: Tick) -> tuple[World, Plan]:
    """The plan, and the world with what was asked of the resources that it updates.

    What is made of something new is not asked about: what came to be in this tick cannot have failed before.
    """
    while True:
        planned = plan(world)
        asking = [change for change in planned.changes if _worth_asking(change, tick)]
        if not asking:
            return world, planned
        tick.considered |= {change.key for change in asking}
        seen = dict(world.seen)
        for name, kind in world.kinds.items():
            changes = [change for change in asking if change.key.kind == name]
            seen |= {reading.key: reading for reading in kind.second_look(read, changes)} if changes else {}
        world = judged(replace(world, seen=seen))


def _worth_asking(change: Change, tick: Tick) -> bool:
    return (
        change.step is Action.UPDATE
        and not change.waits_on
        and change.key not in tick.considered
        and change.desired is not None
        and not change.desired.needs & tick.written
    )
