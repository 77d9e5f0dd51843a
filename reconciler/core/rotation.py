"""A secret that floats has another value than running tasks were started with: what uses it begins anew.

Nothing is remembered: when the value changed and when the running deployment began are both told by AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.references import references
from reconciler.core.restart import anew
from reconciler.core.said import rolls
from reconciler.core.world import World
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Change


@dataclass(frozen=True)
class _Stale:
    """What a resource's tasks were started too early for. ``coming``: its new value is yet to be written, or to be
    confirmed: a write that is not may be made again."""

    key: Key
    coming: bool


def taken_up(
    world: World, changes: Mapping[Key, Change], kind: Kind, start: Change, made: Change | None
) -> Change | None:
    """The change with a new deployment in it, where its tasks run with a value that is no longer the secret's."""
    stale = [found for found in _stale(world, changes, start.key) if _policy(world, found.key) == "auto"]
    coming = {found.key for found in stale if found.coming}
    if made is not None and made.step is Action.UPDATE and rolls(made):
        return replace(made, waits_on=tuple(sorted({*made.waits_on, *coming}))) if coming else made
    if not stale:
        return made
    whose = ", ".join(f"{found.key.kind}/{found.key.name}" for found in stale)
    note = f"{whose} {'have' if len(stale) > 1 else 'has'} another value than its tasks were started with"
    begun = anew(kind, start, made, note)
    if begun is None or begun is made:
        return made
    return replace(begun, waits_on=tuple(sorted({*begun.waits_on, *coming})))


def warnings(world: World) -> Iterator[Problem]:
    """What runs with an older value and is left so, where the policy says that it is to be told."""
    for key, desired in world.desired.items():
        for found in _stale(world, {}, key) if world.covers(key.app) else ():
            if _policy(world, found.key) == "warn":
                message = f"tasks of {key} were started before {found.key} got the value that it has now"
                hint = f"start new ones with: reconciler apply {key.app} --restart {key.kind}/{key.name}"
                at = desired.document.at
                yield Problem("SecretRotated", message, at, key, "", hint, severity=Severity.WARNING, app=key.app)


def in_question(world: World) -> list[Observed]:
    """The readings of values that may have changed since some tasks were started: those worth an exact look."""
    found = {it.key for key in world.desired for it in _stale(world, {}, key)}
    return [world.seen[key] for key in sorted(found)]


def _stale(world: World, changes: Mapping[Key, Change], key: Key) -> Iterator[_Stale]:
    """The values that float, that a resource's tasks are started with, and that are newer than the tasks."""
    kind, seen = world.kinds[key.kind], world.seen.get(key)
    began = kind.began(seen) if seen is not None and seen.present and kind.restarting else None
    if began is None:
        return
    for value in sorted(set(_values(world, key))):
        reading, change = world.seen.get(value), changes.get(value)
        changing = change is not None and change.step is Action.UPDATE
        new = changing and change is not None and world.kinds[value.kind].revalues(change)
        if new or (reading is not None and reading.renewed is not None and reading.renewed > began):
            yield _Stale(value, changing)


def _values(world: World, key: Key) -> Iterator[Key]:
    """What floats of all that the revision it runs refers to."""
    for _, run in references(world.desired[key].spec):
        revision = world.desired.get(run.key)
        if revision is None or not world.kinds[run.key.kind].fields.versioned:
            continue
        for _, value in references(revision.spec):
            named = world.desired.get(value.key)
            if named is not None and world.kinds[value.key.kind].floats(named.spec):
                yield value.key


def _policy(world: World, value: Key) -> str:
    """What is kept here changes by the repository's word, which is always taken up."""
    desired = world.desired[value]
    return "auto" if not desired.external else desired.policy.rotation or "auto"
