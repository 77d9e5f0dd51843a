"""What was deployed of a service, from ECS's own memory and the tags of the revisions.

Source: ListServiceDeployments and DescribeServiceRevisions, which know of deployments since 25 October 2024 and forget
them after 90 days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.history import Deployed, Outcome, Revision
from reconciler.model.key import COMMIT
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed

OUTCOMES = {
    "PENDING": Outcome.IN_PROGRESS,
    "IN_PROGRESS": Outcome.IN_PROGRESS,
    "SUCCESSFUL": Outcome.SUCCEEDED,
    "STOP_REQUESTED": Outcome.IN_PROGRESS,
    "STOPPED": Outcome.STOPPED,
    "ROLLBACK_REQUESTED": Outcome.ROLLING_BACK,
    "ROLLBACK_IN_PROGRESS": Outcome.ROLLING_BACK,
    "ROLLBACK_SUCCESSFUL": Outcome.ROLLED_BACK,
    "ROLLBACK_FAILED": Outcome.FAILED,
}


def deployed(read: Reader, seen: Observed, most: int) -> list[Deployed]:
    """The newest deployments of a service; raises AwsError."""
    if not seen.present or seen.arn is None:
        return []
    asked = {"service": seen.arn, "cluster": (seen.spec or {})["cluster"]}
    if most <= 100:  # one page, the newest first
        listed = read.one("ecs:ListServiceDeployments", {**asked, "maxResults": max(1, most)})["serviceDeployments"]
    else:
        listed = read.pages("ecs:ListServiceDeployments", asked, "serviceDeployments")[:most]
    known = [item for item in listed if item.get("targetServiceRevisionArn")]
    runs = _runs(read, {item["targetServiceRevisionArn"] for item in known})
    found = {revision.arn: revision for revision in _described(read, runs.values())}
    return [
        _one(item, found.get(arn, Revision(arn, usable=False)))
        for item in known
        if (arn := runs.get(item["targetServiceRevisionArn"])) is not None
    ]


def revisions(read: Reader, seen: Observed, names: Sequence[str]) -> list[Revision]:
    """Those of these revisions (ARNs or ``family:7``) that there are; raises AwsError."""
    home = str((seen.spec or {}).get("taskDefinition", "")).rpartition("/")[0]
    return _described(read, (name if name.startswith("arn:") or not home else f"{home}/{name}" for name in names))


def _one(item: Mapping[str, Any], revision: Revision) -> Deployed:
    return Deployed(
        item["serviceDeploymentArn"],
        OUTCOMES.get(item["status"], Outcome.IN_PROGRESS),
        revision,
        item["createdAt"],
        item.get("finishedAt") or item.get("stoppedAt"),
        item.get("statusReason") or "",
    )


def _runs(read: Reader, arns: Iterable[str]) -> dict[str, str]:
    """The task definition of each service revision."""
    asked = [{"serviceRevisionArns": list(batch)} for batch in batches(sorted(arns), 20)]
    revisions = [item for answer in _answers(read, "ecs:DescribeServiceRevisions", asked) for item in _of(answer)]
    return {item["serviceRevisionArn"]: item["taskDefinition"] for item in revisions if item.get("taskDefinition")}


def _of(answer: Answer | None) -> Sequence[Mapping[str, Any]]:
    return answer["serviceRevisions"] if answer else ()


def _described(read: Reader, arns: Iterable[str]) -> list[Revision]:
    """The revisions that are there, each with its commit and whether it may be run."""
    asked = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in sorted(set(arns))]
    answers = [answer for answer in _answers(read, "ecs:DescribeTaskDefinition", asked) if answer is not None]
    return [_revision(answer["taskDefinition"], tags.to_map(answer.get("tags"))) for answer in answers]


def _revision(definition: Mapping[str, Any], all_tags: Mapping[str, str]) -> Revision:
    usable = definition.get("status", "ACTIVE") == "ACTIVE"
    return Revision(definition["taskDefinitionArn"], all_tags.get(COMMIT), usable)


def _answers(read: Reader, operation: str, asked: Sequence[Mapping[str, Any]]) -> list[Answer | None]:
    """The answers; None where there is no such thing any more."""
    found: list[Answer | None] = []
    for answer in read.many(operation, asked):
        if isinstance(answer, AwsError) and not isinstance(answer, NotFound | Rejected):
            raise answer
        found.append(answer if isinstance(answer, Answer) else None)
    return found
