"""What an account has in one Region: plain data, no behaviour, so that a view of it can be kept and shown later."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

Tags = dict[str, str]
EVENTS_KEPT = 100


@dataclass(eq=False)
class TaskDefinition:
    """One revision. ``members`` is the whole described form, server-filled members included."""

    arn: str
    family: str
    revision: int
    members: dict[str, Any]
    registered: float
    status: str = "ACTIVE"
    deregistered: float | None = None
    delete_requested: float | None = None

    @property
    def awsvpc(self) -> bool:
        return self.members.get("networkMode") == "awsvpc"

    @property
    def name(self) -> str:
        return f"{self.family}:{self.revision}"


@dataclass(eq=False)
class Family:
    """Revisions by number. ``last`` never goes back, not even when revisions are deleted."""

    name: str
    revisions: dict[int, TaskDefinition] = field(default_factory=dict)
    last: int = 0


@dataclass(eq=False)
class Task:
    id: str
    arn: str
    cluster: str
    definition: TaskDefinition
    group: str
    started_by: str
    created: float
    launch_type: str
    capacity_provider: str | None
    deployment: Deployment | None = None
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    healthy: bool = False
    version: int = 1
    times: dict[str, float] = field(default_factory=dict)
    stop_code: str | None = None
    stopped_reason: str | None = None
    exit_code: int | None = None
    fixed: dict[str, Any] = field(default_factory=dict)
    """What is drawn once at creation: attachments, container ids, zone."""

    @property
    def live(self) -> bool:
        """Meant to run."""
        return self.desired == "RUNNING"

    @property
    def counted(self) -> bool:
        """RUNNING or on the way there: what maximumPercent limits."""
        return self.status in ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")


@dataclass(eq=False)
class Deployment:
    id: str
    definition: TaskDefinition
    created: float
    updated: float
    members: dict[str, Any]
    """The service's members that hold for this deployment's tasks."""
    status: str = "PRIMARY"
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    failed: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    """Every task of it that is not yet STOPPED."""


@dataclass(eq=False)
class Service:
    name: str
    arn: str
    cluster: str
    members: dict[str, Any]
    """Everything AWS keeps of the requests, defaults filled, whether it is echoed or not."""
    created: float
    created_by: str
    desired: int
    status: str = "ACTIVE"
    token: tuple[str, str] | None = None
    """clientToken of its creation, and what was asked with it."""
    deployments: list[Deployment] = field(default_factory=list)
    """PRIMARY first, then ACTIVE ones, newest first."""
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    """Newest first."""
    told: dict[str, float] = field(default_factory=dict)
    poked: bool = False
    steady: bool = False

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def daemon(self) -> bool:
        return bool(self.members.get("schedulingStrategy") == "DAEMON")

    @property
    def balanced(self) -> bool:
        return bool(self.members.get("loadBalancers"))

    def tasks(self) -> list[Task]:
        """Every task of it that is not yet STOPPED."""
        return [t for d in self.deployments for t in d.tasks.values()]


@dataclass(eq=False)
class Cluster:
    name: str
    arn: str
    members: dict[str, Any]
    status: str = "ACTIVE"
    services: dict[str, Service] = field(default_factory=dict)
    """By name; the latest incarnation, whatever its status."""
    tasks: dict[str, Task] = field(default_factory=dict)
    """By id; STOPPED ones until they are forgotten."""


@dataclass(eq=False)
class Region:
    account: str
    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    tags: dict[str, Tags] = field(default_factory=dict)
    """Of every resource that has, or had, any: by ARN."""

    def arn(self, kind: str, *names: str) -> str:
        return f"arn:aws:ecs:{self.name}:{self.account}:{kind}/{'/'.join(names)}"
