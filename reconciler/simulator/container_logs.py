"""What scripted containers write: put into the log groups that moto keeps, as soon as somebody asks for a log."""

from __future__ import annotations

from typing import Any

from .ecs import Scope
from .ecs.state import Task
from .others import Others


def write(at: Scope, others: Others) -> None:
    """The lines of every task that has come to run, once. A log group that is not there swallows them."""
    for cluster in at.state.clusters.values():
        for task in cluster.tasks.values():
            if task.plan.logs and "started" in task.times and "logged" not in task.fixed:
                task.fixed["logged"] = True
                _write(at, others, task)


def _write(at: Scope, others: Others, task: Task) -> None:
    said = dict(task.plan.logs)
    for container in task.definition.members["containerDefinitions"]:
        configuration = container.get("logConfiguration") or {}
        options = configuration.get("options") or {}
        if container["name"] not in said or configuration.get("logDriver") != "awslogs":
            continue
        region = options.get("awslogs-region", at.state.name)
        backend = others.ready("logs", at.state.account, region)
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if options.get("awslogs-create-group") == "true" and group not in backend.groups:
            backend.create_log_group(group, {})
        if not group or group not in backend.groups:
            continue
        stream = f"{prefix}/{container['name']}/{task.id}" if prefix else task.id
        _put(backend, group, stream, said[container["name"]].splitlines(), task.times["started"])


def _put(backend: Any, group: str, stream: str, lines: list[str], at: float) -> None:
    """Written around moto's own door, which refuses events of another time than the wall clock's."""
    from moto.logs.models import LogEvent, LogStream

    found = backend.groups[group].streams
    found[stream] = LogStream(backend.groups[group], stream)
    when = int(at * 1000)
    found[stream].events = [
        LogEvent(when, {"timestamp": when + number, "message": line}) for number, line in enumerate(lines)
    ]
