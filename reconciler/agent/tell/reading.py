"""What a status says that is worth telling: whether something moves, has failed, is unwell, or waits for a person."""

from __future__ import annotations

from typing import Final

from reconciler.model.phase import HELD, Phase
from reconciler.model.running import Deployment
from reconciler.model.status import Condition, HealthWord, ResourceStatus

DRIFT: Final = frozenset({"DriftDetected", "DriftUnresolvable"})
AWAITING: Final = "AwaitingApproval"
OF_PEOPLE: Final = frozenset({AWAITING, "Suspended", "Pinned", "Superseded", "OutsideWindow"})
"""Reasons for which nothing moves because somebody wants it so."""

_OF_A_ROLLOUT: Final = frozenset({"DeploymentFailed", "ProgressDeadlineExceeded", "RolledBack"})
_MOVES: Final = frozenset({"OutOfSync", "PrunePending"})


def primary(resource: ResourceStatus) -> Deployment | None:
    """The deployment that is to be; None for what has none, and so is no service."""
    first = next(iter(resource.deployments), None)
    return first if first is not None and first.role == "PRIMARY" else None


def revision_of(resource: ResourceStatus) -> str:
    """``web:7``; empty where nothing is deployed."""
    found = primary(resource)
    return found.revision if found is not None else ""


def moving(resource: ResourceStatus, deployed: str) -> bool:
    """Whether it is being changed to what a commit says; ``deployed`` is the revision at which it was last Ready.

    A drift that is put right, and tasks that an autoscaler adds, are no change.
    """
    synced = resource.condition("Synced")
    if resource.ready or resource.stalled or resource.phase in HELD or synced is None:
        return False
    if synced.status == "False":
        return synced.reason in _MOVES
    return synced.status == "True" and revision_of(resource) not in ("", deployed)


def failing(resource: ResourceStatus, deployed: str) -> Condition | None:
    """Why a change of it has failed for good; None where none has.

    A service that is as declared and stopped working later has not failed to change: it is degraded.
    """
    stalled, synced = resource.condition("Stalled"), resource.condition("Synced")
    if stalled is None or resource.phase not in (Phase.FAILED, Phase.ROLLED_BACK) or stalled.reason in DRIFT:
        return None
    if unrendered(resource):
        return None
    steady = synced is not None and synced.status == "True" and revision_of(resource) in ("", deployed)
    if steady and primary(resource) is not None and stalled.reason not in _OF_A_ROLLOUT:
        return None
    return stalled


def degraded(resource: ResourceStatus, deployed: str) -> Condition | None:
    """Why a service that was deployed does not work; None where it does, or is on its way to another revision."""
    healthy = resource.condition("Healthy")
    if resource.health is not HealthWord.DEGRADED or healthy is None or failing(resource, deployed) is not None:
        return None
    return healthy if revision_of(resource) == deployed != "" and healthy.reason not in _OF_A_ROLLOUT else None


def drifted(resource: ResourceStatus) -> Condition | None:
    """The condition that says so; DriftUnresolvable before DriftDetected."""
    found = (resource.condition(type) for type in ("Stalled", "Synced"))
    return next((it for it in found if it is not None and it.reason in DRIFT), None)


def awaiting(resource: ResourceStatus) -> Condition | None:
    """The condition that says that it waits for a person to agree."""
    found = (resource.condition(type) for type in ("Stalled", "Synced", "Healthy"))
    return next((it for it in found if it is not None and it.reason == AWAITING), None)


def unknown(resource: ResourceStatus) -> bool:
    """Whether it could not be read."""
    return resource.phase == Phase.UNKNOWN


def unrendered(resource: ResourceStatus) -> bool:
    """Whether what is wanted of it is not known: that is a matter of the repository, and is told of it."""
    synced = resource.condition("Synced")
    return synced is not None and synced.reason == "RenderFailed"


def name_of(resource: ResourceStatus) -> str:
    """``Service/web``"""
    return f"{resource.key.kind}/{resource.key.name}"
