"""From what should be and what is to a plan: the fewest changes, who may make them, what each waits for.

Pure and level-based: it knows nothing of earlier plans, and after every answer it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from reconciler.core import (
    base,
    consent,
    drift,
    ownership,
    preflight,
    prune,
    removal,
    retention,
    rotation,
    said,
    stamps,
)
from reconciler.core.compare import Before, compare, created, missing
from reconciler.core.diff import create_only
from reconciler.core.failures import digest_on_failure
from reconciler.core.moved import moved
from reconciler.core.order import in_order
from reconciler.core.references import references
from reconciler.core.replacement import clean_up, create_first, in_place_of, keeps, only_cleans_up
from reconciler.core.restart import restarted
from reconciler.core.values import resolved, unread
from reconciler.core.world import World
from reconciler.model.desired import Desired, Reference
from reconciler.model.errors import Denied, Problem, Severity
from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.policy import Policy, join
from reconciler.model.tree import holds_pending


def plan(world: World) -> Plan:
    """All changes left, each with all calls left to make, in an order that converges."""
    changes: dict[Key, Change] = {}
    for key, desired in sorted(world.desired.items(), key=lambda item: _on_failure(world, item[1])):
        change = _change(world, changes, desired)
        if change is not None:
            changes[key] = change
    ignored = {key: change.ignored for key, change in changes.items() if change.nothing}
    left_behind = tuple(removal.warnings(world, changes))
    changes = {key: change for key, change in changes.items() if not change.nothing}
    deleted, notes = prune.deletions(world, changes)
    changes, terms = consent.asked_for(world, changes | deleted)
    order = in_order({key: change.waits_on for key, change in changes.items()})
    mine = [key for key in world.desired if world.covers(key.app)]
    return Plan(
        world.scope.environment,
        world.commit,
        tuple(changes[key] for key in order if world.covers(key.app)),
        tuple(key for key in mine if key not in changes),
        (
            *preflight.warnings(world, changes),
            *retention.notes(world),
            *rotation.warnings(world),
            *notes,
            *_unlisted(world),
            *left_behind,
            *world.notes,
        ),
        world.lookups,
        terms,
        ignored,
    )


def _unlisted(world: World) -> Iterator[Problem]:
    """The inventory could not be read: what is no longer declared is not known, and that must not pass in silence."""
    error = world.inventory.error
    if error is not None:
        message = f"what is ours could not be listed, so nothing is pruned: {error.message}"
        yield Problem("inventory-not-read", message, hint=error.hint, severity=Severity.WARNING)


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
    if key not in world.seen and (not_known := unread(world, key)):  # nobody knows where to look for it
        return replace(hold, waits_on=not_known)
    if desired.external:
        problem = preflight.missing_external(kind, desired, seen)
        return replace(hold, blocked=problem) if problem else None
    start = Change(
        key,
        Action.CREATE,
        Action.CREATE,
        desired=replace(desired, spec=resolved(world, changes, desired)),
        observed=seen,
        stamps=stamps.of_new(world, desired, kind),
        old=world.leftovers.get(key),
        ready=key in world.health and world.health[key].healthy,
        waits_on=_waits(world, changes, desired),
        synced=said.was_synced(world, desired),
    )
    if kind.fields.one_off:
        return _run(world, changes, kind, start)
    policy = join([world.asked, desired.policy])
    then = base.before(world, changes, desired, start.spec, partial(stamps.kept, world, kind))
    made = _as_said(world, kind, start, policy, then)
    made = drift.freed(changes, made) if made is not None else None
    made = restarted(world, kind, start, rotation.taken_up(world, changes, kind, start, made))
    return made if made is None or made.blocked or made.nothing else _allowed(world, made.desired or desired, made)


def _on_failure(world: World, desired: Desired) -> bool:
    """Whether it is looked at last, when it is known what has failed."""
    return world.kinds[desired.key.kind].on_failure(desired.spec)


def _allowed(world: World, desired: Desired, made: Change) -> Change:
    """Blocked where people have said so, or something that is needed is not there."""
    made = said.withheld(world, made)
    return made if made.blocked else replace(made, blocked=preflight.refusal(world, desired, made))


def _as_said(world: World, kind: Kind, start: Change, policy: Policy, then: Before | None) -> Change | None:
    """What the repository asks for, or a pin in its stead."""
    assert start.desired is not None
    pin = said.pin_of(world, start.desired)
    wanted = _made(world, kind, start, policy, then)
    if pin is None:
        return wanted
    back = _made(world, kind, said.pinned(world, kind, start, pin), policy, then)
    if back is None or back.nothing or _takes_back(back):  # where a person has put it, it stays
        return said.held_at_pin(world, wanted, pin) if wanted is not None else None
    note = "; ".join(filter(None, (said.pin_words(pin), back.note)))
    return replace(back, note=note, doing="Pinned" if back.step is Action.UPDATE else back.doing)


def _made(world: World, kind: Kind, start: Change, policy: Policy, then: Before | None) -> Change | None:
    assert start.observed is not None
    if start.observed.present:
        made = _update(world, kind, start, policy, then)
    else:
        made = _creation(kind, start, policy, then)
    return drift.heeded(world, made, policy) if made is not None else None


def _run(world: World, changes: Mapping[Key, Change], kind: Kind, start: Change) -> Change | None:
    """What is left of a run. One that is under way waits for nothing, and what came of it is recorded in any case."""
    desired = start.desired
    assert desired is not None
    if kind.on_failure(desired.spec):
        desired = replace(desired, digest=digest_on_failure(world, changes, desired.key))
    start = replace(start, action=Action.RUN, step=Action.RUN, desired=desired)
    left = kind.left(start)
    if left is None:
        return None
    made = replace(start, calls=left.calls, waiting=left.waiting, note=left.note)
    if left.held is not None:
        problem = _blocked(desired, left.held.code, left.held.message, left.held.hint)
        return replace(made, action=Action.HOLD, step=Action.HOLD, calls=(), blocked=problem)
    return replace(made, waits_on=(), begun=True) if left.started else _allowed(world, desired, made)


def _creation(kind: Kind, start: Change, policy: Policy, then: Before | None) -> Change:
    """The resource is not there: create it, or replace what it has under another AWS name."""
    seen, old = start.observed, start.old
    start = replace(start, fields=created(kind, start.spec), cause=missing(kind, start.spec, then))
    if start.cause == "drift" and policy.drift == "off":
        return drift.ignored(start, start.fields)
    if seen is not None and seen.status == "DRAINING":
        return replace(start, waiting=f"the name is still taken by a {kind.name} that is draining", old=None)
    if old is None or not old.present or keeps(kind, start):
        return _with_calls(kind, replace(start, old=None))
    return create_first(kind, start, old, policy)


def _update(world: World, kind: Kind, start: Change, policy: Policy, then: Before | None) -> Change | None:
    """The resource is there: take it over, change it, replace it, or leave it alone."""
    desired, seen = start.desired, start.observed
    assert desired is not None and seen is not None
    if finding := kind.unusable(seen):
        unusable = _blocked(desired, finding.code, finding.message, finding.hint)
        return replace(start, action=Action.HOLD, step=Action.HOLD, blocked=unusable)
    ours = ownership.is_ours(world.scope, desired, seen)
    adopting = not ours and not seen.kin
    if adopting and (problem := ownership.refusal(world.scope, desired, seen, policy)):
        return replace(start, action=Action.HOLD, step=Action.HOLD, blocked=problem)
    our_tags = stamps.held_to(start.stamps, adopting=adopting) if ours or adopting else {}
    then = None if adopting else then
    found = drift.told(world, kind, start, compare(kind, desired, seen, policy, our_tags, then))
    if any(holds_pending(change.after) for change in found.changes) and (not_known := unread(world, start.key)):
        # a value nobody could look up is no other value: nothing is concluded from it, and nothing refused for it
        return replace(start, action=Action.HOLD, step=Action.HOLD, waits_on=not_known)
    left = drift.not_corrected(world, start.key, policy, drift.separable(kind, found.changes))
    whole = len(left) == len(found.changes)
    if left and not whole:
        found = compare(kind, desired, seen, policy, our_tags, then, {field.path for field in left})
        found = drift.told(world, kind, start, found)
    if not found.changes or (whole and policy.drift == "off"):
        again = _retreat(world, kind, start, policy) or clean_up(world, kind, start)
        again = again or retention.retire(world, kind, start)
        return again or (drift.ignored(start, left) if left else None)
    start = replace(start, cause=drift.cause_of(found.changes))
    if left and not whole:
        start = replace(start, ignored=left) if policy.drift == "off" else replace(start, left=left)
    if fixed := create_only(kind.fields, found.changes):
        return in_place_of(kind, start, found, policy, [change.text for change in fixed])
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
        note=moved(desired, seen, found.changes),
    )
    return _with_calls(kind, _held(world, kind, made))


def _retreat(world: World, kind: Kind, start: Change, policy: Policy) -> Change | None:
    """What runs is as desired and has failed: back to what worked, where the policy says so and ECS does not itself."""
    health = world.health.get(start.key)
    if policy.rollback != "previous" or start.observed is None or health is None or not health.stalled:
        return None
    calls = tuple(kind.retreat(start.observed, health))
    note = f"{health.reason}, so it goes back to what worked before: {health.message}"
    hold = replace(start, action=Action.HOLD, step=Action.HOLD, effect=Effect.ROLLS_TASKS, calls=calls, note=note)
    return replace(hold, begun=True) if calls else None


def _takes_back(change: Change) -> bool:
    return change.action is Action.HOLD and bool(change.calls)


def _held(world: World, kind: Kind, made: Change) -> Change:
    """Without what would roll out a thing that is held; what changes in place is still made."""
    finding = kind.hold(made)
    if finding is None or not said.rolls(made) or said.released(world, kind, made):
        return made
    assert made.desired is not None
    mild = tuple(change for change in made.fields if change.effect.severity < Effect.ROLLS_TASKS.severity)
    if mild:
        members = {change.path[0] for change in mild}
        values = {name: value for name, value in made.values.items() if name in members}
        effect = max((change.effect for change in mild), key=lambda effect: effect.severity)
        note, cause = f"held: {finding.message}", drift.cause_of(mild)
        return replace(made, fields=mild, values=values, effect=effect, note=note, cause=cause)
    on_hold = replace(made, action=Action.HOLD, step=Action.HOLD, values={})
    if finding.severity is Severity.NOTE:
        return replace(on_hold, waiting=finding.message, doing=finding.code)
    problem = _blocked(made.desired, finding.code, finding.message, finding.hint)
    return replace(on_hold, blocked=replace(problem, detail=finding.detail))


def _with_calls(kind: Kind, change: Change) -> Change:
    if change.step is Action.HOLD:
        return change
    note = "; ".join(filter(None, (change.note, kind.remark(change))))
    return replace(change, calls=tuple(kind.calls(change)), note=note)


def _waits(world: World, changes: Mapping[Key, Change], desired: Desired) -> tuple[Key, ...]:
    """What has to be settled first. A revision that is there already may name what is yet to be written: whoever runs
    it waits for that."""

    def unsettled(key: Key) -> bool:
        change = changes.get(key)
        if change is None or change.nothing or only_cleans_up(change):
            return key in world.invalid
        return not drift.stands(world, change)

    def unwritten(key: Key) -> bool:
        change = changes.get(key)
        return change is not None and (change.step is Action.CREATE or world.kinds[key.kind].revalues(change))

    def nameless(named: Reference) -> bool:
        seen = world.seen.get(named.key)
        there = seen is not None and seen.present and seen.error is None
        return there and seen is not None and world.kinds[named.key.kind].reference(seen, named.part) is None

    waits = {key for key in desired.needs_ready if not (key in world.health and world.health[key].healthy)}
    waits |= {key for key in desired.needs | desired.needs_ready if unsettled(key)}
    waits |= {named.key for _, named in references(desired.spec) if nameless(named)}
    runs = [world.desired[key] for key in desired.needs if key in world.desired and key not in changes]
    runs = [revision for revision in runs if world.kinds[revision.key.kind].fields.versioned]
    return tuple(sorted(waits | {key for revision in runs for key in revision.needs if unwritten(key)}))


def _blocked(desired: Desired, code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, desired.document.at, desired.key, hint=hint, app=desired.key.app)
