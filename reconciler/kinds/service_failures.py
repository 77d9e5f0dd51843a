"""What ECS remembers of a service's deployments: whether the revision it is to move to has failed here before.

Asked only for services that are to move. Source: ListServiceDeployments and DescribeServiceRevisions, which know of
deployments since 25 October 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.kinds.service_fields import FIELDS
from reconciler.model.canonical import canonical
from reconciler.model.errors import AwsError, Finding
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

_ROLLOUT = ("taskDefinition", "networkConfiguration", "launchType", "platformVersion", "capacityProviderStrategy",
            "loadBalancers", "serviceRegistries", "serviceConnectConfiguration", "volumeConfigurations")  # fmt: skip

Normal = Callable[[Tree], Tree]


def asked_again(read: Reader, changes: Sequence[Change], normal: Normal) -> list[Observed]:
    """The readings of services that are to move; ``live["failed"]`` says when the last try to get there ended badly."""
    moving = [change for change in changes if _moves(change, normal)]
    asked = [{**_which(change.observed), "maxResults": 20} for change in moving if change.observed]
    found = []
    for change, answer in zip(moving, read.many("ecs:ListServiceDeployments", asked), strict=True):
        assert change.observed is not None
        if isinstance(answer, AwsError):
            found.append(Observed.failed(change.key, answer))
            continue
        deployments = [item for item in answer["serviceDeployments"] if item.get("targetServiceRevisionArn")]
        if any(item["status"] in FAILED for item in deployments):
            found.append(_last_try(read, change.observed, change.spec, deployments, normal))
    return found


def held(change: Change) -> Finding | None:
    """Why a service is not moved: the last deployment to what is desired now ended badly."""
    failed = change.observed.live.get("failed") if change.observed else None
    if not failed:
        return None
    reason = FAILED[failed["status"]]
    when = f" at {failed['at']:%Y-%m-%d %H:%M} UTC" if failed.get("at") else ""
    why = f": {failed['reason']}" if failed.get("reason") else ""
    message = f"its last deployment to this ended {failed['status']}{when}{why}"
    return Finding(
        reason, ("taskDefinition",), message, "change the manifest: what failed is not tried again unchanged"
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
    last = next((item for item in deployments if item["targetServiceRevisionArn"] in ours), None)
    if last is None or last["status"] not in FAILED:
        return seen
    failed = {"status": last["status"], "reason": last.get("statusReason", ""), "at": last.get("finishedAt")}
    return replace(seen, live={**seen.live, "failed": failed})
