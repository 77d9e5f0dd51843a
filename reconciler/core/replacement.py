"""Replacing a resource: under a new name create-first, under the same name with downtime, and only with consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.core import prune
from reconciler.core.compare import Comparison
from reconciler.core.world import World
from reconciler.model.errors import Problem
from reconciler.model.fields import Effect
from reconciler.model.kind import Kind
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Call, Change
from reconciler.model.policy import Policy
from reconciler.model.tree import pending_after


def create_first(kind: Kind, start: Change, old: Observed, policy: Policy) -> Change:
    """The new one is made under its new AWS name; the old one goes once the new one is Ready."""
    first = replace(start, observed=Observed(start.key, NEVER, carry=kind.carry(old)))
    made = replace(
        first,
        action=Action.REPLACE,
        effect=Effect.REPLACES_CREATE_FIRST,
        calls=(*kind.calls(first), *_gated(kind.calls(_delete(start, old)), f"{start.key} is Ready")),
        note=f"the new one is created and Ready before {old.arn} is deleted",
    )
    return _consented(kind, made, policy)


def in_place_of(kind: Kind, start: Change, found: Comparison, policy: Policy, members: list[str]) -> Change:
    """A change that the API cannot make in place: the old one goes, then the new one comes under the same name."""
    seen = start.observed
    assert seen is not None
    created = replace(start, observed=Observed(start.key, NEVER, carry=kind.carry(seen)))
    made = replace(
        start,
        action=Action.REPLACE,
        step=Action.DELETE,
        effect=Effect.REPLACES_WITH_DOWNTIME,
        fields=found.changes,
        calls=(*kind.calls(_delete(start, seen)), *_gated(kind.calls(created), f"{start.key} is gone")),
        note=f"{', '.join(members)} cannot be changed in place: it is deleted, then created again",
    )
    return _consented(kind, made, policy)


def clean_up(world: World, kind: Kind, start: Change) -> Change | None:
    """The new one is as desired: what it replaced goes once the new one is Ready and nothing uses the old one."""
    old = start.old
    if old is None or not old.present or keeps(kind, start):
        return None
    users = prune.in_use_by(old, [*world.seen.values(), *world.leftovers.values(), *world.orphans.values()])
    calls = kind.calls(_delete(start, old))
    gated = tuple(calls) if start.ready and not users else tuple(_gated(calls, f"{start.key} is Ready"))
    return replace(
        start, action=Action.REPLACE, step=Action.DELETE, effect=Effect.REPLACES_CREATE_FIRST, calls=gated,
        observed=old, note=f"{old.arn} is deleted", waits_on=users,
    )  # fmt: skip


def keeps(kind: Kind, start: Change) -> bool:
    """Whether what a rename leaves behind stays: logs and secrets are not lost to a new name."""
    assert start.desired is not None
    return kind.fields.kept and not start.desired.document.own_policy.prune


def only_cleans_up(change: Change) -> bool:
    """Whether a resource is as desired and only what it replaced is left to delete: nothing needs to wait for that."""
    return change.step is Action.DELETE and change.old is not None and change.observed is change.old


def _delete(start: Change, seen: Observed) -> Change:
    return replace(start, action=Action.DELETE, step=Action.DELETE, observed=seen)


def _gated(calls: Iterable[Call], until: str) -> Iterator[Call]:
    for call in calls:
        yield replace(call, gate=pending_after(until))


def _consented(kind: Kind, made: Change, policy: Policy) -> Change:
    """A replacement needs consent, unless a rename asked for it or nothing that runs is replaced."""
    assert made.desired is not None
    if policy.replace or made.desired.document.formerly or kind.fields.versioned:
        return made
    how = "with downtime" if made.effect is Effect.REPLACES_WITH_DOWNTIME else "create-first"
    problem = Problem(
        "ImmutableFieldChange",
        f"{made.note}: a replacement {how} is refused until policy allows it",
        made.desired.document.at,
        made.key,
        hint="allow it with policy.replace: true on the manifest, or undo the change",
        app=made.key.app,
    )
    return replace(made, blocked=problem)
