"""Service deployments and service revisions as data: what the newer half of the API tells of a rollout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OVER = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


@dataclass(eq=False)
class Revision:
    """The workload of a deployment, as it was asked for; never changes."""

    arn: str
    created: float
    definition: str
    members: dict[str, Any]
    images: dict[str, tuple[str, str]]
    """Image and digest by container."""


@dataclass(eq=False)
class Hook:
    """One run of a lifecycle hook."""

    id: str
    kind: str
    stage: str
    target: str | None
    status: str
    expires: float
    action: str
    """What is done when it times out."""
    answers: float | None = None
    """When a Lambda function gives its answer; None: nobody knows."""
    answer: str = "SUCCEEDED"


@dataclass
class Weights:
    """Percent of the traffic that goes to the target revision."""

    test: float = 0.0
    production: float = 0.0


@dataclass(frozen=True)
class Rollback:
    reason: str
    started: float
    revision: str


@dataclass(eq=False)
class Rollout:
    """A service deployment."""

    arn: str
    created: float
    updated: float
    target: Revision
    deployment: str
    """The deployment or id that it brings about."""
    sources: list[Revision] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    status: str = "PENDING"
    reason: str | None = None
    started: float | None = None
    finished: float | None = None
    stopped: float | None = None
    stage: str | None = None
    step: int = 0
    """Of production shifts done, for the strategies that have several."""
    until: float | None = None
    """The stage lasts at least until then."""
    entered: bool = False
    bake: float | None = None
    """The end of a rolling deployment's bake time."""
    weights: Weights = field(default_factory=Weights)
    hooks: list[Hook] = field(default_factory=list)
    rollback: Rollback | None = None
    tripped: bool = False
    failures: int = 0
    ignored: tuple[str, ...] = ()
    """Alarms that were ringing when it began: not watched."""
    triggered: tuple[str, ...] = ()
    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Requested, running, pending by revision, once it is over."""

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def forward(self) -> bool:
        """Still on its way to the target."""
        return self.status in ("PENDING", "IN_PROGRESS")
