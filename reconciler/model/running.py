"""What runs for a resource: its deployments and their tasks, as far as a reading holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.model.observed import Observed

_SCHEDULED = "Scaling activity"
"""How the reason of a task begins that the scheduler stopped because it was not needed any more. A text that is another
one day shows a task too many; nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``exit_code`` is the first of its containers' that is not 0; ``reason`` why it stopped."""

    id: str
    state: str
    health: str = ""
    stop_code: str = ""
    exit_code: int | None = None
    reason: str = ""
    started: datetime | None = None
    stopped: datetime | None = None

    @property
    def wrong(self) -> bool:
        """Whether it has something to say: it is not well, or stopped though nobody meant it to."""
        if self.health == "UNHEALTHY":
            return True
        meant = self.stop_code == "UserInitiated" or self.reason.startswith(_SCHEDULED)
        return not meant and bool(self.stop_code or self.reason or self.exit_code)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment or task set, newest first in its service. ``revision`` is ``family:number``.

    ``role`` is PRIMARY for the one that is to be, ``state`` how far it is: IN_PROGRESS, COMPLETED, FAILED.
    """

    id: str
    role: str
    revision: str
    desired: int = 0
    running: int = 0
    pending: int = 0
    failed: int = 0
    state: str = ""
    created: datetime | None = None
    tasks: tuple[Task, ...] = ()


def deployments(seen: Observed) -> tuple[Deployment, ...]:
    """Those of a reading, PRIMARY first; a task whose deployment is gone is not shown."""
    tasks: dict[str, list[Task]] = {}
    for item in seen.live.get("tasks") or ():
        tasks.setdefault(str(item.get("startedBy", "")), []).append(_task(item))
    items = seen.live.get("deployments") or seen.live.get("taskSets") or ()
    found = [_deployment(item, tasks) for item in items]
    return tuple(sorted(found, key=lambda deployment: deployment.role != "PRIMARY"))


def _deployment(item: Mapping[str, Any], tasks: Mapping[str, list[Task]]) -> Deployment:
    own = str(item.get("id", ""))
    return Deployment(
        own,
        str(item.get("status", "")),
        str(item.get("taskDefinition", "")).rpartition("/")[2],
        item.get("desiredCount", item.get("computedDesiredCount", 0)),
        item.get("runningCount", 0),
        item.get("pendingCount", 0),
        item.get("failedTasks", 0),
        str(item.get("rolloutState") or item.get("stabilityStatus") or ""),
        item.get("createdAt"),
        tuple(sorted(tasks.get(own, ()), key=lambda task: (not task.wrong, task.id))),
    )


def _task(item: Mapping[str, Any]) -> Task:
    containers: Iterable[Mapping[str, Any]] = item.get("containers") or ()
    codes = [container["exitCode"] for container in containers if container.get("exitCode") is not None]
    said = [item.get("stoppedReason"), *(container.get("reason") for container in containers)]
    return Task(
        str(item.get("taskArn", "")).rpartition("/")[2],
        str(item.get("lastStatus", "")),
        str(item.get("healthStatus") or ""),
        str(item.get("stopCode") or ""),
        next((code for code in codes if code), codes[0] if codes else None),
        ": ".join(dict.fromkeys(str(text) for text in said if text)),
        item.get("startedAt") or item.get("createdAt"),
        item.get("stoppedAt"),
    )
