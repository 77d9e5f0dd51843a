"""The described form of a service and its deployments."""

from __future__ import annotations

from typing import Any

from . import scheduler, task_sets
from .scope import Scope, present, tags_out
from .service_rules import HIDDEN, launch_of
from .state import Deployment, Service, Task

DEPLOYED = ("launchType", "capacityProviderStrategy", "networkConfiguration", "platformFamily")


def described(at: Scope, service: Service, *, tags: bool = False) -> dict[str, Any]:
    """As DescribeServices tells it; tags only when asked for."""
    tasks = service.tasks()
    answer: dict[str, Any] = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": at.state.arn("cluster", service.cluster),
        "status": service.status,
        "desiredCount": scheduler.desired_of(at, service) if service.daemon else service.desired,
        "runningCount": _running(tasks),
        "pendingCount": _pending(tasks),
        "deployments": [],
        "roleArn": f"arn:aws:iam::{at.state.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "events": list(service.events),
        "createdAt": service.created,
        "createdBy": service.created_by,
        "resourceManagementType": "CUSTOMER",
    }
    answer |= {k: v for k, v in service.members.items() if k not in HIDDEN}
    if service.controller == "ECS":
        answer["deployments"] = [deployment(at, service, d) for d in service.deployments]
        if service.rollouts:
            answer["currentServiceDeployment"] = service.rollouts[0].arn
            answer["currentServiceRevisions"] = _revisions(service)
    else:
        answer["taskSets"] = [task_sets.described(at, service, d) for d in service.deployments]
    if tags:
        answer["tags"] = tags_out(at.state.tags.get(service.arn))
    return answer


def _revisions(service: Service) -> list[dict[str, Any]]:
    """Those that have tasks, or shall have."""
    found = []
    for one in service.deployments:
        if one.revision is None:
            continue
        tasks = list(one.tasks.values())
        requested = service.desired if one is service.primary else sum(t.live for t in tasks)
        numbers = {"requestedTaskCount": requested, "runningTaskCount": _running(tasks)}
        found.append({"arn": one.revision.arn, **numbers, "pendingTaskCount": _pending(tasks)})
    return found


def deployment(at: Scope, service: Service, one: Deployment) -> dict[str, Any]:
    """The members that services show nowhere else are on the PRIMARY only."""
    tasks = list(one.tasks.values())
    primary = one.status == "PRIMARY"
    live = sum(t.live for t in tasks)
    answer = present(
        id=one.id,
        status=one.status,
        taskDefinition=one.definition.arn,
        desiredCount=scheduler.desired_of(at, service) if primary else live,
        pendingCount=_pending(tasks),
        runningCount=_running(tasks),
        failedTasks=one.failed,
        createdAt=one.created,
        updatedAt=one.updated,
        platformVersion=at.settings.fargate_platform_version if launch_of(one.members) == "FARGATE" else None,
        **{k: one.members.get(k) for k in DEPLOYED},
    )
    if not any("loadBalancerName" in b for b in one.members["loadBalancers"]):
        answer |= {"rolloutState": one.rollout, "rolloutStateReason": one.reason}
    if primary:
        for member in ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"):
            if member in one.members:
                answer[member] = one.members[member]
        connect = one.members.get("serviceConnectConfiguration", {})
        if connect.get("services"):
            answer["serviceConnectResources"] = [_discovery(at, s) for s in connect["services"]]
    return answer


def _discovery(at: Scope, service: dict[str, Any]) -> dict[str, str]:
    name = service.get("discoveryName", service["portName"])
    return {
        "discoveryName": name,
        "discoveryArn": f"arn:aws:servicediscovery:{at.state.name}:{at.state.account}:service/srv-{name}",
    }


def _running(tasks: list[Task]) -> int:
    return sum(t.status == "RUNNING" for t in tasks)


def _pending(tasks: list[Task]) -> int:
    return sum(t.counted for t in tasks) - _running(tasks)
