"""What ECS remembers of a service's deployments: whether the revision it is to move to has failed here before, and
whether it was somebody who moved it to where it is.

Asked only for services that are to move. Source: ListServiceDeployments and DescribeServiceRevisions, which know of
deployments since 25 October 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.kinds.service_fields import FIELDS
from reconciler.model import tags
from reconciler.model.canonical import canonical
from reconciler.model.errors import AwsError, Finding, NotFound, Rejected, Severity
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed
from reconciler.model.plan import Change
from reconciler.model.tree import Tree, holds_pending

FAILED = {
    "ROLLBACK_SUCCESSFUL": "RolledBack",
    "ROLLBACK_FAILED": "DeploymentFailed",
    "STOPPED": "DeploymentFailed",
    "ROLLBACK_REQUESTED": "RollingBack",
    "ROLLBACK_IN_PROGRESS": "RollingBack",
}
"""Status of a service deployment → the reason its target is not tried again."""

_ROLLING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
_UNDER_WAY = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED")

_ROLLOUT = ("taskDefinition", "networkConfiguration", "launchType", "platformVersion", "capacityProviderStrategy",
            "loadBalancers", "serviceRegistries", "serviceConnectConfiguration", "volumeConfigurations")  # fmt: skip

Normal = Callable[[Tree], Tree]


def asked_again(read: Reader, changes: Sequence[Change], normal: Normal) -> list[Observed]:
    """The readings of services that are to move.

    ``live["failed"]`` says when the last try to get there ended badly, ``live["moved"]`` what brought it to where it
    is now, unless that was ECS going back by itself.
    """
    moving = [change for change in changes if _moves(change, normal)]
    asked = [{**_which(change.observed), "maxResults": 20} for change in moving if change.observed]
    found = []
    for change, answer in zip(moving, read.many("ecs:ListServiceDeployments", asked), strict=True):
        assert change.observed is not None
        if isinstance(answer, AwsError):
            found.append(Observed.failed(change.key, answer))
            continue
        deployments = [item for item in answer["serviceDeployments"] if item.get("targetServiceRevisionArn")]
        deployments = _with_stops(read, deployments)
        seen = change.observed
        if any(_failed(deployments, number) for number in range(len(deployments))):
            seen = _last_try(read, seen, change.spec, deployments, normal)
        found.append(seen if seen.error else _moved(seen, change, deployments))
    return _with_owners(read, found)


def held(change: Change) -> Finding | None:
    """Why a service is not moved: a deployment of somebody else is under way, the last one to what is desired now
    ended badly, or somebody has moved it back."""
    live = change.observed.live if change.observed else {}
    failed, moved = live.get("failed"), live.get("moved")
    if moved and moved["underWay"] and (change.synced or (_manages(change) and not moved["ours"])):
        message = (
            f"somebody's deployment to {_short(moved['to'])} is under way; what to do is decided when it has ended"
        )
        return Finding("RollingOut", ("taskDefinition",), message, severity=Severity.NOTE)
    if failed:
        return _as_failed(failed)
    if moved and change.synced and moved["earlier"] and moved["ours"]:
        when = f" at {moved['at']:%Y-%m-%d %H:%M} UTC" if moved.get("at") else ""
        message = f"somebody moved it back to {_short(moved['to'])}{when}"
        hint = f"commit a change, or go forward again with: reconciler retry {change.key.app}"
        return Finding("Pinned", ("taskDefinition",), message, hint)
    return None


def holding(seen: Observed) -> str | None:
    """The service deployment because of which a service is held."""
    found = seen.live.get("failed") or seen.live.get("moved")
    return str(found["id"]) if found and found.get("status") not in _ROLLING_BACK else None


def _manages(change: Change) -> bool:
    """Whether the revisions of a service are ours to make; else nothing tells whose one is."""
    return change.desired is not None and any(key.kind == "TaskDefinition" for key in change.desired.needs)


def _as_failed(failed: Mapping[str, Any]) -> Finding:
    reason = FAILED[failed["status"]]
    when = f" at {failed['at']:%Y-%m-%d %H:%M} UTC" if failed.get("at") else ""
    why = f": {failed['reason']}" if failed.get("reason") else ""
    message = f"its last deployment to this ended {failed['status']}{when}{why}"
    passes = failed["status"] in _ROLLING_BACK
    return Finding(
        reason,
        ("taskDefinition",),
        message,
        "change the manifest: what failed is not tried again unchanged",
        Severity.NOTE if passes else Severity.ERROR,
    )


def _moves(change: Change, normal: Normal) -> bool:
    """Whether an update would start a deployment to something that is known to the last value."""
    seen = change.observed
    if seen is None or not seen.present or seen.arn is None or holds_pending(change.spec.get("taskDefinition")):
        return False
    return _rollout(change.spec, change.spec, normal) != _rollout(seen.spec or {}, change.spec, normal)


def _which(seen: Observed | None) -> dict[str, Any]:
    return {"service": seen.arn, "cluster": (seen.spec or {})["cluster"]} if seen else {}


def _rollout(spec: Tree, said: Tree, normal: Normal) -> dict[str, Any]:
    """The canonical members that a deployment is made of, as far as the manifest says them."""
    return canonical(FIELDS, normal({name: spec.get(name) for name in _ROLLOUT if said.get(name) is not None}))


def _last_try(
    read: Reader, seen: Observed, spec: Tree, deployments: list[Mapping[str, Any]], normal: Normal
) -> Observed:
    """The newest deployment to what is desired, told when it ended badly."""
    arns = list(dict.fromkeys(item["targetServiceRevisionArn"] for item in deployments))
    [answer] = read.many("ecs:DescribeServiceRevisions", [{"serviceRevisionArns": arns[:20]}])
    if not isinstance(answer, Answer):
        return Observed.failed(seen.key, answer)
    wanted = _rollout(spec, spec, normal)
    ours = {
        revision["serviceRevisionArn"]
        for revision in answer["serviceRevisions"]
        if _rollout(revision, spec, normal) == wanted
    }
    last = next((n for n, item in enumerate(deployments) if item["targetServiceRevisionArn"] in ours), None)
    if last is None or not _failed(deployments, last):
        return seen
    item = deployments[last]
    failed = {
        "id": item["serviceDeploymentArn"],
        "status": item["status"],
        "reason": item.get("statusReason", ""),
        "at": item.get("finishedAt"),
    }
    return replace(seen, live={**seen.live, "failed": failed})


def _with_stops(read: Reader, deployments: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """With when those that were stopped were, which the list does not tell; as they are where nobody may look."""
    stopped = [item["serviceDeploymentArn"] for item in deployments[1:] if item["status"] == "STOPPED"]
    if not stopped:
        return deployments
    [answer] = read.many("ecs:DescribeServiceDeployments", [{"serviceDeploymentArns": stopped[:20]}])
    described = answer["serviceDeployments"] if isinstance(answer, Answer) else ()
    known = {item["serviceDeploymentArn"]: item.get("stoppedAt") for item in described}
    return [{**item, "stoppedAt": known.get(item["serviceDeploymentArn"])} for item in deployments]


def _failed(deployments: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether a deployment ended badly; one that was overtaken by the next one did not."""
    item = deployments[number]
    if item["status"] != "STOPPED" or not number:
        return item["status"] in FAILED
    stopped, began = item.get("stoppedAt") or item.get("finishedAt"), deployments[number - 1].get("createdAt")
    return not (stopped and began and began <= stopped)


