"""The service scheduler: brings a service's tasks to what its deployments want, within the percentages."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import events, launch, rollouts, stages, task_life, task_sets
from .pulse import poke, wake
from .scope import Scope
from .state import Deployment, Service, Task

SCHEDULED = "ServiceSchedulerInitiated"
__all__ = ["begin", "desired_of", "limits", "poke", "reconcile"]


def limits(service: Service, desired: int) -> tuple[int, int]:
    """(fewest healthy, most counted) tasks: the minimum rounds up, the maximum down."""
    configuration = service.members["deploymentConfiguration"]
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    return -(-desired * low // 100), desired * high // 100


def desired_of(at: Scope, service: Service) -> int:
    if service.status != "ACTIVE":
        return 0
    return len(launch.eligible(at, service, service.primary)) if service.daemon else service.desired


def begin(at: Scope, service: Service, deployment: Deployment) -> None:
    """Make this the PRIMARY deployment."""
    rollouts.begin(at, service, deployment)


def reconcile(at: Scope, service: Service) -> None:
    """One look at a service: stop what is too much, start what is missing, say what has been reached."""
    if service.status == "INACTIVE":
        return
    if service.controller != "ECS":
        task_sets.reconcile(at, service)
        return
    rollouts.started(at, service)
    if service.status == "ACTIVE":
        _judge(at, service)
        stages.progress(at, service)
    desired = desired_of(at, service)
    look = _look(service, desired)
    _move(at, service, look)
    if service.status == "DRAINING":
        _end(at, service)
    else:
        _conclude(at, service, look)


def _judge(at: Scope, service: Service) -> None:
    """Circuit breaker and alarms watch a deployment until it is completed; a rollback only the breaker."""
    primary, rollout = service.primary, service.rolling
    if rollout is None or primary.rollout != "IN_PROGRESS":
        return
    configuration = primary.members["deploymentConfiguration"]
    breaker, alarms = configuration.get("deploymentCircuitBreaker", {}), configuration.get("alarms", {})
    if rollout.status == "STOP_REQUESTED":
        primary.rollout, primary.reason = "FAILED", "ECS deployment stopped."
        rollouts.end(at, service, rollout, "STOPPED", "Service deployment stopped by request.")
    elif rollout.status == "ROLLBACK_REQUESTED":
        rollouts.fail(at, service, rollouts.ASKED, rollback=True)
    elif breaker.get("enable") and primary.failed >= rollouts.threshold(at, service, desired_of(at, service)):
        rollout.tripped = True
        rollouts.fail(at, service, rollouts.BREAKER, rollback=breaker.get("rollback", False))
    elif rollout.forward and (ringing := rollouts.ringing(at, service, rollout)):
        rollout.triggered = ringing
        rollouts.fail(at, service, rollouts.ALARM, rollback=alarms.get("rollback", False))


@dataclass
class Look:
    """What the scheduler sees. ``old`` are all tasks that shall go, in the order in which they go."""

    desired: int
    want: int
    """Tasks of the PRIMARY deployment."""
    low: int
    high: int
    keep: bool
    """Old tasks stay: a staged deployment has not come to its clean-up."""
    frozen: bool
    mine: list[Task] = field(default_factory=list)
    old: list[Task] = field(default_factory=list)
    sick: list[Task] = field(default_factory=list)


def _look(service: Service, desired: int) -> Look:
    low, high = limits(service, desired)
    primary = service.primary
    frozen = primary.rollout == "FAILED"
    look = Look(desired, desired, low if service.status == "ACTIVE" else 0, high, False, frozen)
    if stages.staged(service):
        look.want, look.keep = stages.wants(service, desired), stages.keeps(service)
        look.high = max(high, 2 * desired)
    for task in primary.tasks.values():
        if task.live and task.sick:
            look.sick.append(task)
        elif task.live:
            (look.old if task.leaving else look.mine).append(task)
    look.old += [t for d in service.deployments[1:] for t in d.tasks.values() if t.live]
    return look


def _move(at: Scope, service: Service, look: Look) -> None:
    primary, mine, old = service.primary, look.mine, look.old
    held = primary.unstarted > 0 and primary.hold > at.now
    healthy = sum(t.healthy for t in mine) + sum(t.healthy for t in old)
    spare = max(healthy - look.low, 0)
    everything = service.status == "DRAINING" or look.desired == 0
    # Down first: a stop may make the room that a start needs.
    doomed = _choose(mine, len(mine) - look.want, len(mine) if everything else spare, newest=True)
    spare -= sum(t.healthy for t in doomed)
    missing = 0 if look.frozen else max(look.want - len(mine), 0)
    counted = sum(t.counted for t in service.tasks())
    ready = sum(t.healthy for t in mine if t not in doomed)
    replaced = _replaced(service, look, ready, look.high - counted)
    doomed += replaced
    hurried = [t for t in old if t.leaving and t.status != "RUNNING"]
    doomed += hurried  # what has not come to run on a draining instance is stopped at once
    old = [t for t in old if t not in hurried]
    if old and not look.keep and not look.frozen:
        room = max(look.high - (counted - len(doomed)), 0)
        surplus = max(ready + len(old) - look.desired, 0)
        lacking = max(missing - room, 0)
        if held:
            lacking = 0  # nothing would be started in their place yet
        doomed += _choose(old, max(surplus, lacking), len(old) if everything else spare, newest=False)
    if look.frozen:
        doomed += [t for t in mine if not t.healthy and t not in doomed]
    _stop(at, service, doomed)

    if missing and held:
        wake(at, service, primary.hold)
        missing = 0
    count = min(missing, max(look.high - sum(t.counted for t in service.tasks()), 0))
    tasks = _start(at, service, count, len(replaced)) if count else []
    if tasks or doomed:
        service.steady = False
    elif missing and old and not look.keep and not count and _all_well(service, old + mine):
        events.stuck(at, service)


def _all_well(service: Service, tasks: list[Task]) -> bool:
    return all(t.healthy for t in tasks) and sum(t.counted for t in service.tasks()) == len(tasks)


def _replaced(service: Service, look: Look, ready: int, room: int) -> list[Task]:
    """Unhealthy tasks that go now. While the deployment is under way each is a failure and goes at once; afterwards
    its replacement is started first where maximumPercent allows it, and it goes when that is healthy."""
    primary = service.primary
    if not look.sick:
        return []
    if primary.rollout == "IN_PROGRESS":
        primary.failed += len(look.sick)
        for task in look.sick:
            task.failed = True
        return look.sick
    surplus = ready + len(look.sick) - look.desired
    missing = max(look.want - len(look.mine), 0)
    return look.sick[: max(surplus, missing - max(room, 0), 0)]


def _choose(tasks: list[Task], count: int, spare: int, *, newest: bool) -> list[Task]:
    """Up to ``count`` tasks to stop: first those not healthy, at no cost; healthy ones while ``spare`` lasts."""
    if count <= 0:
        return []
    ordered = list(reversed(tasks)) if newest else tasks
    chosen = [t for t in ordered if not t.healthy][:count]
    chosen += [t for t in ordered if t.healthy][: min(spare, count - len(chosen))]
    return chosen


def _start(at: Scope, service: Service, count: int, replaced: int) -> list[Task]:
    primary = service.primary
    if _slowed(at, service):
        return []
    tasks, refused = launch.start(at, service, primary, count)
    events.started(at, service, tasks, replaced)
    if service.balanced and tasks:
        events.registered(at, service, len(tasks))
    if refused:
        events.unplaced(at, service, refused.event)
        at.state.clusters[service.cluster].short[service.name] = None
        primary.unstarted += 1
        if at.settings.count_placement_failures:
            primary.failed += count - len(tasks)
        _hold(at, service)
        poke(at, service, 0.0)
    elif tasks:
        events.resolved(service, events.PLACEMENT)
    return tasks


def _slowed(at: Scope, service: Service) -> bool:
    """Tasks that never came to run slow the next start down, once for each round of them."""
    primary = service.primary
    if not primary.unstarted:
        events.resolved(service, events.IMPAIRED)
        primary.held = 0
        return False
    if primary.unstarted <= primary.held:
        return False
    return _hold(at, service)


def _hold(at: Scope, service: Service) -> bool:
    primary = service.primary
    rounds = primary.rounds = primary.rounds + 1 if primary.held else 1
    primary.held = primary.unstarted
    wait = min(at.settings.restart_delay * 2 ** min(rounds - 1, 20), at.settings.restart_delay_most)
    primary.hold = at.later(wait)
    wake(at, service, primary.hold)
    if primary.unstarted >= at.settings.impaired_after:
        events.impaired(at, service)
    return True


def _stop(at: Scope, service: Service, tasks: list[Task]) -> None:
    """Their reasons: unhealthy, or scaled by a deployment."""
    if not tasks:
        return
    events.unhealthy(at, service, [t for t in tasks if t.sick])
    events.stopped(at, service, tasks)
    if service.balanced:
        events.draining(at, service, [t for t in tasks if t.status == "RUNNING"])
    by: dict[str, list[Task]] = {}
    for task in tasks:
        reason = task.sick or f"Scaling activity initiated by (deployment {task.started_by})"
        by.setdefault(reason, []).append(task)
    for reason, doomed in by.items():
        task_life.stop(at, doomed, SCHEDULED, reason)


def _end(at: Scope, service: Service) -> None:
    service.deployments = [d for d in service.deployments if d is service.primary or d.tasks]
    if any(d.tasks for d in service.deployments):
        return
    if service.rolling:
        rollouts.end(at, service, service.rolling, "STOPPED", "The service was deleted.")
    service.status = "INACTIVE"
    service.deployments = []
    at.state.tags.pop(service.arn, None)


def _conclude(at: Scope, service: Service, look: Look) -> None:
    primary = service.primary
    service.deployments = [d for d in service.deployments if d is primary or d.tasks]
    healthy = sum(t.healthy for t in primary.tasks.values())
    settled = (
        len(service.deployments) == 1
        and healthy == look.desired
        and all(t.live and not t.sick for t in primary.tasks.values())
    )
    if primary.rollout == "IN_PROGRESS" and _done(at, service, look.desired, healthy, settled):
        rollouts.complete(at, service)
    if settled and primary.rollout == "COMPLETED" and not service.steady:
        service.steady = True
        events.steady(at, service)


def _done(at: Scope, service: Service, desired: int, healthy: int, settled: bool) -> bool:
    """Whether the deployment is completed: all healthy and the old gone, or what earlySuccessCriteria asks; then the
    bake time."""
    rollout = service.rolling
    if stages.staged(service):
        return settled and stages.finished(service)
    configuration = service.primary.members["deploymentConfiguration"]
    early = configuration.get("earlySuccessCriteria", {})
    reached = settled
    if early.get("enable") and rollout and rollout.forward:
        enough = healthy >= -(-desired * early["healthyPercent"] // 100)
        gone = len(service.deployments) == 1 or early["sourceServiceRevisionCleanup"] == "DEFERRED"
        reached = enough and gone
    if not reached or rollout is None or not rollout.forward:
        return reached
    bake = configuration.get("bakeTimeInMinutes", 0) * 60.0
    if not bake and rollouts.watched(service):
        bake = at.settings.alarm_bake
    if rollout.bake is None:
        rollout.bake = at.later(bake)
    if at.now >= rollout.bake:
        return True
    wake(at, service, rollout.bake)
    return False
