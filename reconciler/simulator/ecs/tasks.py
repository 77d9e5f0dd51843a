"""Tasks: list, describe, stop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.simulator.errors import AwsError, invalid, service_not_found

from . import task_life
from .paging import page
from .scope import Handler, Scope, at_most, find_cluster, find_task, last, missing
from .state import Task
from .task_view import described


def list_tasks(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """By ARN. ``startedBy`` allows no other filter; a service's are found without looking at others."""
    cluster = find_cluster(at.state, params.get("cluster"))
    filters = {"containerInstance", "family", "serviceName", "launchType", "daemonName"} & params.keys()
    if "startedBy" in params and filters:
        raise invalid("The startedBy filter cannot be combined with other filters.")
    if params.get("desiredStatus") == "PENDING":
        return {"taskArns": []}  # documented: ECS never sets it
    wanted = params.get("desiredStatus", "RUNNING")
    pool: Iterable[Task] = cluster.tasks.values()
    if "serviceName" in params:
        service = cluster.services.get(last(params["serviceName"]))
        if service is None:
            raise service_not_found()
        if wanted != "STOPPED":
            pool = service.tasks()
    arns = sorted(t.arn for t in pool if t.desired == wanted and _fits(t, params))
    return page([([arn], arn) for arn in arns], params, "taskArns", default=100)


def _fits(task: Task, params: dict[str, Any]) -> bool:
    return (
        ("family" not in params or task.definition.family == params["family"])
        and ("startedBy" not in params or task.started_by == params["startedBy"])
        and ("launchType" not in params or task.launch_type == params["launchType"])
        and ("serviceName" not in params or task.group == f"service:{last(params['serviceName'])}")
        and (
            "containerInstance" not in params
            or (task.instance is not None and task.instance.id == last(params["containerInstance"]))
        )
        and "daemonName" not in params
    )


def describe_tasks(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    if not params["tasks"]:
        raise invalid("Tasks cannot be empty.")
    at_most(100, params["tasks"], "tasks")
    found, failures = [], []
    for reference in params["tasks"]:
        task = find_task(cluster, reference)
        if task is None:
            failures.append(
                missing(reference if reference.startswith("arn:") else at.state.arn("task", cluster.name, reference))
            )
        else:
            found.append(described(at, task, tags="TAGS" in params.get("include", ())))
    return {"tasks": found, "failures": failures}


def stop_task(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params.get("cluster"))
    task = find_task(cluster, params["task"])
    if task is None:
        raise AwsError("InvalidParameterException", "The referenced task was not found.")
    at.state.tags.pop(task.arn, None)
    reason = params.get("reason", "Task stopped by user")
    task_life.stop(at, [task], "UserInitiated", reason)
    return {"task": described(at, task)}


OPERATIONS: dict[str, Handler] = {
    "ListTasks": list_tasks,
    "DescribeTasks": describe_tasks,
    "StopTask": stop_task,
}
