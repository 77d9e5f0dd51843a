"""What ECS refuses in a task definition although its shape is right. Source: the ECS API reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from reconciler.model.errors import Finding
from reconciler.model.tree import Path, Tree

_GIB = 1024
_FARGATE_MEMORY: Mapping[int, Sequence[int]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""Task CPU units → the task memory (MiB) Fargate offers with it."""


def findings(spec: Tree) -> Iterator[Finding]:
    """Everything ECS would answer a registration with an error for, as far as the spec alone tells."""
    containers = [
        (("containerDefinitions", index), container)
        for index, container in enumerate(spec.get("containerDefinitions") or ())
        if isinstance(container, Mapping)
    ]
    yield from _containers(spec, containers)
    yield from _ports(spec, containers)
    yield from _order(containers)
    if not spec.get("executionRoleArn") and any(container.get("secrets") for _, container in containers):
        yield Finding("execution-role", ("executionRoleArn",), "missing; ECS needs it to read the secrets")
    if "FARGATE" in (spec.get("requiresCompatibilities") or ()):
        yield from _fargate(spec, containers)


def _containers(spec: Tree, containers: Sequence[tuple[Path, Tree]]) -> Iterator[Finding]:
    if not containers:
        yield Finding("no-container", ("containerDefinitions",), "a task definition has at least one container")
        return
    seen: dict[Any, Path] = {}
    for path, container in containers:
        name = container.get("name")
        if name in seen:
            yield Finding("duplicate-container", (*path, "name"), f"two containers are named {name}")
        seen[name] = path
        for member in ("name", "image"):
            if not container.get(member):
                yield Finding("missing-member", (*path, member), f"the container has no {member}")
        memory, reserved = container.get("memory"), container.get("memoryReservation")
        on_fargate = "FARGATE" in (spec.get("requiresCompatibilities") or ())
        if not on_fargate and not (spec.get("memory") or memory or reserved):
            yield Finding(
                "missing-memory",
                (*path, "memory"),
                f"neither container {name or 'here'} nor the task says how much memory it needs",
                "set memory or memoryReservation of the container, or memory of the task",
            )
        if isinstance(memory, int) and isinstance(reserved, int) and memory < reserved:
            yield Finding(
                "memory-below-reservation", (*path, "memory"), f"{memory} is less than memoryReservation {reserved}"
            )
    if all(container.get("essential") is False for _, container in containers):
        yield Finding("no-essential-container", ("containerDefinitions",), "no container is essential")


def _ports(spec: Tree, containers: Sequence[tuple[Path, Tree]]) -> Iterator[Finding]:
    mode = spec.get("networkMode")
    if mode not in ("awsvpc", "host"):
        return
    for path, container in containers:
        for index, port in enumerate(container.get("portMappings") or ()):
            host, inside = port.get("hostPort"), port.get("containerPort")
            if host not in (None, inside) and inside is not None and not (host == 0 and mode == "host"):
                yield Finding(
                    "host-port",
                    (*path, "portMappings", index, "hostPort"),
                    f"{host} differs from containerPort {inside} in networkMode {mode}",
                    "leave hostPort out",
                )


def _order(containers: Sequence[tuple[Path, Tree]]) -> Iterator[Finding]:
    names = {container.get("name") for _, container in containers}
    graph: dict[str, set[str]] = {}
    for path, container in containers:
        needs = graph.setdefault(str(container.get("name")), set())
        for index, need in enumerate(container.get("dependsOn") or ()):
            if need.get("containerName") not in names:
                where = (*path, "dependsOn", index, "containerName")
                yield Finding("unknown-container", where, f"there is no container {need.get('containerName')}")
            needs.add(str(need.get("containerName")))
        for index, link in enumerate(container.get("links") or ()):
            if str(link).partition(":")[0] not in names:
                yield Finding("unknown-container", (*path, "links", index), f"there is no container {link}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield Finding(
            "container-cycle",
            ("containerDefinitions",),
            "these wait for each other: " + " -> ".join(error.args[1]),
        )


def _fargate(spec: Tree, containers: Sequence[tuple[Path, Tree]]) -> Iterator[Finding]:
    if spec.get("networkMode") != "awsvpc":
        yield Finding(
            "fargate-network", ("networkMode",), "Fargate needs networkMode awsvpc", "add networkMode: awsvpc"
        )
    cpu, memory = _units(spec.get("cpu"), "vcpu"), _units(spec.get("memory"), "gb")
    for member, value in (("cpu", spec.get("cpu")), ("memory", spec.get("memory"))):
        if value is None:
            yield Finding("fargate-size", (member,), f"Fargate needs {member} of the task")
    if cpu is not None and cpu not in _FARGATE_MEMORY:
        offered = ", ".join(map(str, _FARGATE_MEMORY))
        yield Finding("fargate-size", ("cpu",), f"Fargate offers no {spec['cpu']} CPU units", f"it offers {offered}")
    elif cpu is not None and memory is not None and memory not in _FARGATE_MEMORY[cpu]:
        sizes = _FARGATE_MEMORY[cpu]
        yield Finding(
            "fargate-size",
            ("memory",),
            f"Fargate offers no {spec['memory']} MiB of memory with {cpu} CPU units",
            f"between {sizes[0]} and {sizes[-1]}",
        )
    if not spec.get("executionRoleArn") and (why := _needs_execution_role(containers)):
        yield Finding("execution-role", ("executionRoleArn",), f"missing; Fargate needs it for {why}")


def _needs_execution_role(containers: Sequence[tuple[Path, Tree]]) -> str:
    for _, container in containers:
        if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            return "the awslogs driver"
        if ".dkr.ecr." in str(container.get("image")):
            return "images of ECR"
    return ""


def _units(value: Any, unit: str) -> int | None:
    text = str(value).lower().strip()
    try:
        return int(float(text.removesuffix(unit)) * 1024) if text.endswith(unit) else int(text)
    except ValueError:
        return None
