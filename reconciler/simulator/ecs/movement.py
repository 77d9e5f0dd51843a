"""One step of the scheduler: what is stopped, what is started, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import events, launch, stages, task_life
from .pulse import poke, wake
from .scope import Scope
from .state import Service, Task

SCHEDULED = "ServiceSchedulerInitiated"


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


def limits(service: Service, desired: int) -> tuple[int, int]:
    """(fewest healthy, most counted) tasks: the minimum rounds up, the maximum down."""
    configuration = service.members["deploymentConfiguration"]
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    return -(-desired * low // 100), desired * high // 100


def look(service: Service, desired: int) -> Look:
    low, high = limits(service, desired)
    primary = service.primary
    frozen = primary.rollout == "FAILED"
    seen = Look(desired, desired, low if service.status == "ACTIVE" else 0, high, False, frozen)
    if stages.staged(service):
        seen.want, seen.keep = stages.wants(service, desired), stages.keeps(service)
        seen.high = max(high, 2 * desired)
    for task in primary.tasks.values():
        if task.live and task.sick:
            seen.sick.append(task)
        elif task.live:
            (seen.old if task.leaving else seen.mine).append(task)
    seen.old += [t for d in service.deployments[1:] for t in d.tasks.values() if t.live]
    return seen


def move(at: Scope, service: Service, look: Look) -> None:
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
        events.resolved(service, events.PLACEMENT, events.STUCK)
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
