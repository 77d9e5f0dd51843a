"""What a resource is going through, as one word."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Best to worst: the phase of an app is the worst of its members'."""

    READY = "Ready"
    STABILIZING = "Stabilizing"
    ROLLING_OUT = "RollingOut"
    UPDATING = "Updating"
    RUNNING = "Running"
    DRAINING = "Draining"
    PENDING = "Pending"
    BLOCKED = "Blocked"
    SUSPENDED = "Suspended"
    PINNED = "Pinned"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"
    FAILED = "Failed"


HELD = frozenset({Phase.BLOCKED, Phase.SUSPENDED, Phase.PINNED})
"""Phases in which nothing is broken: somebody, or something else, comes first."""

_BADNESS = {phase.value: number for number, phase in enumerate(Phase)}


def badness(phase: str) -> int:
    """For sorting: the better a phase, the smaller. A word that is not known is in the middle."""
    return _BADNESS.get(phase, _BADNESS[Phase.PENDING])
