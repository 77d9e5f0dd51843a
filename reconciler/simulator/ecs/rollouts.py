"""Service deployments: how they begin, end, and are rolled back. The states of a rollout are changed here only."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

from . import events
from .pulse import poke
from .rollout import Revision, Rollback, Rollout
from .scope import Scope
from .state import Deployment, Service, TaskDefinition
from .task_make import digest

REVISED = (
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "monitoring",
)
"""The members that a service revision holds, and a rollback brings back."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


@dataclass(frozen=True)
class Cause:
    """Why a deployment fails, as each place words it: the event, rolloutStateReason, statusReason."""

    event: str
    state: str
    status: str
    back: str
    """The beginning of the rollback deployment's rolloutStateReason."""


BREAKER = Cause(
    "tasks failed to start",
    "ECS deployment circuit breaker: tasks failed to start.",
    "Service deployment rolled back because the circuit breaker threshold was exceeded.",
    "ECS deployment circuit breaker",
)
ALARM = Cause(
    "alarm detected",
    "ECS deployment alarms: alarm detected.",  # unverified
    "Service deployment rolled back because one or more alarms were detected.",  # unverified
    "ECS deployment alarms",
)
ASKED = Cause(
    "rollback requested",  # unverified, as the next two
    "ECS deployment stopped: rollback requested.",
    "Service deployment rolled back because of a StopServiceDeployment request.",
    "ECS deployment stopped",
)


def hook_cause(stage: str, target: str | None, answer: str) -> Cause:
    who = f"Lifecycle hook target {target}" if target else "Pause hook"
    text = f"Service deployment rolled back because {stage} lifecycle hook(s) failed. {who} returned {answer} status."
    return Cause(
        text.rstrip("."), f"ECS deployment lifecycle hook: {stage} failed.", text, "ECS deployment lifecycle hook"
    )


def deployment_of(at: Scope, service: Service, definition: TaskDefinition) -> Deployment:
    """A new deployment of the service as it is now, with the revision that records it."""
    made = Deployment(f"ecs-svc/{at.ids.digits()}", definition, at.now, at.now, copy.deepcopy(service.members))
    images = {
        c["name"]: (c["image"], digest(at.state.script, c["image"])) for c in definition.members["containerDefinitions"]
    }
    arn = at.state.arn("service-revision", service.cluster, service.name, at.ids.digits())
    kept = {k: v for k, v in made.members.items() if k in REVISED}
    made.revision = Revision(arn, at.now, definition.arn, kept, images)
    return made


def begin(at: Scope, service: Service, deployment: Deployment) -> None:
    """Make this the PRIMARY deployment; one that was under way is overtaken."""
    current = service.rolling
    if current:
        end(at, service, current, at.settings.superseded_status, "Service deployment was superseded by a newer one.")
    sources = [d.revision for d in service.deployments if d.revision and d.tasks]
    deployment.reason = f"ECS deployment {deployment.id} in progress."
    assert deployment.revision is not None
    identifier = "".join(LETTERS[at.ids.number(0, 63)] for _ in range(21))
    alarms = _alarms(deployment.members)
    rollout = Rollout(
        arn=at.state.arn("service-deployment", service.cluster, service.name, identifier),
        created=at.now,
        updated=at.now,
        target=deployment.revision,
        deployment=deployment.id,
        sources=[s for s in sources if s is not deployment.revision],
        configuration=copy.deepcopy(deployment.members["deploymentConfiguration"]),
        ignored=tuple(a for a in alarms if at.state.script.alarms.get(a) == "ALARM"),
    )
    service.rollouts.insert(0, rollout)
    _promote(at, service, deployment)
    _prune(at, service)


def started(at: Scope, service: Service) -> None:
    """The scheduler has taken it up."""
    rollout = service.rolling
    if rollout and rollout.status == "PENDING":
        rollout.status, rollout.started, rollout.updated = "IN_PROGRESS", at.now, at.now


def complete(at: Scope, service: Service) -> None:
    """The PRIMARY deployment has reached its end; so has the service deployment, forward or back."""
    primary, rollout = service.primary, service.rolling
    primary.rollout, primary.updated = "COMPLETED", at.now
    primary.reason = f"ECS deployment {primary.id} completed."
    primary.failed = 0
    service.completed = primary
    events.completed(at, service, primary)
    if rollout:
        end(at, service, rollout, "SUCCESSFUL" if rollout.forward else "ROLLBACK_SUCCESSFUL")


def fail(at: Scope, service: Service, cause: Cause, *, rollback: bool) -> None:
    """The deployment under way has failed: back to the last completed one, or it stands still."""
    failed, rollout = service.primary, service.rolling
    failed.rollout, failed.reason, failed.updated = "FAILED", cause.state, at.now
    events.failed(at, service, failed, cause.event)
    if rollout is None:
        return
    rollout.failures = failed.failed
    if not rollout.forward and rollout.rollback:
        end(at, service, rollout, "ROLLBACK_FAILED", "The rollback has failed: tasks failed to start.")
        return
    candidate = service.completed
    if not rollback:
        end(at, service, rollout, "STOPPED", cause.status.replace("rolled back", "failed"))
    elif candidate is None or candidate is failed or candidate.definition.status == "DELETE_IN_PROGRESS":
        end(at, service, rollout, "ROLLBACK_FAILED", NO_CANDIDATE)
    else:
        _back(at, service, rollout, candidate, cause)


