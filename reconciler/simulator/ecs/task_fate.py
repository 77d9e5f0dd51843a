"""What becomes of RUNNING tasks: healthy, ended by themselves, unhealthy, without their target."""

from __future__ import annotations

from collections.abc import Callable

from . import targets
from .plan import End, Ill
from .pulse import changed
from .scope import Scope
from .state import Task, TaskDefinition
from .task_stop import EXITED, fail


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
    fail(at, tasks, EXITED, "Essential container in task exited", started=True)


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


def healthy_after(at: Scope, task: Task) -> float:
    """Seconds in RUNNING until the scheduler counts a task as healthy."""
    checks = [
        c["healthCheck"]
        for c in task.definition.members["containerDefinitions"]
        if "healthCheck" in c and c["essential"]
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
