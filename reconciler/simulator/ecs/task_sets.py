"""Task sets: what services with the EXTERNAL and CODE_DEPLOY controllers have in place of deployments."""

from __future__ import annotations

import copy
import json
from typing import Any

from reconciler.simulator.errors import AwsError, invalid, service_not_found

from . import events, launch, task_life
from .definitions import usable
from .pulse import poke, wake
from .scope import Handler, Scope, find_cluster, last, present, tags_in, tags_out
from .state import Cluster, Deployment, Service, Task

SCHEDULED = "ServiceSchedulerInitiated"
OWN = (
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
)


def reconcile(at: Scope, service: Service) -> None:
    """Each set is brought to its share of the desired count; percentages do not limit it."""
    moving = False
    for one in service.deployments:
        wanted = computed(service, one) if one.status != "DRAINING" and service.status == "ACTIVE" else 0
        live = [t for t in one.tasks.values() if t.live]
        sick = [t for t in live if t.sick or t.leaving]
        excess = list(reversed(live))[: max(len(live) - wanted, 0)]
        _stop(at, service, [*sick, *(t for t in excess if t not in sick)])
        missing = wanted - sum(t.live for t in one.tasks.values())
        if missing > 0 and one.hold > at.now:
            wake(at, service, one.hold)
        elif missing > 0:
            tasks, refused = launch.start(at, service, one, missing)
            events.started(at, service, tasks)
            if refused:
                events.unplaced(at, service, refused.event)
                at.state.clusters[service.cluster].short[service.name] = None
                one.hold = at.later(at.settings.restart_delay)
                wake(at, service, one.hold)
        steady = len(one.tasks) == wanted and all(t.healthy and t.live for t in one.tasks.values())
        if steady != (one.steady_at is not None):
            one.steady_at, one.updated = (at.now if steady else None), at.now
        moving = moving or not steady
    service.deployments = [d for d in service.deployments if d.status != "DRAINING" or d.tasks]
    if service.status == "DRAINING" and not service.tasks():
        service.status, service.deployments = "INACTIVE", []
        at.state.tags.pop(service.arn, None)
    elif service.status == "ACTIVE" and not moving and not service.steady:
        service.steady = True
        events.steady(at, service)


def _stop(at: Scope, service: Service, tasks: list[Task]) -> None:
    if tasks:
        service.steady = False
        events.stopped(at, service, tasks)
        for task in tasks:
            reason = task.sick or f"Scaling activity initiated by (task-set {task.started_by})"
            task_life.stop(at, [task], SCHEDULED, reason)


