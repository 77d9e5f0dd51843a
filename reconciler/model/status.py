"""How things fare: health of one resource, conditions, phases, what a tick remembers and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from reconciler.model.errors import AwsError
from reconciler.model.key import Key
from reconciler.model.observed import Observed
from reconciler.model.plan import Plan


class HealthWord(StrEnum):
    """Best to worst."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A kind's verdict on one reading.

    ``stalled``: it will not get better by waiting. ``since``: AWS's own time of when it began to be so. ``detail`` is
    the evidence, line by line, ``hint`` what to do next.
    """

    word: HealthWord
    reason: str = ""
    message: str = ""
    stalled: bool = False
    since: datetime | None = None
    detail: tuple[str, ...] = ()
    hint: str = ""

    @property
    def healthy(self) -> bool:
        return self.word is HealthWord.HEALTHY


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as in Kubernetes; ``since`` is when ``status`` last changed, by AWS's clock."""

    type: Literal["Ready", "Synced", "Healthy", "Reconciling", "Stalled"]
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    since: datetime | None = None


@dataclass(frozen=True)
class ResourceStatus:
    """The conditions of one resource and the phase derived from them."""

    key: Key
    phase: str
    conditions: tuple[Condition, ...]

    def condition(self, type: str) -> Condition | None:
        return next((condition for condition in self.conditions if condition.type == type), None)

    @property
    def ready(self) -> bool:
        found = self.condition("Ready")
        return found is not None and found.status == "True"

    @property
    def stalled(self) -> bool:
        found = self.condition("Stalled")
        return found is not None and found.status == "True"


@dataclass(frozen=True)
class Status:
    """The conditions of everything in a scope."""

    environment: str
    revision: str | None
    resources: tuple[ResourceStatus, ...] = ()

    @property
    def ready(self) -> bool:
        return all(resource.ready for resource in self.resources)

    @property
    def stalled(self) -> bool:
        return any(resource.stalled for resource in self.resources)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a write's own answer says a resource is now, and what it was before: an old reading is known by that."""

    now: Observed
    before: tuple[Observed | None, ...]


@dataclass(frozen=True)
class Memory:
    """What one tick tells the next. May vanish: that costs reads and patience, never correctness.

    ``answers`` stand for readings until a reading shows them. ``since`` holds when each condition last changed.
    """

    answers: Mapping[Key, Answered] = field(default_factory=dict)
    since: Mapping[tuple[Key, str], tuple[str, datetime]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a tick left to do, how things fare, and when to look again (seconds; None: nothing to wait for).

    ``failures`` are the calls that did not succeed, by the resource they were for.
    """

    plan: Plan
    status: Status
    memory: Memory
    again: float | None
    failures: Mapping[Key, AwsError] = field(default_factory=dict)
