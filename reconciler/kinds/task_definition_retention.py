"""Which older revisions of a family nothing needs any more: told from everything that could start a task of one.

A service or task goes on with a deregistered revision, but nothing new can be started with it: neither a rollback nor a
rule. So whatever names one keeps it, and a reading that lacks a part keeps all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import NEVER, Observed, Retention
from reconciler.model.tree import Tree
from reconciler.model.triggers import triggers

JOB = "reconciler:job/"
"""A tag on a revision that tells how a job ended; the newest of each job has to stay."""

_FAILED = {"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"}
_ROLLBACK = 2
"""The revision that runs and the one before it, as the service deployments tell."""


def superseded(read: Reader, asked: Sequence[Retention]) -> Iterator[Observed]:
    """For each family its revisions that may go, oldest first in ``others`` and ``arn``; absent when there are none."""
    clusters: dict[str, frozenset[str]] = {}
    for item in asked:
        try:
            yield _family(read, item, clusters)
        except AwsError as error:
            yield Observed.failed(item.reading.key, error)


def _family(read: Reader, item: Retention, clusters: dict[str, frozenset[str]]) -> Observed:
    nothing = Observed(item.reading.key, NEVER)
    family = str((item.reading.spec or {})["family"])
    listed = read.pages(
        "ecs:ListTaskDefinitions", {"familyPrefix": family, "status": "ACTIVE", "sort": "DESC"}, "taskDefinitionArns"
    )
    nominated = {one.arn: one for one in item.owned if one.owner == item.owner}
    ours = sorted((arn for arn in listed if arn in nominated), key=_number, reverse=True)
    if len(ours) <= item.keep:
        return nothing
    history = _History.of(read, item.users)
    if history.moving:
        return nothing
    successful = [arn for arn in ours if arn not in history.failed]
    older = ours[ours.index(successful[item.keep - 1]) + 1 :] if len(successful) > item.keep else []
    jobs = _newest_of_jobs({arn: nominated[arn].tags for arn in ours})
    kept = {item.reading.arn, *item.needed, *history.needed, *jobs, *successful[: item.keep]}
    spare = [arn for arn in older if arn not in kept]
    if not spare:
        return nothing
    for cluster in sorted({str((user.spec or {}).get("cluster", "")) for user in item.users} - {""}):
        if cluster not in clusters:
            clusters[cluster] = frozenset(_in_cluster(read, cluster))
        in_use = clusters[cluster] | set(_tasks(read, cluster, family))
        spare = [arn for arn in spare if arn not in in_use]
    return _confirmed(read, item, sorted(spare, key=_number))


def _confirmed(read: Reader, item: Retention, arns: Sequence[str]) -> Observed:
    """Those that by their own reading are ACTIVE and ours: the inventory only nominates."""
    params = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in arns]
    found = []
    for arn, answer in zip(arns, read.many("ecs:DescribeTaskDefinition", params), strict=True):
        if isinstance(answer, NotFound | Rejected):
            continue
        answer = _good(answer)
        owner = Observed(item.reading.key, answer.at, tags=tags.to_map(answer.get("tags"))).owner
        if owner == item.owner and answer["taskDefinition"].get("status") == "ACTIVE":
            found.append(arn)
    if not found:
        return Observed(item.reading.key, NEVER)
    return Observed(item.reading.key, item.reading.at, item.reading.spec, arn=found[-1], others=tuple(found[:-1]))


@dataclass
class _History:
    """What the service deployments tell: revisions that failed and never succeeded, those a rollback would go to."""

    failed: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    moving: bool = False

    @classmethod
    def of(cls, read: Reader, users: Iterable[Observed]) -> _History:
        history, succeeded = cls(), set[str]()
        for user in users:
            if "deployments" not in user.live or user.arn is None or user.spec is None:
                continue
            history.moving |= any(it.get("rolloutState") not in (None, "COMPLETED") for it in user.live["deployments"])
            asked = {"service": user.arn, "cluster": user.spec["cluster"]}
            deployments = read.pages("ecs:ListServiceDeployments", asked, "serviceDeployments")
            definitions = _definitions(read, deployments)
            targets = [(it["status"], definitions.get(it.get("targetServiceRevisionArn", ""))) for it in deployments]
            good = list(dict.fromkeys(arn for status, arn in targets if arn and status == "SUCCESSFUL"))
            ends = {"SUCCESSFUL", *_FAILED}
            history.moving |= any(status not in ends for status, _ in targets)
            history.needed |= set(good[:_ROLLBACK])
            history.failed |= {arn for status, arn in targets if arn and status in _FAILED}
            succeeded |= set(good)
        history.failed -= succeeded
        return history


def _definitions(read: Reader, deployments: Iterable[Tree]) -> dict[str, str]:
    """Service revision → the revision of the family it runs."""
    arns = list(dict.fromkeys(it["targetServiceRevisionArn"] for it in deployments if "targetServiceRevisionArn" in it))
    asked = [{"serviceRevisionArns": list(batch)} for batch in batches(arns, 20)]
    found = {}
    for answer in read.many("ecs:DescribeServiceRevisions", asked):
        for revision in _good(answer)["serviceRevisions"]:
            found[revision["serviceRevisionArn"]] = revision["taskDefinition"]
    return found


def _in_cluster(read: Reader, cluster: str) -> Iterator[str]:
    """Every revision that a service of the cluster, whoever owns it, a rule or a schedule names."""
    services = read.pages("ecs:ListServices", {"cluster": cluster}, "serviceArns")
    asked = [{"cluster": cluster, "services": list(batch)} for batch in batches(services, 10)]
    for answer in read.many("ecs:DescribeServices", asked):
        for service in _good(answer)["services"]:
            for one in (service, *(service.get("deployments") or ()), *(service.get("taskSets") or ())):
                if "taskDefinition" in one:
                    yield one["taskDefinition"]
    yield from (trigger.definition for trigger in triggers(read, cluster))


def _tasks(read: Reader, cluster: str, family: str) -> Iterator[str]:
    arns = read.pages("ecs:ListTasks", {"cluster": cluster, "family": family}, "taskArns")
    for answer in read.many("ecs:DescribeTasks", [{"cluster": cluster, "tasks": list(b)} for b in batches(arns, 100)]):
        yield from (task["taskDefinitionArn"] for task in _good(answer)["tasks"])


def _newest_of_jobs(tagged: Mapping[str, Mapping[str, str]]) -> set[str]:
    newest: dict[str, str] = {}
    for arn in sorted(tagged, key=_number):
        newest |= {name: arn for name in tagged[arn] if name.startswith(JOB)}
    return set(newest.values())


def _good(answer: Answer | AwsError) -> Answer:
    if isinstance(answer, AwsError):
        raise answer
    return answer


def _number(arn: str) -> int:
    last = arn.rpartition(":")[2]
    return int(last) if last.isdigit() else 0
