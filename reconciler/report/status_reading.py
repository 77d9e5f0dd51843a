"""A status read back from its JSON: what an agent tells is shown like what was just looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from reconciler.model.errors import Position, Problem, Severity
from reconciler.model.key import Key
from reconciler.model.running import Deployment, Task
from reconciler.model.status import Condition, HealthWord, ResourceStatus, Status


def read_status(document: Mapping[str, Any]) -> Status:
    """The reverse of ``status_json``. Raises ValueError for what is no such document."""
    try:
        resources = tuple(_resource(it) for it in document["resources"])
        revision = document["revision"]
        return Status(str(document["environment"]), str(revision) if revision is not None else None, resources)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no status: {type(error).__name__}") from None


def read_problems(documents: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """The reverse of ``problems.to_json``, but for the text of source lines. Raises ValueError."""
    try:
        return tuple(_problem(it) for it in documents)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"these are no problems: {type(error).__name__}") from None


def read_condition(document: Mapping[str, Any]) -> Condition:
    """The reverse of ``condition_json``. Raises ValueError, KeyError, TypeError."""
    status = document["status"]
    if status not in ("True", "False", "Unknown"):
        raise ValueError("a condition is True, False or Unknown")
    type = cast("Any", str(document["type"]))
    return Condition(
        type, status, str(document["reason"]), str(document["message"]), _time(document, "lastTransitionTime")
    )


def _resource(document: Mapping[str, Any]) -> ResourceStatus:
    return ResourceStatus(
        Key.parse(document["key"]),
        str(document["phase"]),
        tuple(read_condition(it) for it in document["conditions"]),
        HealthWord(document.get("health", "Unknown")),
        str(document.get("kstatus", "Unknown")),
        tuple(map(str, document.get("detail", ()))),
        str(document.get("hint", "")),
        tuple(_deployment(it) for it in document.get("deployments", ())),
        _time(document, "observedAt"),
        int(document.get("missedReads", 0)),
    )


def _deployment(document: Mapping[str, Any]) -> Deployment:
    return Deployment(
        str(document["id"]),
        str(document["role"]),
        str(document["revision"]),
        int(document["desiredCount"]),
        int(document["runningCount"]),
        int(document["pendingCount"]),
        int(document["failedTasks"]),
        str(document["state"]),
        _time(document, "createdAt"),
        tuple(_task(it) for it in document["tasks"]),
    )


def _task(document: Mapping[str, Any]) -> Task:
    code = document["exitCode"]
    return Task(
        str(document["id"]),
        str(document["state"]),
        str(document["health"]),
        str(document["cause"]),
        int(code) if code is not None else None,
        str(document["reason"]),
        _time(document, "startedAt"),
        _time(document, "stoppedAt"),
        bool(document.get("wrong", False)),
    )


def _problem(document: Mapping[str, Any]) -> Problem:
    key = document["key"]
    return Problem(
        str(document["code"]),
        str(document["message"]),
        _position(document["at"]) if document["at"] else None,
        Key.parse(key) if key else None,
        str(document["path"]),
        str(document["hint"]),
        tuple((_position(it), str(it["message"])) for it in document["related"]),
        Severity(document["severity"]),
        document["app"],
    )


def _position(document: Mapping[str, Any]) -> Position:
    return Position(str(document["file"]), int(document["line"]), int(document["column"]))


def _time(document: Mapping[str, Any], name: str) -> datetime | None:
    """RFC 3339 as ``rfc3339`` writes it."""
    said = document.get(name)
    return datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if said is not None else None
