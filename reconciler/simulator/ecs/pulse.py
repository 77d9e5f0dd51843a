"""When the scheduler looks at a service again: soon after a change, or at a moment it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from .scope import Scope
from .state import Service, Task


def poke(at: Scope, service: Service, delay: float | None = None) -> None:
    """Something of the service has changed: look at it soon, once."""
    if service.poked:
        return
    service.poked = True

    def act() -> None:
        service.poked = False
        _look(at, service)

    at.clock.after(at.settings.scheduler_delay if delay is None else delay, act)


def changed(at: Scope, tasks: Sequence[Task]) -> None:
    """Tasks have moved on."""
    for task in tasks:
        if task.service:
            poke(at, task.service, 0.0)


def wake(at: Scope, service: Service, moment: float) -> None:
    """Look at the service at this moment, unless it is woken before: then it says again what it waits for."""
    if service.waking is not None and service.waking <= moment:
        return
    service.waking = moment

    def act() -> None:
        if service.waking == moment:
            service.waking = None
            _look(at, service)

    at.clock.after(moment - at.clock.now, act)


def roused(at: Scope, cluster: str, names: Sequence[str]) -> None:
    """There may be room now for services that had none."""
    services = at.state.clusters[cluster].services
    for name in names:
        service = services.get(name)
        if service and service.deployments:
            service.primary.hold = 0.0
            poke(at, service, 0.0)


def vacated(at: Scope, name: str) -> None:
    """Tasks have given their room back: somebody may be waiting for it."""
    cluster = at.state.clusters.get(name)
    if cluster is None or not (cluster.waiting or cluster.short):
        return
    from .scaling import room  # as below

    at.clock.after(0.0, lambda: room(at, cluster))


def _look(at: Scope, service: Service) -> None:
    from .scheduler import reconcile  # the scheduler moves tasks, and tasks that moved wake the scheduler

    reconcile(at, service)
