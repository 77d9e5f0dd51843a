"""Why a task stopped: what ECS says of it in words and codes, sorted into causes that a person can act on.

Source: "Stopped tasks error codes" and "CannotPullContainer task errors" of the ECS developer guide. Words only explain
and sort; whether a deployment has succeeded is never decided by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.model.observed import NEVER


class Cause(StrEnum):
    """What it comes down to. The value is the reason that conditions show."""

    IMAGE_NOT_FOUND = "ImageNotFound"
    SECRET_NOT_FOUND = "SecretNotFound"
    LOG_GROUP_NOT_FOUND = "LogGroupNotFound"
    ACCESS_DENIED = "AccessDenied"
    NOT_EXECUTABLE = "NotExecutable"
    OUT_OF_MEMORY = "OutOfMemory"
    KILLED = "Killed"
    EXITED = "ContainerExited"
    UNHEALTHY = "ContainerUnhealthy"
    TARGET_UNHEALTHY = "TargetUnhealthy"
    NO_CAPACITY = "InsufficientCapacity"
    UNREACHABLE = "Unreachable"
    NOT_STARTED = "TaskFailedToStart"
    BENIGN = "Benign"

    @property
    def terminal(self) -> bool:
        """Starting it once more cannot end otherwise, until somebody changes something."""
        return self in _TERMINAL

    @property
    def crash(self) -> bool:
        """It ran, and did not stay."""
        return self in _CRASHES


_TERMINAL = frozenset(
    {
        Cause.IMAGE_NOT_FOUND,
        Cause.SECRET_NOT_FOUND,
        Cause.LOG_GROUP_NOT_FOUND,
        Cause.ACCESS_DENIED,
        Cause.NOT_EXECUTABLE,
    }
)
_CRASHES = frozenset(
    {
        Cause.OUT_OF_MEMORY,
        Cause.KILLED,
        Cause.EXITED,
        Cause.UNHEALTHY,
        Cause.TARGET_UNHEALTHY,
    }
)


@dataclass(frozen=True)
class Stop:
    """One stopped task.

    ``container``, ``image`` and ``code`` are of what ended it, ``action`` is the IAM action that was denied,
    ``seconds`` how long it ran.
    """

    cause: Cause
    task: str
    definition: str
    at: datetime
    ran: bool
    text: str
    container: str = ""
    code: int | None = None
    action: str = ""
    image: str = ""
    seconds: float | None = None

    @property
    def counts(self) -> bool:
        """Whether it speaks against the revision it ran."""
        return self.cause not in (Cause.BENIGN, Cause.NO_CAPACITY)


def stops(tasks: Iterable[Mapping[str, Any]], started_by: str) -> tuple[Stop, ...]:
    """Those of the tasks that have stopped or are about to and belong to a deployment, newest first."""
    found = [
        why(task)
        for task in tasks
        if task.get("startedBy") == started_by and (task.get("stopCode") or task.get("lastStatus") == "STOPPED")
    ]
    return tuple(sorted(found, key=lambda stop: stop.at, reverse=True))


def why(task: Mapping[str, Any]) -> Stop:
    """What ended a task."""
    ended = _ended(task.get("containers") or ())
    texts = [str(task.get("stoppedReason") or ""), *(str(item.get("reason") or "") for item in ended)]
    text = next((text for text in texts[1:] if text and _generic(texts[0])), texts[0]) or texts[0]
    code = ended[0].get("exitCode") if ended else None
    action = _ACTION.search(" ".join(texts))
    return Stop(
        _cause(task, " ".join(texts), code),
        str(task.get("taskArn", "")).rpartition("/")[2],
        str(task.get("taskDefinitionArn", "")),
        task.get("stoppedAt") or task.get("stoppingAt") or NEVER,
        "startedAt" in task,
        text,
        str(ended[0].get("name", "")) if ended else "",
        code if isinstance(code, int) else None,
        action[1] if action else "",
        str((ended or task.get("containers") or [{}])[0].get("image", "")),
        _seconds(task),
    )


def _seconds(task: Mapping[str, Any]) -> float | None:
    """How long a task ran before it began to stop."""
    start, end = task.get("startedAt"), task.get("executionStoppedAt") or task.get("stoppingAt")
    return (end - start).total_seconds() if isinstance(start, datetime) and isinstance(end, datetime) else None


def _ended(containers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The containers that have something to say, that with the most to say first."""
    speaking = [item for item in containers if item.get("exitCode") is not None or item.get("reason")]
    return sorted(speaking, key=lambda item: (not item.get("reason"), item.get("exitCode") in (None, 0, 143)))


def _generic(text: str) -> bool:
    return not text or text.startswith("Essential container")


_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
_UNREACHABLE = re.compile(
    r"time[d ]?-?out|deadline exceeded|no such host|dial tcp|connection (?:reset|refused)|"
    r"too ?many ?requests|rate limit|temporar",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"denied|not authorized|unauthorized|\b403\b|unable to assume|assume role|forbidden", re.IGNORECASE
)
_ABSENT = re.compile(
    r"not found|manifest unknown|can't find|does not exist|\b404\b|ResourceNotFound|ParameterNotFound|"
    r"invalid ssm parameters",
    re.IGNORECASE,
)


def _cause(task: Mapping[str, Any], text: str, code: Any) -> Cause:
    """The first rule that fits; each reads from the most to the least telling."""
    stop_code = task.get("stopCode")
    if "CannotPull" in text or "pull image" in text:
        return _missing(text, Cause.IMAGE_NOT_FOUND)
    if "exec format" in text or "executable file not found" in text or "permission denied: unknown" in text:
        return Cause.NOT_EXECUTABLE
    if "log group" in text.lower() or "logger" in text.lower() or "log stream" in text.lower():
        return _missing(text, Cause.LOG_GROUP_NOT_FOUND)
    if "ResourceInitializationError" in text or "secret" in text.lower():
        return _missing(text, Cause.SECRET_NOT_FOUND)
    if "unable to assume" in text.lower():
        return Cause.ACCESS_DENIED
    if "OutOfMemory" in text:
        return Cause.OUT_OF_MEMORY
    if "failed container health checks" in text:
        return Cause.UNHEALTHY
    if "failed ELB health checks" in text or "is unhealthy in" in text:
        return Cause.TARGET_UNHEALTHY
    if "RESOURCE:" in text or "apacity is unavailable" in text or "limit on the number" in text:
        return Cause.NO_CAPACITY
    if stop_code == "EssentialContainerExited":
        return Cause.KILLED if code == 137 else Cause.EXITED
    if stop_code == "TaskFailedToStart":
        return Cause.NOT_STARTED
    return Cause.BENIGN


def _missing(text: str, absent: Cause) -> Cause:
    """Not there, not allowed, or not to be reached just now. Registries say "denied" for what they do not know."""
    if _UNREACHABLE.search(text):
        return Cause.UNREACHABLE
    if _ABSENT.search(text):
        return absent
    return Cause.ACCESS_DENIED if _DENIED.search(text) else Cause.NOT_STARTED
