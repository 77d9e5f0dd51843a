"""The service scheduler: brings a service's tasks to what its deployments want, within the percentages."""

from __future__ import annotations

from . import events, task_life
from .scope import Scope
from .state import Deployment, Service, Task

SCHEDULED = "ServiceSchedulerInitiated"


def limits(service: Service, desired: int) -> tuple[int, int]:
    """(fewest healthy, most counted) tasks: the minimum rounds up, the maximum down."""
    configuration = service.members["deploymentConfiguration"]
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    return -(-desired * low // 100), desired * high // 100


def desired_of(at: Scope, service: Service) -> int:
    if service.status != "ACTIVE":
        return 0
    return at.settings.instances if service.daemon else service.desired


def poke(at: Scope, service: Service, delay: float | None = None) -> None:
    """Something of the service has changed: look at it soon, once."""
    if service.poked:
        return
    service.poked = True

    def act() -> None:
        service.poked = False
        reconcile(at, service)

    at.clock.after(at.settings.scheduler_delay if delay is None else delay, act)


def begin(at: Scope, service: Service, deployment: Deployment) -> None:
    """Make this the PRIMARY deployment."""
    for older in service.deployments:
        if older.status == "PRIMARY":
            older.status, older.updated = "ACTIVE", at.now
    deployment.reason = f"ECS deployment {deployment.id} in progress."
    service.deployments.insert(0, deployment)
    service.steady = False
    poke(at, service)


def reconcile(at: Scope, service: Service) -> None:
    """One look at a service: stop what is too much, start what is missing, say what has been reached."""
    if service.status == "INACTIVE":
        return
    desired = desired_of(at, service)
    primary, older = service.primary, service.deployments[1:]
    mine = [t for t in primary.tasks.values() if t.live]
    old = [t for d in older for t in d.tasks.values() if t.live]
    low, high = limits(service, desired)
    if service.status == "DRAINING":
        low = 0

    # Down first: a stop may make the room that a start needs.
    healthy = sum(t.healthy for t in mine) + sum(t.healthy for t in old)
    spare = max(healthy - low, 0)
    excess = len(mine) - desired
    doomed = _choose(mine, excess, spare if desired else len(mine), newest=True)
    spare -= sum(t.healthy for t in doomed)
    counted = sum(t.counted for t in service.tasks())
    missing = max(desired - len(mine), 0)
    room = max(high - (counted - len(doomed)), 0)
    if old:
        ready = sum(t.healthy for t in mine if t not in doomed)
        surplus = max(ready + len(old) - desired, 0)
        lacking = max(missing - room, 0)
        doomed += _choose(old, max(surplus, lacking), spare if desired else len(old), newest=False)
    _stop(at, service, doomed)

    counted = sum(t.counted for t in service.tasks())
    count = min(missing, max(high - counted, 0))
    if count:
        tasks = task_life.start(at, service, primary, count, lambda: poke(at, service, 0.0))
        events.started(at, service, tasks)
        if service.balanced:
            events.registered(at, service, count)
    if count or doomed:
        service.steady = False
    elif missing and old and all(t.healthy for t in old + mine) and counted == len(old) + len(mine):
        events.stuck(at, service)
    _conclude(at, service, desired)


def _choose(tasks: list[Task], count: int, spare: int, *, newest: bool) -> list[Task]:
    """Up to ``count`` tasks to stop: first those not healthy, at no cost; healthy ones while ``spare`` lasts."""
    if count <= 0:
        return []
    ordered = list(reversed(tasks)) if newest else tasks
    chosen = [t for t in ordered if not t.healthy][:count]
    chosen += [t for t in ordered if t.healthy][: min(spare, count - len(chosen))]
    return chosen


def _stop(at: Scope, service: Service, tasks: list[Task]) -> None:
    if not tasks:
        return
    by: dict[str, list[Task]] = {}
    for task in tasks:
        by.setdefault(task.started_by, []).append(task)
    events.stopped(at, service, tasks)
    if service.balanced:
        events.draining(at, service, [t for t in tasks if t.status == "RUNNING"])
    for deployment, doomed in by.items():
        reason = f"Scaling activity initiated by (deployment {deployment})"
        task_life.stop(at, doomed, SCHEDULED, reason, lambda: poke(at, service, 0.0), balanced=service.balanced)


def _conclude(at: Scope, service: Service, desired: int) -> None:
    primary = service.primary
    service.deployments = [d for d in service.deployments if d is primary or d.tasks]
    if service.status == "DRAINING":
        if not any(d.tasks for d in service.deployments):
            service.status = "INACTIVE"
            service.deployments = []
            at.state.tags.pop(service.arn, None)
        return
    healthy = sum(t.healthy for t in primary.tasks.values())
    if len(service.deployments) > 1 or healthy != desired or any(not t.live for t in primary.tasks.values()):
        return
    if primary.rollout == "IN_PROGRESS":
        primary.rollout, primary.updated = "COMPLETED", at.now
        primary.reason = f"ECS deployment {primary.id} completed."
        events.completed(at, service, primary)
    if not service.steady:
        service.steady = True
        events.steady(at, service)
