"""The life of a task on the virtual clock: PROVISIONING … RUNNING, and the way down to STOPPED."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import targets
from .plan import End, Ill, Plan
from .pulse import changed, vacated
from .scope import Scope
from .state import Task, TaskDefinition

DOWN = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
FAILED_START = "TaskFailedToStart"
EXITED = "EssentialContainerExited"


def begin(at: Scope, tasks: Sequence[Task]) -> None:
    """Let new tasks go their way. Equal plans move together."""
    groups: dict[tuple[bool, Plan], list[Task]] = {}
    for task in tasks:
        groups.setdefault((waits_for_capacity(task), task.plan), []).append(task)
    for (waiting, _), together in groups.items():
        if waiting:
            for task in together:
                _move(at, task, "PROVISIONING")
        else:
            climb(at, together)


def waits_for_capacity(task: Task) -> bool:
    return task.instance is None and task.launch_type not in ("FARGATE", "EXTERNAL")


def climb(at: Scope, tasks: list[Task]) -> None:
    """Tasks of one definition and plan, started together: one action moves all of them."""
    settings, definition, plan = at.settings, tasks[0].definition, tasks[0].plan
    steps: list[tuple[str, float]] = [("PROVISIONING", settings.provisioning)] if definition.awsvpc else []
    steps += [("PENDING", settings.pending if plan.pending is None else plan.pending)]
    steps.append(("ACTIVATING", settings.activating))

    def enter(place: int) -> None:
        going = [t for t in tasks if t.live]
        if not going:
            return
        if place == len(steps):
            run(at, going)
            return
        name, duration = steps[place]
        for task in going:
            _move(at, task, name)
        if name == "PENDING" and plan.refusal:
            refusal = plan.refusal
            at.clock.after(duration, lambda: _refuse(at, [t for t in going if t.live], refusal.reason))
        else:
            at.clock.after(duration, lambda: enter(place + 1))
        if place:
            changed(at, tasks)

    enter(0)


def _refuse(at: Scope, tasks: list[Task], reason: str) -> None:
    for task in tasks:
        refusal = task.plan.refusal
        if refusal and refusal.container:
            task.reasons[refusal.container] = reason
    fail(at, tasks, FAILED_START, reason)


def run(at: Scope, tasks: list[Task]) -> None:
    """RUNNING from here on; what the plan holds for it is set on the clock."""
    for task in tasks:
        _move(at, task, "RUNNING")
        if task.deployment:
            task.deployment.unstarted = 0
        targets.register(at, task)
    foresee(at, tasks)
    changed(at, tasks)


def foresee(at: Scope, tasks: list[Task]) -> None:
    """Set on the clock what becomes of RUNNING tasks with one plan, counted from when they came to run."""
    plan, first = tasks[0].plan, tasks[0]
    epoch, passed = first.epoch, at.now - first.times["started"]

    def due(delay: float, act: Callable[[list[Task]], None]) -> None:
        def fire() -> None:
            going = [t for t in tasks if t.live and t.status == "RUNNING" and t.epoch == epoch]
            if going:
                act(going)

        at.clock.after(delay - passed, fire)

    wait = healthy_after(at, first)
    ill = [i.after for i in (plan.unhealthy, plan.target if first.targets else None) if i]
    if not first.healthy and all(after >= wait and after for after in ill):
        due(wait, lambda going: _healthy(at, going))
    for end in plan.ends:
        due(end.after + (wait if end.from_health else 0), _ending(at, end))
    if plan.unhealthy:
        checks = plan.unhealthy
        when = checks.after or _patience(first.definition, checks.container)
        due(when, lambda going: _unhealthy(at, going, checks.container))
    if plan.target and first.targets:
        hit = plan.target
        due(hit.after or at.settings.target_healthy_after, lambda going: _target_lost(at, going, hit))


def _ending(at: Scope, end: End) -> Callable[[list[Task]], None]:
    return lambda going: _end(at, going, end)


def _healthy(at: Scope, tasks: list[Task]) -> None:
    for task in tasks:
        task.healthy = True
        task.version += 1
        for container in task.definition.members["containerDefinitions"]:
            if "healthCheck" in container:
                task.checks[container["name"]] = "HEALTHY"
        targets.rise(at, task)
        deployment = task.deployment
        if deployment and _breaker(task).get("resetOnHealthyTask", True):
            deployment.failed = 0
    changed(at, tasks)


def _breaker(task: Task) -> dict[str, object]:
    configuration = task.service.members["deploymentConfiguration"] if task.service else {}
    found: dict[str, object] = configuration.get("deploymentCircuitBreaker", {})
    return found


def _end(at: Scope, tasks: list[Task], end: End) -> None:
    for task in tasks:
        task.codes[end.container] = end.code
        if end.reason:
            task.reasons[end.container] = end.reason
        task.version += 1
    if not end.essential:
        changed(at, tasks)
        return
    counts = at.settings.count_exits
    for task in tasks:
        task.failed = not task.healthy and counts and task.service is not None
    fail(at, tasks, EXITED, "Essential container in task exited", changed, started=True)


def _unhealthy(at: Scope, tasks: list[Task], container: str) -> None:
    """The scheduler replaces it after the grace period; a task of its own is only said to be unhealthy."""
    for task in tasks:
        task.healthy = False
        task.checks[container] = "UNHEALTHY"
        task.version += 1
        if not task.service:
            continue
        _after_grace(at, task, "Task failed container health checks")
    changed(at, tasks)


def _target_lost(at: Scope, tasks: list[Task], hit: Ill) -> None:
    targets.fall(at, tasks, hit)
    for task in tasks:
        task.healthy = False
        task.version += 1
        group = next(iter(task.targets))
        _after_grace(at, task, f"Task failed ELB health checks in {targets.named(group)}")
    changed(at, tasks)


def _after_grace(at: Scope, task: Task, reason: str) -> None:
    assert task.service is not None
    grace = task.service.members.get("healthCheckGracePeriodSeconds", 0) if task.service.balanced else 0
    left = task.times["started"] + grace - at.now
    epoch = task.epoch

    def act() -> None:
        if task.live and task.epoch == epoch and not task.healthy:
            task.sick = reason
            changed(at, [task])

    if left > 0:
        at.clock.after(left, act)
    else:
        task.sick = reason


def fail(
    at: Scope, tasks: Sequence[Task], code: str, reason: str, *, started: bool = False
) -> None:
    """Tasks that end by themselves. Those that never ran count as failed starts."""
    for task in tasks:
        task.failed = task.failed or not started
        deployment = task.deployment
        if deployment and task.failed:
            deployment.failed += 1
            deployment.unstarted += not started
    stop(at, tasks, code, reason)


def stop(at: Scope, tasks: Sequence[Task], code: str, reason: str) -> None:
    """Ask tasks to stop: out of the load balancer, SIGTERM, network interface, STOPPED."""
    tasks = [t for t in tasks if t.live]
    if not tasks:
        return
    for task in tasks:
        task.desired, task.stop_code, task.stopped_reason, task.healthy = "STOPPED", code, reason, False
        task.times["stopping"] = at.now
        targets.drain(at, task)
    draining = [t for t in tasks if t.status == "RUNNING" and t.targets and code != EXITED]
    running = [t for t in tasks if t.status == "RUNNING" and t not in draining]
    others = [t for t in tasks if t.status != "RUNNING"]
    for place, chosen in ((0, draining), (1, running)):
        groups: dict[Plan, list[Task]] = {}
        for task in chosen:
            groups.setdefault(task.plan, []).append(task)
        for together in groups.values():
            _fall(at, together, place)
    _fall(at, others, 2)


def _fall(at: Scope, tasks: list[Task], place: int) -> None:
    if not tasks:
        return
    definition = tasks[0].definition
    waits = {
        "DEACTIVATING": at.settings.deregistration_delay,
        "STOPPING": grace_of(at, tasks[0]),
        "DEPROVISIONING": at.settings.deprovisioning if definition.awsvpc else None,
    }
    if place == len(DOWN) - 1:
        for task in tasks:
            _move(at, task, "STOPPED")
            targets.forget(task)
            if task.instance:
                task.instance.give_back(task.id)
            if task.deployment:
                task.deployment.tasks.pop(task.id, None)
        vacated(at, tasks[0].cluster)
        at.clock.after(at.settings.stopped_visible, lambda: _forget(at, tasks), housekeeping=True)
    else:
        wait = waits[DOWN[place]]
        if wait is None:
            _fall(at, tasks, place + 1)
            return
        for task in tasks:
            _move(at, task, DOWN[place])
        at.clock.after(wait, lambda: _fall(at, tasks, place + 1))
    changed(at, tasks)


def grace_of(at: Scope, task: Task) -> float:
    """Seconds from SIGTERM to the end of the last container that still runs."""
    ending = [c for c in task.definition.members["containerDefinitions"] if c["name"] not in task.codes]
    stubborn = [float(c.get("stopTimeout", 30)) for c in ending if c["name"] in task.plan.stubborn]
    longest = max((float(c.get("stopTimeout", 30)) for c in ending), default=0.0)
    return max([*stubborn, min(at.settings.stopping, longest)])


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
        if "started" in times:
            for container in task.definition.members["containerDefinitions"]:
                task.codes.setdefault(container["name"], 137 if container["name"] in task.plan.stubborn else 0)
    if status == "STOPPED":
        times["stopped"] = at.now


def _forget(at: Scope, tasks: list[Task]) -> None:
    cluster = at.state.clusters.get(tasks[0].cluster)
    for task in tasks:
        at.state.tags.pop(task.arn, None)
        if cluster:
            cluster.tasks.pop(task.id, None)


def healthy_after(at: Scope, task: Task) -> float:
    """Seconds in RUNNING until the scheduler counts a task as healthy."""
    checks = [
        c["healthCheck"] for c in task.definition.members["containerDefinitions"] if "healthCheck" in c and c["essential"]
    ]
    waits = [float(c["interval"]) for c in checks]
    if task.targets:
        waits.append(at.settings.target_healthy_after)
    return max(waits, default=at.settings.healthy_after if task.service else 0.0)


def _patience(definition: TaskDefinition, container: str) -> float:
    """Seconds until a health check that never succeeds has failed for good."""
    for one in definition.members["containerDefinitions"]:
        if one["name"] == container and "healthCheck" in one:
            check = one["healthCheck"]
            return float(check.get("startPeriod", 0) + check["interval"] * check["retries"])
    return 0.0

