"""Where the run that is wanted of a job stands, told from its facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.kinds.job_facts import Facts, Task, facts_of
from reconciler.kinds.job_fields import TIMEOUT
from reconciler.kinds.job_outcome import failure
from reconciler.model import runs
from reconciler.model.durations import seconds
from reconciler.model.observed import Observed
from reconciler.model.runs import Run
from reconciler.model.status import Health, HealthWord

TOKEN_LIVES = timedelta(hours=23)
"""A client token gives the same task for 24 hours (API reference of RunTask); an hour is left for clocks and queues."""
VISIBLE = timedelta(minutes=70)
"""A stopped task is shown for at least an hour (API reference of DescribeTasks)."""
SETTLED = timedelta(minutes=5)
"""After this long a reading shows what was done (ECS API reference on eventual consistency)."""


class Word(StrEnum):
    NOT_RUN = "not run"
    AGAIN = "to be run again"
    STARTED = "started"  # recorded, and no task seen
    REFUSED = "refused"
    RUNNING = "running"
    ENDED = "ended"  # stopped, and not recorded
    GONE = "gone"
    SAID_DONE = "said to be done"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class State:
    """Where a run stands; its task where there is one."""

    word: Word
    run: Run | None = None
    task: Task | None = None


def state(facts: Facts, digest: str, at: datetime) -> State:
    """Where the run for a digest stands at a time."""
    run = facts.run_of(digest)
    if run is None:
        return State(Word.NOT_RUN)
    found = _recorded(run) if run.ended else _under_way(facts, run, at)
    if found.word in (Word.FAILED, Word.UNKNOWN):
        if facts.released == run.id:
            return State(Word.AGAIN, run)
        if facts.released == f"{run.id} done":
            return State(Word.SAID_DONE, run)
    return found


def _recorded(run: Run) -> State:
    words = {runs.SUCCEEDED: Word.SUCCEEDED, runs.FAILED: Word.FAILED}
    return State(words.get(run.word, Word.UNKNOWN), run)


def _under_way(facts: Facts, run: Run, at: datetime) -> State:
    task = facts.task_of(run)
    if task is not None:
        return State(Word.ENDED if task.ended else Word.RUNNING, run, task)
    if facts.refused[0] == run.id:
        return State(Word.REFUSED, run)
    if facts.gone == run.id:
        return State(Word.GONE, run)
    return State(Word.UNKNOWN if at - run.at >= TOKEN_LIVES else Word.STARTED, run)


def due(run: Run) -> datetime:
    """When a try may be made: a further one has a token of its own, so all readers have to know of it first."""
    return run.at + SETTLED if run.tries else run.at


def out_of_patience(facts: Facts, run: Run) -> bool:
    """Whether capacity has been waited for long enough."""
    return run.tries * SETTLED >= patience(facts)


def patience(facts: Facts) -> timedelta:
    """How long a task may run, and how long capacity is waited for."""
    return timedelta(seconds=seconds(facts.wish.get("timeout")) or TIMEOUT)


def is_automatic(facts: Facts) -> bool:
    """Whether the job is run by its place in the graph, so that others wait for it."""
    return not facts.wish.get("when")


def verdict(seen: Observed) -> Health:
    """How a job fares. One that is run only when asked or on failure holds nobody up."""
    facts = facts_of(seen)
    going = next((task for task in facts.tasks if not task.ended), None)
    if going is not None and (facts.others(facts.digest) or not is_automatic(facts)):
        return _running(f"an earlier run is still going: {_task(going, seen.at)}")
    if not is_automatic(facts):
        return _quiet(facts)
    now = state(facts, facts.digest, seen.at)
    run = now.run
    if now.word is Word.NOT_RUN or run is None:
        return Health(HealthWord.MISSING, "NotRun", "it has not run yet")
    match now.word:
        case Word.SUCCEEDED:
            return Health(HealthWord.HEALTHY, "Succeeded", f"it succeeded{_when(run)}")
        case Word.FAILED:
            words = tuple(f"log: {line}" for line in facts.words)
            return Health(HealthWord.DEGRADED, "HookFailed", why_failed(run), stalled=True, detail=words)
        case Word.UNKNOWN:
            return Health(HealthWord.DEGRADED, "JobOutcomeUnknown", why_unknown(run), stalled=True)
        case Word.RUNNING if now.task is not None:
            return _running(_task(now.task, seen.at))
        case Word.STARTED if run.tries:
            return _running(f"no capacity so far; try {run.tries + 1} at {due(run):%H:%M:%S} UTC")
        case Word.STARTED if seen.at - run.at > VISIBLE:
            return _running(
                f"it was started{_when(run)}; how it ended is not known yet: the next apply asks for its task"
            )
    return _running("it is being started" if now.task is None else "it has ended; how is recorded by the next apply")


def why_failed(run: Run) -> str:
    return f"it failed{_when(run)}" + (f": {run.detail}" if run.detail else "")


def why_unknown(run: Run) -> str:
    since = f"at {run.at:%Y-%m-%d %H:%M} UTC " if run.at.year > 1 and not run.ended else ""
    since = f"({run.detail}) " if run.ended and run.detail else since
    return f"it was to be started {since}and nobody recorded how it ended; its task is no longer to be seen"


def ending(facts: Facts, run: Run, task: Task) -> tuple[str, str]:
    """The word and the detail that a stopped task amounts to."""
    why = failure(task, str(facts.wish.get("container") or ""), facts.essential.get(run.revision, {}))
    return (runs.FAILED, why) if why else (runs.SUCCEEDED, "")


def _quiet(facts: Facts) -> Health:
    how = "when asked" if facts.wish.get("when") == "manual" else "when a rollout of its app fails"
    last = max((run for run in facts.runs if run.ended), key=lambda run: run.at, default=None)
    told = f"; the last time it {last.word}{_when(last)}" if last else ""
    more = f": {last.detail}" if last and last.word == runs.FAILED and last.detail else ""
    return Health(HealthWord.HEALTHY, "RunsWhenAsked", f"it runs {how}{told}{more}")


def _running(message: str) -> Health:
    return Health(HealthWord.PROGRESSING, "RunningHook", message)


def _task(task: Task, at: datetime) -> str:
    minutes = int((at - task.created).total_seconds()) // 60 if task.created else 0
    return f"task {task.id} is {task.last}" + (f", {minutes} min after it was asked for" if minutes > 0 else "")


def _when(run: Run) -> str:
    return f" at {run.at:%Y-%m-%d %H:%M} UTC" if run.at.year > 1 else ""
