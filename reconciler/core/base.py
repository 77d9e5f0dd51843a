"""What was last in force: the base by which a change of what is desired and a change in AWS are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.core.compare import AS_IT_WAS, Before
from reconciler.core.said import name_of, was_synced
from reconciler.core.values import value_of
from reconciler.core.world import World
from reconciler.model.desired import Desired, Reference
from reconciler.model.fields import UNSET
from reconciler.model.key import DIGEST, Key
from reconciler.model.plan import Change
from reconciler.model.tree import Path, Pending, Tree, get_path, map_leaves


@dataclass(frozen=True)
class Base:
    """``desired`` is the resource as it was last in force, None when there was none; ``beside`` what was with it."""

    desired: Desired | None
    beside: Mapping[Key, Desired]

    def equals(self, now: Desired) -> bool:
        """Whether what is desired now is just what was in force."""
        then = self.desired
        return then is now or (then is not None and (then.digest, then.content) == (now.digest, now.content))


def base_of(world: World, desired: Desired) -> Base | None:
    """What was in force of a resource; None where that is not known.

    While an app wants what it wanted then, or a resource was Ready as it is wanted now, nobody has to look it up.
    """
    app, name = desired.key.app, name_of(desired.key)
    if not world.covers(app) or world.unheard_of(app) is not None:
        return None
    record = world.record(app)
    if name in record.behind:
        return _at(world, app, record.behind[name], desired.key)
    if was_synced(world, desired) or (record.whole and record.whole == world.wholes.get(app)):
        return Base(desired, world.desired)
    return _at(world, app, record.commit, desired.key) if record.whole else None


def wanted(world: World) -> frozenset[tuple[str, str]]:
    """The (app, commit) that have to be looked up to know what was in force, of the apps that want something else."""
    found = set()
    for app in {key.app for key in world.desired if world.covers(key.app)}:
        record = world.record(app)
        commits = {commit for commit in record.behind.values() if commit}
        if record.whole and record.commit and record.whole != world.wholes.get(app):
            commits.add(record.commit)
        found |= {(app, commit) for commit in commits}
    return frozenset(found)


def before(
    world: World,
    changes: Mapping[Key, Change],
    now: Desired,
    spec: Tree,
    stamps: Callable[[Desired], Mapping[str, str]],
) -> Before | None:
    """What was in force, with its references resolved as of now; None: it is not known.

    ``now`` is what is desired, ``spec`` the same resolved; ``stamps`` says which tags of ours a resource gets.
    """
    base = base_of(world, now)
    if base is None:
        return None
    if base.desired is None:
        return Before(None, {})
    return Before(_resolved(world, changes, base, now, spec), stamps(base.desired), exact=base.equals(now))


def _resolved(world: World, changes: Mapping[Key, Change], base: Base, now: Desired, spec: Tree) -> Tree:
    """The spec of a base; ``spec`` is the present one, resolved."""
    then = base.desired
    assert then is not None
    if base.equals(now):
        return spec

    def leaf(path: Path, value: Any) -> Any:
        if path in then.document.unread or (now.document.pinned and path[-1] == "image"):
            return AS_IT_WAS  # another tool's value, or a registry's: git does not say which it was
        said = get_path(now.spec, path, UNSET)
        if isinstance(value, Reference):
            return _referred(world, changes, base, value, now.key)
        if isinstance(said, Reference):
            return AS_IT_WAS if value == str(said) else value
        return get_path(spec, path, value) if value == said else value

    return dict(map_leaves(then.spec, leaf))


def _referred(world: World, changes: Mapping[Key, Change], base: Base, reference: Reference, of: Key) -> str | Pending:
    """The value that a reference stood for: as of now where its referent is as it was, else the revision of then."""
    then, now = base.beside.get(reference.key), world.desired.get(reference.key)
    if then is not None and now is not None and then.digest == now.digest:
        return value_of(world, changes, reference, of)
    owned = world.inventory.items.get(reference.key, ()) if then is not None else ()
    return next((item.arn for item in owned if then is not None and item.tags.get(DIGEST) == then.digest), AS_IT_WAS)


def _at(world: World, app: str, commit: str | None, key: Key) -> Base | None:
    known = world.bases.get((app, commit)) if commit else None
    return Base(known.get(key), known) if known is not None else None
