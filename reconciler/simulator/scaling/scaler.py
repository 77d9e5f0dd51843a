"""What moves capacity: the desired count of an ECS service, within the target's range, told as a scaling activity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.ecs import OPERATIONS, Scope
from reconciler.simulator.ecs.scope import find_cluster
from reconciler.simulator.ecs.state import Service
from reconciler.simulator.errors import AwsError

from .state import Id, State, Target

Noticed = Callable[[Scope, Service, str], None]
"""Called with a service whose desired count was moved, and the name of the event that tells it."""


@dataclass(frozen=True)
class Scaler:
    """What an operation is handed."""

    ecs: Scope
    state: State
    noticed: Noticed

    @property
    def now(self) -> float:
        return self.ecs.now

    def service(self, id: Id) -> Service | None:
        """The ECS service, if it is one and ACTIVE."""
        kind, _, rest = id.resource.partition("/")
        cluster, _, name = rest.partition("/")
        if id.namespace != "ecs" or kind != "service" or not name:
            return None
        try:
            found = find_cluster(self.ecs.state, cluster).services.get(name)
        except AwsError:
            return None
        return found if found and found.status == "ACTIVE" else None

    def capacity(self, id: Id) -> int | None:
        service = self.service(id)
        return None if service is None else service.desired

    def confine(self, target: Target, why: str = "") -> None:
        """Move the service into its range, if it is outside."""
        count = self.capacity(target.id)
        if count is None:
            return
        if count < target.low:
            self.move(target, target.low, why or f"minimum capacity was set to {target.low}")
        elif count > target.high:
            self.move(target, target.high, why or f"maximum capacity was set to {target.high}")

    def wish(self, target: Target, count: int, cause: str) -> bool:
        """Move the service as a policy would: within the range, unless suspended; whether it moved."""
        current = self.capacity(target.id)
        if current is None:
            return False
        reached = min(max(count, target.low), target.high)
        if reached == current:
            code = "AlreadyAtMaxCapacity" if count > target.high else "AlreadyAtMinCapacity"
            code = code if count != reached else "AlreadyAtDesiredCapacity"
            self._idle(target, cause, {"Code": code, "CurrentCapacity": current} | _bounds(target, code))
            return False
        way = "Out" if reached > current else "In"
        if target.suspended[f"DynamicScaling{way}Suspended"]:
            return False
        self.move(target, reached, cause)
        return True

    def move(self, target: Target, count: int, cause: str) -> None:
        """Set the desired count, through ECS itself."""
        service = self.service(target.id)
        if service is None:
            return
        OPERATIONS["UpdateService"](
            self.ecs, {"cluster": service.cluster, "service": service.name, "desiredCount": count}
        )
        self.state.activities.appendleft(
            {
                **self._activity(target, cause),
                "Description": f"Setting desired count to {count}.",
                "EndTime": self.now,
                "StatusCode": "Successful",
                "StatusMessage": f"Successfully set desired count to {count}. Change successfully fulfilled by ecs.",
            }
        )
        self.noticed(self.ecs, service, "SERVICE_DESIRED_COUNT_UPDATED")

    def _idle(self, target: Target, cause: str, reason: dict[str, Any]) -> None:
        self.state.activities.appendleft(
            {
                **self._activity(target, cause),
                "Description": "Attempting to scale due to alarm triggered",
                "EndTime": self.now,
                "StatusCode": "Unfulfilled",
                "NotScaledReasons": [reason],
            }
        )

    def _activity(self, target: Target, cause: str) -> dict[str, Any]:
        return {**target.id.members, "ActivityId": self.ecs.ids.uuid(), "Cause": cause, "StartTime": self.now}


def _bounds(target: Target, code: str) -> dict[str, int]:
    if code == "AlreadyAtMaxCapacity":
        return {"MaxCapacity": target.high}
    return {"MinCapacity": target.low} if code == "AlreadyAtMinCapacity" else {}
