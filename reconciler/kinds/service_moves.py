"""Whether somebody has moved a service: what brought it to the revision it runs, where that is not the one desired.

A deployment of somebody's is never fought while it is under way. What was put back to an earlier revision of ours stays
there, and what somebody deployed over a rollout of ours is left to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model import tags
from reconciler.model.errors import AwsError, Finding, NotFound, Rejected, Severity
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed
from reconciler.model.plan import Change

_UNDER_WAY = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED")


def in_flight(change: Change, found: Mapping[str, Any]) -> Finding | None:
    """Somebody's deployment is under way: it is waited for."""
    if not found["underWay"] or not (change.synced or (_manages(change) and not found["ours"])):
        return None
    message = f"somebody's deployment to {short(found['to'])} is under way; what to do is decided when it has ended"
    return Finding("RollingOut", ("taskDefinition",), message, severity=Severity.NOTE)


def put_there(change: Change, found: Mapping[str, Any]) -> Finding | None:
    """Somebody has put it where it is: back to an earlier revision, or over a rollout that had begun."""
    when = f" at {found['at']:%Y-%m-%d %H:%M} UTC" if found.get("at") else ""
    forward = f"commit a change, or go forward again with: reconciler retry {change.key.app}"
    if change.synced and found["earlier"] and found["ours"]:
        message = f"somebody moved it back to {short(found['to'])}{when}"
        return Finding("Pinned", ("taskDefinition",), message, forward)
    overtaken = change.observed is not None and "overtaken" in change.observed.live
    if overtaken and _manages(change) and not found["ours"]:
        message = f"somebody deployed {short(found['to'])}{when} over the rollout of what is declared here"
        hint = f"find out what that was for; then {forward}"
        return Finding("Superseded", ("taskDefinition",), message, hint)
    return None


def _manages(change: Change) -> bool:
    """Whether the revisions of a service are ours to make; else nothing tells whose one is."""
    return change.desired is not None and any(key.kind == "TaskDefinition" for key in change.desired.needs)


def moved(seen: Observed, change: Change, deployments: Sequence[Mapping[str, Any]]) -> Observed:
    """With what brought a service to the revision it runs, where that is still under way, or may have been somebody."""
    live, desired = str((seen.spec or {}).get("taskDefinition", "")), str(change.spec.get("taskDefinition", ""))
    newest = deployments[0] if deployments else None
    if newest is None or newest["status"] not in ("SUCCESSFUL", *_UNDER_WAY) or short(live) == short(desired):
        return seen
    under_way = newest["status"] in _UNDER_WAY
    earlier = _is_earlier(short(live), short(desired))
    if not under_way and not (change.synced and earlier) and "overtaken" not in seen.live:
        return seen
    found = {
        "id": newest["serviceDeploymentArn"],
        "to": live,
        "at": newest.get("finishedAt") or newest.get("createdAt"),
        "underWay": under_way,
        "earlier": earlier,
    }
    return replace(seen, live={**seen.live, "moved": found})


def with_owners(read: Reader, readings: Sequence[Observed]) -> list[Observed]:
    """With whether the revision a service was moved to carries the owner's tag of what carries the service's."""
    arns = sorted({seen.live["moved"]["to"] for seen in readings if "moved" in seen.live})
    asked = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in arns]
    owners = dict(zip(arns, read.many("ecs:DescribeTaskDefinition", asked), strict=True))
    return [_with_owner(seen, owners) for seen in readings]


def _with_owner(seen: Observed, answers: Mapping[str, Answer | AwsError]) -> Observed:
    found = seen.live.get("moved")
    if found is None:
        return seen
    answer = answers[found["to"]]
    if isinstance(answer, AwsError) and not isinstance(answer, NotFound | Rejected):
        return Observed.failed(seen.key, answer)
    owner = None if isinstance(answer, AwsError) else tags.to_map(answer.get("tags")).get(OWNER)
    ours = tags.same_place(owner, seen.owner)
    return replace(seen, live={**seen.live, "moved": {**found, "ours": ours}})


def _is_earlier(one: str, other: str) -> bool:
    """Whether ``family:revision`` is an earlier revision of the same family."""
    (family, _, revision), (same, _, later) = one.rpartition(":"), other.rpartition(":")
    return family == same and revision.isdigit() and later.isdigit() and int(revision) < int(later)


def short(value: str) -> str:
    return value.rpartition("task-definition/")[2] if value.startswith("arn:") else value
