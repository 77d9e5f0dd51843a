"""From what should be and what is to a plan: the fewest changes, who may make them, what each waits for.

Pure and level-based: it knows nothing of earlier plans, and after every answer it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.core import ownership, preflight, prune
from reconciler.core.compare import Comparison, compare, created
from reconciler.core.diff import create_only
from reconciler.core.order import in_order
from reconciler.core.references import resolve
from reconciler.core.world import World
from reconciler.model.desired import Desired, Reference
from reconciler.model.errors import Denied, Problem
from reconciler.model.fields import Effect
from reconciler.model.key import COMMIT, DIGEST, OWNER, PRUNE, Key
from reconciler.model.kind import Kind
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Call, Change, Plan
from reconciler.model.policy import Policy, join
from reconciler.model.tree import Pending, map_leaves, pending_after


def plan(world: World) -> Plan:
    """All changes left, each with all calls left to make, in an order that converges."""
    changes: dict[Key, Change] = {}
    for key, desired in world.desired.items():
        change = _change(world, changes, desired)
        if change is not None:
            changes[key] = change
    deleted, notes = prune.deletions(world, changes)
    changes |= deleted
    order = in_order({key: change.waits_on for key, change in changes.items()})
    mine = [key for key in world.desired if world.covers(key.app)]
    return Plan(
        world.scope.environment,
        world.commit,
        tuple(changes[key] for key in order if world.covers(key.app)),
        tuple(key for key in mine if key not in changes),
        (*(warning for key in mine for warning in preflight.warnings(world, key)), *notes),
    )


def _change(world: World, changes: Mapping[Key, Change], desired: Desired) -> Change | None:
    """What one resource needs; None when it is as desired."""
    key, kind = desired.key, world.kinds[desired.key.kind]
    seen = world.seen.get(key) or Observed(key, NEVER)
    hold = Change(key, Action.HOLD, Action.HOLD, desired=desired, observed=seen)
    if seen.error is not None:
        if seen.error.retry:
            return replace(hold, waiting=f"it could not be read: {seen.error.message}")
        code = "AccessDenied" if isinstance(seen.error, Denied) else "ObserveFailed"
        return replace(hold, blocked=_blocked(desired, code, seen.error.message, seen.error.hint))
    if desired.external:
        problem = preflight.missing_external(kind, desired, seen)
        return replace(hold, blocked=problem) if problem else None
    start = Change(
        key,
        Action.CREATE,
        Action.CREATE,
        desired=replace(desired, spec=_resolved(world, changes, desired)),
        observed=seen,
        stamps=_stamps(world, desired, kind),
        old=world.leftovers.get(key),
        ready=key in world.health and world.health[key].healthy,
        waits_on=_waits(world, changes, desired),
    )
    policy = join([world.asked, desired.policy])
    made = _creation(kind, start, policy) if not seen.present else _update(world, kind, start, policy)
    if made is None or made.blocked:
        return made
    if key.app in world.suspended:
        hint = "its App manifest says suspend: true"
        return replace(made, blocked=_blocked(desired, "Suspended", f"the app {key.app} is suspended", hint))
    return replace(made, blocked=preflight.refusal(world, desired))


def _creation(kind: Kind, start: Change, policy: Policy) -> Change:
    """The resource is not there: create it, or replace what it has under another AWS name."""
    seen, old = start.observed, start.old
    start = replace(start, fields=created(kind, start.spec))
    if seen is not None and seen.status == "DRAINING":
        return replace(start, waiting=f"the name is still taken by a {kind.name} that is draining", old=None)
    if old is None or not old.present or _keeps(kind, start):
        return _with_calls(kind, replace(start, old=None))
    first = replace(start, observed=Observed(start.key, NEVER, carry=kind.carry(old)))
    made = replace(
        first,
        action=Action.REPLACE,
        effect=Effect.REPLACES_CREATE_FIRST,
        calls=(*kind.calls(first), *_gated(kind.calls(_delete(start, old)), f"{start.key} is Ready")),
        note=f"the new one is created and Ready before {old.arn} is deleted",
    )
    return _consented(kind, made, policy)


def _update(world: World, kind: Kind, start: Change, policy: Policy) -> Change | None:
    """The resource is there: take it over, change it, replace it, or leave it alone."""
    desired, seen = start.desired, start.observed
    assert desired is not None and seen is not None
    adopting = not ownership.is_ours(world.scope, desired, seen)
    if adopting and (problem := ownership.refusal(world.scope, desired, seen, policy)):
        return replace(start, action=Action.HOLD, step=Action.HOLD, blocked=problem)
    found = compare(kind, desired, seen, policy, _wanted_stamps(start.stamps, adopting))
    if not found.changes:
        return _clean_up(world, kind, start)
    if fixed := create_only(kind.fields, found.changes):
        return _in_place_of(kind, start, found, policy, [change.text for change in fixed])
    effect = max((change.effect for change in found.changes), key=lambda effect: effect.severity)
    action = Action.ADOPT if adopting else Action.UPDATE
    made = replace(
        start,
        action=action,
        step=Action.UPDATE,
        effect=effect,
        fields=found.changes,
        values=found.values,
        desired=replace(desired, spec=found.spec),
    )
    return _with_calls(kind, _held(kind, made))


def _held(kind: Kind, made: Change) -> Change:
    """Without what would roll out a thing that has failed before; what changes in place is still made."""
    finding = kind.hold(made)
    if finding is None or made.effect is None or made.effect.severity < Effect.ROLLS_TASKS.severity:
        return made
    assert made.desired is not None
    mild = tuple(change for change in made.fields if change.effect.severity < Effect.ROLLS_TASKS.severity)
    if mild:
        members = {change.path[0] for change in mild}
        values = {name: value for name, value in made.values.items() if name in members}
        effect = max((change.effect for change in mild), key=lambda effect: effect.severity)
        return replace(made, fields=mild, values=values, effect=effect, note=f"held: {finding.message}")
    on_hold = replace(made, action=Action.HOLD, step=Action.HOLD, values={})
    if finding.code == "RollingBack":
        return replace(on_hold, waiting=finding.message)
    return replace(on_hold, blocked=_blocked(made.desired, finding.code, finding.message, finding.hint))


def _in_place_of(kind: Kind, start: Change, found: Comparison, policy: Policy, members: list[str]) -> Change:
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


def _clean_up(world: World, kind: Kind, start: Change) -> Change | None:
    """The new one is as desired: what it replaced goes once the new one is Ready and nothing uses the old one."""
    old = start.old
    if old is None or not old.present or _keeps(kind, start):
        return None
    users = prune.in_use_by(old, [*world.seen.values(), *world.leftovers.values(), *world.orphans.values()])
    calls = kind.calls(_delete(start, old))
    gated = tuple(calls) if start.ready and not users else tuple(_gated(calls, f"{start.key} is Ready"))
    return replace(
        start, action=Action.REPLACE, step=Action.DELETE, effect=Effect.REPLACES_CREATE_FIRST, calls=gated,
        observed=old, note=f"{old.arn} is deleted", waits_on=users,
    )  # fmt: skip


def _keeps(kind: Kind, start: Change) -> bool:
    """Whether what a rename leaves behind stays: logs and secrets are not lost to a new name."""
    assert start.desired is not None
    return kind.fields.kept and not start.desired.document.own_policy.prune


def _delete(start: Change, seen: Observed) -> Change:
    return replace(start, action=Action.DELETE, step=Action.DELETE, observed=seen)


def _gated(calls: object, until: str) -> Iterator[Call]:
    for call in calls:  # type: ignore[attr-defined]
        yield replace(call, gate=pending_after(until))


def _consented(kind: Kind, made: Change, policy: Policy) -> Change:
    """A replacement needs consent, unless a rename asked for it or nothing that runs is replaced."""
    assert made.desired is not None
    if policy.replace or made.desired.document.formerly or kind.fields.versioned:
        return made
    how = "with downtime" if made.effect is Effect.REPLACES_WITH_DOWNTIME else "create-first"
    problem = _blocked(
        made.desired,
        "ImmutableFieldChange",
        f"{made.note}: a replacement {how} is refused until policy allows it",
        "allow it with policy.replace: true on the manifest, or undo the change",
    )
    return replace(made, blocked=problem)


def _with_calls(kind: Kind, change: Change) -> Change:
    return change if change.step is Action.HOLD else replace(change, calls=tuple(kind.calls(change)))


def _stamps(world: World, desired: Desired, kind: Kind) -> dict[str, str]:
    """The tags of ours a new resource gets."""
    stamps = {OWNER: world.scope.owner(desired.key)}
    if desired.document.own_policy.prune is not None:
        stamps[PRUNE] = str(desired.document.own_policy.prune).lower()
    if kind.fields.versioned:
        stamps[DIGEST] = desired.digest
        if world.commit:
            stamps[COMMIT] = world.commit
    return stamps


def _wanted_stamps(stamps: Mapping[str, str], adopting: bool) -> dict[str, str]:
    """Those a present resource is held to: a commit that changes nothing of a resource does not touch its tags."""
    return {name: value for name, value in stamps.items() if adopting or name in (OWNER, PRUNE)}


def _resolved(world: World, changes: Mapping[Key, Change], desired: Desired) -> dict[str, Any]:
    """The spec with every reference replaced by its value; a family named without revision is its latest one."""
    latest = {
        path: seen.arn
        for external, path in world.named.get(desired.key, ())
        if world.kinds[external.kind].fields.versioned
        and (seen := world.outside.get((external.kind, external.address)))
        and seen.arn
    }
    spec = resolve(desired.spec, lambda reference: value_of(world, changes, reference, desired.key))
    return dict(map_leaves(spec, lambda path, leaf: latest.get(path, leaf))) if latest else spec


def value_of(world: World, changes: Mapping[Key, Change], reference: Reference, of: Key) -> str | Pending:
    """The live value a reference stands for, or Pending while there is none or a change will give another."""
    key, kind = reference.key, world.kinds[reference.key.kind]
    change, seen = changes.get(key), world.seen.get(key)
    known = seen is not None and seen.present and seen.error is None
    if not known or (change is not None and _renews(kind, change)):
        return pending_after(f"{key.kind}/{key.name}" if key.app == of.app else key)
    assert seen is not None
    value = kind.reference(seen, reference.part)
    return value if value is not None else pending_after(f"{key.kind}/{key.name}")


def _renews(kind: Kind, change: Change) -> bool:
    """Whether a change gives its resource another identity."""
    if change.action in (Action.CREATE, Action.REPLACE):
        return change.step is not Action.DELETE or change.effect is Effect.REPLACES_WITH_DOWNTIME
    return kind.fields.versioned and any(field.path[0] != "tags" for field in change.fields)


def _waits(world: World, changes: Mapping[Key, Change], desired: Desired) -> tuple[Key, ...]:
    def unsettled(key: Key) -> bool:
        return key in world.invalid or (key in changes and not _only_cleans_up(changes[key]))

    unready = {key for key in desired.needs_ready if not (key in world.health and world.health[key].healthy)}
    return tuple(sorted(unready | {key for key in desired.needs | desired.needs_ready if unsettled(key)}))


def _only_cleans_up(change: Change) -> bool:
    """Whether a resource is as desired and only what it replaced is left to delete: nothing needs to wait for that."""
    return change.step is Action.DELETE and change.old is not None and change.observed is change.old


def _blocked(desired: Desired, code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, desired.document.at, desired.key, hint=hint, app=desired.key.app)
