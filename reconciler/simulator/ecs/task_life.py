"""The life of a task on the virtual clock, upwards: PROVISIONING … RUNNING."""

from __future__ import annotations

from collections.abc import Sequence

from . import targets
from .plan import Plan
from .pulse import changed
from .scope import Scope
from .state import Task
from .task_fate import foresee
from .task_stop import FAILED_START, fail, move, stop

__all__ = ["begin", "climb", "stop"]


def begin(at: Scope, tasks: Sequence[Task]) -> None:
    """Let new tasks go their way. Equal plans move together."""
    groups: dict[tuple[bool, Plan], list[Task]] = {}
    for task in tasks:
        groups.setdefault((waits_for_capacity(task), task.plan), []).append(task)
    for (waiting, _), together in groups.items():
        if waiting:
            for task in together:
                move(at, task, "PROVISIONING")
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
            move(at, task, name)
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
        move(at, task, "RUNNING")
        if task.deployment:
            task.deployment.unstarted = 0
        targets.register(at, task)
    foresee(at, tasks)
    changed(at, tasks)
