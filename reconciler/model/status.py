"""How things fare: health of one resource, conditions, phases, what a tick remembers and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from reconciler.model.errors import AwsError, Problem
from reconciler.model.key import Key
from reconciler.model.observed import Observed
from reconciler.model.phase import Phase, badness
from reconciler.model.plan import Plan
from reconciler.model.running import Deployment


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


_HEALTHS = tuple(HealthWord)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as in Kubernetes; ``since`` is when ``status`` last changed, by AWS's clock."""

    type: Literal["Ready", "Synced", "Healthy", "Reconciling", "Stalled", "Suspended", "Approved", "SourceVerified"]
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    since: datetime | None = None


@dataclass(frozen=True)
class ResourceStatus:
    """The conditions of one resource and the phase derived from them.

    health       the verdict as one word: the second of three axes, beside Synced and what is going on
    kstatus      one word for scripts, as kubernetes-sigs/cli-utils computes it
    detail       lines of evidence
    hint         what to do next
    deployments  what runs for it
    read         the date of the reading all this is told from
    misses       how often in a row it could not be read since, though it may be soon
    """

    key: Key
    phase: str
    conditions: tuple[Condition, ...]
    health: HealthWord = HealthWord.UNKNOWN
    kstatus: str = "Unknown"
    detail: tuple[str, ...] = ()
    hint: str = ""
    deployments: tuple[Deployment, ...] = ()
    read: datetime | None = None
    misses: int = 0

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
class Aggregate:
    """How an app, or a whole environment, fares: the worst of its members, and how many are in each phase."""

    name: str
    resources: tuple[ResourceStatus, ...]

    @property
    def ready(self) -> bool:
        return all(resource.ready for resource in self.resources)

    @property
    def ready_count(self) -> int:
        return sum(resource.ready for resource in self.resources)

    @property
    def phase(self) -> str:
        return max((resource.phase for resource in self.resources), key=badness, default=Phase.READY.value)

    @property
    def health(self) -> HealthWord:
        words = [resource.health for resource in self.resources]
        return max(words, key=_HEALTHS.index, default=HealthWord.HEALTHY)

    @property
    def counts(self) -> dict[str, int]:
        """Phase → how many, the worst first."""
        found = Counter(resource.phase for resource in self.resources)
        return {phase: found[phase] for phase in sorted(found, key=badness, reverse=True)}

    @property
    def suspended(self) -> Condition | None:
        """That it is suspended, as one of its members says."""
        return self._said("Suspended")

    @property
    def approved(self) -> Condition | None:
        """That a person has approved what is done, or was done last."""
        return self._said("Approved")

    def _said(self, type: str) -> Condition | None:
        found = (resource.condition(type) for resource in self.resources)
        return next((condition for condition in found if condition is not None), None)


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

    @property
    def read(self) -> datetime | None:
        """The date of the newest reading: what time it is by AWS's clock."""
        return max((resource.read for resource in self.resources if resource.read is not None), default=None)

    @property
    def whole(self) -> Aggregate:
        """The environment as one."""
        return Aggregate(self.environment, self.resources)

    @property
    def apps(self) -> tuple[Aggregate, ...]:
        """Each app, in the order in which its first resource stands."""
        found: dict[str, list[ResourceStatus]] = {}
        for resource in self.resources:
            found.setdefault(resource.key.app, []).append(resource)
        return tuple(Aggregate(name, tuple(members)) for name, members in found.items())


@dataclass(frozen=True, slots=True)
class Answered:
    """What a write's own answer says a resource is now, and what it was before: an old reading is known by that."""

    now: Observed
    before: tuple[Observed | None, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """A restart that was asked for: the deployment before it, its own (None: the call got no answer), and when."""

    before: str | None
    begun: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of how one resource fared.

    ``shown`` is its status as last told from a reading, or as unknown. ``clean`` counts the healthy readings in a row
    since it was last degraded; None: it was not.
    """

    shown: ResourceStatus
    clean: int | None = None


@dataclass(frozen=True, slots=True)
class Healed:
    """Corrections of one resource, of one digest, which somebody may undo.

    ``times``: how often each path was corrected, ``count`` the corrections; ``at`` is when the last one was made,
    ``seen`` when it was last found changed, both by AWS's clock.
    """

    digest: str
    times: Mapping[str, int]
    count: int
    at: datetime
    seen: datetime


@dataclass(frozen=True)
class Memory:
    """What one tick tells the next. May vanish: that costs reads and patience, never correctness.

    ``answers`` stand for readings until a reading shows them. ``past`` is how each resource fared, ``restarts`` what
    was begun anew. ``clear`` are the second looks that found nothing: when the resource had last changed, and what was
    wanted of it. ``healed`` are the corrections of what somebody changed.
    """

    answers: Mapping[Key, Answered] = field(default_factory=dict)
    past: Mapping[Key, Past] = field(default_factory=dict)
    restarts: Mapping[Key, Restart] = field(default_factory=dict)
    clear: Mapping[Key, tuple[datetime, str]] = field(default_factory=dict)
    healed: Mapping[Key, Healed] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a tick left to do, how things fare, and when to look again (seconds; None: nothing to wait for).

    ``moves``: something is on its way by itself; otherwise ``again`` is when a window opens.
    ``failures`` are the calls that did not succeed, by the resource they were for; ``notes`` what should be known of
    the whole tick. ``arns`` are those of what was read, by which events tell of it; ``owned`` the apps that own
    something in the account. ``healed`` is what was corrected in this tick of what somebody had changed in AWS, by its
    paths; of what is left of that the plan tells.
    """

    plan: Plan
    status: Status
    memory: Memory
    again: float | None
    failures: Mapping[Key, AwsError] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    arns: Mapping[Key, str] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    moves: bool = True
    healed: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