def _back(at: Scope, service: Service, rollout: Rollout, candidate: Deployment, cause: Cause) -> None:
    assert candidate.revision is not None
    rollout.status, rollout.reason, rollout.updated = "ROLLBACK_IN_PROGRESS", cause.status, at.now
    rollout.rollback = Rollback(cause.status, at.now, candidate.revision.arn)
    rollout.weights.test = rollout.weights.production = 0.0
    rollout.until, rollout.bake = None, None
    if not at.settings.rollback_reuses_deployment:
        former = candidate
        candidate = Deployment(f"ecs-svc/{at.ids.digits()}", former.definition, at.now, at.now, former.members)
        candidate.revision = former.revision
        candidate.reason = f"{cause.back}: rolling back to deploymentId {former.id}."
        events.rolling_back(at, service, former)
    else:
        candidate.reason = f"{cause.back}: rolling back to deploymentId {candidate.id}."
        events.rolling_back(at, service, candidate)
    candidate.failed = candidate.unstarted = 0
    candidate.hold, candidate.rollout, candidate.updated = 0.0, "IN_PROGRESS", at.now
    for member in REVISED:
        service.members.pop(member, None)
        if member in candidate.members:
            service.members[member] = copy.deepcopy(candidate.members[member])
    candidate.members = copy.deepcopy(service.members)
    _promote(at, service, candidate)


def _promote(at: Scope, service: Service, deployment: Deployment) -> None:
    service.deployments = [d for d in service.deployments if d is not deployment]
    for older in service.deployments:
        if older.status == "PRIMARY":
            older.status, older.updated = "ACTIVE", at.now
    deployment.status = "PRIMARY"
    service.deployments.insert(0, deployment)
    service.steady = False
    events.resolved(service, events.IMPAIRED, events.PLACEMENT)
    poke(at, service)


def end(at: Scope, service: Service, rollout: Rollout, status: str, reason: str | None = None) -> None:
    """It is over; its counts stay as they are now."""
    rollout.status, rollout.updated = status, at.now
    rollout.reason = reason or rollout.reason
    rollout.counts = counts(service, rollout, None if status != "SUCCESSFUL" else service.desired)
    rollout.until = None
    if status in ("STOPPED", "ROLLBACK_FAILED"):
        rollout.stopped = at.now
    else:
        rollout.finished = at.now


def counts(service: Service, rollout: Rollout, desired: int | None = None) -> dict[str, tuple[int, int, int]]:
    """Requested, running and pending tasks of each revision that takes part."""
    found: dict[str, tuple[int, int, int]] = {}
    for revision in (rollout.target, *rollout.sources):
        tasks = [t for d in service.deployments if d.revision is revision for t in d.tasks.values()]
        running = sum(t.status == "RUNNING" for t in tasks)
        live = sum(t.live for t in tasks)
        primary = bool(service.deployments) and service.primary.revision is revision
        requested = max(service.desired, live) if primary and not service.daemon else live
        if desired is not None and revision is not rollout.target:
            requested = 0
        found[revision.arn] = (requested, running, sum(t.counted for t in tasks) - running)
    return found


def threshold(at: Scope, service: Service, desired: int) -> int:
    """Failures that the circuit breaker takes for the end: of the latest desired count, within bounds or not."""
    breaker = service.primary.members["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
    rule = breaker.get("thresholdConfiguration", {"type": "BOUNDED_PERCENT", "value": 50})
    if rule["type"] == "COUNT":
        return int(rule["value"])
    share = math.ceil(desired * int(rule["value"]) / 100)
    if rule["type"] == "UNBOUNDED_PERCENT":
        return max(share, 1)
    return min(max(share, at.settings.breaker_minimum), at.settings.breaker_maximum)


def _alarms(members: dict[str, Any]) -> list[str]:
    said = members["deploymentConfiguration"].get("alarms", {})
    return list(said.get("alarmNames", ())) if said.get("enable") else []


def ringing(at: Scope, service: Service, rollout: Rollout) -> tuple[str, ...]:
    """Watched alarms in ALARM, but for those that rang when the deployment began."""
    states = at.state.script.alarms
    return tuple(a for a in _alarms(service.primary.members) if states.get(a) == "ALARM" and a not in rollout.ignored)


def watched(service: Service) -> list[str]:
    return _alarms(service.primary.members) if service.deployments else []


def _prune(at: Scope, service: Service) -> None:
    """Service deployments older than they are kept leave the list."""
    edge = at.now - at.settings.deployments_kept
    service.rollouts = [r for r in service.rollouts if not r.over or r.created >= edge]
