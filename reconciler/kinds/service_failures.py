"""What ECS remembers of a service's deployments: whether the revision it is to move to has failed here before.

Asked only for services that are to move. Source: ListServiceDeployments and DescribeServiceRevisions, which know of
deployments since 25 October 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.kinds.service_diagnosis import Diagnosis, diagnosed
from reconciler.kinds.service_evidence import Evidence, primary
from reconciler.kinds.service_fields import FIELDS
from reconciler.kinds.service_logs import last_words
from reconciler.kinds.service_marks import with_marks
from reconciler.kinds.service_moves import in_flight, moved, put_there, with_owners
from reconciler.kinds.service_tasks import stopped_of
from reconciler.model.canonical import canonical
from reconciler.model.errors import AwsError, Finding, Severity
from reconciler.model.key import Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed
from reconciler.model.plan import Change
from reconciler.model.stop_reasons import why
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
_ENDED = tuple(status for status in FAILED if status not in _ROLLING_BACK)

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
        if any(item["status"] in FAILED for item in deployments):
            seen = _last_try(read, seen, change.spec, deployments, normal)
        found.append(seen if seen.error else moved(seen, change, deployments))
    wanted = {change.key: str(change.spec.get("taskDefinition")) for change in moving}
    return with_owners(read, with_marks(read, _with_causes(read, found, wanted), wanted))


def _with_causes(read: Reader, readings: Sequence[Observed], wanted: Mapping[Key, str]) -> list[Observed]:
    """With what the stopped tasks of a failed try still tell; ECS shows them for about an hour."""
    failed = [seen for seen in readings if seen.live.get("failed", {}).get("status") in _ENDED]
    tasks = stopped_of(read, failed)
    return [
        _with_cause(read, seen, tasks[seen.key], wanted[seen.key]) if seen.key in tasks else seen for seen in readings
    ]


def _with_cause(read: Reader, seen: Observed, tasks: Sequence[Mapping[str, Any]], definition: str) -> Observed:
    began = seen.live["failed"].get("began")
    tried = [
        why(task)
        for task in tasks
        if task.get("taskDefinitionArn") == definition
        and task.get("stopCode")
        and not (began and "createdAt" in task and task["createdAt"] < began)
    ]
    found = last_words(read, Evidence(stops=tuple(sorted(tried, key=lambda stop: stop.at, reverse=True))))
    events = [str(item.get("message", "")) for item in seen.live.get("events") or ()]
    cause = diagnosed(found, events, short=False)
    return replace(seen, live={**seen.live, "failed": {**seen.live["failed"], "cause": cause}})


def held(change: Change) -> Finding | None:
    """Why a service is not moved: a deployment of somebody else is under way, the last one to what is desired now
    ended badly, or somebody has put it where it is."""
    live = change.observed.live if change.observed else {}
    failed, put = live.get("failed"), live.get("moved")
    if put and (waits := in_flight(change, put)):
        return waits
    if failed:
        return _as_failed(change, failed)
    return put_there(change, put) if put else None


def holding(seen: Observed) -> str | None:
    """The service deployment because of which a service is held."""
    found = seen.live.get("failed") or seen.live.get("moved")
    return str(found["id"]) if found and found.get("status") not in _ROLLING_BACK else None


def _as_failed(change: Change, failed: Mapping[str, Any]) -> Finding:
    when = f" at {failed['at']:%Y-%m-%d %H:%M} UTC" if failed.get("at") else ""
    why = f": {failed['reason'].rstrip('.')}" if failed.get("reason") else ""
    if "StopServiceDeployment" in why:  # ECS does not tell whose it was
        why = f"{why}, by a person or by policy.rollback: previous"
    message = f"its last deployment to this ended {failed['status']}{when}{why}"
    known: Diagnosis | None = failed.get("cause")
    if word := failed.get("word"):
        message = f"it was taken back{when}, after ECS had called it completed: {word}"
        if change.observed is not None and (primary(change.observed) or {}).get("rolloutState") == "IN_PROGRESS":
            return Finding("RollingBack", ("taskDefinition",), message, severity=Severity.NOTE)
    hint = f"the same is tried again only with: reconciler retry {change.key.app}"
    if known is not None:
        message = f"{message}; likely cause: {known.sentence}"
    return Finding(
        FAILED.get(failed["status"], "RolledBack"),
        ("taskDefinition",),
        message,
        f"{known.hint if known else 'change the manifest'}; {hint}",
        Severity.NOTE if failed["status"] in _ROLLING_BACK else Severity.ERROR,
        known.detail if known else (),
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
    if last is None or deployments[last]["status"] not in FAILED:
        return seen
    item = deployments[last]
    if _overtaken(deployments, last):
        return replace(seen, live={**seen.live, "overtaken": item["serviceDeploymentArn"]})
    failed = {
        "id": item["serviceDeploymentArn"],
        "status": item["status"],
        "reason": item.get("statusReason", ""),
        "at": item.get("finishedAt"),
        "began": item.get("createdAt"),
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


def _overtaken(deployments: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether a deployment ended because the next one began; that is no failure."""
    item = deployments[number]
    if item["status"] != "STOPPED" or not number:
        return False
    stopped, began = item.get("stoppedAt") or item.get("finishedAt"), deployments[number - 1].get("createdAt")
    return bool(stopped and began and began <= stopped)
