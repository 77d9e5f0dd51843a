"""What must hold after every step, whatever happens: a wrong simulator makes wrong tests pass."""

from __future__ import annotations

import math

from . import events
from .state import Region, Service, Task

FORCED = ("UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth", "EssentialContainerExited")
"""Stops that nobody may hold the scheduler responsible for."""


class Invariants:
    """Looks at Regions again and again; ``check`` gives the sentences that are broken, by service and moment."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, int, dict[str, Task]]] = {}

    def check(self, region: Region, now: float) -> list[str]:
        broken: list[str] = []
        for cluster in region.clusters.values():
            for service in cluster.services.values():
                if service.status != "INACTIVE":
                    broken += [f"{now:.3f} {service.name}: {text}" for text in self._service(service, now)]
            for instance in cluster.instances.values():
                ended = [t for t in instance.tasks if t not in cluster.tasks or cluster.tasks[t].status == "STOPPED"]
                if ended:
                    broken.append(f"{now:.3f} instance {instance.id}: {len(ended)} ended tasks still take its room")
                if instance.cpu is not None and instance.memory is not None:
                    over = instance.cpu_used > instance.cpu or instance.memory_used > instance.memory
                    if over or instance.cpu_used < 0 or instance.memory_used < 0:
                        broken.append(f"{now:.3f} instance {instance.id}: its resources do not add up")
        return broken

    def _service(self, service: Service, now: float) -> list[str]:
        broken: list[str] = []
        tasks = service.tasks()
        if service.controller == "ECS" and service.deployments:
            broken += self._percentages(service, tasks, now)
            broken += self._deployments(service)
        for task in tasks:
            if task.healthy and not (task.live and task.status == "RUNNING"):
                broken.append(f"task {task.id} is healthy and {task.status}")
            if task.status == "STOPPED" or (not task.live and task.stop_code is None):
                broken.append(f"task {task.id} is {task.status} without a stop code, or still counted")
        return broken

    def _percentages(self, service: Service, tasks: list[Task], now: float) -> list[str]:
        """Only a fall below the minimum that the scheduler itself caused counts, and only a start above the maximum."""
        rollout = service.rolling
        rolling = rollout is None or rollout.configuration.get("strategy", "ROLLING") == "ROLLING"
        desired = service.desired if service.status == "ACTIVE" else 0
        healthy = sum(t.healthy for t in tasks)
        former, wanted, known = self._before.get(service.arn, (healthy, desired, {}))
        self._before[service.arn] = (healthy, desired, {t.id: t for t in tasks if t.healthy})
        if service.daemon:
            return []
        configuration = service.members["deploymentConfiguration"]
        low = math.ceil(desired * configuration["minimumHealthyPercent"] / 100)
        high = math.floor(desired * configuration["maximumPercent"] / 100)
        broken = []
        lost = [t for t in known.values() if not t.healthy]
        scheduled = [t for t in lost if not t.live and t.stop_code not in FORCED and not t.sick]
        if scheduled and healthy < min(low, former) and desired == wanted:
            broken.append(f"{healthy} healthy, were {former}, the minimum is {low}")
        counted = sum(t.counted for t in tasks)
        fresh = [t for t in tasks if t.created == round(now, 3) and t.live]
        most = high if rolling else max(high, 2 * desired)
        if fresh and counted > most:
            broken.append(f"{counted} tasks counted, the maximum is {most}")
        return broken

    def _deployments(self, service: Service) -> list[str]:
        broken = []
        primaries = [d for d in service.deployments if d.status == "PRIMARY"]
        if len(primaries) != 1 or service.deployments[0] is not primaries[0]:
            broken.append(f"{len(primaries)} PRIMARY deployments")
        unfinished = [r for r in service.rollouts if not r.over]
        if len(unfinished) > 1 or (unfinished and unfinished[0] is not service.rollouts[0]):
            broken.append(f"{len(unfinished)} service deployments under way")
        if unfinished and service.primary.rollout == "COMPLETED":
            broken.append(f"deployment COMPLETED, service deployment {unfinished[0].status}")
        if not unfinished and service.primary.rollout == "IN_PROGRESS" and service.status == "ACTIVE":
            broken.append("deployment IN_PROGRESS without a service deployment")
        return broken


def waits(service: Service) -> str | None:
    """Why a service is not at its end: a named reason, or None when there is none to be found."""
    rollout = service.rolling
    if service.status != "ACTIVE" or (rollout is None and service.steady):
        return "nothing"
    if service.deployments and service.primary.rollout == "FAILED":
        return "failed"
    if rollout and any(h.status in ("AWAITING_ACTION", "IN_PROGRESS") for h in rollout.hooks):
        return "hook"
    if rollout and (rollout.until is not None or rollout.bake is not None):
        return rollout.stage or "bake time"
    if events.STUCK in service.told:
        return "percentages"
    if service.deployments and service.primary.failed:
        return "failing tasks"
    if service.told:
        return next(iter(service.told))
    return "tasks on their way" if any(not (t.live and t.healthy) for t in service.tasks()) else None
