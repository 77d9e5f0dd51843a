"""The life of a task on the virtual clock: PROVISIONING … RUNNING, and the way down to STOPPED."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .scope import Scope
from .state import Deployment, Service, Task, TaskDefinition

DOWN = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
Changed = Callable[[], None]


def start(at: Scope, service: Service, deployment: Deployment, count: int, changed: Changed) -> list[Task]:
    """Make ``count`` tasks of a deployment; ``changed`` is called whenever one of them has moved on."""
    cluster = at.state.clusters[service.cluster]
    tasks = [_make(at, service, deployment, n) for n in range(count)]
    for task in tasks:
        deployment.tasks[task.id] = cluster.tasks[task.id] = task
    _climb(at, service, tasks, changed)
    return tasks


def stop(at: Scope, tasks: Sequence[Task], code: str, reason: str, changed: Changed, *, balanced: bool = False) -> None:
    """Ask tasks to stop: out of the load balancer, SIGTERM, network interface, STOPPED."""
    tasks = [t for t in tasks if t.live]
    if not tasks:
        return
    for task in tasks:
        task.desired, task.stop_code, task.stopped_reason, task.healthy = "STOPPED", code, reason, False
        task.times["stopping"] = at.now
    running = [t for t in tasks if t.status == "RUNNING"]
    others = [t for t in tasks if t.status != "RUNNING"]
    _fall(at, running, 0 if balanced else 1, changed)
    _fall(at, others, 1, changed)


def _climb(at: Scope, service: Service, tasks: list[Task], changed: Changed) -> None:
    """Tasks started together move together: one action for all of them."""
    settings, definition = at.settings, tasks[0].definition
    steps: list[tuple[str, float]] = [("PROVISIONING", settings.provisioning)] if definition.awsvpc else []
    steps += [("PENDING", settings.pending), ("ACTIVATING", settings.activating)]
    steps.append(("RUNNING", healthy_after(at, service, definition)))

    def enter(place: int) -> None:
        going = [t for t in tasks if t.live]
        if not going:
            return
        name, duration = steps[place]
        for task in going:
            _move(at, task, name)
        if name == "RUNNING":
            at.clock.after(duration, healthy)
        else:
            at.clock.after(duration, lambda: enter(place + 1))
        if place:
            changed()

    def healthy() -> None:
        for task in tasks:
            if task.live and task.status == "RUNNING":
                task.healthy = True
                task.version += 1
        changed()

    enter(0)


def _fall(at: Scope, tasks: list[Task], place: int, changed: Changed) -> None:
    if not tasks:
        return
    settings, definition = at.settings, tasks[0].definition
    timeouts = [c.get("stopTimeout", 30) for c in definition.members["containerDefinitions"]]
    waits = {
        "DEACTIVATING": settings.deregistration_delay,
        "STOPPING": min(settings.stopping, max(timeouts)),
        "DEPROVISIONING": settings.deprovisioning if definition.awsvpc else None,
    }
    if place == len(DOWN) - 1:
        for task in tasks:
            _move(at, task, "STOPPED")
            if task.deployment:
                task.deployment.tasks.pop(task.id, None)
        at.clock.after(settings.stopped_visible, lambda: _forget(at, tasks), housekeeping=True)
    else:
        wait = waits[DOWN[place]]
        if wait is None:
            _fall(at, tasks, place + 1, changed)
            return
        for task in tasks:
            _move(at, task, DOWN[place])
        at.clock.after(wait, lambda: _fall(at, tasks, place + 1, changed))
    changed()


def _move(at: Scope, task: Task, status: str) -> None:
    task.status = status
    task.version += 1
    times = task.times
    if status == "PENDING":
        times["pullStarted"] = at.now
    elif status == "ACTIVATING":
        times["pullStopped"] = at.now
    elif status == "RUNNING":
        times["started"] = at.now
    elif status in ("DEPROVISIONING", "STOPPED"):
        times.setdefault("executionStopped", at.now)
        if "started" in times and task.exit_code is None:
            task.exit_code = 0
    if status == "STOPPED":
        times["stopped"] = at.now


def _forget(at: Scope, tasks: list[Task]) -> None:
    cluster = at.state.clusters.get(tasks[0].cluster)
    for task in tasks:
        at.state.tags.pop(task.arn, None)
        if cluster:
            cluster.tasks.pop(task.id, None)


def healthy_after(at: Scope, service: Service, definition: TaskDefinition) -> float:
    """Seconds in RUNNING until the scheduler counts a task as healthy."""
    checks = [
        c["healthCheck"] for c in definition.members["containerDefinitions"] if "healthCheck" in c and c["essential"]
    ]
    waits = [float(c["interval"]) for c in checks]
    if service.balanced:
        waits.append(at.settings.target_healthy_after)
    return max(waits, default=at.settings.healthy_after)


def _make(at: Scope, service: Service, deployment: Deployment, place: int) -> Task:
    identifier = at.ids.hex(32)
    members = deployment.members
    provider = _provider(members.get("capacityProviderStrategy", ()), service, place)
    fargate = provider in ("FARGATE", "FARGATE_SPOT") or members.get("launchType") == "FARGATE"
    definition = deployment.definition
    task = Task(
        id=identifier,
        arn=at.state.arn("task", service.cluster, identifier),
        cluster=service.cluster,
        definition=definition,
        group=f"service:{service.name}",
        started_by=deployment.id,
        created=at.now,
        launch_type="FARGATE" if fargate else members.get("launchType", "EC2"),
        capacity_provider=provider,
        deployment=deployment,
    )
    task.fixed = {
        "platformVersion": at.settings.fargate_platform_version if fargate else None,
        "containers": {
            c["name"]: {"id": at.ids.uuid(), "digest": at.ids.hex(64)}
            for c in definition.members["containerDefinitions"]
        },
        "zone": f"{at.state.name}{'abc'[place % 3]}",
        "execute": members.get("enableExecuteCommand", False),
        "instance": None if fargate else _instance(service.cluster, place % max(at.settings.instances, 1)),
    }
    if definition.awsvpc:
        subnets = members.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", ["subnet-0"])
        task.fixed["interface"] = {
            "id": at.ids.uuid(),
            "attachment": at.ids.uuid(),
            "eni": f"eni-{at.ids.hex(17)}",
            "subnet": subnets[place % len(subnets)],
            "ip": f"10.{at.ids.number(0, 255)}.{at.ids.number(0, 255)}.{at.ids.number(4, 250)}",
        }
    tags = _tags(at, service, definition)
    if tags:
        at.state.tags[task.arn] = tags
    return task


def _instance(cluster: str, number: int) -> str:
    return f"container-instance/{cluster}/{number:032x}"


def _provider(strategy: Sequence[dict[str, Any]], service: Service, place: int) -> str | None:
    """Base first, then by weight: which provider gets the next task of this service."""
    if not strategy:
        return None
    counts = {i["capacityProvider"]: 0 for i in strategy}
    for task in service.tasks():
        if task.live and task.capacity_provider in counts:
            counts[task.capacity_provider] += 1
    for _ in range(place):
        counts[_next(strategy, counts)] += 1
    return _next(strategy, counts)


def _next(strategy: Sequence[dict[str, Any]], counts: dict[str, int]) -> str:
    for item in strategy:
        if counts[item["capacityProvider"]] < item["base"]:
            return str(item["capacityProvider"])
    weighted = [i for i in strategy if i["weight"]] or list(strategy)
    chosen = min(weighted, key=lambda i: (counts[i["capacityProvider"]] - i["base"] + 1) / (i["weight"] or 1))
    return str(chosen["capacityProvider"])


def _tags(at: Scope, service: Service, definition: TaskDefinition) -> dict[str, str]:
    tags: dict[str, str] = {}
    if service.members.get("enableECSManagedTags"):
        tags |= {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
    source = {"SERVICE": service.arn, "TASK_DEFINITION": definition.arn}.get(
        service.members.get("propagateTags", ""), ""
    )
    return tags | at.state.tags.get(source, {})
