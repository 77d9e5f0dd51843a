"""What an account has in one Region: plain data, no behaviour, so that a view of it can be kept and shown later."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .fleet import Instance, Provider
from .plan import HEALTHY, Plan
from .rollout import Revision, Rollout
from .workload import Script

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


@dataclass(frozen=True)
class Target:
    """A task as a target group sees it: Elastic Load Balancing's state, reason code and words, and since when."""

    state: str
    reason: str | None
    description: str | None
    since: float


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
    service: Service | None = None
    status: str = "PROVISIONING"
    desired: str = "RUNNING"
    healthy: bool = False
    """Counts towards minimumHealthyPercent."""
    sick: str | None = None
    """Why the scheduler shall replace it: the stopped reason it will get."""
    version: int = 1
    times: dict[str, float] = field(default_factory=dict)
    stop_code: str | None = None
    stopped_reason: str | None = None
    codes: dict[str, int] = field(default_factory=dict)
    """Exit codes by container."""
    reasons: dict[str, str] = field(default_factory=dict)
    """What is told of a container, by name."""
    checks: dict[str, str] = field(default_factory=dict)
    """HEALTHY or UNHEALTHY by container, once its health check has spoken."""
    targets: dict[str, Target] = field(default_factory=dict)
    """By target group."""
    plan: Plan = HEALTHY
    epoch: int = 0
    """Grows when its plan is replaced: what was due by the former is void."""
    instance: Instance | None = None
    failed: bool = False
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

    @property
    def leaving(self) -> bool:
        """On an instance that is being drained."""
        return self.instance is not None and self.instance.status == "DRAINING"


@dataclass(eq=False)
class Deployment:
    """What rolls: a deployment of the ECS controller, or a task set of the others."""

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
    """Consecutive failures, as failedTasks."""
    unstarted: int = 0
    """Failures without one task's having reached RUNNING in between: what slows restarts down."""
    hold: float = 0.0
    """No task is started before."""
    held: int = 0
    """``unstarted`` when that was said last."""
    rounds: int = 0
    """How often it was said in a row."""
    scale: float = 100.0
    """Of a task set: percent of the service's desired count."""
    external: str | None = None
    steady_at: float | None = None
    revision: Revision | None = None
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
    completed: Deployment | None = None
    """The last one that completed: where a rollback goes."""
    rollouts: list[Rollout] = field(default_factory=list)
    """Service deployments, newest first."""
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    """Newest first."""
    told: dict[str, float] = field(default_factory=dict)
    poked: bool = False
    waking: float | None = None
    steady: bool = False

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def daemon(self) -> bool:
        return bool(self.members.get("schedulingStrategy") == "DAEMON")

    @property
    def controller(self) -> str:
        return str(self.members.get("deploymentController", {}).get("type", "ECS"))

    @property
    def strategy(self) -> str:
        return str(self.members["deploymentConfiguration"].get("strategy", "ROLLING"))

    @property
    def balanced(self) -> bool:
        return bool(self.members.get("loadBalancers"))

    @property
    def rolling(self) -> Rollout | None:
        """The service deployment that is under way."""
        newest = self.rollouts[0] if self.rollouts else None
        return newest if newest and not newest.over else None

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
    instances: dict[str, Instance] = field(default_factory=dict)
    """By id; INACTIVE ones too."""
    waiting: list[Task] = field(default_factory=list)
    """PROVISIONING until their capacity provider has an instance for them."""
    short: dict[str, None] = field(default_factory=dict)
    """Services that found no room for a task."""
    runs: dict[str, tuple[str, float, list[str]]] = field(default_factory=dict)
    """RunTask's client tokens: what was asked, when, and the tasks' ARNs."""


@dataclass(eq=False)
class Region:
    account: str
    name: str
    script: Script = field(default_factory=Script)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    tags: dict[str, Tags] = field(default_factory=dict)
    """Of every resource that has, or had, any: by ARN."""

    def arn(self, kind: str, *names: str) -> str:
        return f"arn:aws:ecs:{self.name}:{self.account}:{kind}/{'/'.join(names)}"
