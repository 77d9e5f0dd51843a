"""The service scheduler: brings a service's tasks to what its deployments want, within the percentages."""

from __future__ import annotations

from . import events, launch, movement, rollouts, stages, task_sets, verdict
from .pulse import poke
from .scope import Scope
from .state import Deployment, Service

__all__ = ["begin", "desired_of", "poke", "reconcile"]


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
        verdict.judge(at, service, desired_of(at, service))
        stages.progress(at, service)
    desired = desired_of(at, service)
    look = movement.look(service, desired)
    movement.move(at, service, look)
    if service.status == "DRAINING":
        _end(at, service)
    else:
        _conclude(at, service, look)


def _end(at: Scope, service: Service) -> None:
    service.deployments = [d for d in service.deployments if d is service.primary or d.tasks]
    if any(d.tasks for d in service.deployments):
        return
    if service.rolling:
        rollouts.end(at, service, service.rolling, "STOPPED", "The service was deleted.")
    service.status = "INACTIVE"
    service.deployments = []
    at.state.tags.pop(service.arn, None)


def _conclude(at: Scope, service: Service, look: movement.Look) -> None:
    primary = service.primary
    service.deployments = [d for d in service.deployments if d is primary or d.tasks]
    healthy = sum(t.healthy for t in primary.tasks.values())
    settled = (
        len(service.deployments) == 1
        and healthy == look.desired
        and all(t.healthy and not t.sick for t in primary.tasks.values())  # none on its way, up or down
    )
    if primary.rollout == "IN_PROGRESS" and verdict.done(at, service, look.desired, healthy, settled):
        rollouts.complete(at, service)
    if settled and primary.rollout == "COMPLETED" and not service.steady:
        service.steady = True
        events.steady(at, service)
