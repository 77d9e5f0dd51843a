"""What has changed in a Region's ECS since the last look: the events that ECS would have sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from .ecs import OPERATIONS, Scope
from .ecs.state import Deployment, Service

TASK: Final = "ECS Task State Change"
DEPLOYMENT: Final = "ECS Deployment State Change"
ACTION: Final = "ECS Service Action"
ACTIONS: Final[tuple[tuple[str, str, str], ...]] = (
    (r"has reached a steady state", "INFO", "SERVICE_STEADY_STATE"),
    (r"is unable to consistently start tasks", "WARN", "SERVICE_TASK_START_IMPAIRED"),
    (r"operations are being throttled on", "ERROR", "ECS_OPERATION_THROTTLED"),
    (r"(was|is) unable to place a task", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
    (r"unable to (assume|pull|retrieve)|task configuration", "ERROR", "SERVICE_TASK_CONFIGURATION_FAILURE"),
)
"""Words of a service event → (type, name) of the event. Those that fit none are not sent."""
ROLLOUTS: Final = {
    "IN_PROGRESS": ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
    "COMPLETED": ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
    "FAILED": ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
}


@dataclass(frozen=True)
class Notice:
    """``type`` is the detail type; ``resource`` the ARN it is about."""

    type: str
    resource: str
    detail: dict[str, Any]


@dataclass
class Watch:
    """Looks at states, not at the code that moves them: whatever moved a task is seen, once it has."""

    _tasks: dict[str, tuple[int, str]] = field(default_factory=dict)
    _rollouts: dict[str, tuple[str, str]] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    _begun: bool = False

    def look(self, at: Scope) -> list[Notice]:
        """The notices since the last look; none at the first."""
        found = [*self._deployments(at), *self._actions(at), *self._moved(at)]
        begun, self._begun = self._begun, True
        return found if begun else []

    def _moved(self, at: Scope) -> Iterator[Notice]:
        seen: dict[str, tuple[int, str]] = {}
        for cluster in at.state.clusters.values():
            changed = []
            for task in cluster.tasks.values():
                now = seen[task.arn] = (task.version, task.status)
                if self._tasks.get(task.arn) != now:
                    changed.append(task.arn)
            for start in range(0, len(changed) if self._begun else 0, 100):
                asked = {"cluster": cluster.name, "tasks": changed[start : start + 100]}
                for told in OPERATIONS["DescribeTasks"](at, asked)["tasks"]:
                    detail = iso({k: v for k, v in told.items() if k != "tags"}) | {"updatedAt": moment(at.now)}
                    yield Notice(TASK, told["taskArn"], detail)
        self._tasks = seen

    def _deployments(self, at: Scope) -> Iterator[Notice]:
        seen: dict[str, tuple[str, str]] = {}
        for service in services(at):
            for one in service.deployments:
                now = seen[f"{service.arn} {one.id}"] = (one.rollout, one.reason)
                if self._rollouts.get(f"{service.arn} {one.id}") != now and one.rollout in ROLLOUTS:
                    yield Notice(DEPLOYMENT, service.arn, _rollout(one))
        self._rollouts = seen

    def _actions(self, at: Scope) -> Iterator[Notice]:
        seen: dict[str, str] = {}
        for service in services(at):
            if not service.events:
                continue
            seen[service.arn] = service.events[0]["id"]
            last = self._told.get(service.arn)
            fresh: list[dict[str, Any]] = []
            for event in service.events:
                if event["id"] == last:
                    break
                fresh.append(event)
            for event in reversed(fresh):
                for words, kind, name in ACTIONS:
                    if re.search(words, event["message"]):
                        yield action(at, service, name, kind, event["createdAt"], event["message"])
                        break
        self._told = seen


def action(at: Scope, service: Service, name: str, kind: str, when: float, text: str = "") -> Notice:
    """An "ECS Service Action"."""
    detail: dict[str, Any] = {
        "eventType": kind,
        "eventName": name,
        "clusterArn": at.state.arn("cluster", service.cluster),
        "createdAt": moment(when),
    }
    if kind != "INFO":
        detail["reason"] = text
    return Notice(ACTION, service.arn, detail)


def _rollout(deployment: Deployment) -> dict[str, Any]:
    kind, name = ROLLOUTS[deployment.rollout]
    return {
        "eventType": kind,
        "eventName": name,
        "deploymentId": deployment.id,
        "updatedAt": moment(deployment.updated),
        "reason": deployment.reason,
    }


def services(at: Scope) -> Iterator[Service]:
    return (service for cluster in at.state.clusters.values() for service in cluster.services.values())


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso(value: Any) -> Any:
    """A described form with its times as EventBridge writes them."""
    if isinstance(value, dict):
        return {k: moment(v) if k.endswith("At") and isinstance(v, int | float) else iso(v) for k, v in value.items()}
    return [iso(v) for v in value] if isinstance(value, list) else value
