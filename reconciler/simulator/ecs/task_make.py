"""Making tasks: identity, sizes, capacity provider, tags, and the plan drawn from the scripted workloads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .fleet import Instance, Need
from .plan import HEALTHY, End, Ill, Plan, Refusal
from .scope import Scope
from .state import Deployment, Service, Task, TaskDefinition
from .workload import PULL, SECRET, TARGET, Script, Workload

SPOT = ("FARGATE", "FARGATE_SPOT")


@dataclass(frozen=True)
class Order:
    """What a task is made of, whoever asks for it."""

    cluster: str
    definition: TaskDefinition
    group: str
    started_by: str
    launch_type: str
    provider: str | None
    members: Mapping[str, Any]
    """networkConfiguration, enableExecuteCommand, platformVersion."""
    tags: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    deployment: Deployment | None = None
    service: Service | None = None


def made(at: Scope, order: Order, place: int, instance: Instance | None) -> Task:
    """A task in PROVISIONING, on its instance if it has one; nothing moves it yet."""
    identifier, definition = at.ids.hex(32), order.definition
    fargate = order.launch_type == "FARGATE"
    task = Task(
        id=identifier,
        arn=at.state.arn("task", order.cluster, identifier),
        cluster=order.cluster,
        definition=definition,
        group=order.group,
        started_by=order.started_by,
        created=at.now,
        launch_type=order.launch_type,
        capacity_provider=order.provider,
        deployment=order.deployment,
        service=order.service,
    )
    zone = instance.zone if instance and instance.zone else f"{at.state.name}{'abc'[place % 3]}"
    task.fixed = {
        "platformVersion": at.settings.fargate_platform_version if fargate else None,
        "containers": {
            c["name"]: {"id": at.ids.uuid(), "runtime": at.ids.digits(10), "digest": _digest(at, order, c)}
            for c in definition.members["containerDefinitions"]
        },
        "zone": zone,
        "execute": order.members.get("enableExecuteCommand", False),
        "overrides": order.overrides,
    }
    if definition.awsvpc:
        network = order.members.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        subnets = network.get("subnets", ["subnet-0"])
        task.fixed["interface"] = {
            "id": at.ids.uuid(),
            "attachment": at.ids.uuid(),
            "eni": f"eni-{at.ids.hex(17)}",
            "subnet": subnets[place % len(subnets)],
            "ip": f"10.{at.ids.number(0, 255)}.{at.ids.number(0, 255)}.{at.ids.number(4, 250)}",
        }
    if instance:
        settle_on(task, instance)
    task.plan = planned(at, order)
    if order.tags:
        at.state.tags[task.arn] = dict(order.tags)
    return task


def planned(at: Scope, order: Order) -> Plan:
    """What the script says will become of a task; a command given to RunTask ends when the settings say so."""
    plan = plan_of(at.state.script, order)
    commands = [it for it in order.overrides.get("containerOverrides", ()) if it.get("command")]
    seconds = at.settings.one_off_ends
    if order.service is not None or seconds is None or not commands or plan.ends or plan.refusal:
        return plan
    essential = {it["name"]: bool(it["essential"]) for it in order.definition.members["containerDefinitions"]}
    name = str(commands[0]["name"])
    return replace(plan, ends=(End(seconds, name, 0, None, essential.get(name, True)),))


def settle_on(task: Task, instance: Instance) -> None:
    """Take its room."""
    need = need_of(task.definition, task.fixed.get("overrides", {}))
    task.instance = instance
    instance.take(task.id, need)
    if task.definition.members.get("networkMode") in ("awsvpc", "none"):
        return
    ports: dict[str, list[dict[str, Any]]] = {}
    for container in task.definition.members["containerDefinitions"]:
        for mapping in container["portMappings"]:
            if "containerPort" not in mapping:
                continue
            host = mapping.get("hostPort") or instance.dynamic_port()
            one = {
                "bindIP": "0.0.0.0",
                "containerPort": mapping["containerPort"],
                "hostPort": host,
                "protocol": mapping["protocol"],
            }
            ports.setdefault(container["name"], []).append(one)
    task.fixed["ports"] = ports


def need_of(definition: TaskDefinition, overrides: Mapping[str, Any] | None = None) -> Need:
    """Task sizes, else the sum of its containers' reservations; fixed host ports outside awsvpc."""
    members, containers = definition.members, definition.members["containerDefinitions"]
    overrides = overrides or {}
    changed = {o.get("name"): o for o in overrides.get("containerOverrides", ())}

    def of(name: str) -> int:
        total = 0
        for container in containers:
            said = changed.get(container["name"], {}) | {}
            if name == "memory":
                value = said.get("memoryReservation") or said.get("memory")
                total += int(value or container.get("memoryReservation") or container.get("memory") or 0)
            else:
                total += int(said.get("cpu") or container.get("cpu") or 0)
        return int(overrides.get(name) or members.get(name) or 0) or total

    mode = members.get("networkMode")
    ports = frozenset(
        (p["protocol"], p["hostPort"])
        for c in containers
        for p in c["portMappings"]
        if mode not in ("awsvpc", "none") and p.get("hostPort")
    )
    return Need(of("cpu"), of("memory"), ports, mode == "awsvpc")


