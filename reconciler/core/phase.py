"""One word each for people and for scripts, derived from the conditions and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.phase import HELD, Phase
from reconciler.model.status import Condition

_OF_STALLED = {
    "Suspended": Phase.SUSPENDED,
    "Pinned": Phase.PINNED,
    "Superseded": Phase.PINNED,
    "RolledBack": Phase.ROLLED_BACK,
    "AwaitingApproval": Phase.BLOCKED,
    "DriftDetected": Phase.BLOCKED,
    "DriftUnresolvable": Phase.BLOCKED,
    "NotDriven": Phase.BLOCKED,
    "OutsideWindow": Phase.BLOCKED,
    "PruneGuard": Phase.BLOCKED,
}
"""Reasons for which nothing moves although nothing is broken; for all others it has failed."""

_OF_RECONCILING = {
    "RollingBack": Phase.ROLLING_BACK,
    "WaitingForDependency": Phase.BLOCKED,
    "RunningHook": Phase.RUNNING,
}


def phase(conditions: Sequence[Condition]) -> Phase:
    """What people are told first."""
    by_type = {condition.type: condition for condition in conditions}
    synced, healthy = by_type["Synced"], by_type["Healthy"]
    if by_type["Ready"].status == "True":
        return Phase.READY
    if synced.reason == "ObserveFailed":
        return Phase.UNKNOWN
    if "Stalled" in by_type:
        found = _OF_STALLED.get(by_type["Stalled"].reason, Phase.FAILED)
        unwell = healthy.status == "False" and healthy.reason not in ("Missing", "NotRun")
        return Phase.DEGRADED if found in HELD and unwell else found
    doing = by_type["Reconciling"].reason
    if synced.reason == "PrunePending":
        return Phase.DRAINING
    if doing in _OF_RECONCILING:
        return _OF_RECONCILING[doing]
    if synced.status == "False":
        return Phase.PENDING if healthy.reason == "Missing" else Phase.UPDATING
    if healthy.status == "False":
        return Phase.DEGRADED
    return _OF_HEALTH.get(healthy.reason, Phase.ROLLING_OUT)


_OF_HEALTH = {
    "Stabilizing": Phase.STABILIZING,
    "Recovering": Phase.STABILIZING,
    "AwaitingApproval": Phase.BLOCKED,
    "Suspended": Phase.SUSPENDED,
    "Draining": Phase.DRAINING,
    "Unknown": Phase.UNKNOWN,
}
"""Of what is as declared, and neither healthy nor degraded."""


def kstatus(conditions: Sequence[Condition]) -> str:
    """Current, InProgress, Failed, Terminating, NotFound or Unknown, in the order in which kstatus decides.

    Source: kubernetes-sigs/cli-utils, pkg/kstatus. Deletion comes first; what stalls has failed, but not what is only
    held.
    """
    by_type = {condition.type: condition for condition in conditions}
    if by_type["Synced"].reason == "PrunePending" and "Stalled" not in by_type:
        return "Terminating"
    if by_type["Synced"].reason == "ObserveFailed":
        return "Unknown"
    if "Stalled" in by_type:
        return "InProgress" if phase(conditions) in HELD else "Failed"
    if by_type["Healthy"].reason == "Missing":
        return "NotFound"
    return "Current" if by_type["Ready"].status == "True" else "InProgress"
