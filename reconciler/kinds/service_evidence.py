"""What is known of a service beyond DescribeServices, when it is not at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.model.observed import Observed
from reconciler.model.stop_reasons import Stop

Described = Mapping[str, Any]

UNDER_WAY = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
"""What DescribeServiceDeployments calls a service deployment that has not ended."""


@dataclass(frozen=True)
class Target:
    """What a target group says of one target: the ARN of the group, the task behind it when that is known."""

    group: str
    state: str
    reason: str
    text: str
    task: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known beyond DescribeServices.

    rollout   the service deployment under way, or the last one; as DescribeServiceDeployments says it
    tasks     the tasks of the service, as DescribeTasks says them
    stops     those of the PRIMARY deployment's tasks that stopped, newest first
    targets   the health of what is registered in its target groups, as far as it is one of these tasks
    words     the last log lines of the newest crash
    before    of a completed deployment on trial whose tasks do not stay: the ARN of the revision that ran before it
    gaps      what could not be read, and why
    """

    rollout: Described | None = None
    tasks: tuple[Described, ...] = ()
    stops: tuple[Stop, ...] = ()
    targets: tuple[Target, ...] = ()
    words: tuple[str, ...] = ()
    before: str = ""
    gaps: tuple[str, ...] = ()


NO_EVIDENCE = Evidence()


def evidence(seen: Observed) -> Evidence:
    """What a reading holds of it."""
    found = seen.live.get("evidence")
    return found if isinstance(found, Evidence) else NO_EVIDENCE


def primary(seen: Observed) -> Described | None:
    """The PRIMARY deployment of a service."""
    return next((item for item in seen.live.get("deployments") or () if item.get("status") == "PRIMARY"), None)


def moment(item: Described | None, *names: str) -> datetime | None:
    """The first of these times that an answer tells."""
    found = ((item or {}).get(name) for name in names)
    return next((value for value in found if isinstance(value, datetime)), None)