def digest(script: Script, image: str) -> str:
    """What a tag points to: the same until the tag is moved."""
    if "@sha256:" in image:
        return image.rpartition("@")[2]
    moved = script.pushes.get(image, 0)
    return f"sha256:{hashlib.sha256(f'{image} {moved}'.encode()).hexdigest()}"


def _digest(at: Scope, order: Order, container: Mapping[str, Any]) -> str:
    """Resolved once a deployment, unless version consistency is off."""
    revision = order.deployment.revision if order.deployment else None
    if revision and container.get("versionConsistency") != "disabled":
        return revision.images[container["name"]][1]
    return digest(at.state.script, container["image"])


def plan_of(script: Script, order: Order) -> Plan:
    """What the workloads say of this task's containers."""
    if not script.workloads:
        return HEALTHY
    containers = order.definition.members["containerDefinitions"]
    leading = next((c["name"] for c in containers if c["essential"]), containers[0]["name"])
    found: list[tuple[dict[str, Any], Workload]] = []
    for container in containers:
        name = container["name"]
        one = script.workload(
            order.definition.family, order.definition.revision, container["image"], name, name == leading
        )
        if one:
            found.append((container, one))
    return _plan(found) if found else HEALTHY


def _plan(found: Sequence[tuple[dict[str, Any], Workload]]) -> Plan:
    starts = [w.starts_in for _, w in found if w.starts_in is not None]
    refusal = next((r for c, w in found if (r := _refusal(c, w))), None)
    ends = []
    for container, said in found:
        if said.exits is None and not said.out_of_memory:
            continue
        healthy = said.after_healthy is not None
        after = said.after_healthy if said.after_healthy is not None else said.after
        reason = "OutOfMemoryError: Container killed due to memory usage" if said.out_of_memory else None
        code = 137 if said.out_of_memory else said.exits or 0
        ends.append(End(after, container["name"], code, reason, bool(container["essential"]), healthy))
    checked = [(c, w) for c, w in found if w.unhealthy_after is not None and "healthCheck" in c and c["essential"]]
    targets = [(c, w) for c, w in found if w.target is not None]
    ill = [Ill(w.unhealthy_after or 0.0, c["name"]) for c, w in checked]
    hit = [
        Ill(w.target_after, c["name"], w.target, w.target_text or TARGET.get(w.target, "Health checks failed"))
        for c, w in targets
        if w.target
    ]
    return Plan(
        pending=max(starts) if starts else None,
        refusal=refusal,
        ends=tuple(ends),
        unhealthy=min(ill, key=lambda i: i.after, default=None),
        target=min(hit, key=lambda i: i.after, default=None),
        logs=tuple((c["name"], w.logs) for c, w in found if w.logs),
        stubborn=frozenset(c["name"] for c, w in found if w.ignores_sigterm),
    )


def _refusal(container: Mapping[str, Any], said: Workload) -> Refusal | None:
    if said.cannot_start is not None:
        return Refusal(said.cannot_start)
    if said.secret is not None:
        why = SECRET.get(said.secret, said.secret)
        return Refusal(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
            f"failed: unable to retrieve secret from asm: service call has been retried 1 time(s): {why}"
        )
    if said.cannot_pull is not None:
        why = PULL.get(said.cannot_pull, said.cannot_pull).replace("{image}", container["image"])
        tries = 5 if said.cannot_pull == "timeout" else 1
        reason = f"CannotPullContainerError: pull image manifest has been retried {tries} time(s): {why}"
        return Refusal(reason, container["name"])
    return None


def next_provider(strategy: Sequence[dict[str, Any]], counts: dict[str, int]) -> str:
    """Base first, then by weight: which provider gets the next task. ``counts`` are its tasks by provider."""
    for item in strategy:
        if counts[item["capacityProvider"]] < item["base"]:
            return str(item["capacityProvider"])
    weighted = [i for i in strategy if i["weight"]] or list(strategy)
    chosen = min(weighted, key=lambda i: (counts[i["capacityProvider"]] - i["base"] + 1) / (i["weight"] or 1))
    return str(chosen["capacityProvider"])
