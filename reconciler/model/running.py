"""What runs for a resource: its deployments and their tasks, as far as a reading holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.model.observed import NEVER, Observed
from reconciler.model.stop_reasons import why


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``cause`` is what its stop comes down to, ``exit_code`` and ``reason`` are of what ended it."""

    id: str
    state: str
    health: str = ""
    cause: str = ""
    exit_code: int | None = None
    reason: str = ""
    started: datetime | None = None
    stopped: datetime | None = None
    wrong: bool = False


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
        tuple(sorted(tasks.get(own, ()), key=_urgency)),
    )


def _urgency(task: Task) -> tuple[bool, float, str]:
    """What is wrong first, and of that the newest."""
    at = task.stopped or task.started
    return not task.wrong, -at.timestamp() if at else 0.0, task.id


def _task(item: Mapping[str, Any]) -> Task:
    """A task; wrong is one that is not well, or whose stop speaks against what it ran."""
    state, health = str(item.get("lastStatus", "")), str(item.get("healthStatus") or "")
    started = item.get("startedAt") or item.get("createdAt")
    stop = why(item)
    if not item.get("stopCode") and state != "STOPPED":
        return Task(stop.task, state, health, started=started, wrong=health == "UNHEALTHY")
    at = stop.at if stop.at != NEVER else None
    return Task(stop.task, state, health, stop.cause.value, stop.code, stop.text, started, at, stop.counts)
