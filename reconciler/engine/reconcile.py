"""One tick: observe, plan, make the calls that are ready, until nothing is; then say how things fare.

This screen is the product. A tick never waits, may be killed at any call, and continues from what it observes.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.consent import opens_in, with_terms
from reconciler.core.drift import remembered
from reconciler.core.gate import ready
from reconciler.core.rollup import look_again, rollup
from reconciler.core.world import World
from reconciler.engine.apply import Target, Tick, apply, untried
from reconciler.engine.bases import with_bases
from reconciler.engine.consider import considered, restless
from reconciler.engine.hear import hear, write_down
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import further, observe, reread
from reconciler.engine.restart import looked_after, with_restarts
from reconciler.model.plan import Plan
from reconciler.model.status import Memory, Result


def reconcile(target: Target, wish: Wish, memory: Memory) -> Result:
    """Observe, plan, gate, apply, to the fixpoint; then roll up what was found."""
    tick = Tick(memory)
    heard = hear(target.records, target.scope, wish, writing=target.to_write or target.write is not None)
    world = observe(
        target.read,
        target.scope,
        wish,
        memory,
        target.asked,
        heard,
        target.preflight,
        target.remembering,
        anytime=target.anytime,
    )
    tick.remembered |= target.remembering.used if target.remembering is not None else frozenset()
    world = with_bases(replace(world, healed=memory.healed, unattended=target.unattended, who=target.who), target.base)
    tick.memory = looked_after(world, memory)
    while True:
        world = with_restarts(world, target.restart, tick.memory)
        world, planned = considered(target.read, world, tick)
        now = untried(ready(planned), tick)
        if target.write is None or not now or target.stop():
            break
        world = apply(target.write, world, now, tick, target)
        world = further(target.read, world, tick.memory)
        if tick.unknown:
            world = reread(target.read, world, frozenset(tick.unknown), tick.memory)
            tick.unknown.clear()
    return _result(target, world, planned, tick)


def _result(target: Target, world: World, planned: Plan, tick: Tick) -> Result:
    planned = with_terms(world, planned)
    status, past = rollup(world, planned, tick.failed, tick.memory)
    again, opens = look_again(status, planned), opens_in(world, planned)
    soonest = min((seconds for seconds in (again, opens) if seconds is not None), default=None)
    notes = world.notes
    if target.records is not None and target.write is not None:
        notes += write_down(target.records, world, planned, status, tick.rolled, tick.written)
    if target.remembering is not None:
        target.remembering.forget_apps(restless(world, planned, status, tick))
    arns = {key: seen.arn for key, seen in world.seen.items() if seen.arn is not None}
    owned = frozenset(key.app for key in world.inventory.items)
    memory = replace(tick.memory, past=past, healed=remembered(world, planned, tick.healed))
    moves = again is not None
    return Result(planned, status, memory, soonest, tick.failed, notes, arns, owned, moves, tick.healed)
