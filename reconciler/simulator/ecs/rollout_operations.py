"""Service deployments and revisions: list, describe, stop, continue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.simulator.errors import AwsError, invalid, service_not_found

from . import stages
from .paging import page
from .pulse import poke
from .rollout import Rollout
from .rollout_view import brief, described, revision
from .scope import Handler, Scope, at_most, find_cluster, last
from .state import Region, Service


def list_service_deployments(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Newest first; by status and time of creation."""
    reference = params["service"]
    parts = reference.split("/")
    cluster = find_cluster(at.state, params.get("cluster") or (parts[1] if len(parts) == 3 else None))
    service = cluster.services.get(last(reference))
    if service is None:
        raise service_not_found()
    wanted, created = params.get("status"), params.get("createdAt", {})
    after, before = _moment(created.get("after")), _moment(created.get("before"))
    found = [
        r
        for r in service.rollouts
        if (not wanted or r.status in wanted)
        and (after is None or r.created > after)
        and (before is None or r.created < before)
    ]
    order = [([len(service.rollouts) - service.rollouts.index(r)], r.arn) for r in reversed(found)]
    answer = page(order, params, "serviceDeployments", default=20, down=True)
    by = {r.arn: r for r in found}
    return answer | {"serviceDeployments": [brief(at, service, by[arn]) for arn in answer["serviceDeployments"]]}


def describe_service_deployments(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    arns = params["serviceDeploymentArns"]
    _some(arns, "serviceDeploymentArns")
    found, failures = [], []
    for arn in arns:
        known = _rollout(at.state, arn)
        if known is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(described(at, *known))
    return {"serviceDeployments": found, "failures": failures}


def describe_service_revisions(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    arns = params["serviceRevisionArns"]
    _some(arns, "serviceRevisionArns")
    found, failures = [], []
    for arn in arns:
        service = _service(at.state, arn, "service-revision")
        every = [r for o in service.rollouts for r in (o.target, *o.sources)] if service else []
        one = next((r for r in every if r.arn == arn), None)
        if service is None or one is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(revision(at, service, one))
    return {"serviceRevisions": found, "failures": failures}


def stop_service_deployment(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """ROLLBACK, whether or not a rollback was configured."""
    kind = params.get("stopType", "ROLLBACK")
    if kind == "ABORT" and not at.settings.allow_abort:
        text = "ECS StopServiceDeployment API with ABORT stopType is not supported."
        raise AwsError("UnsupportedFeatureException", text)
    service, rollout = _under_way(at, params["serviceDeploymentArn"])
    if rollout.over or not (rollout.forward or rollout.status.endswith("REQUESTED")):
        raise AwsError(
            "ConflictException",
            f"The service deployment cannot be stopped: its status is {rollout.status}.",
            resourceIds=[rollout.arn],
        )
    if rollout.forward:
        rollout.status = "STOP_REQUESTED" if kind == "ABORT" else "ROLLBACK_REQUESTED"
        rollout.updated = at.now
        poke(at, service)
    return {"serviceDeploymentArn": rollout.arn}


def continue_service_deployment(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """A PAUSE hook that waits is answered."""
    service, rollout = _under_way(at, params["serviceDeploymentArn"])
    hook = next((h for h in rollout.hooks if h.id == params["hookId"]), None)
    if hook is None or hook.status != "AWAITING_ACTION" or not rollout.forward:
        raise invalid("The specified lifecycle hook is not awaiting an action.")
    stages.answered(at, service, hook, params.get("action", "CONTINUE"))
    rollout.updated = at.now
    poke(at, service)
    return {"serviceDeploymentArn": rollout.arn}


def _under_way(at: Scope, arn: str) -> tuple[Service, Rollout]:
    known = _rollout(at.state, arn)
    if known is None:
        raise AwsError("ServiceDeploymentNotFoundException", "The service deployment was not found.")
    return known


def _rollout(state: Region, arn: str) -> tuple[Service, Rollout] | None:
    service = _service(state, arn, "service-deployment")
    found = next((r for r in service.rollouts if r.arn == arn), None) if service else None
    return (service, found) if service and found else None


def _service(state: Region, arn: str, kind: str) -> Service | None:
    parts = arn.split("/")
    if len(parts) != 4 or not parts[0].endswith(f":{kind}"):
        raise invalid(f"Invalid identifier: {arn} is not the ARN of a {kind}.")
    cluster = state.clusters.get(parts[1])
    return cluster.services.get(parts[2]) if cluster else None


def _some(arns: list[str], what: str) -> None:
    if not arns:
        raise invalid(f"{what} cannot be empty.")
    at_most(20, arns, what)


def _moment(value: Any) -> float | None:
    """A timestamp of a request: seconds, or ISO 8601."""
    if value is None or isinstance(value, int | float):
        return value
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        raise invalid(f"Invalid timestamp: {value}") from None


OPERATIONS: dict[str, Handler] = {
    "ListServiceDeployments": list_service_deployments,
    "DescribeServiceDeployments": describe_service_deployments,
    "DescribeServiceRevisions": describe_service_revisions,
    "StopServiceDeployment": stop_service_deployment,
    "ContinueServiceDeployment": continue_service_deployment,
}
