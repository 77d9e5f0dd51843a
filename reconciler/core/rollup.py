"""Every condition is set by what is called here, and nowhere else: from plan, health, failures and memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from reconciler.core import hysteresis
from reconciler.core.agreed import AWAITING_APPROVAL
from reconciler.core.conditions import Facts, conditions, detail, health_word, hint
from reconciler.core.phase import kstatus, phase
from reconciler.core.world import World
from reconciler.model.errors import AwsError, Problem, ReconcilerError
from reconciler.model.key import Key
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.record import NO_RECORD
from reconciler.model.running import deployments
from reconciler.model.status import Condition, Memory, Past, ResourceStatus, Status

LOOK_AGAIN = 5.0
"""Seconds until the next look while something moves."""


def rollup(
    world: World, plan: Plan, failures: Mapping[Key, AwsError], memory: Memory
) -> tuple[Status, dict[Key, Past]]:
    """The conditions of every resource that is declared or on its way out, and what is to be remembered of them.

    What is not in this tick's scope is remembered as it was.
    """
    changes = {change.key: change for change in plan.changes}
    waiting = {it.key.app for it in plan.changes if it.blocked is not None and it.blocked.code == AWAITING_APPROVAL}
    past = {key: item for key, item in memory.past.items() if not world.covers(key.app)}
    resources = []
    for key in _keys(world, changes, memory):
        facts = _facts(world, key, changes.get(key), failures.get(key), plan)
        facts = facts if key.app in waiting else replace(facts, approved=world.record(key.app).approved)
        shown, past[key] = _resource(facts, memory.past.get(key))
        resources.append(shown)
    return Status(world.scope.environment, world.commit, tuple(resources)), past


def look_again(status: Status, plan: Plan) -> float | None:
    """Seconds until it is worth looking again; None when nothing is on its way by itself."""
    if any(resource.misses for resource in status.resources):
        return LOOK_AGAIN
    stuck = {resource.key for resource in status.resources if resource.stalled}
    waits = {change.key: set(change.waits_on) for change in plan.changes}
    # what is not among the apps chosen is not changed here, however long one waits
    stuck |= set().union(*waits.values()) - {resource.key for resource in status.resources}
    while behind := {key for key, first in waits.items() if first & stuck} - stuck:
        stuck |= behind
    moving = any(not resource.ready and resource.key not in stuck for resource in status.resources)
    return LOOK_AGAIN if moving else None


def source_condition(
    error: ReconcilerError | None,
    broken: Collection[Problem],
    held: Collection[str],
    *,
    rewound: bool,
    known: bool,
) -> Condition:
    """Whether what is in force is what the repository says now; ``known``: whether anything is in force.

    ``broken`` are problems for which the newest commit cannot be used at all, ``held`` the apps that cannot be.
    """
    stays = "the last good state stays in force" if known else "nothing is in force yet"
    if broken:
        first = next(iter(broken))
        where = f"{first.at}: " if first.at else ""
        return Condition("SourceVerified", "False", "RenderFailed", f"{where}{first.message}; {stays}")
    if error is not None:
        return Condition("SourceVerified", "Unknown", "SourceFailed", f"{error}; {stays}")
    if held:
        names = ", ".join(sorted(held))
        return Condition("SourceVerified", "False", "InvalidManifest", f"invalid there, so left as it was: {names}")
    if not known:
        return Condition("SourceVerified", "Unknown", "NotRead", "the repository has not been read yet")
    if rewound:
        said = "the newest commit does not follow from the one before it: nothing is pruned"
        return Condition("SourceVerified", "True", "Rewound", said)
    return Condition("SourceVerified", "True", "Verified", "the newest commit is in force")


def unrendered(shown: ResourceStatus, message: str) -> ResourceStatus:
    """A status when what is wanted now is not known: how it fares is told, that it is as desired is not."""
    return _instead(
        shown,
        Condition("Synced", "Unknown", "RenderFailed", message),
        Condition("Stalled", "True", "InvalidManifest", message),
    )


def unlooked(shown: ResourceStatus, message: str) -> ResourceStatus:
    """A status when the look itself failed: nothing that was told holds any more."""
    return _instead(
        shown,
        Condition("Synced", "Unknown", "ObserveFailed", message),
        Condition("Healthy", "Unknown", "ObserveFailed", message),
    )


def _instead(shown: ResourceStatus, *news: Condition) -> ResourceStatus:
    """With other conditions in the place of those of their types, and what follows from them."""
    word: Literal["False", "Unknown"] = "Unknown" if news[0].reason == "ObserveFailed" else "False"
    first = Condition("Ready", word, news[0].reason, news[0].message)
    types = {"Ready", *(condition.type for condition in news)}
    if "Stalled" in types:
        types.add("Reconciling")
    kept = [condition for condition in shown.conditions if condition.type not in types]
    told = tuple(sorted((first, *news, *kept), key=lambda condition: _ORDER.index(condition.type)))
    if not any(condition.type in ("Stalled", "Reconciling") for condition in told):
        told = (*told, Condition("Reconciling", "True", "ProgressingWithRetry", news[0].message))
    return replace(shown, conditions=told, phase=phase(told), kstatus=kstatus(told))


_ORDER = ("Ready", "Synced", "Healthy", "Stalled", "Reconciling", "Suspended", "Approved", "SourceVerified")


def _keys(world: World, changes: Mapping[Key, Change], memory: Memory) -> Iterator[Key]:
    """What is declared, well or not; what is deleted; and what was being deleted when it could last be read."""
    yield from (key for key in world.desired if world.covers(key.app))
    yield from sorted(key for key in world.invalid - world.desired.keys() if world.covers(key.app))
    for key, seen in world.orphans.items():
        unread = seen.error is not None and seen.error.retry and key in memory.past
        if key in changes or unread:
            yield key


def _facts(world: World, key: Key, change: Change | None, failure: AwsError | None, plan: Plan) -> Facts:
    seen = world.seen.get(key) or world.orphans.get(key) or Observed(key, NEVER)
    record = world.records.get(key.app, NO_RECORD)
    desired = world.desired.get(key)
    synced = record.synced.get(f"{key.kind}/{key.name}")
    return Facts(
        key,
        seen,
        world.health.get(key),
        change,
        failure,
        unread=_unread(world, change),
        invalid=desired is None and key in world.invalid,
        ignored=tuple(field.text for field in plan.ignored.get(key, ())),
        drifted=desired is not None
        and (change is None or change.cause is None)
        and seen.present
        and bool(synced)
        and desired.digest.startswith(synced or "")
        and not (change and change.blocked and change.blocked.code == "Pinned"),  # moved on purpose
        suspended=record.suspended or key.app in world.suspended,
    )


def _unread(world: World, change: Change | None) -> AwsError | None:
    """Why what a held change waits for was not read."""
    if change is None or change.action is not Action.HOLD:
        return None
    errors = (seen.error for key in change.waits_on if (seen := world.seen.get(key)))
    return next((error for error in errors if error is not None), None)


def _resource(facts: Facts, past: Past | None) -> tuple[ResourceStatus, Past]:
    """One status, and what is remembered of it."""
    error = facts.seen.error or facts.unread
    misses = hysteresis.missed(error, past)
    if error is not None and past is not None and misses and (found := hysteresis.kept(error, past, misses)):
        return found
    verdict, clean = facts.health, past.clean if past else None
    if facts.seen.error is None:
        verdict, clean = hysteresis.steadied(verdict, facts.seen, past)
    facts = replace(facts, health=verdict)
    told = tuple(hysteresis.since(it, verdict, facts.seen, past) for it in conditions(facts))
    shown = ResourceStatus(
        facts.key,
        phase(told),
        told,
        health_word(facts),
        kstatus(told),
        detail(facts),
        hint(facts),
        deployments(facts.seen),
        hysteresis.read(facts.seen, past),
        misses,
    )
    return shown, Past(shown, clean)
