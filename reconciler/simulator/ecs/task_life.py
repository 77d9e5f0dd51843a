"""The life of a task on the virtual clock, upwards: PROVISIONING … RUNNING."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import targets
from .plan import Plan, Refusal
from .pulse import changed
from .scope import Scope
from .state import Task
from .task_fate import foresee
from .task_stop import FAILED_START, fail, move, stop

__all__ = ["begin", "climb", "replan", "stop"]


def begin(at: Scope, tasks: Sequence[Task]) -> None:
    """Let new tasks go their way; those without an instance wait in PROVISIONING for one."""
    ready = [t for t in tasks if not waits_for_capacity(t)]
    if ready:
        climb(at, ready)
    for task in tasks:
        if waits_for_capacity(task):
            move(at, task, "PROVISIONING")


def waits_for_capacity(task: Task) -> bool:
    return task.instance is None and task.launch_type not in ("FARGATE", "EXTERNAL")


def climb(at: Scope, tasks: list[Task]) -> None:
    """Tasks of one definition, started together: one action moves all of them as long as their plans are equal."""
    if not tasks[0].definition.awsvpc:
        _pull(at, tasks)
        return
    for task in tasks:
        move(at, task, "PROVISIONING")

    def provided() -> None:
        going = _going(tasks)
        if going:
            _pull(at, going)
            changed(at, going)

    at.clock.after(at.settings.provisioning, provided)


def _pull(at: Scope, tasks: list[Task]) -> None:
    for task in tasks:
        move(at, task, "PENDING")
    for plan, together in by_plan(tasks).items():
        wait = at.settings.pending if plan.pending is None else plan.pending
        at.clock.after(wait, _pulled(at, together))


def _pulled(at: Scope, tasks: list[Task]) -> Callable[[], None]:
    def act() -> None:
        for plan, together in by_plan(_going(tasks)).items():
            if plan.refusal:
                _refuse(at, together, plan.refusal)
                continue
            for task in together:
                move(at, task, "ACTIVATING")
            at.clock.after(at.settings.activating, _activated(at, together))
            changed(at, together)

    return act


def _activated(at: Scope, tasks: list[Task]) -> Callable[[], None]:
    def act() -> None:
        for together in by_plan(_going(tasks)).values():
            run(at, together)

    return act


def _refuse(at: Scope, tasks: list[Task], refusal: Refusal) -> None:
    if refusal.container:
        for task in tasks:
            task.reasons[refusal.container] = refusal.reason
    fail(at, tasks, FAILED_START, refusal.reason)


def run(at: Scope, tasks: list[Task]) -> None:
    """RUNNING from here on; what the plan holds for it is set on the clock."""
    for task in tasks:
        move(at, task, "RUNNING")
        if task.deployment:
            task.deployment.unstarted = 0
        targets.register(at, task)
    foresee(at, tasks)
    changed(at, tasks)


def replan(at: Scope, task: Task, plan: Plan) -> None:
    """Another script holds from now on: what was due is void, what is past for the new one happens at once."""
    if task.plan == plan or not task.live:
        return
    task.plan, task.epoch, task.sick = plan, task.epoch + 1, None
    if task.status == "RUNNING":
        foresee(at, [task])


def by_plan(tasks: Sequence[Task]) -> dict[Plan, list[Task]]:
    groups: dict[Plan, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.plan, []).append(task)
    return groups


def _going(tasks: Sequence[Task]) -> list[Task]:
    return [t for t in tasks if t.live]
