"""Looks in a line each, and a teller's memory that is handed from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.agent.board import Look
from reconciler.agent.tell.memory import Told
from reconciler.agent.tell.outcomes import outcomes
from reconciler.core.phase import phase
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.running import Deployment
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40

_HEALTHY = {
    HealthWord.HEALTHY: "True",
    HealthWord.MISSING: "False",
    HealthWord.DEGRADED: "False",
}


def resource(
    name: str = "shop/Service/web",
    revision: str = "web:1",
    *,
    synced: str = "Synced",
    health: HealthWord = HealthWord.HEALTHY,
    why: str = "",
    stalled: str = "",
    message: str = "2/2 running",
    id: str = "",
    state: str = "COMPLETED",
    hint: str = "",
) -> ResourceStatus:
    """``synced`` and ``stalled`` are reasons, ``why`` that of health. Ready when all of it is well."""
    word = "True" if synced == "Synced" else "Unknown" if synced in ("ObserveFailed", "RenderFailed") else "False"
    healthy = Condition("Healthy", _HEALTHY.get(health, "Unknown"), why or health.value, message)
    told = [Condition("Synced", word, synced, message), healthy]
    ready = word == "True" and healthy.status == "True" and not stalled
    if stalled:
        told.append(Condition("Stalled", "True", stalled, message))
    elif not ready:
        told.append(Condition("Reconciling", "True", "Progressing", message))
    told.insert(0, Condition("Ready", "True" if ready else "False", stalled or why or health.value, message))
    made = (Deployment(id or f"ecs-svc/{revision}", "PRIMARY", revision, state=state),) if revision else ()
    return ResourceStatus(Key.parse(name), phase(told), tuple(told), health, deployments=made, hint=hint)


def rolling(name: str = "shop/Service/web", revision: str = "web:2", **more: Any) -> ResourceStatus:
    """On its way to a revision."""
    more = {"health": HealthWord.PROGRESSING, "why": "TasksStarting", "state": "IN_PROGRESS", **more}
    return resource(name, revision, **more)


def sick(name: str = "shop/Service/web", revision: str = "web:1", **more: Any) -> ResourceStatus:
    """Deployed, and not working any more."""
    return resource(name, revision, health=HealthWord.DEGRADED, **{"why": "TasksMissing", **more})


def failed(name: str = "shop/Service/web", revision: str = "web:2", **more: Any) -> ResourceStatus:
    """A rollout that is over and did not succeed."""
    more = {"why": "CrashLoop", "stalled": "CrashLoop", "state": "IN_PROGRESS", **more}
    return resource(name, revision, health=HealthWord.DEGRADED, **more)


def look(*resources: ResourceStatus, commit: str | None = ONE, environment: str = "staging", **more: Any) -> Look:
    status = Status(environment, commit, resources)
    more.setdefault("plan", Plan(environment, commit))
    more.setdefault("source", Condition("SourceVerified", "True", "Verified", "the newest commit is in force"))
    return Look(environment, commit, more.pop("head", commit), status=status, held=True, **more)


@dataclass
class Listener:
    """Hears every look, a minute after the one before."""

    told: Told = field(default_factory=Told)
    at: datetime = AT
    heard: list[str] = field(default_factory=list)
    last: tuple = ()

    def saw(self, seen: Look, *, minutes: float = 1) -> list[str]:
        """The triggers of what is told of it, with what they are about."""
        self.at += timedelta(minutes=minutes)
        self.told, self.last = outcomes(self.told, seen, self.at)
        said = [f"{it.trigger[3:]} {it.subject}" for it in self.last]
        self.heard += said
        return said

    def begun(self, *resources: ResourceStatus, **more: Any) -> Listener:
        """One that saw this first."""
        assert self.saw(look(*(resources or (resource(),)), **more)) == []
        return self


def held(seen: Look) -> Look:
    return replace(seen, held=False)
