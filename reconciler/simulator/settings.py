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
    """Container instances of every cluster: a DAEMON service runs one task on each. EC2 never lacks capacity."""
    fargate_platform_version: str = "1.4.0"
    steady_every: float = 6 * 3600.0
    """The same event is told again only after this long."""

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
