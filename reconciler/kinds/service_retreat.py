"""Taking back a rollout that has failed, by ECS's own means, so that ECS itself remembers that it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.kinds.service_evidence import evidence, primary
from reconciler.kinds.service_marks import mark
from reconciler.model.errors import Finding
from reconciler.model.observed import Observed
from reconciler.model.plan import Call, Change
from reconciler.model.status import Health

_STOPPABLE = ("PENDING", "IN_PROGRESS")


def retreat(seen: Observed, health: Health) -> Iterator[Call]:
    """StopServiceDeployment with ROLLBACK, which needs no circuit breaker; nothing where there was nothing before.

    A deployment that ECS calls completed cannot be stopped: while it is on trial, what ran before is deployed again,
    and the revision is marked first.
    """
    known = evidence(seen)
    rollout = known.rollout or {}
    if health.reason == "CrashLoop" and known.before:
        cluster, _, name = (seen.arn or "").rpartition("service/")[2].rpartition("/")
        yield mark(seen, str((primary(seen) or {}).get("taskDefinition")), health.reason)
        which = {"cluster": cluster or "default", "service": name}
        yield Call("ecs:UpdateService", {**which, "taskDefinition": known.before})
        return
    if health.reason == "AwaitingApproval" or rollout.get("status") not in _STOPPABLE:
        return
    if rollout.get("sourceServiceRevisions"):
        arn = rollout["serviceDeploymentArn"]
        yield Call("ecs:StopServiceDeployment", {"serviceDeploymentArn": arn, "stopType": "ROLLBACK"})


def stopping(seen: Observed | None, at: datetime) -> Observed:
    """The reading of a service that has just been asked to roll back."""
    assert seen is not None
    known = evidence(seen)
    asked = replace(known, rollout={**(known.rollout or {}), "status": "ROLLBACK_REQUESTED"})
    return replace(seen, at=at, live={**seen.live, "evidence": asked})


def rolled_elsewhere(change: Change) -> Finding | None:
    """Why a service is not rolled by us: CodeDeploy, or another controller, does that."""
    live = change.observed.live if change.observed else {}
    controller = (live.get("deploymentController") or {}).get("type", "ECS")
    if controller == "ECS" or change.changes("deploymentController"):
        return None
    who = "CodeDeploy" if controller == "CODE_DEPLOY" else "an external deployment controller"
    return Finding(
        "NotDriven",
        ("deploymentController",),
        f"its rollouts belong to {who}: they are observed here, and none is made",
        "roll it out there, or replace it by a service whose deploymentController is ECS",
    )
