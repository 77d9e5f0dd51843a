"""Starting tasks: which provider, which instance, or why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import placement, scaling, task_life
from .fleet import Instance
from .placement import Refused
from .scope import Scope
from .state import Cluster, Deployment, Service, Task
from .task_make import SPOT, Order, made, need_of, next_provider


def start(at: Scope, service: Service, deployment: Deployment, count: int) -> tuple[list[Task], Refused | None]:
    """Up to ``count`` tasks of a deployment, and why there are no more."""
    cluster = at.state.clusters[service.cluster]
    members, definition = deployment.members, deployment.definition
    peers = service.tasks()
    strategy = members.get("capacityProviderStrategy", ())
    counts = {i["capacityProvider"]: 0 for i in strategy}
    for task in peers:
        if task.live and task.capacity_provider in counts:
            counts[task.capacity_provider] += 1
    tags = _tags(at, service, deployment)
    only = _vacant(at, service, deployment) if service.daemon else None
    tasks: list[Task] = []
    refused = None
    for place in range(count):
        provider = next_provider(strategy, counts) if strategy else None
        order = Order(
            cluster=cluster.name,
            definition=definition,
            group=f"service:{service.name}",
            started_by=deployment.id,
            launch_type=launch_type(at, provider, members.get("launchType", "EC2")),
            provider=provider,
            members=members,
            tags=tags,
            deployment=deployment,
            service=service,
        )
        chosen = only[place : place + 1] if only is not None else None
        seen = put(at, cluster, order, place, peers, members, chosen)
        if isinstance(seen, Refused):
            refused = seen
            break
        if provider:
            counts[provider] += 1
        deployment.tasks[seen.id] = seen
        peers.append(seen)
        tasks.append(seen)
    task_life.begin(at, tasks)
    return tasks, refused


def put(
    at: Scope,
    cluster: Cluster,
    order: Order,
    place: int,
    peers: Sequence[Task],
    rules: Mapping[str, Any],
    only: Sequence[Instance] | None = None,
) -> Task | Refused:
    """One task, on an instance with room or waiting for its provider to make some; nothing moves it yet."""
    instance: Instance | None = None
    waits = False
    if order.launch_type == "FARGATE":
        room = placement.fargate_room(at, order.provider or "FARGATE")
        if room is not None and room <= 0:
            return Refused("CAPACITY")
    elif order.launch_type != "EXTERNAL":
        found = only
        refused: Refused | None = None
        if found is None:
            found, refused = placement.candidates(at, cluster, order.definition, rules, order.provider, order.group)
        elif not found:
            refused = Refused("EMPTY")
        if refused is None:
            need = need_of(order.definition, order.overrides)
            seen = placement.place(at, list(found), need, rules.get("placementStrategy", ()), peers)
            refused, instance = (seen, None) if isinstance(seen, Refused) else (None, seen)
        if refused is not None:
            if not scaling.expects(at, order.provider):
                return refused
            waits = True
    task = made(at, order, place, instance)
    cluster.tasks[task.id] = task
    if waits:
        cluster.waiting.append(task)
        scaling.want(at, cluster, order.provider or "")
    return task


def launch_type(at: Scope, provider: str | None, otherwise: str) -> str:
    if provider is None:
        return otherwise
    if provider in SPOT:
        return "FARGATE"
    known = at.state.providers.get(provider)
    return "MANAGED_INSTANCES" if known and "managedInstancesProvider" in known.members else "EC2"


def eligible(at: Scope, service: Service, deployment: Deployment) -> list[Instance]:
    """The instances a daemon belongs on."""
    cluster = at.state.clusters[service.cluster]
    provider = next((i["capacityProvider"] for i in deployment.members.get("capacityProviderStrategy", ())), None)
    group = f"daemon:{service.name}"  # its own tasks do not stand in its way
    found, _ = placement.candidates(at, cluster, deployment.definition, deployment.members, provider, group)
    return found


def _vacant(at: Scope, service: Service, deployment: Deployment) -> list[Instance]:
    """Where the daemon is missing; first where nothing of it runs any more."""
    mine = {t.instance for t in deployment.tasks.values() if t.live}
    busy = {t.instance for t in service.tasks() if t.counted}
    found = [i for i in eligible(at, service, deployment) if i not in mine]
    return sorted(found, key=lambda i: i in busy)


def _tags(at: Scope, service: Service, deployment: Deployment) -> dict[str, str]:
    tags: dict[str, str] = {}
    if service.members.get("enableECSManagedTags"):
        tags |= {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
    source = {"SERVICE": service.arn, "TASK_DEFINITION": deployment.definition.arn}.get(
        service.members.get("propagateTags", ""), ""
    )
    return tags | at.state.tags.get(source, {})
