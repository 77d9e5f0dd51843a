"""Looking at a job: the revisions that may tell of its runs, and the tasks of those that have not ended.

Source: DescribeTaskDefinition (tags), ListTasks (``startedBy`` must be the only filter and finds no stopped task),
DescribeTasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.kinds.job_facts import Facts, Task, facts_of, observed, started_by, starter, task_from
from reconciler.kinds.job_fields import OWN, short
from reconciler.model.batch import batches
from reconciler.model.container_log import last_lines
from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.key import OWNER, Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.plan import Change
from reconciler.model.runs import FAILED, Run, runs_of
from reconciler.model.stop_reasons import why
from reconciler.model.tags import to_map
from reconciler.model.tree import Tree

NEWEST = 20
"""How many revisions of a family are looked at before a run is made: what is older, the inventory knows."""


def look(read: Reader, wanted: Sequence[Wanted]) -> list[Observed]:
    """The cheap look: the revisions that are nominated, the one that would be run, and tasks where a run is going."""
    of = {want.key: [*want.matching, *_named(want.spec)] for want in wanted}
    answers = _describe(read, [arn for arns in of.values() for arn in arns])
    return [_looked(read, want, {arn: answers[arn] for arn in of[want.key]}) for want in wanted]


def look_hard(read: Reader, change: Change, seen: Observed) -> Observed:
    """The look before a run is made: the newest revisions of the family whatever the inventory says, and its tasks."""
    owner = change.stamps[OWNER]
    facts = replace(facts_of(seen), wish=_wish(change.spec))
    revision, cluster = str(change.spec["taskDefinition"]), str(change.spec["cluster"])
    try:
        listed = _newest(read, _family(revision))
        answers = _describe(read, [revision, *[run.revision for run in facts.runs], *listed])
        at = _date(answers, seen.at)
        facts = _with_revisions(facts, change.key, owner, answers)
        facts = replace(facts, tasks=_tasks(read, change.key, owner, cluster, facts.runs, _family(revision)))
    except AwsError as error:
        return Observed.failed(change.key, error)
    return observed(replace(seen, at=at), facts)


def running(read: Reader, key: Key, owner: str, cluster: str, revision: str) -> list[Task]:
    """The tasks of a job that have not ended, whoever started them. Raises AwsError."""
    return [task for task in _tasks(read, key, owner, cluster, (), _family(revision)) if not task.ended]


def _looked(read: Reader, want: Wanted, answers: Mapping[str, Answer | AwsError]) -> Observed:
    seen = Observed(want.key, NEVER, status="NOT_RUN")
    spec = want.spec
    if spec is None:
        return seen
    facts = Facts(_wish(spec), want.digest, want.released)
    try:
        facts = _with_revisions(facts, want.key, want.owner, answers)
        going = [run for run in facts.runs if not run.ended]
        if going:
            facts = replace(facts, tasks=_tasks(read, want.key, want.owner, str(spec["cluster"]), going, ""))
        facts = replace(facts, words=_last_words(read, want, facts, str(spec["cluster"])))
    except AwsError as error:
        return Observed.failed(want.key, error)
    return observed(replace(seen, at=_date(answers, NEVER)), facts)


def _wish(spec: Tree) -> dict[str, Any]:
    return {name: spec[name] for name in OWN if name in spec}


def _named(spec: Tree | None) -> list[str]:
    return [str(spec["taskDefinition"])] if spec else []


def _family(revision: str) -> str:
    name = short(revision)
    return name.rpartition(":")[0] or name


def _describe(read: Reader, arns: Iterable[str]) -> dict[str, Answer | AwsError]:
    asked = list(dict.fromkeys(arns))
    params = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in asked]
    return dict(zip(asked, read.many("ecs:DescribeTaskDefinition", params), strict=True))


def _newest(read: Reader, family: str) -> list[str]:
    """The newest revisions; deregistered ones too, since they keep their tags."""
    params = [
        {"familyPrefix": family, "status": status, "sort": "DESC", "maxResults": NEWEST}
        for status in ("ACTIVE", "INACTIVE")
    ]
    found: list[str] = []
    for answer in read.many("ecs:ListTaskDefinitions", params):
        if isinstance(answer, AwsError):
            raise answer
        found += answer["taskDefinitionArns"]
    return found


def _date(answers: Mapping[str, Answer | AwsError], otherwise: datetime) -> datetime:
    return max([otherwise, *(answer.at for answer in answers.values() if isinstance(answer, Answer))])


def _with_revisions(facts: Facts, key: Key, owner: str, answers: Mapping[str, Answer | AwsError]) -> Facts:
    """With what revisions of the job's own app tell. Raises the first AwsError but that there is no such revision."""
    runs: dict[str, list[Run]] = {run.revision: [] for run in facts.runs}
    for run in facts.runs:
        runs[run.revision].append(run)
    essential = dict(facts.essential)
    app = owner.removesuffix(f"{key.kind}/{key.name}")
    for answer in answers.values():
        if isinstance(answer, AwsError):
            if isinstance(answer, NotFound | Rejected):
                continue
            raise answer
        definition, tags = answer["taskDefinition"], to_map(answer.get("tags"))
        arn = definition["taskDefinitionArn"]
        containers = definition.get("containerDefinitions") or ()
        essential[arn] = {one["name"]: one.get("essential", True) for one in containers}
        if tags.get(OWNER, "").startswith(app):
            runs[arn] = list(runs_of(tags, key.name, arn))
    return replace(facts, runs=tuple(run for told in runs.values() for run in told), essential=essential)


