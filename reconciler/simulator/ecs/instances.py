"""Container instances and their attributes: list, describe, drain, deregister."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.errors import AwsError, client, invalid

from . import expressions, placement, task_life
from .fleet import Instance
from .paging import page
from .pulse import roused
from .scope import Handler, Scope, at_most, find_cluster, last, missing, present, tags_out
from .state import Cluster

UNLIMITED = 2**31 - 1
"""What an instance with room for everything says it has."""


def list_container_instances(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    found = [i for i in placement.instances(at, cluster) if i.status == params.get("status", i.status)]
    if "filter" in params:
        groups = {i.id: [cluster.tasks[t].group for t in i.tasks if t in cluster.tasks] for i in found}
        found = [i for i in found if expressions.fits(params["filter"], placement.look(i, groups[i.id]))]
    arns = sorted(i.arn for i in found)
    return page([([arn], arn) for arn in arns], params, "containerInstanceArns", default=100)


def describe_container_instances(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    at_most(100, params["containerInstances"], "containerInstances")
    if not params["containerInstances"]:
        raise invalid("Container instances cannot be empty.")
    placement.instances(at, cluster)
    found, failures = [], []
    for reference in params["containerInstances"]:
        instance = placement.find(cluster, reference)
        if instance is None:
            failures.append(missing(_arn(at, cluster, reference)))
        else:
            found.append(described(at, cluster, instance, tags="TAGS" in params.get("include", ())))
    return {"containerInstances": found, "failures": failures}


def update_container_instances_state(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """DRAINING moves service tasks elsewhere; tasks of nobody stay."""
    cluster = find_cluster(at.state, params.get("cluster"))
    at_most(10, params["containerInstances"], "containerInstances")
    if params["status"] not in ("ACTIVE", "DRAINING"):
        raise invalid("Container instance status must be ACTIVE or DRAINING.")
    placement.instances(at, cluster)
    found, failures = [], []
    for reference in params["containerInstances"]:
        instance = placement.find(cluster, reference)
        if instance is None or instance.status == "INACTIVE":
            failures.append({"arn": _arn(at, cluster, reference), "reason": "INACTIVE" if instance else "MISSING"})
            continue
        instance.status, instance.version = params["status"], instance.version + 1
        found.append(described(at, cluster, instance))
    _look_again(at, cluster)
    return {"containerInstances": found, "failures": failures}


def deregister_container_instance(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Service tasks on it are replaced; with tasks it needs ``force``."""
    cluster = find_cluster(at.state, params.get("cluster"))
    placement.instances(at, cluster)
    instance = placement.find(cluster, params["containerInstance"])
    if instance is None or instance.status == "INACTIVE":
        raise client("Container instance not found.")
    running = [cluster.tasks[t] for t in list(instance.tasks) if t in cluster.tasks and cluster.tasks[t].live]
    if running and not params.get("force"):
        raise invalid("Found running tasks on the instance.")
    gone(at, cluster, instance)
    return {"containerInstance": described(at, cluster, instance)}


def gone(at: Scope, cluster: Cluster, instance: Instance) -> None:
    """The instance leaves; what ran on it ends at once and is replaced where it belongs to a service."""
    instance.status, instance.connected, instance.version = "INACTIVE", False, instance.version + 1
    tasks = [cluster.tasks[t] for t in list(instance.tasks) if t in cluster.tasks]
    reason = f"Container instance {instance.id} deregistered"
    task_life.stop(at, [t for t in tasks if t.live], "InfrastructureHealth", reason)
    _look_again(at, cluster)


def _look_again(at: Scope, cluster: Cluster) -> None:
    roused(at, cluster.name, [s.name for s in cluster.services.values() if s.status == "ACTIVE"])


