"""How everything fares, in words and as JSON: what explains most, how loud it is, and the totals."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from reconciler.model.phase import HELD, Phase
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Aggregate, Condition, ResourceStatus, Status
from reconciler.report import redact
from reconciler.report.durations import rfc3339
from reconciler.report.style import Tone

FORMAT_VERSION: Final = "1.0"

_NOT_MOVING: Final[dict[str, str]] = {Phase.DEGRADED: "degraded", Phase.UNKNOWN: "unknown"}
_BAD: Final = frozenset({Phase.FAILED, Phase.ROLLED_BACK, Phase.DEGRADED})


def totals(status: Status) -> str:
    """``12 resources: 9 ready, 1 stalled, 1 held, 1 on the way.``"""
    number = len(status.resources)
    found = Counter(map(_sort, status.resources))
    said = [f"{found['ready']} ready"]
    said += [
        f"{found[sort]} {sort}" for sort in ("stalled", "degraded", "unknown", "held", "on the way") if found[sort]
    ]
    return f"{number} resource{'s' * (number != 1)}: {', '.join(said)}."


def telling(resource: ResourceStatus) -> Condition | None:
    """The condition that explains most: why it is stuck, else what it is doing, else whether it is ready."""
    for type in ("Stalled", "Reconciling"):
        found = resource.condition(type)
        if found is not None and found.status == "True":
            return found
    if resource.ready:
        return resource.condition("Ready")
    wrong = [found for found in resource.conditions if found.type in ("Synced", "Healthy") and found.status != "True"]
    ready = resource.condition("Ready")
    return ready if ready is not None and ready.reason else (wrong[0] if wrong else ready)


def tone(resource: ResourceStatus) -> Tone:
    """Green: ready. Red: stalled or degraded. Yellow: everything between, and what somebody holds."""
    if resource.ready:
        return "green"
    if resource.phase in HELD:
        return "yellow"
    return "red" if resource.stalled or resource.phase in _BAD else "yellow"


def status_json(status: Status) -> dict[str, Any]:
    """Plain JSON values, formatVersion "1.0"; times are RFC 3339 in UTC or null. `schema.STATUS` describes it."""
    whole = status.whole
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": status.environment,
        "revision": status.revision,
        "ready": status.ready,
        "phase": str(whole.phase),
        "health": str(whole.health),
        "counts": _counts(whole),
        "apps": [_app(app) for app in status.apps],
        "resources": [_resource(resource) for resource in status.resources],
    }


def _sort(resource: ResourceStatus) -> str:
    if resource.ready:
        return "ready"
    if resource.phase in HELD and resource.stalled:
        return "held"
    if resource.stalled:
        return "stalled"
    return _NOT_MOVING.get(resource.phase, "on the way")


def _counts(whole: Aggregate) -> dict[str, int]:
    return {str(phase): number for phase, number in whole.counts.items()}


def _app(app: Aggregate) -> dict[str, Any]:
    found = {
        "name": app.name,
        "phase": str(app.phase),
        "health": str(app.health),
        "ready": app.ready,
        "readyCount": app.ready_count,
        "total": len(app.resources),
        "counts": _counts(app),
    }
    said = {"suspended": app.suspended, "approved": app.approved}
    return found | {name: redact.text(condition.message) for name, condition in said.items() if condition}


def _resource(resource: ResourceStatus) -> dict[str, Any]:
    """What is not there is left out, but for what was promised from the beginning."""
    found = {
        "key": str(resource.key),
        "app": resource.key.app,
        "phase": str(resource.phase),
        "kstatus": resource.kstatus,
        "health": str(resource.health),
        "conditions": [condition_json(condition) for condition in resource.conditions],
    }
    more = {
        "observedAt": rfc3339(resource.read) if resource.read else None,
        "missedReads": resource.misses,
        "detail": [redact.text(line) for line in resource.detail],
        "hint": redact.text(resource.hint),
        "deployments": [_deployment(deployment) for deployment in resource.deployments],
    }
    return found | {name: value for name, value in more.items() if value}


def condition_json(condition: Condition) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": redact.text(condition.message),
        "lastTransitionTime": rfc3339(condition.since) if condition.since else None,
    }


def _deployment(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "role": deployment.role,
        "revision": deployment.revision,
        "desiredCount": deployment.desired,
        "runningCount": deployment.running,
        "pendingCount": deployment.pending,
        "failedTasks": deployment.failed,
        "state": deployment.state,
        "createdAt": rfc3339(deployment.created) if deployment.created else None,
        "tasks": [_task(task) for task in deployment.tasks],
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "state": task.state,
        "health": task.health,
        "cause": task.cause,
        "exitCode": task.exit_code,
        "reason": redact.text(task.reason),
        "startedAt": rfc3339(task.started) if task.started else None,
        "stoppedAt": rfc3339(task.stopped) if task.stopped else None,
        "wrong": task.wrong,
    }
