"""What RegisterTaskDefinition refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from reconciler.simulator.errors import AwsError, client, invalid

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
LIMIT = 64 * 1024
ECR = re.compile(r"^\d{12}\.dkr\.ecr\.")
GIB = 1024

FARGATE: dict[int, tuple[int, ...]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: tuple(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
"""CPU units → MiB of memory, as documented."""


def cpu_units(text: str) -> int:
    """``256``, ``.25 vCPU`` → CPU units."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(vcpu)?\s*", text, re.IGNORECASE)
    if not match or (not match.group(2) and "." in match.group(1)):
        raise client(f"Invalid 'cpu' setting for task. The value '{text}' is not valid.")
    return int(float(match.group(1)) * 1024) if match.group(2) else int(match.group(1))


def memory_units(text: str) -> int:
    """``512``, ``1GB``, ``0.5 GB`` → MiB."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(gb)?\s*", text, re.IGNORECASE)
    if not match or (not match.group(2) and "." in match.group(1)):
        raise client(f"Invalid 'memory' setting for task. The value '{text}' is not valid.")
    return int(float(match.group(1)) * GIB) if match.group(2) else int(match.group(1))


def refuse(params: dict[str, Any]) -> None:
    """Raise what AWS would answer to this registration; ``params`` have passed the model."""
    if not NAME.fullmatch(params["family"]):
        raise client("Family contains invalid characters. Valid characters: letters, numbers, hyphens and underscores.")
    if "tags" in params and not params["tags"]:
        raise invalid("Tags can not be empty.")
    containers = params["containerDefinitions"]
    if not containers:
        raise client("Container list cannot be empty.")
    if len(json.dumps(params, separators=(",", ":"), ensure_ascii=False).encode()) > LIMIT:
        raise client("Actual length of the task definition exceeds the maximum of 65536 bytes.")
    if len(containers) > 10:
        raise client("Number of containers in the task definition exceeds the maximum of 10.")
    if len(params.get("placementConstraints", ())) > 10:
        raise invalid("placementConstraints can have at most 10 items.")
    fargate = "FARGATE" in params.get("requiresCompatibilities", ())
    names: set[str] = set()
    for container in containers:
        _container(container, params, names)
    if not any(c.get("essential", True) for c in containers):
        raise client("At least one container in the task definition must be marked as essential.")
    _volumes(params, containers)
    _relations(containers, names, str(params.get("networkMode", "")))
    if fargate:
        _fargate(params, containers)
    if "executionRoleArn" not in params and any(c.get("secrets") for c in containers):
        raise client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")


def _container(container: dict[str, Any], params: dict[str, Any], names: set[str]) -> None:
    name = container.get("name")
    if not name:
        raise client("Container.name should not be null or empty.")
    if not NAME.fullmatch(name):
        raise client(f"Container.name contains invalid characters: {name}")
    if not container.get("image"):
        raise client("Container.image should not be null or empty.")
    if name in names:
        raise client(f"Container names must be unique within a task definition; '{name}' is repeated.")
    names.add(name)
    hard, soft = container.get("memory"), container.get("memoryReservation")
    if hard is None and soft is None and "memory" not in params:
        raise client(
            f"Invalid setting for container '{name}'. "
            "At least one of 'memory' or 'memoryReservation' must be specified."
        )
    if hard is not None and hard < 6:
        raise client(f"Invalid setting for container '{name}'. 'memory' must be at least 6.")
    if hard is not None and soft is not None and hard < soft:
        raise client(f"Invalid setting for container '{name}'. 'memory' should not be less than 'memoryReservation'.")
    for port in container.get("portMappings", ()):
        _port(port, name, params.get("networkMode"))
    if "healthCheck" in container:
        _health(container["healthCheck"], name)
    for pair in container.get("environment", ()):
        if not pair.get("name"):
            raise client(f"Environment variable name of container '{name}' should not be null or empty.")
    both = {e["name"] for e in container.get("environment", ())} & {s["name"] for s in container.get("secrets", ())}
    if both:
        raise client(
            f"The secret name must be unique and not shared with any new or existing environment variables: {min(both)}"
        )


def _port(port: dict[str, Any], name: str, mode: str | None) -> None:
    number, host = port.get("containerPort"), port.get("hostPort")
    if (number is None) == ("containerPortRange" not in port):
        raise client(f"Invalid portMappings of container '{name}': give containerPort or containerPortRange.")
    for value in (number, host):
        if value is not None and not 0 <= value <= 65535:
            raise client(f"Invalid port {value} of container '{name}': ports are 1 to 65535.")
    if (
        number is not None
        and mode in ("awsvpc", "host")
        and host not in (None, number)
        and not (mode == "host" and host == 0)
    ):
        raise client(f"When networkMode={mode}, the host ports and container ports in port mappings must match.")


def _health(check: dict[str, Any], name: str) -> None:
    for member, low, high in (("interval", 5, 300), ("timeout", 2, 120), ("retries", 1, 10), ("startPeriod", 0, 300)):
        if not low <= check.get(member, low) <= high:
            raise client(f"Invalid healthCheck of container '{name}': {member} must be between {low} and {high}.")
    if not check["command"]:
        raise client(f"Invalid healthCheck of container '{name}': command should not be empty.")


def _volumes(params: dict[str, Any], containers: list[dict[str, Any]]) -> None:
    volumes = [v.get("name") for v in params.get("volumes", ())]
    if len(set(volumes)) < len(volumes):
        raise client("Volume names must be unique.")
    for container in containers:
        for mount in container.get("mountPoints", ()):
            if mount.get("sourceVolume") not in volumes:
                raise client(f"Unknown volume '{mount.get('sourceVolume')}'.")


def _relations(containers: list[dict[str, Any]], names: set[str], mode: str) -> None:
    graph: dict[str, list[str]] = {}
    for container in containers:
        name = container["name"]
        depended = [d["containerName"] for d in container.get("dependsOn", ())]
        linked = [link.partition(":")[0] for link in container.get("links", ())]
        if linked and mode not in ("", "bridge"):
            raise client("Links are not supported when networkMode is " + mode + ".")
        shared = [v.get("sourceContainer", "") for v in container.get("volumesFrom", ())]
        for other, what in [
            *((d, "dependency") for d in depended),
            *((o, "link") for o in linked),
            *((s, "volumesFrom") for s in shared),
        ]:
            if other not in names or other == name:
                raise client(
                    f"Invalid {what} of container '{name}': the task definition has no other container '{other}'."
                )
        graph[name] = depended + linked
    if _cycle(graph):
        raise client("Cyclic dependency between containers.")


def _cycle(graph: dict[str, list[str]]) -> bool:
    left = {k: set(v) for k, v in graph.items()}
    while free := [k for k, v in left.items() if not v & left.keys()]:
        for name in free:
            del left[name]
    return bool(left)


def _fargate(params: dict[str, Any], containers: list[dict[str, Any]]) -> None:
    if params.get("networkMode") != "awsvpc":
        raise client("Fargate only supports network mode ‘awsvpc’.")
    for member in ("cpu", "memory"):
        if member not in params:
            raise client(f"Fargate requires that '{member}' be defined at the task level.")
    cpu, memory = cpu_units(params["cpu"]), memory_units(params["memory"])
    if memory not in FARGATE.get(cpu, ()):
        raise client(f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory.")
    for container in containers:
        if container.get("privileged"):
            raise client("Fargate does not support privileged containers.")
        _within(container, cpu, memory)
    if not 21 <= params.get("ephemeralStorage", {"sizeInGiB": 21})["sizeInGiB"] <= 200:
        raise client("The ephemeral storage of a Fargate task must be between 21 and 200 GiB.")
    if "executionRoleArn" not in params:
        _role(containers)


def _within(container: dict[str, Any], cpu: int, memory: int) -> None:
    if container.get("cpu", 0) > cpu:
        raise client("Invalid 'cpu' setting for task: a container asks for more than the task has.")
    if (container.get("memory") or container.get("memoryReservation") or 0) > memory:
        raise client("Invalid 'memory' setting for task: a container asks for more than the task has.")


def _role(containers: Iterable[dict[str, Any]]) -> None:
    def required(what: str) -> AwsError:
        return client(f"Fargate requires task definition to have execution role ARN to support {what}.")

    for container in containers:
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            raise required("log driver awslogs")
        if ECR.match(container["image"]):
            raise required("ECR images")
