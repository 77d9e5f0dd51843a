"""What is left of a run: intent recorded before RunTask, outcome recorded before it can vanish, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.kinds import job_state
from reconciler.kinds.job_facts import Facts, Task, facts_of, started_by, token
from reconciler.kinds.job_fields import sent, short
from reconciler.kinds.job_outcome import for_capacity, wants_room
from reconciler.kinds.job_state import SETTLED, Word, due, ending, is_automatic, out_of_patience, patience, state
from reconciler.model import runs, tags
from reconciler.model.errors import Finding
from reconciler.model.key import OWNER, RUNS
from reconciler.model.observed import NEVER
from reconciler.model.plan import Call, Change, Left
from reconciler.model.runs import LENGTH, Run, tags_of
from reconciler.model.tree import Momentary, Pending, pending_after


def left(change: Change) -> Left | None:
    """What is left of the run that is wanted, or of one that was wanted earlier and has not ended."""
    steps = _Steps(change)
    for run in steps.facts.others(steps.digest):
        if (earlier := steps.earlier(run)) is not None:
            return earlier
    now = state(steps.facts, steps.digest, steps.at)
    if now.word is Word.SUCCEEDED:
        return None
    if now.run is None:
        return steps.begin(steps.fresh(1)) if steps.wanted else None
    return _next(change, steps, now.word, now.run, now.task)


def _next(change: Change, steps: _Steps, word: Word, run: Run, task: Task | None) -> Left | None:
    """What comes next in a run that revisions tell of."""
    match word:
        case Word.RUNNING if task is not None:
            return Left(tuple(steps.watch(run, task)), started=True)
        case Word.ENDED if task is not None and wants_room(task):
            return steps.without_room(run, [task.reason])
        case Word.ENDED if task is not None:
            return steps.told(run, *ending(steps.facts, run, task))
        case Word.REFUSED:
            return steps.without_room(run, list(steps.facts.refused[1]))
        case Word.GONE:
            return steps.told(run, runs.UNKNOWN, f"started {run.at:%Y-%m-%dT%H:%M:%SZ} on {run.detail}")
        case Word.SAID_DONE:
            return steps.told(run, runs.SUCCEEDED, "as a person said")
    if not steps.wanted:
        return None
    match word:
        case Word.STARTED:
            return steps.begin(run, recorded=True)
        case Word.AGAIN:
            return steps.begin(steps.fresh(run.attempt + 1))
    if not is_automatic(steps.facts):
        return None
    return Left(held=_held(change, word, run))


def _held(change: Change, word: Word, run: Run) -> Finding:
    said = f"reconciler retry {change.key.app} {change.key.kind}/{change.key.name}"
    if word is Word.FAILED:
        hint = f"change what it runs, or run it once more with: {said}"
        return Finding("HookFailed", (), job_state.why_failed(run), hint)
    hint = f"look at what it did; then run it again with: {said}, or record that it is done with: {said} --done"
    return Finding("JobOutcomeUnknown", (), job_state.why_unknown(run), hint)


class _Steps:
    """The calls of one job's runs. ``wanted``: a run is to be made where there is none."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._name = change.key.name
        self._owner = change.stamps[OWNER]
        self._cluster = short(change.spec.get("cluster", "default"))
        self.facts: Facts = facts_of(change.observed)
        if not self.facts.wish:
            self.facts = replace(self.facts, wish=change.spec)
        self.at: datetime = change.observed.at if change.observed else NEVER
        self.digest = change.desired.digest if change.desired else ""
        self.wanted = bool(self.digest) and self.facts.wish.get("when") != "manual"

    def fresh(self, attempt: int) -> Run:
        """A run that begins now, on the revision that is to be run."""
        revision = self._change.spec["taskDefinition"]
        place = self._cluster if len(self._cluster) <= 128 else ""
        text = revision if isinstance(revision, str) else ""
        return Run(self.digest[:LENGTH], runs.STARTED, self.at, attempt, detail=place, revision=text)

    def begin(self, run: Run, *, recorded: bool = False) -> Left:
        """Record the intent, start the task, record what came of it."""
        revision = self._change.spec["taskDefinition"]
        calls = [self._start(run), self._outcome(run, revision)]
        if not recorded:
            calls.insert(0, self._intent(run, revision))
        if self.at == NEVER and not isinstance(revision, Pending):
            return Left(tuple(calls), waiting="its task definition cannot be seen yet")
        if (other := self._other(run)) is not None:
            return Left(tuple(calls), waiting=f"another run of it is still going: task {other.id}")
        return Left(tuple(calls))

    def watch(self, run: Run, task: Task) -> Iterator[Call]:
        """Stop it when it has run too long; then, or when it ends, the outcome."""
        since = task.created or run.at
        if self.at - since > patience(self.facts) and task.desired != "STOPPED":
            reason = f"timeout: it ran longer than {int(patience(self.facts).total_seconds())} s"
            place = run.detail or self._cluster
            yield Call("ecs:StopTask", {"cluster": place, "task": task.arn, "reason": reason})
        yield self._outcome(run, run.revision)

    def told(self, run: Run, word: str, detail: str) -> Left:
        """Record how a run ended."""
        end = replace(run, word=word, at=self.at, tries=0, detail=detail)
        value = Momentary(runs.line(end))
        return Left((_tag(run.revision, [{"key": RUNS + self._name, "value": value}]),), started=True)

    def without_room(self, run: Run, reasons: list[str]) -> Left:
        """No task for want of capacity is tried again after a while; for any other reason it is a failure."""
        said = "; ".join(reasons) or "RunTask gave no task and no reason"
        if not for_capacity(reasons) or out_of_patience(self.facts, run):
            return self.told(run, runs.FAILED, said)
        further = replace(run, at=self.at, attempt=run.attempt + 1, tries=run.tries + 1)
        calls = (self._intent(further, run.revision), self._start(further), self._outcome(further, run.revision))
        return Left(calls, started=True, note=f"no capacity: {said}")

    def earlier(self, run: Run) -> Left | None:
        """What is left of a run that was wanted before: never stopped for a newer one, its end recorded."""
        task = self.facts.task_of(run)
        if task is None:
            young = self.at - run.at < SETTLED
            return Left(waiting="an earlier run may be on its way") if young and self.wanted else None
        if task.ended:
            word, detail = ending(self.facts, run, task)
            return self.told(run, word, detail)
        calls = list(self.watch(run, task))
        if self.wanted:
            gate = pending_after("the earlier run has ended")
            calls += [replace(call, gate=call.gate or gate) for call in self.begin(self.fresh(1)).calls]
        return Left(tuple(calls), started=True, note=f"an earlier run is still going: task {task.id}")

    def _other(self, run: Run) -> Task | None:
        mine = self.facts.task_of(run)
        return next((task for task in self.facts.tasks if not task.ended and task is not mine), None)

    def _intent(self, run: Run, revision: Any) -> Call:
        before = [one for one in self.facts.runs if one.revision == run.revision and not one.is_of(self.digest)]
        said = tags.to_list(tags_of(self._name, run, before))
        values = [{**tag, "value": Momentary(tag["value"])} if tag["key"] == RUNS + self._name else tag for tag in said]
        return _tag(revision, values)

    def _start(self, run: Run) -> Call:
        params = {
            **sent(self._change.spec),
            "startedBy": started_by(self._owner, self._name, run),
            "clientToken": token(self._owner, run),
        }
        early = run.tries and self.at < due(run)
        return Call("ecs:RunTask", params, pending_after(f"{due(run):%H:%M:%S} UTC") if early else None)

    def _outcome(self, run: Run, revision: Any) -> Call:
        ended = pending_after(f"{self._change.key} has ended")
        return _tag(revision, [{"key": RUNS + self._name, "value": ended}])


def _tag(revision: Any, values: list[dict[str, Any]]) -> Call:
    return Call("ecs:TagResource", {"resourceArn": revision, "tags": values})
