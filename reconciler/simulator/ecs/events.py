"""Service events in AWS's own words, newest first; what was told already is not told again for hours."""

from __future__ import annotations

from collections.abc import Sequence

from .scope import Scope
from .state import Deployment, Service, Task


def tell(at: Scope, service: Service, text: str) -> None:
    service.events.appendleft({"id": at.ids.uuid(), "createdAt": at.now, "message": f"(service {service.name}) {text}"})


def tell_once(at: Scope, service: Service, text: str) -> None:
    """A standing condition: the same words again only after hours."""
    before = service.told.get(text)
    if before is None or at.now - before >= at.settings.steady_every:
        service.told[text] = at.now
        tell(at, service, text)


def started(at: Scope, service: Service, tasks: Sequence[Task]) -> None:
    if tasks:
        tell(at, service, f"has started {len(tasks)} tasks: {_ids(tasks)}.")


def stopped(at: Scope, service: Service, tasks: Sequence[Task]) -> None:
    if tasks:
        tell(at, service, f"has stopped {len(tasks)} running tasks: {_ids(tasks)}.")


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


def steady(at: Scope, service: Service) -> None:
    tell(at, service, "has reached a steady state.")


def stuck(at: Scope, service: Service) -> None:
    tell_once(
        at,
        service,
        "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
        "Update the minimumHealthyPercent or maximumPercent value and try again.",
    )


def _ids(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {t.id})" for t in tasks)


def _groups(service: Service) -> list[str]:
    return [
        f"target-group {b['targetGroupArn']}" for b in service.members.get("loadBalancers", ()) if "targetGroupArn" in b
    ]
