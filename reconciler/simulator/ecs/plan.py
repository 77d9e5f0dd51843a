"""What will become of one task if nobody interferes: drawn from its workloads when it is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """It never reaches RUNNING: the stopped reason, and the container it is told of."""

    reason: str
    container: str | None = None


@dataclass(frozen=True)
class End:
    """A container ends by itself ``after`` so many seconds of RUNNING."""

    after: float
    container: str
    code: int
    reason: str | None
    essential: bool
    from_health: bool = False
    """``after`` counts from the task's being healthy."""


@dataclass(frozen=True)
class Ill:
    """A container's health check, or its target, fails from then on; at 0 it never succeeded."""

    after: float
    container: str
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Plan:
    """Equal plans move together. None: as the settings say."""

    pending: float | None = None
    refusal: Refusal | None = None
    ends: tuple[End, ...] = ()
    unhealthy: Ill | None = None
    target: Ill | None = None
    logs: tuple[tuple[str, str], ...] = ()
    """What containers write, by name."""
    stubborn: frozenset[str] = frozenset()
    """Containers that ignore SIGTERM."""


HEALTHY = Plan()
