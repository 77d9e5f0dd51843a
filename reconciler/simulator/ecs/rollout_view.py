"""The described form of service deployments and service revisions."""

from __future__ import annotations

from typing import Any

from . import rollouts, scheduler
from .rollout import Hook, Revision, Rollout
from .scope import Scope, present
from .service_rules import launch_of
from .state import Service


def brief(at: Scope, service: Service, rollout: Rollout) -> dict[str, Any]:
    """As it is listed."""
    return present(
        serviceDeploymentArn=rollout.arn,
        serviceArn=service.arn,
        clusterArn=at.state.arn("cluster", service.cluster),
        startedAt=rollout.started,
        createdAt=rollout.created,
        finishedAt=rollout.finished,
        targetServiceRevisionArn=rollout.target.arn,
        status=rollout.status,
        statusReason=rollout.reason,
    )


def described(at: Scope, service: Service, rollout: Rollout) -> dict[str, Any]:
    counts = rollout.counts if rollout.over else rollouts.counts(service, rollout)
    staged = rollout.configuration.get("strategy", "ROLLING") != "ROLLING"

    def summary(revision: Revision) -> dict[str, Any]:
        requested, running, pending = counts[revision.arn]
        answer: dict[str, Any] = {
            "arn": revision.arn,
            "requestedTaskCount": requested,
            "runningTaskCount": running,
            "pendingTaskCount": pending,
        }
        if staged:
            weights = rollout.weights
            target = revision is rollout.target
            answer["requestedTestTrafficWeight"] = weights.test if target else 100.0 - weights.test
            answer["requestedProductionTrafficWeight"] = weights.production if target else 100.0 - weights.production
        return answer

    rollback = rollout.rollback
    answer = present(
        **{k: v for k, v in brief(at, service, rollout).items() if k != "targetServiceRevisionArn"},
        stoppedAt=rollout.stopped,
        updatedAt=rollout.updated,
        lifecycleStage=rollout.stage,
        rollback=rollback
        and {"reason": rollback.reason, "startedAt": rollback.started, "serviceRevisionArn": rollback.revision},
    )
    answer |= {
        "sourceServiceRevisions": [summary(r) for r in rollout.sources],
        "targetServiceRevision": summary(rollout.target),
        "deploymentConfiguration": rollout.configuration,
        "deploymentCircuitBreaker": _breaker(at, service, rollout),
    }
    alarms = rollout.configuration.get("alarms", {})
    if alarms.get("enable"):
        answer["alarms"] = {
            "status": _monitor(
                rollout, bool(rollout.triggered), all(a in rollout.ignored for a in alarms["alarmNames"])
            ),
            "alarmNames": alarms["alarmNames"],
            "triggeredAlarmNames": list(rollout.triggered),
        }
    if rollout.hooks:
        answer["lifecycleHookDetails"] = [_hook(h) for h in rollout.hooks]
    return answer


def _breaker(at: Scope, service: Service, rollout: Rollout) -> dict[str, Any]:
    enabled = rollout.configuration.get("deploymentCircuitBreaker", {}).get("enable", False)
    own = next((d for d in service.deployments if d.id == rollout.deployment), None)
    count = own.failed if own and rollout.forward else rollout.failures
    answer = {"status": _monitor(rollout, rollout.tripped, not enabled), "failureCount": count}
    if service.deployments:
        answer["threshold"] = rollouts.threshold(at, service, scheduler.desired_of(at, service))
    return answer


def _monitor(rollout: Rollout, triggered: bool, disabled: bool) -> str:
    if triggered:
        return "TRIGGERED"
    if disabled:
        return "DISABLED"
    return "MONITORING" if rollout.forward else "MONITORING_COMPLETE"


def _hook(hook: Hook) -> dict[str, Any]:
    waits = hook.status in ("AWAITING_ACTION", "IN_PROGRESS")
    return present(
        hookId=hook.id,
        targetType=hook.kind,
        targetArn=hook.target,
        status=hook.status,
        expiresAt=hook.expires if waits else None,
        timeoutAction=hook.action,
    )


def revision(at: Scope, service: Service, one: Revision) -> dict[str, Any]:
    """The only place where gatewayConnectors and monitoring can be read."""
    members = {k: v for k, v in one.members.items() if k not in ("taskDefinition", "platformVersion")}
    fargate = launch_of(one.members) == "FARGATE"
    answer = present(
        serviceRevisionArn=one.arn,
        serviceArn=service.arn,
        clusterArn=at.state.arn("cluster", service.cluster),
        taskDefinition=one.definition,
        platformVersion=at.settings.fargate_platform_version if fargate else None,
        createdAt=one.created,
        guardDutyEnabled=False,
    )
    images = [{"containerName": n, "image": i, "imageDigest": d} for n, (i, d) in one.images.items()]
    return answer | members | {"containerImages": images}