def computed(service: Service, one: Deployment) -> int:
    """Rounded up."""
    return -(-int(service.desired * one.scale * 1000) // 100_000)


def create_task_set(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    service = _service(at, params)
    if service.controller != "EXTERNAL":
        raise invalid("The service's deployment controller must be EXTERNAL.")
    if len(service.deployments) >= 5:
        raise AwsError("LimitExceededException", "The service has reached the maximum of 5 task sets.")
    token = params.get("clientToken")
    asked = json.dumps({k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True)
    for known in service.deployments:
        if token is not None and known.members.get("clientToken") == (token, asked):
            return {"taskSet": described(at, service, known)}
    tags = tags_in(params.get("tags"))
    definition = usable(at.state, params["taskDefinition"])
    members = copy.deepcopy({k: v for k, v in service.members.items() if k not in OWN})
    members |= {k: params[k] for k in OWN if k in params}
    members.setdefault("loadBalancers", [])
    members.setdefault("serviceRegistries", [])
    if not members.get("capacityProviderStrategy"):
        members.setdefault("launchType", "EC2")
    if definition.awsvpc and "networkConfiguration" not in members:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if token is not None:
        members["clientToken"] = (token, asked)
    identifier = f"ecs-svc/{at.ids.digits()}"
    status = "ACTIVE" if service.deployments else "PRIMARY"
    made = Deployment(identifier, definition, at.now, at.now, members, status=status)
    made.scale = _scale(params.get("scale", {"value": 0.0}))
    made.external = params.get("externalId")
    service.deployments.append(made)
    service.steady = False
    if tags:
        at.state.tags[arn_of(at, service, made)] = tags
    poke(at, service)
    return {"taskSet": described(at, service, made)}


def describe_task_sets(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    service = _service(at, params, active=False)
    found, failures = [], []
    wanted = params.get("taskSets") or [d.id for d in service.deployments]
    for reference in wanted:
        one = _named(service, reference)
        if one is None or service.controller == "ECS":
            failures.append({"arn": reference, "reason": "MISSING"})
            continue
        found.append(described(at, service, one, tags="TAGS" in params.get("include", ())))
    return {"taskSets": found, "failures": failures}


def update_task_set(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    service = _service(at, params)
    one = _found(service, params["taskSet"])
    one.scale, one.updated = _scale(params["scale"]), at.now
    service.steady = False
    poke(at, service)
    return {"taskSet": described(at, service, one)}


def delete_task_set(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Without ``force`` it must have been scaled to nothing."""
    service = _service(at, params)
    one = _found(service, params["taskSet"])
    if one.scale > 0 and not params.get("force"):
        raise invalid("The task set cannot be deleted while it is scaled above 0.")
    one.status, one.updated, one.scale = "DRAINING", at.now, 0.0
    poke(at, service)
    return {"taskSet": described(at, service, one)}


def update_service_primary_task_set(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """What the set was made with becomes the service's."""
    service = _service(at, params)
    one = _found(service, params["primaryTaskSet"])
    for other in service.deployments:
        if other.status == "PRIMARY":
            other.status = "ACTIVE"
    one.status, one.updated = "PRIMARY", at.now
    service.members["taskDefinition"] = one.definition.arn
    service.members |= {k: copy.deepcopy(v) for k, v in one.members.items() if k in OWN}
    poke(at, service)
    return {"taskSet": described(at, service, one)}


def _service(at: Scope, params: dict[str, Any], *, active: bool = True) -> Service:
    cluster: Cluster = find_cluster(at.state, params.get("cluster"))
    service = cluster.services.get(last(params["service"]))
    if service is None:
        raise service_not_found()
    if active and service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    return service


def _named(service: Service, reference: str) -> Deployment | None:
    return next((d for d in service.deployments if last(d.id) == last(reference)), None)


def _found(service: Service, reference: str) -> Deployment:
    one = _named(service, reference)
    if one is None or service.controller == "ECS":
        raise AwsError("TaskSetNotFoundException", "The specified task set could not be found.")
    return one


def _scale(scale: dict[str, Any]) -> float:
    value = float(scale.get("value", 0.0))
    if not 0 <= value <= 100:
        raise invalid("Scale must be between 0 and 100 percent.")
    return value


def arn_of(at: Scope, service: Service, one: Deployment) -> str:
    return at.state.arn("task-set", service.cluster, service.name, *one.id.split("/"))


def described(at: Scope, service: Service, one: Deployment, *, tags: bool = False) -> dict[str, Any]:
    running = sum(t.status == "RUNNING" for t in one.tasks.values())
    answer = present(
        id=one.id,
        taskSetArn=arn_of(at, service, one),
        serviceArn=service.arn,
        clusterArn=at.state.arn("cluster", service.cluster),
        externalId=one.external,
        startedBy="CODE_DEPLOY" if service.controller == "CODE_DEPLOY" else None,
        status=one.status,
        taskDefinition=one.definition.arn,
        computedDesiredCount=computed(service, one) if one.status != "DRAINING" else 0,
        pendingCount=sum(t.counted for t in one.tasks.values()) - running,
        runningCount=running,
        createdAt=one.created,
        updatedAt=one.updated,
        scale={"value": one.scale, "unit": "PERCENT"},
        stabilityStatus="STEADY_STATE" if one.steady_at is not None else "STABILIZING",
        stabilityStatusAt=one.steady_at if one.steady_at is not None else one.updated,
        **{k: one.members.get(k) for k in OWN},
    )
    answer["tags"] = tags_out(at.state.tags.get(arn_of(at, service, one))) if tags else []
    return answer


OPERATIONS: dict[str, Handler] = {
    "CreateTaskSet": create_task_set,
    "DescribeTaskSets": describe_task_sets,
    "UpdateTaskSet": update_task_set,
    "DeleteTaskSet": delete_task_set,
    "UpdateServicePrimaryTaskSet": update_service_primary_task_set,
}
