"""Capacity as data: container instances with what they have and what is taken, and capacity providers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Need:
    """What a task takes of an instance: CPU units, MiB, host ports by protocol."""

    cpu: int = 0
    memory: int = 0
    ports: frozenset[tuple[str, int]] = frozenset()
    interface: bool = False


@dataclass(eq=False)
class Instance:
    """One container instance. Without ``cpu`` it has room for everything, as in a cluster nobody gave instances to."""

    id: str
    arn: str
    ec2: str
    cluster: str
    registered: float
    cpu: int | None = None
    memory: int | None = None
    ports: frozenset[tuple[str, int]] = frozenset({("tcp", 22), ("tcp", 2375), ("tcp", 2376), ("tcp", 51678)})
    interfaces: int | None = None
    zone: str = ""
    provider: str | None = None
    status: str = "ACTIVE"
    connected: bool = True
    version: int = 1
    attributes: dict[str, str | None] = field(default_factory=dict)
    cpu_used: int = 0
    memory_used: int = 0
    interfaces_used: int = 0
    ports_used: set[tuple[str, int]] = field(default_factory=set)
    tasks: dict[str, Need] = field(default_factory=dict)
    """By task id."""
    last_port: int = 32767

    @property
    def endless(self) -> bool:
        return self.cpu is None

    def take(self, task: str, need: Need) -> None:
        self.tasks[task] = need
        self.cpu_used += need.cpu
        self.memory_used += need.memory
        self.interfaces_used += need.interface
        self.ports_used |= need.ports
        self.version += 1

    def give_back(self, task: str) -> None:
        need = self.tasks.pop(task, None)
        if need is None:
            return
        self.cpu_used -= need.cpu
        self.memory_used -= need.memory
        self.interfaces_used -= need.interface
        self.ports_used -= need.ports
        self.version += 1

    def dynamic_port(self) -> int:
        """The next of Docker's ephemeral range, 32768 to 60999."""
        self.last_port = self.last_port + 1 if self.last_port < 60999 else 32768
        return self.last_port

    def lacks(self, need: Need) -> str | None:
        """RESOURCE:CPU, RESOURCE:MEMORY, RESOURCE:PORTS, RESOURCE:ENI, AGENT, or None when the task fits."""
        if not self.connected:
            return "AGENT"
        if self.cpu is None or self.memory is None:
            return None
        if self.cpu - self.cpu_used < need.cpu:
            return "RESOURCE:CPU"
        if self.memory - self.memory_used < need.memory:
            return "RESOURCE:MEMORY"
        if need.ports & (self.ports | self.ports_used):
            return "RESOURCE:PORTS"
        if need.interface and self.interfaces is not None and self.interfaces_used >= self.interfaces:
            return "RESOURCE:ENI"
        return None


@dataclass(eq=False)
class Provider:
    """A capacity provider of an account; its Auto Scaling group is only what new instances look like."""

    name: str
    arn: str
    members: dict[str, Any]
    status: str = "ACTIVE"
    update: str = "CREATE_COMPLETE"
    cluster: str | None = None
    cpu: int = 2048
    memory: int = 3884
    most: int = 10
    """Instances its group may have."""
    coming: int = 0
    limited: bool = False
    """Whether somebody said what it has: until then it is as roomy as a cluster nobody gave instances to."""

    @property
    def managed(self) -> bool:
        scaling = self.members.get("autoScalingGroupProvider", {}).get("managedScaling", {})
        return "managedInstancesProvider" in self.members or scaling.get("status") == "ENABLED"
