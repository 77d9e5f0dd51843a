"""What may be chosen about a simulated AWS: identity, time, durations, and the facts nobody could verify."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All durations are virtual seconds. The defaults are what AWS documents, or what is commonly seen."""

    seed: int = 0
    account: str = "123456789012"
    region: str = "us-east-1"
    """Where a request goes that names no region."""
    caller: str | None = None
    """ARN that calls are made as; default: user ``simulator`` of the account."""
    start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    # The scheduler and the life of a task.
    scheduler_delay: float = 1.0
    """From a change of a service, or of one of its tasks, to the scheduler acting on it."""
    provisioning: float = 10.0
    """The network interface of an awsvpc task; other tasks skip the state."""
    pending: float = 15.0
    """Pulling images, starting containers."""
    activating: float = 2.0
    healthy_after: float = 40.0
    """RUNNING until healthy without load balancer and without container health check (documented: 40 s)."""
    target_healthy_after: float = 30.0
    """RUNNING until its target is healthy, behind a load balancer."""
    deregistration_delay: float = 300.0
    """DEACTIVATING of a task behind a load balancer (a target group's default)."""
    stopping: float = 2.0
    """From SIGTERM until the last container has ended; at most its stopTimeout."""
    deprovisioning: float = 10.0
    stopped_visible: float = 3600.0
    """How long a STOPPED task is still described."""
    instances: int = 1
    """Container instances of a cluster nobody gave any to; they have room for everything."""
    unlimited_capacity: bool = True
    """Whether a cluster nobody gave instances to has those ``instances``; False: it has none."""
    instance_launch: float = 180.0
    """From a managed capacity provider's wish for an instance to its joining the cluster (unverified)."""
    fargate_platform_version: str = "1.4.0"
    service_token_lifetime: float = 24 * 3600.0
    """How long the client token of CreateService gives the same service (unverified)."""
    run_token_lifetime: float = 24 * 3600.0
    """How long a client token of RunTask is remembered (documented)."""
    steady_every: float = 6 * 3600.0
    """The same event is told again only after this long."""

    one_off_ends: float | None = None
    """So long after RUNNING a task of RunTask with a command of its own ends well, unless scripted; None: never."""

    # Failures and what follows.
    breaker_minimum: int = 3
    breaker_maximum: int = 200
    """Bounds of the circuit breaker's threshold for BOUNDED_PERCENT (documented)."""
    count_exits: bool = True
    """A task that ends by itself before it is healthy is a failed task (unverified; the older documents say not)."""
    count_placement_failures: bool = True
    """A task that cannot be placed is a failed task ("the service scheduler can't launch the task")."""
    restart_delay: float = 15.0
    """Wait after tasks that never reached RUNNING; doubled each time (unverified)."""
    restart_delay_most: float = 27 * 60.0
    """Its upper bound (documented; it was 15 minutes until 2023)."""
    impaired_after: int = 3
    """Failed starts in a row until the service is said to be unable to start tasks (unverified)."""
    rollback_reuses_deployment: bool = True
    """A rollback makes the last completed deployment PRIMARY and IN_PROGRESS again (documented); False: a new one."""
    superseded_status: str = "STOPPED"
    """Of a service deployment that a newer one overtakes (unverified)."""
    allow_abort: bool = False
    """Whether StopServiceDeployment knows ABORT: the model does, AWS refuses it as unsupported."""
    alarm_bake: float = 300.0
    """Bake time of a rolling deployment with alarms whose bakeTimeInMinutes is 0 (unverified)."""
    traffic_shift: float = 10.0
    """A shift of traffic in a blue/green, linear or canary deployment (unverified)."""
    hook_answer: float = 5.0
    """A Lambda hook's time to answer, unless scripted."""
    deployments_kept: float = 90 * 24 * 3600.0
    """How long service deployments are listed (documented for the console)."""

    # What a live service echoes although nothing was said, where reports differ.
    echo_deployment_controller: bool = True
    echo_empty_alarms: bool = False
    echo_circuit_breaker_defaults: bool = False

    # What AWS leaves open about reads. Off, so that a test says what it wants to meet; see docs/simulator.md.
    eventual_window: float = 0.0
    """For so many seconds after a write a read may show what was before it."""
    eventual_odds: float = 0.5
    tagging_lag: float = 0.0
    """The tagging API answers as things were so long ago."""
    tagging_ghosts: float = 0.0
    """What is gone is still listed by the tagging API for so long."""
    scaling_sees_after: float = 0.0
    """A service is so old before RegisterScalableTarget knows it; until then "ECS service doesn't exist"."""

    check_answers: bool = True
    """Check every answer of ours against botocore's output shape."""
    hang_seconds: float = 90.0
    """Wall seconds the HTTP door keeps a connection whose answer a fault withholds."""

    @property
    def caller_arn(self) -> str:
        return self.caller or f"arn:aws:iam::{self.account}:user/simulator"
