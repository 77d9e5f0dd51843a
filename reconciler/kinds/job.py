"""Job: a one-off task, run once for each run key, whatever crashes; a run is recorded on the revision it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.kinds import job_checks, job_uses
from reconciler.kinds.job_facts import Facts, Task, facts_of, observed, starter, task_from
from reconciler.kinds.job_fields import FIELDS, OWN, TIMEOUT
from reconciler.kinds.job_reading import look, look_hard
from reconciler.kinds.job_state import VISIBLE, Word, state, verdict
from reconciler.kinds.job_steps import left
from reconciler.model.desired import Reference
from reconciler.model.durations import seconds
from reconciler.model.errors import Conflict, Finding
from reconciler.model.key import OWNER, Key
from reconciler.model.kind import NO_POLICY, Answer, Kind, Reader, Referent
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import Place
from reconciler.model.plan import Call, Change, Left
from reconciler.model.policy import Policy
from reconciler.model.runs import runs_of
from reconciler.model.shapes import Shape
from reconciler.model.status import Health
from reconciler.model.tags import to_map
from reconciler.model.tree import Pending, Tree

_OURS = ("clientToken", "startedBy", "count", "referenceId")


class Job(Kind):
    """Members are RunTask's, with four of our own; token, origin and count are ours to say."""

    name = "Job"
    Spec = Shape("ecs", "RunTask", without=_OURS, own=OWN)
    fields = FIELDS
    uses = job_uses.USES

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return job_uses.places(spec, referent)

    def address(self, spec: Tree) -> str | None:
        """Where it runs and what; two jobs may share both."""
        place, what = spec.get("cluster", "default"), spec.get("taskDefinition")
        return None if isinstance(place, Pending) or isinstance(what, Pending) else f"{place}/{what}"

    def check(self, spec: Tree) -> Iterable[Finding]:
        return job_checks.findings(spec)

    def check_referents(self, key: Key, spec: Tree, referent: Referent) -> Iterable[Finding]:
        return [*job_checks.not_ours(key, spec), *job_checks.with_definition(spec, referent)]

    def essence(self, spec: Tree, referent: Referent) -> Tree:
        """The run key: what the manifest says, else the images and commands of all containers."""
        if spec.get("runKey"):
            return {"runKey": spec["runKey"]}
        named = spec.get("taskDefinition")
        definition = (referent(named) if isinstance(named, Reference) else None) or {}
        overrides = (spec.get("overrides") or {}).get("containerOverrides")
        said = ("image", "entryPoint", "command")
        return {
            "containers": _by_name(definition.get("containerDefinitions"), said),
            "overrides": _by_name(overrides, ("command",)),
        }

    def on_failure(self, spec: Tree) -> bool:
        return bool(spec.get("when") == "failure")

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterable[Observed]:
        return look(read, wanted)

    def second_look(self, read: Reader, changes: Sequence[Change]) -> Iterable[Observed]:
        """Before a task is started, and only then, everything is asked that may know of an earlier run."""
        starting = [change for change in changes if _starts(change)]
        return [look_hard(read, change, change.observed or Observed(change.key, NEVER)) for change in starting]

    def calls(self, change: Change) -> Iterable[Call]:
        return ()

    def left(self, change: Change) -> Left | None:
        return left(change)

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        facts = facts_of(change.observed)
        if not facts.wish and change.desired is not None:
            facts = replace(facts, wish={name: change.spec[name] for name in OWN if name in change.spec})
        for call, answer in zip(change.calls, answers, strict=False):
            facts = _once_made(facts, change, call, answer)
        seen = change.observed or Observed(change.key, NEVER)
        return observed(replace(seen, at=answers[-1].at), facts)

    def conflict(self, change: Change, error: Conflict) -> Observed | None:
        """The token was used before, by a process that read something else: the task it made is the run's."""
        seen = change.observed
        start = next((call for call in change.calls if call.operation == "ecs:RunTask"), None)
        if seen is None or start is None or error.operation != start.operation or not error.resources:
            return None
        facts = facts_of(seen)
        for call in change.calls[: change.calls.index(start)]:
            facts = _once_made(facts, change, call, Answer({}, seen.at))
        made = task_from({"taskArn": error.resources[0], **start.params}, _begins(change))
        run = facts.run_of(change.desired.digest) if change.desired else None
        if made is None or run is None:
            return None
        if seen.at - run.at > VISIBLE:
            return observed(seen, replace(facts, gone=run.id))
        return observed(seen, facts.with_task(replace(made, last="STARTED")))

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        return verdict(seen)

    def patience(self, spec: Tree, policy: Policy) -> float:
        return seconds(spec.get("timeout")) or TIMEOUT

    def released(self, seen: Observed) -> str | None:
        facts = facts_of(seen)
        now = state(facts, facts.digest, seen.at)
        return now.run.id if now.run and now.word in (Word.FAILED, Word.UNKNOWN) else None


def _starts(change: Change) -> bool:
    return any(call.operation == "ecs:RunTask" and call.ready for call in change.calls)


def _begins(change: Change) -> str:
    return starter(change.stamps[OWNER], change.key.name)


def _once_made(facts: Facts, change: Change, call: Call, answer: Mapping[str, Any]) -> Facts:
    """The facts once a call has been answered."""
    if call.operation == "ecs:TagResource":
        told = runs_of(to_map(call.params["tags"]), change.key.name, call.params["resourceArn"])
        run = next(iter(told), None)
        return facts.with_run(run) if run else facts
    described = answer.get("tasks") or ([answer["task"]] if "task" in answer else [])
    found: list[Task] = [task for one in described if (task := task_from(one, _begins(change)))]
    for task in found:
        facts = facts.with_task(task)
    if found or call.operation != "ecs:RunTask":
        return facts
    reasons = tuple(str(one.get("reason") or "MISSING") for one in answer.get("failures") or ())
    id = str(call.params["startedBy"]).removeprefix(_begins(change))
    return replace(facts, refused=(id, reasons))


def _by_name(containers: Any, members: Sequence[str]) -> dict[str, Any]:
    """What runs in each container, whatever the order they are written in."""
    return {
        str(one.get("name")): {member: one[member] for member in members if one.get(member)}
        for one in containers or ()
        if isinstance(one, Mapping)
    }
