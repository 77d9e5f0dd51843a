"""One task run for a person: started, its log followed, stopped when asked or too late, its exit code brought home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.engine.apply import Writer
from reconciler.engine.order_task import Order
from reconciler.engine.task_log import TaskLog
from reconciler.model.clock import Clock
from reconciler.model.errors import OutcomeUnknown, ReconcilerError
from reconciler.model.kind import Reader
from reconciler.model.plan import Call

PAUSE = 2.0
"""Seconds between two looks at the task."""
UNSEEN = 300.0
"""Seconds for which a new task may not be seen yet. Source: the ECS API reference on eventual consistency."""
STOPPING = 180.0
"""Seconds that a task that was told to stop may take: the longest stopTimeout, and what follows it."""
_TRIES = 3


@dataclass(frozen=True)
class Told:
    """Where progress and log lines go."""

    progress: Callable[[str], None]
    line: Callable[[str], None]


@dataclass(frozen=True)
class Ended:
    """How a task ended: the code to pass on, and what is to be said of it. ``code`` None: there is none."""

    code: int | None
    why: str
    stopped: str = ""


def start(write: Writer, order: Order) -> dict[str, Any]:
    """Start the task; the described task. Sent again with its token, which makes no second one, when no answer came.

    Raises AwsError, and ReconcilerError when there is no task.
    """
    for left in reversed(range(_TRIES)):
        try:
            answer = write.send(Call("ecs:RunTask", order.params))
            break
        except OutcomeUnknown:
            if not left:
                raise
    if answer.get("tasks"):
        return dict(answer["tasks"][0])
    reasons = ", ".join(str(one.get("reason")) for one in answer.get("failures") or ()) or "no reason was given"
    raise ReconcilerError(f"no task was started: {reasons}", where=order.what, hint="look at the cluster's capacity")


class Follower:
    """Follows one task to its end. ``stop`` is asked whether somebody wants it stopped."""

    def __init__(
        self, read: Reader, write: Writer, clock: Clock, told: Told, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._read, self._write, self._clock, self._told, self._stop = read, write, clock, told, stop

    def follow(self, order: Order, task: Mapping[str, Any], timeout: float) -> Ended:
        """Until it has stopped. ``timeout`` (seconds) from now on; then it is stopped. Raises AwsError."""
        arn = str(task["taskArn"])
        answer = self._read.one("ecs:DescribeTaskDefinition", {"taskDefinition": task["taskDefinitionArn"]})
        definition = answer["taskDefinition"]
        log = TaskLog(self._read, definition, arn.rpartition("/")[2])
        if log.silent:
            self._told.progress("its log cannot be followed: no container has awslogs with a stream prefix")
        begun, seen, status, stopped, deadline = self._clock.monotonic(), task, "", "", timeout
        while True:
            passed = self._clock.monotonic() - begun
            seen = self._look(order, arn, seen, passed)
            if seen.get("lastStatus") != status:
                status = str(seen.get("lastStatus"))
                self._told.progress(f"task {arn.rpartition('/')[2]}: {status}")
            self._say(log)
            if status == "STOPPED":
                return _ended(order, seen, definition, stopped)
            if stopped and passed > deadline:
                raise ReconcilerError(f"task {arn} was told to stop and has not", hint="look at it in the console")
            if not stopped and (why := self._why_stop(passed, timeout)):
                stopped, deadline = why, passed + STOPPING
                self._told.progress(f"stopping the task: {why}")
                self._write.send(Call("ecs:StopTask", {"cluster": order.cluster, "task": arn, "reason": why}))
            self._clock.sleep(PAUSE)

    def _why_stop(self, passed: float, timeout: float) -> str:
        if self._stop():
            return "interrupted by the person who ran it"
        return f"timeout: it ran longer than {int(timeout)} s" if passed > timeout else ""

    def _look(self, order: Order, arn: str, last: Mapping[str, Any], passed: float) -> Mapping[str, Any]:
        answer = self._read.one("ecs:DescribeTasks", {"cluster": order.cluster, "tasks": [arn]})
        found = next(iter(answer.get("tasks") or ()), None)
        if found is None and passed > UNSEEN:
            raise ReconcilerError(f"task {arn} is no longer to be seen", hint="its log may tell how it ended")
        return found if found is not None else last

    def _say(self, log: TaskLog) -> None:
        for text in log.lines():
            self._told.line(text)
        if log.trouble:
            self._told.progress(log.trouble)
            log.trouble = ""


def _ended(order: Order, task: Mapping[str, Any], definition: Mapping[str, Any], stopped: str) -> Ended:
    """The code of the container that counts: the one that is named, else the first essential one that failed."""
    essential = {one["name"] for one in definition["containerDefinitions"] if one.get("essential", True)}
    counted = [
        one
        for one in task.get("containers") or ()
        if one.get("name") in ({order.container} if order.container else essential)
    ]
    why = str(task.get("stoppedReason") or "")
    if not counted or any(one.get("exitCode") is None for one in counted):
        reasons = [str(one["reason"]) for one in counted if one.get("reason")]
        return Ended(None, "; ".join(dict.fromkeys([*reasons, why])) or "no exit code was given", stopped)
    codes = [int(one["exitCode"]) for one in counted]
    return Ended(next((code for code in codes if code), 0), why, stopped)
