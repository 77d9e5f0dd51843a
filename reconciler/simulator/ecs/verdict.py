"""When a deployment has failed, and when it is done: circuit breaker, alarms, requests; bake time, early success."""

from __future__ import annotations

from . import rollouts, stages
from .pulse import wake
from .scope import Scope
from .state import Service


def judge(at: Scope, service: Service, desired: int) -> None:
    """Circuit breaker and alarms watch a deployment until it is completed; a rollback only the breaker."""
    primary, rollout = service.primary, service.rolling
    if rollout is None or primary.rollout != "IN_PROGRESS":
        return
    configuration = primary.members["deploymentConfiguration"]
    breaker, alarms = configuration.get("deploymentCircuitBreaker", {}), configuration.get("alarms", {})
    if rollout.status == "STOP_REQUESTED":
        primary.rollout, primary.reason = "FAILED", "ECS deployment stopped."
        rollouts.end(at, service, rollout, "STOPPED", "Service deployment stopped by request.")
    elif rollout.status == "ROLLBACK_REQUESTED":
        rollouts.fail(at, service, rollouts.ASKED, rollback=True)
    elif breaker.get("enable") and primary.failed >= rollouts.threshold(at, service, desired):
        rollout.tripped = True
        rollouts.fail(at, service, rollouts.BREAKER, rollback=breaker.get("rollback", False))
    elif rollout.forward and (ringing := rollouts.ringing(at, service, rollout)):
        rollout.triggered = ringing
        rollouts.fail(at, service, rollouts.ALARM, rollback=alarms.get("rollback", False))


def done(at: Scope, service: Service, desired: int, healthy: int, settled: bool) -> bool:
    """Whether the deployment is completed: all healthy and the old gone, or what earlySuccessCriteria asks; then the
    bake time."""
    rollout = service.rolling
    if stages.staged(service):
        return settled and stages.finished(service)
    configuration = service.primary.members["deploymentConfiguration"]
    early = configuration.get("earlySuccessCriteria", {})
    reached = settled
    if early.get("enable") and rollout and rollout.forward:
        enough = healthy >= -(-desired * early["healthyPercent"] // 100)
        gone = len(service.deployments) == 1 or early["sourceServiceRevisionCleanup"] == "DEFERRED"
        reached = enough and gone
    if not reached or rollout is None or not rollout.forward:
        return reached
    bake = configuration.get("bakeTimeInMinutes", 0) * 60.0
    if not bake and rollouts.watched(service):
        bake = at.settings.alarm_bake
    if rollout.bake is None:
        rollout.bake = at.later(bake)
    if at.now >= rollout.bake:
        return True
    wake(at, service, rollout.bake)
    return False
