"""What the rows of a service's decision table look at: a reading, its PRIMARY deployment, the evidence, and how patient
to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from reconciler.kinds.service_diagnosis import Diagnosis, diagnosed
from reconciler.kinds.service_evidence import Evidence
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord
from reconciler.model.stop_reasons import Stop

CRASH_WINDOW = 600.0
"""Seconds within which tasks that ran and did not stay are counted."""


@dataclass(frozen=True)
class Case:
    """What the rows look at."""

    seen: Observed
    policy: Policy
    first: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...] = ()
    found: Evidence = field(default_factory=Evidence)

    @property
    def running(self) -> int:
        return int(self.first.get("runningCount", 0))

    @property
    def desired(self) -> int:
        return int(self.first.get("desiredCount", 0))

    @property
    def pending(self) -> int:
        return int(self.first.get("pendingCount", 0))

    @property
    def completed(self) -> bool:
        """Whether ECS says so; behind a Classic Load Balancer it never does, and being alone with all tasks counts."""
        state = self.first.get("rolloutState")
        return state == "COMPLETED" or (state is None and not self.others and self.running >= self.desired)

    @property
    def counts(self) -> str:
        return f"{self.running}/{self.desired} running" + (f", {self.pending} pending" if self.pending else "")

    @property
    def old(self) -> int:
        """Tasks of other deployments that still run or drain."""
        ours = self.first.get("id")
        draining = [task for task in self.found.tasks if task.get("startedBy") != ours and _leaving(task)]
        return sum(int(item.get("runningCount", 0)) for item in self.others) + len(draining)

    @property
    def rollout(self) -> Mapping[str, Any]:
        return self.found.rollout or {}

    @property
    def breaker(self) -> Mapping[str, Any]:
        """ECS's own judge of this rollout, where it is at work."""
        told = self.rollout.get("deploymentCircuitBreaker") or {}
        return told if told.get("status") in ("MONITORING", "TRIGGERED") and not self.completed else {}

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        events = [str(item.get("message", "")) for item in self.seen.live.get("events") or ()]
        return diagnosed(self.found, events, short=self.running < self.desired)

    @cached_property
    def crashes(self) -> tuple[Stop, ...]:
        """The tasks of this deployment that lately ran and did not stay."""
        return tuple(
            stop for stop in self.found.stops if stop.cause.crash and stop.ran and self.ago(stop.at) <= CRASH_WINDOW
        )

    def ago(self, at: datetime | None) -> float:
        """Seconds from then to the reading; for ever when it is not known."""
        return (self.seen.at - at).total_seconds() if at else float("inf")

    def told(
        self, word: HealthWord, reason: str, message: str, *, stalled: bool = False, since: datetime | None = None
    ) -> Health:
        """A verdict with the likely cause in its sentence, and the evidence beside it."""
        known = self.diagnosis
        if known is None:
            return Health(word, reason, message, stalled, since)
        sentence = message if known.sentence in message else f"{message.rstrip('.')}; likely cause: {known.sentence}"
        return Health(word, reason, sentence, stalled, since, known.detail, known.hint)

    @property
    def stage(self) -> str:
        """Where a deployment in stages is."""
        return str(self.rollout.get("lifecycleStage", "a pause")).lower().replace("_", " ")

    @property
    def judged(self) -> str:
        """What ECS's circuit breaker has counted; empty where it is not at work."""
        told = self.breaker
        if not told:
            return ""
        return f"the circuit breaker has counted {told.get('failureCount', 0)} failures of {told.get('threshold', '?')}"


def _leaving(task: Mapping[str, Any]) -> bool:
    return task.get("lastStatus") in ("DEACTIVATING", "STOPPING", "DEPROVISIONING")


Row = Callable[[Case], Health | None]
"""A row of the table; None: it does not fit."""
