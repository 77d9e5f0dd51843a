"""What target groups know of tasks: one health state per task and group, with its reason and since when."""

from __future__ import annotations

from collections.abc import Iterable

from .plan import Ill
from .scope import Scope
from .state import Target, Task

CHECKING = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


def host_port(task: Task, container: str, port: int) -> int:
    """Where the load balancer reaches it."""
    for binding in task.fixed.get("ports", {}).get(container, ()):
        if binding["containerPort"] == port:
            return int(binding["hostPort"])
    return port


def groups(task: Task) -> list[str]:
    """What its deployment registers it in: target groups by ARN, Classic Load Balancers by name."""
    balancers = task.deployment.members.get("loadBalancers", ()) if task.deployment else ()
    return [b.get("targetGroupArn") or b["loadBalancerName"] for b in balancers]


def named(group: str) -> str:
    """As service events and stopped reasons name it."""
    return f"(target-group {group})" if group.startswith("arn:") else f"(elb {group})"


def register(at: Scope, task: Task) -> None:
    for group in groups(task):
        task.targets[group] = Target(*CHECKING, at.now)


def rise(at: Scope, task: Task) -> None:
    _all(at, [task], ("healthy", None, None))


def fall(at: Scope, tasks: Iterable[Task], hit: Ill) -> None:
    """From its time on the checks fail; a target that never was healthy goes from initial to unhealthy."""
    _all(at, tasks, ("unhealthy", hit.code, hit.text))


def drain(at: Scope, task: Task) -> None:
    _all(at, [task], DRAINING)


def forget(task: Task) -> None:
    task.targets.clear()


def _all(at: Scope, tasks: Iterable[Task], said: tuple[str, str | None, str | None]) -> None:
    for task in tasks:
        for group in task.targets:
            task.targets[group] = Target(*said, at.now)
