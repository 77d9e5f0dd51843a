"""One tick: observe, plan, make the calls that are ready, until nothing is; then say how things fare.

This screen is the product. A tick never waits, may be killed at any call, and continues from what it observes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.gate import ready
from reconciler.core.rollup import look_again, rollup
from reconciler.core.world import World
from reconciler.engine.apply import Target, Tick, apply, untried
from reconciler.engine.consider import considered
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import further, observe, reread
from reconciler.model.errors import AwsError
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import Memory, Result


def reconcile(target: Target, wish: Wish, memory: Memory) -> Result:
    """Observe, plan, gate, apply, to the fixpoint; then roll up what was found."""
    tick = Tick(memory)
    world = observe(target.read, target.scope, wish, memory, target.asked, target.preflight)
    while True:
        world, planned = considered(target.read, world, tick)
        now = untried(ready(planned), tick)
        if target.write is None or not now or target.stop():
            break
        world = apply(target.write, world, now, tick, target)
        world = further(target.read, world, tick.memory)
        if tick.unknown:
            world = reread(target.read, world, frozenset(tick.unknown), tick.memory)
            tick.unknown.clear()
    return _result(world, planned, tick.failed, tick.memory)


def _result(world: World, planned: Plan, failed: Mapping[Key, AwsError], memory: Memory) -> Result:
    status, past = rollup(world, planned, failed, memory)
    again = look_again(status, planned)
    return Result(planned, status, replace(memory, past=past), again, failed)
