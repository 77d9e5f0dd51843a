"""Every condition is set here, and nowhere else: from plan, health and what failed to what is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from reconciler.core.world import World
from reconciler.model.errors import AwsError, Denied
from reconciler.model.key import Key
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.status import Condition, Health, HealthWord, Memory, ResourceStatus, Status

Word = Literal["True", "False", "Unknown"]

_ASIDE = {"Pinned": "Pinned", "Suspended": "Suspended"}
"""Stalled because a person said so: the reason → the phase."""

LOOK_AGAIN = 5.0
"""Seconds until the next look while something moves."""


@dataclass(frozen=True)
class _Facts:
    """What is known of one resource when its conditions are set."""

    key: Key
    seen: Observed
    health: Health | None
    change: Change | None
    failure: AwsError | None


def rollup(world: World, plan: Plan, failures: Mapping[Key, AwsError], memory: Memory) -> Status:
    """The conditions of every resource of the world that is declared or on its way out."""
    changes = {change.key: change for change in plan.changes}
    keys = [*(key for key in world.desired if world.covers(key.app)), *(key for key in world.orphans if key in changes)]
    resources = []
    for key in keys:
        seen = world.seen.get(key) or world.orphans.get(key) or Observed(key, NEVER)
        facts = _Facts(key, seen, world.health.get(key), changes.get(key), failures.get(key))
        resources.append(_resource(facts, memory))
    return Status(world.scope.environment, world.commit, tuple(resources))


def remember(status: Status) -> dict[tuple[Key, str], tuple[str, datetime]]:
    """Since when each condition has had its status."""
    return {
        (resource.key, condition.type): (condition.status, condition.since)
        for resource in status.resources
        for condition in resource.conditions
        if condition.since is not None
    }


def look_again(status: Status, plan: Plan) -> float | None:
    """Seconds until it is worth looking again; None when nothing is on its way by itself."""
    stuck = {resource.key for resource in status.resources if resource.stalled}
    waits = {change.key: set(change.waits_on) for change in plan.changes}
    # what is not among the apps chosen is not changed here, however long one waits
    stuck |= set().union(*waits.values()) - {resource.key for resource in status.resources}
    while behind := {key for key, first in waits.items() if first & stuck} - stuck:
        stuck |= behind
    moving = any(not resource.ready and resource.key not in stuck for resource in status.resources)
    return LOOK_AGAIN if moving else None


def _resource(facts: _Facts, memory: Memory) -> ResourceStatus:
    conditions = tuple(_since(facts, condition, memory) for condition in _conditions(facts))
    return ResourceStatus(facts.key, _phase(conditions), conditions)


def _conditions(facts: _Facts) -> Iterator[Condition]:
    synced, healthy = _synced(facts), _healthy(facts)
    stalled = _stalled(facts)
    if stalled is not None:
        ready = Condition("Ready", "False", stalled.reason, stalled.message)
    elif synced.status != "True":
        ready = Condition("Ready", "False", synced.reason, synced.message)
    elif healthy.status != "True":
        ready = Condition("Ready", "False", healthy.reason, healthy.message)
    else:
        ready = Condition("Ready", "True", healthy.reason, healthy.message)
    yield ready
    yield synced
    yield healthy
    if stalled is not None:
        yield stalled
    elif ready.status != "True":
        yield _reconciling(facts, ready)


def _synced(facts: _Facts) -> Condition:
    change = facts.change
    if facts.seen.error is not None:
        return Condition("Synced", "Unknown", "ObserveFailed", facts.seen.error.message)
    if change is None:
        return Condition("Synced", "True", "Synced", "as the repository says")
    if change.blocked:
        return Condition("Synced", "False", change.blocked.code, change.blocked.message)
    if change.action is Action.DELETE:
        return Condition("Synced", "False", "PrunePending", change.waiting or "no longer declared")
    paths = ", ".join(field.text for field in change.fields[:3]) + (", …" if len(change.fields) > 3 else "")
    return Condition("Synced", "False", "OutOfSync", f"{change.action}: {paths}" if paths else str(change.action))


def _healthy(facts: _Facts) -> Condition:
    health = facts.health
    if facts.seen.error is not None:
        return Condition("Healthy", "Unknown", "ObserveFailed", facts.seen.error.message)
    if health is None and facts.change is not None and facts.change.action is Action.DELETE:
        return Condition("Healthy", "Unknown", "PrunePending", "about to be deleted")
    if health is None:
        return Condition("Healthy", "False", "Missing", "it does not exist yet")
    if health.word is HealthWord.PROGRESSING:
        return Condition("Healthy", "Unknown", health.reason, health.message)
    word: Word = "True" if health.healthy else "False"
    return Condition("Healthy", word, health.reason or health.word.value, health.message)


def _stalled(facts: _Facts) -> Condition | None:
    if facts.failure is not None and not facts.failure.retry:
        reason = "AccessDenied" if isinstance(facts.failure, Denied) else "Rejected"
        hint = f" ({facts.failure.hint})" if facts.failure.hint else ""
        return Condition("Stalled", "True", reason, f"{facts.failure}{hint}")
    blocked = facts.change.blocked if facts.change else None
    if blocked is not None:
        hint = f" ({blocked.hint})" if blocked.hint else ""
        return Condition("Stalled", "True", blocked.code, f"{blocked.message}{hint}")
    if facts.health is not None and facts.health.stalled and facts.change is None:
        return Condition("Stalled", "True", facts.health.reason, facts.health.message)
    return None


def _reconciling(facts: _Facts, ready: Condition) -> Condition:
    change = facts.change
    if facts.failure is not None:
        return Condition("Reconciling", "True", "ProgressingWithRetry", str(facts.failure))
    if change is not None and change.waits_on:
        names = ", ".join(map(str, change.waits_on))
        return Condition("Reconciling", "True", "WaitingForDependency", f"after {names}")
    if facts.seen.error is not None:
        return Condition("Reconciling", "True", "ProgressingWithRetry", ready.message)
    if change is not None and change.waiting:
        reason = change.reason or ("RollingBack" if change.action is Action.HOLD else "Draining")
        return Condition("Reconciling", "True", reason, change.waiting)
    if change is not None:
        return Condition("Reconciling", "True", "Progressing", ready.message)
    reason = "Draining" if ready.reason == "OldTasksDraining" else "RollingOut"
    return Condition("Reconciling", "True", reason, ready.message)


def _phase(conditions: tuple[Condition, ...]) -> str:
    """One word, derived from the conditions and nothing else."""
    by_type = {condition.type: condition for condition in conditions}
    if by_type["Ready"].status == "True":
        return "Ready"
    if by_type["Synced"].status == "Unknown":
        return "Unknown"
    if "Stalled" in by_type:
        return _ASIDE.get(by_type["Stalled"].reason, "Failed")
    reason = by_type["Reconciling"].reason
    if by_type["Synced"].reason == "PrunePending":
        return "Draining"
    if reason == "WaitingForDependency":
        return "Blocked"
    if by_type["Synced"].status == "False":
        return "Pending" if by_type["Healthy"].reason == "Missing" else "Updating"
    return "Degraded" if by_type["Healthy"].status == "False" else "RollingOut"


def _since(facts: _Facts, condition: Condition, memory: Memory) -> Condition:
    """The condition with the time its status last changed, by AWS's clock."""
    known = memory.since.get((facts.key, condition.type))
    if known is not None and known[0] == condition.status:
        return replace(condition, since=known[1])
    return replace(condition, since=None if facts.seen.at == NEVER else facts.seen.at)
