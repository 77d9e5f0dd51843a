"""Tasks: list, describe, stop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.simulator.errors import AwsError, invalid, service_not_found

from . import scheduler, task_life
from .paging import page
from .scope import Handler, Scope, at_most, find_cluster, find_task, last, missing, present, tags_out
from .state import Cluster, Task


def list_tasks(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """By ARN. ``startedBy`` allows no other filter; a service's are found without looking at others."""
    cluster = find_cluster(at.state, params.get("cluster"))
    filters = {"containerInstance", "family", "serviceName", "launchType", "daemonName"} & params.keys()
    if "startedBy" in params and filters:
        raise invalid("The startedBy filter cannot be combined with other filters.")
    wanted = params.get("desiredStatus", "RUNNING")
    pool: Iterable[Task] = cluster.tasks.values()
    if "serviceName" in params:
        service = cluster.services.get(last(params["serviceName"]))
        if service is None:
            raise service_not_found()
        if wanted != "STOPPED":
            pool = service.tasks()
    arns = sorted(t.arn for t in pool if t.desired == wanted and _fits(t, params))
    return page([([arn], arn) for arn in arns], params, "taskArns", default=100)


def _fits(task: Task, params: dict[str, Any]) -> bool:
    return (
        ("family" not in params or task.definition.family == params["family"])
        and ("startedBy" not in params or task.started_by == params["startedBy"])
        and ("launchType" not in params or task.launch_type == params["launchType"])
        and ("serviceName" not in params or task.group == f"service:{last(params['serviceName'])}")
        and (
            "containerInstance" not in params
            or last(params["containerInstance"]) == last(task.fixed.get("instance") or "")
        )
        and "daemonName" not in params
    )


def describe_tasks(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    if not params["tasks"]:
        raise invalid("Tasks cannot be empty.")
    at_most(100, params["tasks"], "tasks")
    found, failures = [], []
    for reference in params["tasks"]:
        task = find_task(cluster, reference)
        if task is None:
            failures.append(
                missing(reference if reference.startswith("arn:") else at.state.arn("task", cluster.name, reference))
            )
        else:
            found.append(described(at, task, tags="TAGS" in params.get("include", ())))
    return {"tasks": found, "failures": failures}


def stop_task(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    task = find_task(cluster, params["task"])
    if task is None:
        raise AwsError("InvalidParameterException", "The referenced task was not found.")
    at.state.tags.pop(task.arn, None)
    service = _service(cluster, task)

    def changed() -> None:
        if service:
            scheduler.poke(at, service, 0.0)

    reason = params.get("reason", "Task stopped by user")
    task_life.stop(at, [task], "UserInitiated", reason, changed, balanced=bool(service and service.balanced))
    return {"task": described(at, task)}


def _service(cluster: Cluster, task: Task) -> Any:
    kind, _, name = task.group.partition(":")
    return cluster.services.get(name) if kind == "service" else None


def described(at: Scope, task: Task, *, tags: bool = False) -> dict[str, Any]:
    members, times = task.definition.members, task.times
    interface = task.fixed.get("interface")
    instance = task.fixed.get("instance")
    fargate = task.launch_type == "FARGATE"
    started = "started" in times
    answer = present(
        taskArn=task.arn,
        clusterArn=at.state.arn("cluster", task.cluster),
        taskDefinitionArn=task.definition.arn,
        group=task.group,
        startedBy=task.started_by,
        launchType=task.launch_type,
        capacityProviderName=task.capacity_provider,
        containerInstanceArn=at.state.arn(*instance.split("/")) if instance else None,
        availabilityZone=task.fixed.get("zone"),
        lastStatus=task.status,
        desiredStatus=task.desired,
        healthStatus=health(task),
        connectivity="CONNECTED" if started else None,
        connectivityAt=times.get("pullStarted") if started else None,
        cpu=members.get("cpu", "0"),
        memory=members.get("memory", "0"),
        createdAt=task.created,
        pullStartedAt=times.get("pullStarted"),
        pullStoppedAt=times.get("pullStopped"),
        startedAt=times.get("started"),
        stoppingAt=times.get("stopping"),
        executionStoppedAt=times.get("executionStopped"),
        stoppedAt=times.get("stopped"),
        stopCode=task.stop_code,
        stoppedReason=task.stopped_reason,
        platformVersion=task.fixed.get("platformVersion"),
        platformFamily="Linux" if fargate else None,
        enableExecuteCommand=task.fixed.get("execute", False),
        version=task.version,
    )
    answer["attributes"] = [{"name": "ecs.cpu-architecture", "value": architecture(members)}]
    answer["attachments"] = [attachment(task)] if interface else []
    answer["containers"] = [container(at, task, c) for c in members["containerDefinitions"]]
    answer["overrides"] = {
        "containerOverrides": [{"name": c["name"]} for c in members["containerDefinitions"]],
        "inferenceAcceleratorOverrides": [],
    }
    answer["inferenceAccelerators"] = []
    if fargate:
        size = members.get("ephemeralStorage", {"sizeInGiB": 20})
        answer |= {"ephemeralStorage": size, "fargateEphemeralStorage": {"sizeInGiB": size["sizeInGiB"]}}
    answer["tags"] = tags_out(at.state.tags.get(task.arn)) if tags else []
    return answer


def architecture(members: dict[str, Any]) -> str:
    return "arm64" if members.get("runtimePlatform", {}).get("cpuArchitecture") == "ARM64" else "x86_64"


def health(task: Task, checked: bool | None = None) -> str:
    """UNKNOWN without a container health check, and until it has spoken."""
    if checked is None:
        checked = any("healthCheck" in c and c["essential"] for c in task.definition.members["containerDefinitions"])
    return "HEALTHY" if checked and task.healthy else "UNKNOWN"


def attachment(task: Task) -> dict[str, Any]:
    interface = task.fixed["interface"]
    status = {"PROVISIONING": "ATTACHING", "STOPPED": "DELETED"}.get(task.status, "ATTACHED")
    details = {
        "subnetId": interface["subnet"],
        "networkInterfaceId": interface["eni"],
        "privateIPv4Address": interface["ip"],
    }
    return {
        "id": interface["attachment"],
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": [{"name": k, "value": v} for k, v in details.items()],
    }


def container(at: Scope, task: Task, definition: dict[str, Any]) -> dict[str, Any]:
    drawn = task.fixed["containers"][definition["name"]]
    interface = task.fixed.get("interface")
    early = task.status in ("PROVISIONING", "PENDING", "ACTIVATING")
    stopped = task.status in ("DEPROVISIONING", "STOPPED")
    running = "started" in task.times
    interfaces = [{"attachmentId": interface["attachment"], "privateIpv4Address": interface["ip"]}] if interface else []
    return present(
        containerArn=at.state.arn("container", task.cluster, task.id, drawn["id"]),
        taskArn=task.arn,
        name=definition["name"],
        image=definition["image"],
        imageDigest=f"sha256:{drawn['digest']}" if running else None,
        runtimeId=f"{task.id}-{int(drawn['digest'][:8], 16)}" if running else None,
        lastStatus="PENDING" if early else "STOPPED" if stopped else "RUNNING",
        exitCode=task.exit_code if stopped else None,
        networkBindings=[],
        networkInterfaces=interfaces,
        healthStatus=health(task, "healthCheck" in definition),
        cpu=str(definition["cpu"]),
        memory=str(definition["memory"]) if "memory" in definition else None,
        memoryReservation=str(definition["memoryReservation"]) if "memoryReservation" in definition else None,
    )


OPERATIONS: dict[str, Handler] = {
    "ListTasks": list_tasks,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
}