def _moved(seen: Observed, change: Change, deployments: Sequence[Mapping[str, Any]]) -> Observed:
    """With what brought a service to the revision it runs, where that is still under way, or may have been somebody."""
    live, desired = str((seen.spec or {}).get("taskDefinition", "")), str(change.spec.get("taskDefinition", ""))
    newest = deployments[0] if deployments else None
    if newest is None or newest["status"] not in ("SUCCESSFUL", *_UNDER_WAY) or _short(live) == _short(desired):
        return seen
    under_way = newest["status"] in _UNDER_WAY
    earlier = _is_earlier(_short(live), _short(desired))
    if not under_way and not (change.synced and earlier):
        return seen
    moved = {
        "id": newest["serviceDeploymentArn"],
        "to": live,
        "at": newest.get("finishedAt") or newest.get("createdAt"),
        "underWay": under_way,
        "earlier": earlier,
    }
    return replace(seen, live={**seen.live, "moved": moved})


def _with_owners(read: Reader, readings: Sequence[Observed]) -> list[Observed]:
    """With whether the revision a service was moved to carries the owner's tag of what carries the service's."""
    arns = sorted({seen.live["moved"]["to"] for seen in readings if "moved" in seen.live})
    asked = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in arns]
    owners = dict(zip(arns, read.many("ecs:DescribeTaskDefinition", asked), strict=True))
    return [_with_owner(seen, owners) for seen in readings]


def _with_owner(seen: Observed, answers: Mapping[str, Answer | AwsError]) -> Observed:
    moved = seen.live.get("moved")
    if moved is None:
        return seen
    answer = answers[moved["to"]]
    if isinstance(answer, AwsError) and not isinstance(answer, NotFound | Rejected):
        return Observed.failed(seen.key, answer)
    owner = "" if isinstance(answer, AwsError) else tags.to_map(answer.get("tags")).get(OWNER, "")
    place = (seen.owner or "/").split("/")[:2]
    ours = bool(seen.owner) and owner.split("/")[:2] == place
    return replace(seen, live={**seen.live, "moved": {**moved, "ours": ours}})


def _is_earlier(one: str, other: str) -> bool:
    """Whether ``family:revision`` is an earlier revision of the same family."""
    (family, _, revision), (same, _, later) = one.rpartition(":"), other.rpartition(":")
    return family == same and revision.isdigit() and later.isdigit() and int(revision) < int(later)


def _short(value: str) -> str:
    return value.rpartition("task-definition/")[2] if value.startswith("arn:") else value
