"""The targets that services have in a target group, and how they fare: what DescribeTargetHealth asks of ECS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from .ecs import Scope
from .ecs.state import Service, Task

DESCRIPTIONS: Final = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Elb.InternalError": "Health checks failed due to an internal error",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [502]",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.InvalidState": "Target is in the stopped state",
    "Target.IpUnusable": "Target IP is unusable",
    "Target.HealthCheckDisabled": "Health checks are disabled for this target",
}
"""By reason code of the model; the texts are AWS's where known."""


@dataclass(frozen=True)
class Target:
    """One task in one target group. ``since``: epoch seconds of the present state."""

    id: str
    port: int
    state: str
    reason: str | None = None
    since: float = 0.0
    description: str | None = None

    @property
    def told(self) -> str | None:
        return self.description or (DESCRIPTIONS.get(self.reason) if self.reason else None)


HealthOf = Callable[[Scope, str], Iterable[Target]]
"""(Region, ARN of a target group) → its targets that are tasks."""


def of_tasks(at: Scope, group: str) -> list[Target]:
    """Registered when RUNNING, healthy ``target_healthy_after`` later, draining while DEACTIVATING."""
    found: list[Target] = []
    for cluster in at.state.clusters.values():
        for service in cluster.services.values():
            for task in service.tasks():
                mine = [b for b in _balancers(service, task) if b.get("targetGroupArn") == group]
                found += [target for balancer in mine if (target := _target(at, task, balancer))]
    return sorted(found, key=lambda t: (t.id, t.port))


def _balancers(service: Service, task: Task) -> list[dict[str, Any]]:
    members = task.deployment.members if task.deployment else service.members
    return list(members.get("loadBalancers", ()))


def _target(at: Scope, task: Task, balancer: dict[str, Any]) -> Target | None:
    where, port = address(task, balancer)
    known: dict[str, Any] | None = getattr(task, "targets", None)
    if known is not None:  # the core follows targets itself: what it says counts
        seen = known.get(balancer["targetGroupArn"])
        return seen and Target(where, port, seen.state, seen.reason, seen.since, seen.description)
    if task.status == "DEACTIVATING":
        return Target(where, port, "draining", "Target.DeregistrationInProgress", task.times.get("stopping", at.now))
    if task.status != "RUNNING":
        return None
    since = task.times.get("started", at.now)
    if at.now - since >= at.settings.target_healthy_after:
        return Target(where, port, "healthy", None, since + at.settings.target_healthy_after)
    return Target(where, port, "initial", "Elb.InitialHealthChecking", since)


def address(task: Task, balancer: dict[str, Any]) -> tuple[str, int]:
    """An IP address and the container's port for awsvpc, else the instance and its port."""
    port = int(balancer.get("containerPort", 0))
    interface = task.fixed.get("interface")
    if interface:
        return str(interface["ip"]), port
    name = balancer.get("containerName", "")
    containers = {c["name"]: c for c in task.definition.members["containerDefinitions"]}
    mappings = [*task.fixed.get("ports", {}).get(name, ()), *containers.get(name, {}).get("portMappings", ())]
    fixed = next((m.get("hostPort") for m in mappings if m.get("containerPort") == port), 0)
    instance = (task.fixed.get("instance") or "").rpartition("/")[2]
    machine: str = getattr(getattr(task, "instance", None), "ec2", f"i-{instance[-17:] or '0' * 17}")
    return machine, int(fixed or 32768 + int(task.id[:4], 16) % 28232)
