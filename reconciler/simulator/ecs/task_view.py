"""The described form of a task and its containers."""

from __future__ import annotations

from typing import Any

from .scope import Scope, present, tags_out
from .state import Task


def described(at: Scope, task: Task, *, tags: bool = False) -> dict[str, Any]:
    members, times = task.definition.members, task.times
    interface = task.fixed.get("interface")
    fargate = task.launch_type == "FARGATE"
    started = "started" in times
    overrides = task.fixed.get("overrides", {})
    said = {o.get("name"): o for o in overrides.get("containerOverrides", ())}
    answer = present(
        taskArn=task.arn,
        clusterArn=at.state.arn("cluster", task.cluster),
        taskDefinitionArn=task.definition.arn,
        group=task.group,
        startedBy=task.started_by or None,
        launchType=task.launch_type,
        capacityProviderName=task.capacity_provider,
        containerInstanceArn=task.instance.arn if task.instance else None,
        availabilityZone=task.fixed.get("zone"),
        lastStatus=task.status,
        desiredStatus=task.desired,
        healthStatus=health(task),
        connectivity="CONNECTED" if started else None,
        connectivityAt=times.get("pullStarted") if started else None,
        cpu=overrides.get("cpu") or members.get("cpu", "0"),
        memory=overrides.get("memory") or members.get("memory", "0"),
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
        **overrides,
        "containerOverrides": [said.get(c["name"], {"name": c["name"]}) for c in members["containerDefinitions"]],
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


def health(task: Task, container: str | None = None) -> str:
    """UNKNOWN without a container health check, and until it has spoken; of the task: its essential containers'."""
    checked = [
        task.checks.get(c["name"], "UNKNOWN")
        for c in task.definition.members["containerDefinitions"]
        if "healthCheck" in c and (c["essential"] if container is None else c["name"] == container)
    ]
    return next((h for h in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if h in checked), "UNKNOWN")


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
    name = definition["name"]
    stopped = task.status in ("DEPROVISIONING", "STOPPED") or name in task.codes
    running = "started" in task.times
    interfaces = [{"attachmentId": interface["attachment"], "privateIpv4Address": interface["ip"]}] if interface else []
    return present(
        containerArn=at.state.arn("container", task.cluster, task.id, drawn["id"]),
        taskArn=task.arn,
        name=definition["name"],
        image=definition["image"],
        imageDigest=drawn["digest"] if running else None,
        runtimeId=f"{task.id}-{drawn['runtime']}" if running else None,
        lastStatus="PENDING" if early else "STOPPED" if stopped else "RUNNING",
        exitCode=task.codes.get(name),
        reason=task.reasons.get(name),
        networkBindings=task.fixed.get("ports", {}).get(name, []) if running else [],
        networkInterfaces=interfaces,
        healthStatus=health(task, name),
        cpu=str(definition["cpu"]),
        memory=str(definition["memory"]) if "memory" in definition else None,
        memoryReservation=str(definition["memoryReservation"]) if "memoryReservation" in definition else None,
    )
