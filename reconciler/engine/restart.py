"""Restarts that were asked for: which are still to be made, and which deployment each of the others has to complete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.said import name_of
from reconciler.core.world import World
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import judged
from reconciler.model.errors import UsageError
from reconciler.model.key import Key
from reconciler.model.status import Memory
from reconciler.model.suggest import did_you_mean, listing


def to_restart(wish: Wish, names: Iterable[str]) -> frozenset[Key]:
    """The services that names such as ``Service/web`` or ``shop/Service/web`` mean. Raises UsageError."""
    can = [key for key in wish.desired if wish.kinds[key.kind].restarting and (not wish.apps or key.app in wish.apps)]
    found = set()
    for name in names:
        meant = [key for key in can if name in (str(key), name_of(key))]
        if not meant:
            known = [name_of(key) for key in can]
            hint = did_you_mean(name, known, otherwise=f"there are: {listing(known)}" if known else "there is none")
            raise UsageError(f"there is no {name} to restart", hint=hint)
        if len(meant) > 1:
            raise UsageError(f"{name} is in more than one app", hint=f"say {listing([str(key) for key in meant])}")
        found.add(meant[0])
    return frozenset(found)


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
