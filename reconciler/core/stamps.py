"""The tags of ours: what a new resource gets, and what one that is there is held to."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.world import World
from reconciler.model.desired import Desired
from reconciler.model.key import COMMIT, DIGEST, IMAGE, OWNER, PRUNE
from reconciler.model.kind import Kind

_NAMED, _TAG = 128 - len(IMAGE), 256
"""Characters of a container's name and of an image's tag that there is room for in a tag. Source: the ECS API
reference on tags."""


def of_new(world: World, desired: Desired, kind: Kind) -> dict[str, str]:
    """The tags of ours a new resource gets."""
    stamps = {OWNER: world.scope.owner(desired.key)}
    if desired.document.own_policy.prune is not None:
        stamps[PRUNE] = str(desired.document.own_policy.prune).lower()
    if kind.fields.versioned:
        stamps[DIGEST] = desired.digest
        pinned = desired.document.pinned
        stamps |= {IMAGE + name: tag for name, tag in pinned.items() if len(name) <= _NAMED and len(tag) <= _TAG}
        if world.commit:
            stamps[COMMIT] = world.commit
    return stamps


def held_to(stamps: Mapping[str, str], *, adopting: bool) -> dict[str, str]:
    """Those a present resource is held to: a commit that changes nothing of a resource does not touch its tags."""
    return {
        name: value for name, value in stamps.items() if adopting or name in (OWNER, PRUNE) or name.startswith(IMAGE)
    }


def kept(world: World, kind: Kind, desired: Desired) -> dict[str, str]:
    """Those that a resource of ours is held to."""
    return held_to(of_new(world, desired, kind), adopting=False)
