"""Tasks without a service: RunTask and StartTask, and what is refused before anything starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reconciler.simulator.errors import AwsError, client, invalid

from . import expressions, launch, placement, task_life
from .clusters import strategy_of
from .definitions import usable
from .fleet import Instance
from .placement import Refused
from .scope import Handler, Scope, at_most, find_cluster, tags_in
from .state import Cluster, Task, TaskDefinition
from .task_make import Order, next_provider
from .task_view import described

STARTED_BY = re.compile(r"[A-Za-z0-9/_-]*")
RUN_TOKEN = 64


def run_task(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Up to ten tasks; those that find no room are failures beside those that do."""
    cluster = find_cluster(at.state, params.get("cluster"))
    token, asked = (
        params.get("clientToken"),
        json.dumps({k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True),
    )
    known = _remembered(at, cluster, token, asked)
    if known is not None:
        return {"tasks": [described(at, t) for t in known], "failures": []}
    count = params.get("count", 1)
    if not 1 <= count <= 10:
        raise invalid("Count must be between 1 and 10.")
    definition = usable(at.state, params["taskDefinition"])
    strategy = _capacity(cluster, params)
    kind = str(params.get("launchType", "EC2"))
    _refuse(params, definition, strategy, kind)
    counts = {i["capacityProvider"]: 0 for i in strategy}
    tasks: list[Task] = []
    failures: list[dict[str, Any]] = []
    for place in range(count):
        provider = next_provider(strategy, counts) if strategy else None
        order = _order(at, cluster, definition, params, launch.launch_type(at, provider, kind), provider)
        peers = [*_group(cluster, order.group), *tasks]
        seen = launch.put(at, cluster, order, place, peers, params)
        if isinstance(seen, Refused):
            failures.append(_failure(seen))
            continue
        if provider:
            counts[provider] += 1
        tasks.append(seen)
    task_life.begin(at, tasks)
    if token is not None and tasks:
        cluster.runs[token] = (asked, at.now, [t.id for t in tasks])
    return {"tasks": [described(at, t, tags=True) for t in tasks], "failures": failures}


def start_task(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """One task on each of these instances."""
    cluster = find_cluster(at.state, params.get("cluster"))
    at_most(10, params["containerInstances"], "containerInstances")
    if not params["containerInstances"]:
        raise invalid("Container instances cannot be empty.")
    if len(params.get("startedBy", "")) > 36:
        raise invalid("startedBy can have at most 36 characters.")
    definition = usable(at.state, params["taskDefinition"])
    _refuse(params, definition, [], "EC2")
    placement.instances(at, cluster)
    tasks, failures = [], []
    for place, reference in enumerate(params["containerInstances"]):
        instance = placement.find(cluster, reference)
        if instance is None or instance.status == "INACTIVE":
            arn = (
                reference
                if reference.startswith("arn:")
                else at.state.arn("container-instance", cluster.name, reference)
            )
            failures.append({"arn": arn, "reason": "MISSING"})
            continue
        order = _order(at, cluster, definition, params, "EC2", None)
        seen = launch.put(at, cluster, order, place, [], {}, [instance])
        if isinstance(seen, Refused):
            failures.append(_failure(seen))
        else:
            tasks.append(seen)
    task_life.begin(at, tasks)
    return {"tasks": [described(at, t, tags=True) for t in tasks], "failures": failures}


def _remembered(at: Scope, cluster: Cluster, token: str | None, asked: str) -> list[Task] | None:
    """The tasks of an earlier call with this token, as long as it is remembered."""
    if token is None:
        return None
    if not 1 <= len(token) <= RUN_TOKEN or not all(33 <= ord(c) <= 126 for c in token):
        raise invalid(f"clientToken can have at most {RUN_TOKEN} characters in the range 33 to 126.")
    if token not in cluster.runs:
        return None
    before, when, ids = cluster.runs[token]
    if at.now - when >= at.settings.run_token_lifetime:
        del cluster.runs[token]
        return None
    arns = [at.state.arn("task", cluster.name, i) for i in ids]
    found = [cluster.tasks[i] for i in ids if i in cluster.tasks]
    if before != asked or not found:
        raise AwsError(
            "ConflictException",
            "The specified client token was already used with other parameters, or its tasks are gone.",
            resourceIds=arns,
        )
    return found


def _capacity(cluster: Cluster, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = params.get("capacityProviderStrategy", [])
    if given and "launchType" in params:
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if not given and "launchType" not in params:
        given = cluster.members["defaultCapacityProviderStrategy"]
    return strategy_of(given, cluster.members["capacityProviders"])


def _refuse(params: Mapping[str, Any], definition: TaskDefinition, strategy: list[dict[str, Any]], kind: str) -> None:
    started_by = params.get("startedBy", "")
    if len(started_by) > 128 or not STARTED_BY.fullmatch(started_by):
        raise invalid("startedBy can have at most 128 letters, numbers, hyphens, forward slashes and underscores.")
    network = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if definition.awsvpc and network is None:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if not definition.awsvpc and network is not None:
        raise invalid("Network Configuration is not valid for the given networkMode of this task definition.")
    if network is not None and not network["subnets"]:
        raise invalid("subnets can not be empty.")
    fargate = strategy[0]["capacityProvider"].startswith("FARGATE") if strategy else kind == "FARGATE"
    wanted = "FARGATE" if fargate else kind
    if wanted not in definition.members["compatibilities"]:
        raise invalid(f"Task definition does not support launch_type {wanted}.")
    if kind == "MANAGED_INSTANCES":
        raise invalid("The MANAGED_INSTANCES launch type needs a capacity provider strategy.")
    if params.get("propagateTags") == "SERVICE":
        raise invalid("The SERVICE option of propagateTags is not supported when a task is run.")
    if str(params.get("group", "")).startswith("service:"):
        raise invalid("The group of a task cannot begin with service:.")
    at_most(
        10,
        [*params.get("placementConstraints", ()), *definition.members["placementConstraints"]],
        "placementConstraints",
    )
    expressions.refuse(params.get("placementConstraints", ()))
    at_most(5, params.get("placementStrategy", []), "placementStrategy")
    names = {c["name"] for c in definition.members["containerDefinitions"]}
    overrides = params.get("overrides", {})
    for one in overrides.get("containerOverrides", ()):
        if one.get("name") not in names:
            raise invalid(
                "Override for container named {} is not a container in the TaskDefinition.".format(one.get("name"))
            )
    if len(json.dumps(overrides)) > 8192:
        raise client("Container Overrides length must be at most 8192.")


def _order(
    at: Scope, cluster: Cluster, definition: TaskDefinition, params: Mapping[str, Any], kind: str, provider: str | None
) -> Order:
    tags = tags_in(list(params.get("tags", ())))
    if params.get("propagateTags") == "TASK_DEFINITION":
        tags = at.state.tags.get(definition.arn, {}) | tags
    if params.get("enableECSManagedTags"):
        tags = {"aws:ecs:clusterName": cluster.name} | tags
    return Order(
        cluster=cluster.name,
        definition=definition,
        group=str(params.get("group") or f"family:{definition.family}"),
        started_by=params.get("startedBy", ""),
        launch_type=kind,
        provider=provider,
        members=params,
        tags=tags,
        overrides=params.get("overrides", {}),
    )


def _group(cluster: Cluster, group: str) -> list[Task]:
    return [t for t in cluster.tasks.values() if t.group == group and t.live]


def _failure(refused: Refused) -> dict[str, Any]:
    """RESOURCE:CPU and its like, of the instance that came closest; Fargate's own words."""
    if refused.code == "CAPACITY":
        return {"reason": placement.CAPACITY}
    if refused.closest is None:
        return {"reason": placement.EMPTY}
    closest: Instance = refused.closest
    return {"arn": closest.arn, "reason": refused.code}


OPERATIONS: dict[str, Handler] = {"RunTask": run_task, "StartTask": start_task}
