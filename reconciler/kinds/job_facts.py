"""What is known of a job's runs: those that revisions tell of, and the tasks that are theirs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.model.observed import Observed
from reconciler.model.runs import LENGTH, Run
from reconciler.model.tree import Tree


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task as described; ``code`` None: it gave none."""

    name: str
    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the job, whoever started it. ``attempt`` 0: a person's run, which no revision tells of."""

    arn: str
    fingerprint: str
    attempt: int
    last: str
    desired: str = "RUNNING"
    created: datetime | None = None
    stop_code: str = ""
    reason: str = ""
    containers: tuple[Container, ...] = ()

    @property
    def ended(self) -> bool:
        return self.last == "STOPPED"

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class Facts:
    """All that a reading of a job is made of.

    wish        the members of the manifest that are ours and not RunTask's
    digest      what is wanted; of a job that runs on failure the planner knows better
    released    the id of the run that a person has released
    runs        those that revisions tell of
    tasks       those of the job that were found
    essential   of each revision looked at, its containers, and whether each is essential
    refused     (id of the run, why): RunTask was answered without a task
    gone        the id of a run whose task AWS names, but no longer shows
    words       what the run that is wanted wrote last, when it has failed
    """

    wish: Tree = field(default_factory=dict)
    digest: str = ""
    released: str = ""
    runs: tuple[Run, ...] = ()
    tasks: tuple[Task, ...] = ()
    essential: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    refused: tuple[str, tuple[str, ...]] = ("", ())
    gone: str = ""
    words: tuple[str, ...] = ()

    def run_of(self, digest: str) -> Run | None:
        """The newest run for a digest; of two tellings of one attempt the one that knows its end."""
        mine = [run for run in self.runs if run.is_of(digest)]
        newest = max(mine, key=lambda run: (run.attempt, run.ended, run.at), default=None)
        return replace(newest, fingerprint=digest[:LENGTH]) if newest else None

    def others(self, digest: str) -> list[Run]:
        """The runs for anything else that have not ended as far as revisions tell."""
        ended = {run.id for run in self.runs if run.ended}
        return [run for run in self.runs if not run.ended and not run.is_of(digest) and run.id not in ended]

    def task_of(self, run: Run) -> Task | None:
        """The task of a run. A try that was taken for one without capacity may have led to it all the same."""
        first = run.attempt - run.tries
        mine = [task for task in self.tasks if task.fingerprint == run.fingerprint and task.attempt == run.attempt]
        tried = [task for task in self.tasks if task.fingerprint == run.fingerprint and task.attempt >= first]
        started = [task for task in tried if task.attempt < run.attempt and task.stop_code != "TaskFailedToStart"]
        return next(iter([*started, *mine]), None)

    def with_run(self, run: Run) -> Facts:
        """The facts once a revision tells of a run."""
        kept = [
            one
            for one in self.runs
            if one.revision != run.revision or (one.ended and one.fingerprint[:12] != run.fingerprint[:12])
        ]
        return replace(self, runs=(run, *kept))

    def with_task(self, task: Task) -> Facts:
        """The facts once a task has been seen again, or for the first time."""
        return replace(self, tasks=(*(one for one in self.tasks if one.arn != task.arn), task))


def facts_of(seen: Observed | None) -> Facts:
    """The facts of a reading; none of a job that could not be read yet."""
    found = seen.live.get("job") if seen else None
    return found if isinstance(found, Facts) else Facts()


def observed(seen: Observed, facts: Facts) -> Observed:
    """A reading with its facts. Its tags and ARN are those by which an old reading is known."""
    told = {run.revision + " " + run.id: run.word for run in facts.runs if not run.ended or run.is_of(facts.digest)}
    newest = facts.tasks[-1].arn if facts.tasks else None
    known = facts.run_of(facts.digest) is not None
    status = "RUN" if known else "NOT_RUN"
    return replace(seen, spec={} if known else None, arn=newest, tags=told, status=status, live={"job": facts})


def starter(owner: str, name: str) -> str:
    """The beginning of ``startedBy`` of all tasks of a job: letters, digits, ``-``, ``_`` and ``/``."""
    return f"{re.sub('[^A-Za-z0-9_-]', '-', name)[:40]}/{hashlib.sha256(owner.encode()).hexdigest()[:16]}/"


def started_by(owner: str, name: str, run: Run) -> str:
    return f"{starter(owner, name)}{run.fingerprint}/{run.attempt}"


def token(owner: str, run: Run) -> str:
    """The client token of an attempt: the same for all processes, whatever they have seen."""
    return hashlib.sha256(f"{owner} {run.id}".encode()).hexdigest()


def task_from(described: Mapping[str, Any], begins: str) -> Task | None:
    """A described task when it is one of the job's."""
    by = str(described.get("startedBy") or "")
    if not by.startswith(begins):
        return None
    fingerprint, _, attempt = by.removeprefix(begins).partition("/")
    return Task(
        described["taskArn"],
        fingerprint,
        int(attempt) if attempt.isdigit() else 0,
        described.get("lastStatus") or "",
        described.get("desiredStatus") or "RUNNING",
        described.get("createdAt"),
        described.get("stopCode") or "",
        described.get("stoppedReason") or "",
        tuple(_containers(described.get("containers") or ())),
    )


def _containers(described: Iterable[Mapping[str, Any]]) -> Iterable[Container]:
    for one in described:
        yield Container(one.get("name") or "", one.get("exitCode"), one.get("reason") or "")
