"""Where a container's log is, and its last lines. Source: the awslogs driver, which names a stream
``prefix/container/task``; GetLogEvents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import AwsError, NotFound
from reconciler.model.kind import Reader
from reconciler.model.stop_reasons import Stop

LINES = 5


@dataclass(frozen=True)
class Stream:
    """One container's stream; ``region`` None: that of everything else."""

    container: str
    group: str
    name: str
    region: str | None


def streams(definition: Mapping[str, Any], task: str) -> Iterator[Stream]:
    """The streams of a task's containers; without a prefix nobody knows the name."""
    for one in definition.get("containerDefinitions") or ():
        logging = one.get("logConfiguration") or {}
        options = logging.get("options") or {}
        prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
        if logging.get("logDriver") == "awslogs" and prefix and group:
            yield Stream(one["name"], group, f"{prefix}/{one['name']}/{task}", options.get("awslogs-region"))


def last_lines(read: Reader, stop: Stop) -> tuple[tuple[str, ...], AwsError | None]:
    """What the container that ended a task wrote last, and why that could not be read."""
    [described] = read.many("ecs:DescribeTaskDefinition", [{"taskDefinition": stop.definition}])
    if isinstance(described, AwsError):
        return (), described
    stream = next(
        (it for it in streams(described["taskDefinition"], stop.task) if it.container == stop.container), None
    )
    if stream is None:
        return (), None
    params = {"logGroupName": stream.group, "logStreamName": stream.name, "limit": LINES, "startFromHead": False}
    [answer] = read.many("logs:GetLogEvents", [params], region=stream.region)
    if isinstance(answer, AwsError):
        return (), None if isinstance(answer, NotFound) else answer
    lines = [str(event.get("message", "")).rstrip() for event in answer.get("events", ())]
    return tuple(line for line in lines if line)[-LINES:], None