def _tasks(read: Reader, key: Key, owner: str, cluster: str, runs: Iterable[Run], family: str) -> tuple[Task, ...]:
    """The tasks of the runs that have not ended; with a family all that are the job's. Raises AwsError."""
    going = [run for run in runs if not run.ended]
    places = dict.fromkeys([short(cluster), *(run.detail for run in going if run.detail)])
    begins, found = starter(owner, key.name), {}
    for place in places:
        arns = [arn for run in going for arn in _listed(read, {"startedBy": started_by(owner, key.name, run)}, place)]
        if len(arns) < len(going) or family:
            families = dict.fromkeys([*(_family(run.revision) for run in going), *([family] if family else [])])
            states = ("RUNNING", "STOPPED") if family else ("STOPPED",)
            arns += [
                arn
                for name in families
                for state in states
                for arn in _listed(read, {"family": name, "desiredStatus": state}, place)
            ]
        for described in _described(read, arns, place):
            task = task_from(described, begins)
            if task is not None:
                found[task.arn] = task
    return tuple(sorted(found.values(), key=lambda task: (task.created or NEVER, task.arn)))


def _last_words(read: Reader, want: Wanted, facts: Facts, cluster: str) -> tuple[str, ...]:
    """What a run that has failed wrote last, while ECS still shows its task; nothing is asked about any other."""
    run = facts.run_of(want.digest)
    task = facts.task_of(run) if run else None
    if run is None or not (run.word == FAILED or (task and task.ended and any(one.code for one in task.containers))):
        return ()
    family = {"family": _family(run.revision), "desiredStatus": "STOPPED"}
    stopped = [task.arn] if task else _listed(read, family, cluster)
    mine = started_by(want.owner, want.key.name, run)
    found = [it for it in _described(read, stopped, cluster) if it.get("startedBy") == mine]
    return last_lines(read, why(found[0]))[0] if found else ()


def _listed(read: Reader, filters: Tree, cluster: str) -> list[str]:
    try:
        return list(read.pages("ecs:ListTasks", {"cluster": cluster, **filters}, "taskArns"))
    except NotFound:
        return []  # no cluster, no tasks


def _described(read: Reader, arns: Iterable[str], cluster: str) -> list[Mapping[str, Any]]:
    asked = [{"cluster": cluster, "tasks": list(some)} for some in batches(list(dict.fromkeys(arns)), 100)]
    found: list[Mapping[str, Any]] = []
    for answer in read.many("ecs:DescribeTasks", asked):
        if isinstance(answer, AwsError):
            raise answer
        found += answer["tasks"]
    return found
