"""Service events in AWS's own words, newest first; what was told already is not told again for hours."""

from __future__ import annotations

from collections.abc import Sequence

from .scope import Scope
from .state import Deployment, Service, Task
from .targets import host_port, named


def tell(at: Scope, service: Service, text: str) -> None:
    service.events.appendleft({"id": at.ids.uuid(), "createdAt": at.now, "message": f"(service {service.name}) {text}"})


def tell_once(at: Scope, service: Service, text: str, cause: str = "") -> None:
    """A standing condition: not again until it is resolved, or hours have passed."""
    before = service.told.get(cause or text)
    if before is None or at.now - before >= at.settings.steady_every:
        service.told[cause or text] = at.now
        tell(at, service, text)


def resolved(service: Service, *causes: str) -> None:
    """From here on the same words are news again."""
    for cause in causes:
        service.told.pop(cause, None)


def started(at: Scope, service: Service, tasks: Sequence[Task], replaced: int = 0) -> None:
    if tasks:
        why = f" Amazon ECS replaced {replaced} tasks due to an unhealthy status." if replaced else ""
        tell(at, service, f"has started {len(tasks)} tasks: {_ids(tasks)}.{why}")


def stopped(at: Scope, service: Service, tasks: Sequence[Task]) -> None:
    """Tasks on their way up are only counted."""
    running = [t for t in tasks if t.status == "RUNNING"]
    if running:
        tell(at, service, f"has stopped {len(running)} running tasks: {_ids(running)}.")
    if len(running) < len(tasks):
        tell(at, service, f"stopped {len(tasks) - len(running)} pending tasks.")


def unhealthy(at: Scope, service: Service, tasks: Sequence[Task]) -> None:
    """Why tasks are replaced: their own health check, or a target group's."""
    for task in tasks:
        if task.sick and task.sick.startswith("Task failed container"):
            tell(at, service, f"(task {task.id}) failed container health checks.")
            continue
        for balancer in task.deployment.members["loadBalancers"] if task.deployment else ():
            group = balancer.get("targetGroupArn") or balancer["loadBalancerName"]
            seen = task.targets.get(group)
            if seen and seen.state == "unhealthy":
                port = host_port(task, balancer["containerName"], balancer["containerPort"])
                where = "" if task.definition.awsvpc or not task.instance else f" (instance {task.instance.ec2})"
                text = f"(task {task.id}){where} (port {port}) is unhealthy in {named(group)} due to (reason "
                tell(at, service, f"{text}{seen.description}).")


def draining(at: Scope, service: Service, tasks: Sequence[Task]) -> None:
    if tasks:
        tell(at, service, f"has begun draining connections on {len(tasks)} tasks.")
        for group in _groups(service):
            tell(at, service, f"deregistered {len(tasks)} targets in ({group})")


def registered(at: Scope, service: Service, count: int) -> None:
    for group in _groups(service):
        tell(at, service, f"registered {count} targets in ({group})")


def completed(at: Scope, service: Service, deployment: Deployment) -> None:
    tell(at, service, f"(deployment {deployment.id}) deployment completed.")


def failed(at: Scope, service: Service, deployment: Deployment, why: str) -> None:
    tell(at, service, f"(deployment {deployment.id}) deployment failed: {why}.")


def rolling_back(at: Scope, service: Service, deployment: Deployment) -> None:
    tell(at, service, f"rolling back to deployment {deployment.id}.")


IMPAIRED = "impaired"
PLACEMENT = "placement"
STUCK = "stuck"


def impaired(at: Scope, service: Service) -> None:
    text = "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section "
    tell_once(at, service, f"{text}of the Amazon ECS Developer Guide.", IMPAIRED)


def unplaced(at: Scope, service: Service, text: str) -> None:
    tell_once(at, service, text, PLACEMENT)


def steady(at: Scope, service: Service) -> None:
    tell(at, service, "has reached a steady state.")


def stuck(at: Scope, service: Service) -> None:
    tell_once(
        at,
        service,
        "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
        "Update the minimumHealthyPercent or maximumPercent value and try again.",
        STUCK,
    )


def _ids(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {t.id})" for t in tasks)


def _groups(service: Service) -> list[str]:
    """With the parentheses around."""
    balancers = service.members.get("loadBalancers", ())
    return [named(b.get("targetGroupArn") or b["loadBalancerName"])[1:-1] for b in balancers]
