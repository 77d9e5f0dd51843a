"""Restarts that were asked for: which are still to be made, and which deployment each of the others has to complete."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.world import World
from reconciler.engine.observe import judged
from reconciler.model.key import Key
from reconciler.model.status import Memory


def looked_after(world: World, memory: Memory) -> Memory:
    """What is known of restarts whose call got no answer, now that there is a reading: they began, or they did not."""
    known = dict(memory.restarts)
    for key, restart in memory.restarts.items():
        seen = world.seen.get(key)
        if restart.begun is not None or seen is None or seen.error is not None:
            continue
        found = world.kinds[key.kind].deployment(seen)
        if found is not None and found != restart.before:
            known[key] = replace(restart, begun=found, at=seen.at)
        else:
            del known[key]
    return replace(memory, restarts=known)


def with_restarts(world: World, asked: frozenset[Key], memory: Memory) -> World:
    """The world with what is still to begin anew; what has begun is judged by its own deployment."""
    if not asked:
        return world
    seen = dict(world.seen)
    for key in asked & memory.restarts.keys() & seen.keys():
        seen[key] = replace(seen[key], live={**seen[key].live, "restart": memory.restarts[key]})
    return judged(replace(world, seen=seen, restart=asked - memory.restarts.keys()))
