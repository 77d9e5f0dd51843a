"""The life of a task on the virtual clock, downwards: out of the load balancer, SIGTERM, STOPPED, forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from . import targets
from .plan import Plan
from .pulse import changed, vacated
from .scope import Scope
from .state import Task

DOWN = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
FAILED_START = "TaskFailedToStart"
EXITED = "EssentialContainerExited"


def fail(at: Scope, tasks: Sequence[Task], code: str, reason: str, *, started: bool = False) -> None:
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
            move(at, task, "STOPPED")
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
            move(at, task, DOWN[place])
        at.clock.after(wait, lambda: _fall(at, tasks, place + 1))
    changed(at, tasks)


def grace_of(at: Scope, task: Task) -> float:
    """Seconds from SIGTERM to the end of the last container that still runs."""
    ending = [c for c in task.definition.members["containerDefinitions"] if c["name"] not in task.codes]
    stubborn = [float(c.get("stopTimeout", 30)) for c in ending if c["name"] in task.plan.stubborn]
    longest = max((float(c.get("stopTimeout", 30)) for c in ending), default=0.0)
    return max([*stubborn, min(at.settings.stopping, longest)])


def move(at: Scope, task: Task, status: str) -> None:
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
