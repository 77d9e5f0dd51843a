"""The last words of a task that crashed, where its container logs to CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.kinds.service_evidence import Evidence
from reconciler.model.errors import NotFound
from reconciler.model.kind import Answer, Reader
from reconciler.model.stop_reasons import Stop

LINES = 5


def last_words(read: Reader, found: Evidence) -> Evidence:
    """The evidence with the last lines that the newest crash has left."""
    crash = next((stop for stop in found.stops if stop.cause.crash and stop.container), None)
    if crash is None:
        return found
    [described] = read.many("ecs:DescribeTaskDefinition", [{"taskDefinition": crash.definition}])
    stream = _stream(described, crash) if isinstance(described, Answer) else None
    if stream is None:
        return found
    region, params = stream
    [answer] = read.many("logs:GetLogEvents", [params], region=region)
    if isinstance(answer, Answer):
        lines = [str(event.get("message", "")).rstrip() for event in answer.get("events", ())]
        return replace(found, words=tuple(line for line in lines if line)[-LINES:])
    if not isinstance(answer, NotFound):
        return replace(found, gaps=(*found.gaps, str(answer)))
    return found


def _stream(described: Mapping[str, Any], crash: Stop) -> tuple[str | None, dict[str, Any]] | None:
    """The region and the parameters that lead to a container's stream: ``prefix/container/task``."""
    for container in described["taskDefinition"].get("containerDefinitions", ()):
        configuration = container.get("logConfiguration") or {}
        options = configuration.get("options") or {}
        if container.get("name") != crash.container or configuration.get("logDriver") != "awslogs":
            continue
        prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
        if prefix and group:
            name = f"{prefix}/{crash.container}/{crash.task}"
            params = {"logGroupName": group, "logStreamName": name, "limit": LINES, "startFromHead": False}
            return options.get("awslogs-region"), params
    return None
