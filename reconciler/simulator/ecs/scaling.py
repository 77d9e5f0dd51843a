"""Managed scaling: a capacity provider adds instances for the tasks that wait for it, after a while."""

from __future__ import annotations

from . import placement, task_life
from .fleet import Instance, Provider
from .placement import Refused
from .pulse import roused
from .scope import Scope
from .state import Cluster, Task
from .task_make import need_of, settle_on


def expects(at: Scope, provider: str | None) -> bool:
    """Whether tasks may wait in PROVISIONING for this provider to make room."""
    known = at.state.providers.get(provider or "")
    return known is not None and known.managed


def want(at: Scope, cluster: Cluster, name: str) -> None:
    """Ask for as many instances as the waiting tasks fill, within what the group may have."""
    provider = at.state.providers[name]
    waiting = [t for t in cluster.waiting if t.live and t.capacity_provider == name]
    have = sum(i.provider == name and i.status != "INACTIVE" for i in cluster.instances.values())
    wanted = min(_filled(provider, waiting), provider.most - have) - provider.coming
    for _ in range(max(wanted, 0)):
        provider.coming += 1
        at.clock.after(at.settings.instance_launch, lambda: _arrive(at, cluster, provider))


def _filled(provider: Provider, waiting: list[Task]) -> int:
    """Instances that these tasks fill, first come first placed."""
    rooms: list[tuple[int, int]] = []
    for task in waiting:
        need = need_of(task.definition, task.fixed.get("overrides", {}))
        for place, (cpu, memory) in enumerate(rooms):
            if cpu >= need.cpu and memory >= need.memory:
                rooms[place] = (cpu - need.cpu, memory - need.memory)
                break
        else:
            rooms.append((provider.cpu - need.cpu, provider.memory - need.memory))
    return len(rooms)


def _arrive(at: Scope, cluster: Cluster, provider: Provider) -> None:
    provider.coming -= 1
    if cluster.status == "ACTIVE" and provider.status == "ACTIVE":
        add(at, cluster, cpu=provider.cpu, memory=provider.memory, provider=provider.name)


def add(
    at: Scope,
    cluster: Cluster,
    *,
    cpu: int | None,
    memory: int | None,
    provider: str | None = None,
    attributes: dict[str, str | None] | None = None,
    zone: str | None = None,
    ports: frozenset[tuple[str, int]] = frozenset(),
    interfaces: int | None = None,
) -> Instance:
    """An instance joins; the endless ones of before go, and what waits for room is looked at."""
    for former in cluster.instances.values():
        if former.endless and cpu is not None:
            former.status = "INACTIVE"
    number = len(cluster.instances)
    identifier = at.ids.hex(32)
    instance = Instance(
        id=identifier,
        arn=at.state.arn("container-instance", cluster.name, identifier),
        ec2=f"i-{at.ids.hex(17)}",
        cluster=cluster.name,
        registered=at.now,
        cpu=cpu,
        memory=memory,
        zone=zone or f"{at.state.name}{'abc'[number % 3]}",
        provider=provider,
        interfaces=interfaces,
        attributes=dict(attributes or {}),
    )
    instance.ports |= ports
    cluster.instances[identifier] = instance
    room(at, cluster)
    return instance


def room(at: Scope, cluster: Cluster) -> None:
    """There is more room than before: place what waits, wake what was short, and daemons."""
    still: list[Task] = []
    for task in cluster.waiting:
        if not task.live:
            continue
        members = task.deployment.members if task.deployment else {}
        found, refused = placement.candidates(at, cluster, task.definition, members, task.capacity_provider, task.group)
        need = need_of(task.definition, task.fixed.get("overrides", {}))
        seen = refused or placement.place(at, found, need, members.get("placementStrategy", ()), [])
        if isinstance(seen, Refused):
            still.append(task)
            continue
        settle_on(task, seen)
        task_life.climb(at, [task])
    cluster.waiting = still
    for name in {t.capacity_provider: None for t in still}:
        if name:
            want(at, cluster, name)
    daemons = [s.name for s in cluster.services.values() if s.daemon and s.status == "ACTIVE"]
    roused(at, cluster.name, [*placement.freed(cluster), *daemons])