def list_attributes(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    name, value = params.get("attributeName"), params.get("attributeValue")
    if value is not None and name is None:
        raise invalid("attributeName is required with attributeValue.")
    found = [
        (instance.id, key, held)
        for instance in placement.instances(at, cluster)
        for key, held in sorted(_attributes(instance).items())
        if (name is None or key == name) and (value is None or held == value)
    ]
    rows = {f"{i}/{k}": present(name=k, value=v, targetId=_arn(at, cluster, i)) for i, k, v in found}
    answer = page([([key], key) for key in sorted(rows)], params, "attributes", default=100)
    return answer | {"attributes": [rows[key] for key in answer["attributes"]]}


def put_attributes(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    at_most(10, params["attributes"], "attributes")
    targets = [(_target(at, cluster, a), a) for a in params["attributes"]]
    for instance, attribute in targets:
        if attribute["name"] not in instance.attributes and len(instance.attributes) >= 10:
            raise AwsError("AttributeLimitExceededException", "The limit of 10 custom attributes is reached.")
        instance.attributes[attribute["name"]] = attribute.get("value")
    roused(at, cluster.name, placement.freed(cluster))
    return {"attributes": params["attributes"]}


def delete_attributes(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    targets = [(_target(at, cluster, a), a) for a in params["attributes"]]
    gone_ones = [a for instance, a in targets if a["name"] in instance.attributes]
    for instance, attribute in targets:
        instance.attributes.pop(attribute["name"], None)
    return {"attributes": gone_ones}


def _target(at: Scope, cluster: Cluster, attribute: dict[str, Any]) -> Instance:
    placement.instances(at, cluster)
    found = placement.find(cluster, attribute.get("targetId", ""))
    if found is None or found.status == "INACTIVE":
        raise AwsError("TargetNotFoundException", "The specified target wasn't found.")
    return found


def _arn(at: Scope, cluster: Cluster, reference: str) -> str:
    return (
        reference if reference.startswith("arn:") else at.state.arn("container-instance", cluster.name, last(reference))
    )


def _attributes(instance: Instance) -> dict[str, str | None]:
    builtin = {"ecs.availability-zone": instance.zone, "ecs.os-type": "linux", "ecs.cpu-architecture": "x86_64"}
    return {**builtin, **instance.attributes}


def described(at: Scope, cluster: Cluster, instance: Instance, *, tags: bool = False) -> dict[str, Any]:
    tasks = [cluster.tasks[t] for t in instance.tasks if t in cluster.tasks]
    answer = present(
        containerInstanceArn=instance.arn,
        ec2InstanceId=instance.ec2,
        capacityProviderName=instance.provider,
        version=instance.version,
        versionInfo={"agentVersion": "1.90.0", "agentHash": "00000000", "dockerVersion": "DockerVersion: 25.0.8"},
        status=instance.status,
        agentConnected=instance.connected,
        runningTasksCount=sum(t.status == "RUNNING" for t in tasks),
        pendingTasksCount=sum(t.status == "PENDING" for t in tasks),
        registeredAt=instance.registered,
    )
    cpu = UNLIMITED if instance.cpu is None else instance.cpu
    memory = UNLIMITED if instance.memory is None else instance.memory
    answer["registeredResources"] = _resources(cpu, memory, instance.ports)
    left = (cpu - instance.cpu_used, memory - instance.memory_used)
    answer["remainingResources"] = _resources(*left, instance.ports | instance.ports_used)
    answer["attributes"] = [present(name=k, value=v) for k, v in sorted(_attributes(instance).items())]
    answer["attachments"] = []
    answer["tags"] = tags_out(at.state.tags.get(instance.arn)) if tags else []
    return answer


def _resources(cpu: int, memory: int, ports: frozenset[tuple[str, int]] | set[tuple[str, int]]) -> list[dict[str, Any]]:
    """As an agent registers them."""

    def number(name: str, value: int) -> dict[str, Any]:
        return {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}

    def taken(name: str, protocol: str) -> dict[str, Any]:
        values = [str(p) for _, p in sorted(p for p in ports if p[0] == protocol)]
        return number(name, 0) | {"type": "STRINGSET", "stringSetValue": values}

    return [number("CPU", cpu), number("MEMORY", memory), taken("PORTS", "tcp"), taken("PORTS_UDP", "udp")]


OPERATIONS: dict[str, Handler] = {
    "ListContainerInstances": list_container_instances,
    "DescribeContainerInstances": describe_container_instances,
    "UpdateContainerInstancesState": update_container_instances_state,
    "DeregisterContainerInstance": deregister_container_instance,
    "ListAttributes": list_attributes,
    "PutAttributes": put_attributes,
    "DeleteAttributes": delete_attributes,
}
