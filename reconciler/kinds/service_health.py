"""How a service fares: one pure function from a reading to a verdict, bound to the PRIMARY deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.observed import Observed
from reconciler.model.status import Health, HealthWord

_UNSEEN = 300.0
"""Seconds for which a reading may still show what was before a write. Source: the ECS API reference."""


def verdict(seen: Observed) -> Health:
    """The first line of the table that fits.

    The caller knows that the service's members are as desired; so the PRIMARY deployment is ours, and facts about any
    other deployment never make it healthy.
    """
    if seen.status == "DRAINING":
        return Health(HealthWord.PROGRESSING, "Draining", "the service is being deleted; its tasks are stopping")
    if not seen.present:
        return Health(HealthWord.MISSING, "ServiceInactive", "the service does not exist")
    controller = (seen.live.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        return _by_task_sets(seen, controller)
    first = primary(seen)
    if first is None:
        return Health(HealthWord.PROGRESSING, "RollingOut", "no deployment has begun yet")
    if found := _of_restart(seen, first):
        return found
    return _by_deployment(seen, first, [item for item in seen.live["deployments"] if item is not first])


def primary(seen: Observed) -> Mapping[str, Any] | None:
    """The PRIMARY deployment of a reading."""
    return next((item for item in seen.live.get("deployments") or () if item.get("status") == "PRIMARY"), None)


def _of_restart(seen: Observed, first: Mapping[str, Any]) -> Health | None:
    """What is to be said while the PRIMARY deployment is not the one that a restart began."""
    restart = seen.live.get("restart")
    if restart is None or first.get("id") == restart.begun:
        return None
    if restart.begun is None:
        return Health(HealthWord.PROGRESSING, "RollingOut", "whether the restart has begun is not known yet")
    own = next((item for item in seen.live["deployments"] if item.get("id") == restart.begun), None)
    unseen = first.get("id") == restart.before and (seen.at - restart.at).total_seconds() < _UNSEEN
    if unseen and (own is None or own.get("rolloutState") != "FAILED"):
        return Health(HealthWord.PROGRESSING, "RollingOut", "the restart is not to be seen yet")
    why = (own or {}).get("rolloutStateReason") or "another deployment has taken its place"
    return Health(HealthWord.DEGRADED, "DeploymentFailed", f"the restart did not last: {why}", stalled=True)


def _by_deployment(seen: Observed, primary: Mapping[str, Any], others: list[Mapping[str, Any]]) -> Health:
    running, desired = primary.get("runningCount", 0), primary.get("desiredCount", 0)
    pending, failed = primary.get("pendingCount", 0), primary.get("failedTasks", 0)
    state, why = primary.get("rolloutState"), primary.get("rolloutStateReason", "")
    if state == "FAILED":
        return Health(HealthWord.DEGRADED, "DeploymentFailed", why or "the deployment failed", stalled=True)
    counts = f"{running}/{desired} running" + (f", {pending} pending" if pending else "")
    if running < desired:
        if failed:
            return Health(HealthWord.PROGRESSING, "TasksFailing", f"{counts}, {failed} failed to start")
        if not pending and (event := _placement_event(seen)):
            return Health(HealthWord.PROGRESSING, "InsufficientCapacity", f"{counts}: {event}")
        return Health(HealthWord.PROGRESSING, "TasksStarting", counts)
    old = sum(item.get("runningCount", 0) for item in others)
    if old:
        return Health(HealthWord.PROGRESSING, "OldTasksDraining", f"{counts}, {old} of the old revision still running")
    if state not in ("COMPLETED", None) or (state is None and others):
        return Health(HealthWord.PROGRESSING, "RollingOut", why or counts)
    if running > desired and "desiredCount" not in seen.driven:
        return Health(HealthWord.PROGRESSING, "TasksStopping", f"{counts}, {running - desired} to stop")
    if desired == 0:
        return Health(HealthWord.HEALTHY, "ScaledToZero", "no tasks are wanted")
    return Health(HealthWord.HEALTHY, "Running", counts)


def _by_task_sets(seen: Observed, controller: str) -> Health:
    """CODE_DEPLOY and EXTERNAL services are observed, never driven."""
    sets = seen.live.get("taskSets") or []
    unstable = [item for item in sets if item.get("stabilityStatus") != "STEADY_STATE"]
    if unstable:
        return Health(HealthWord.PROGRESSING, "RollingOut", f"{len(unstable)} {controller} task sets are stabilizing")
    return Health(HealthWord.HEALTHY, "Running", f"{len(sets)} {controller} task sets are steady")


def _placement_event(seen: Observed) -> str:
    events = seen.live.get("events") or ()
    newest = events[0].get("message", "") if events else ""
    return newest if "unable to place a task" in newest else ""
