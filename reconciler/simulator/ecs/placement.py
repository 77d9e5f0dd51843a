"""Where tasks go: constraints, room, strategies; and what is said when there is no room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.errors import AwsError

from . import expressions
from .fleet import Instance, Need
from .scope import Scope, last
from .state import Cluster, Task, TaskDefinition

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
WORDS = {
    "RESOURCE:CPU": "has insufficient CPU units available",
    "RESOURCE:MEMORY": "has insufficient memory available",
    "RESOURCE:PORTS": "is already using a port required by your task",
    "RESOURCE:ENI": 'encountered error "RESOURCE:ENI"',
    "AGENT": 'encountered error "AGENT"',
    "ATTRIBUTE": "is missing an attribute required by your task",
}
EMPTY = "No Container Instances were found in your cluster."


@dataclass(frozen=True)
class Refused:
    """No instance: a reason code for RunTask, and the instance that came closest."""

    code: str
    closest: Instance | None = None

    @property
    def event(self) -> str:
        """As a service event words it."""
        if self.code == "CAPACITY":
            return f"was unable to place a task. Reason: {CAPACITY}."
        text = "was unable to place a task because no container instance met all of its requirements."
        if self.closest is None:
            return f"{text} Reason: {EMPTY}" if self.code == "EMPTY" else text
        return (
            f"{text} The closest matching container-instance {self.closest.id} {WORDS[self.code]}. "
            "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        )


def endless(at: Scope, cluster: Cluster) -> bool:
    """Whether nobody has given the cluster instances, and it may do without."""
    return at.settings.unlimited_capacity and not any(not i.endless for i in cluster.instances.values())


def instances(at: Scope, cluster: Cluster) -> list[Instance]:
    """The registered ones. A cluster nobody gave any to gets its endless ones when they are first asked for."""
    if not cluster.instances and at.settings.unlimited_capacity and cluster.status == "ACTIVE":
        for number in range(at.settings.instances):
            identifier = f"{number:032x}"
            arn = at.state.arn("container-instance", cluster.name, identifier)
            cluster.instances[identifier] = Instance(
                identifier, arn, f"i-{number:017x}", cluster.name, at.now, zone=f"{at.state.name}{'abc'[number % 3]}"
            )
    return [i for i in cluster.instances.values() if i.status != "INACTIVE"]


def active(at: Scope, cluster: Cluster) -> list[Instance]:
    return [i for i in instances(at, cluster) if i.status == "ACTIVE"]


def look(instance: Instance, group: Iterable[str]) -> expressions.Look:
    """The subjects of the cluster query language for one instance."""

    def of(subject: str) -> str | None:
        if subject.startswith("attribute:"):
            name = subject.removeprefix("attribute:")
            builtin = {"ecs.availability-zone": instance.zone, "ecs.os-type": "linux"}
            found = instance.attributes.get(name, builtin.get(name))
            return "" if found is None and name in instance.attributes else found
        known = {
            "ec2InstanceId": instance.ec2,
            "agentConnected": str(instance.connected).lower(),
            "runningTasksCount": str(len(instance.tasks)),
            "registeredAt": str(instance.registered),
            "agentVersion": "1.90.0",
        }
        if subject == "task:group":
            return "\n".join(group) or None
        return known.get(subject)

    return of


def candidates(
    at: Scope,
    cluster: Cluster,
    definition: TaskDefinition,
    members: Mapping[str, Any],
    provider: str | None,
    group: str,
) -> tuple[list[Instance], Refused | None]:
    """Instances that the constraints allow; with none, why."""
    found = active(at, cluster)
    known = at.state.providers.get(provider or "")
    if provider is not None and ((known and known.limited) or not all(i.endless for i in found)):
        found = [i for i in found if i.provider == provider]
    if not found:
        return [], Refused("EMPTY")
    if all(i.endless for i in found):
        return found, None  # as roomy as they are, they are whatever is asked for
    everyone = found
    rules = [*members.get("placementConstraints", ()), *definition.members.get("placementConstraints", ())]
    for rule in rules:
        if rule["type"] == "memberOf":
            found = [i for i in found if _member(rule, i, _groups(cluster, i))]
        else:
            found = [i for i in found if group not in _groups(cluster, i)]
    return found, None if found else Refused("ATTRIBUTE", everyone[0])


def _member(rule: Mapping[str, Any], instance: Instance, groups: list[str]) -> bool:
    """An expression that a task definition brought along may be none: then nothing is meant."""
    try:
        return expressions.fits(rule.get("expression", ""), look(instance, groups))
    except AwsError:
        return False


def _groups(cluster: Cluster, instance: Instance) -> list[str]:
    return [cluster.tasks[t].group for t in instance.tasks if t in cluster.tasks]


def place(
    at: Scope,
    found: list[Instance],
    need: Need,
    strategy: Sequence[dict[str, Any]],
    tasks: Sequence[Task],
) -> Instance | Refused:
    """One instance with room, by strategy; without one tasks are spread evenly over zones, then instances.

    ``tasks`` are those of the same service or group, which spread looks at.
    """
    fitting = [i for i in found if i.lacks(need) is None]
    if not fitting:
        closest = max(found, key=lambda i: ((i.cpu or 0) - i.cpu_used + (i.memory or 0) - i.memory_used, i.id))
        return Refused(closest.lacks(need) or "RESOURCE:CPU", closest)
    if len(fitting) == 1:
        return fitting[0]
    rules = strategy or (
        {"type": "spread", "field": "attribute:ecs.availability-zone"},
        {"type": "spread", "field": "instanceId"},
    )
    for rule in rules:
        fitting = _narrow(at, fitting, rule, tasks)
    return fitting[0]


def _narrow(at: Scope, found: list[Instance], rule: dict[str, Any], tasks: Sequence[Task]) -> list[Instance]:
    """The best ones by one rule; the next rule chooses among them."""
    if rule["type"] == "random":
        return [found[at.ids.number(0, len(found) - 1)]]
    field = str(rule.get("field", "")).lower()
    if rule["type"] == "binpack":
        left = [(i.memory or 0) - i.memory_used if field == "memory" else (i.cpu or 0) - i.cpu_used for i in found]
        return [i for i, rest in zip(found, left, strict=True) if rest == min(left)]

    def value(instance: Instance) -> str | None:
        return instance.id if field in ("instanceid", "host") else look(instance, ())(rule["field"])

    counts: dict[str | None, int] = {}
    for task in tasks:
        if task.live and task.instance:
            counts[value(task.instance)] = counts.get(value(task.instance), 0) + 1
    loads = [counts.get(value(i), 0) for i in found]
    return [i for i, load in zip(found, loads, strict=True) if load == min(loads)]


def fargate_room(at: Scope, provider: str) -> int | None:
    """Tasks that still fit on FARGATE or FARGATE_SPOT; None without a limit."""
    limit = at.state.script.fargate.get(provider)
    if limit is None:
        return None
    used = sum(
        t.counted and t.launch_type == "FARGATE" and (t.capacity_provider or "FARGATE") == provider
        for c in at.state.clusters.values()
        for t in c.tasks.values()
    )
    return max(limit - used, 0)


def freed(cluster: Cluster) -> list[str]:
    """Services that were short of room: to be looked at again."""
    names = list(cluster.short)
    cluster.short.clear()
    return names


def find(cluster: Cluster, reference: str) -> Instance | None:
    """By id or ARN."""
    instance = cluster.instances.get(last(reference))
    return instance if instance and (not reference.startswith("arn:") or instance.arn == reference) else None
