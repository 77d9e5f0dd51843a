"""What Application Auto Scaling keeps of an account in one Region: plain data; and the words of its refusals."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.simulator.ecs.paging import page
from reconciler.simulator.errors import AwsError

DIMENSION = "ecs:service:DesiredCount"
ACTIVITIES_KEPT = 1000
Handler = Callable[..., dict[str, Any]]


class Id(NamedTuple):
    """What a scalable target is known by; ``resource`` is ``service/CLUSTER/SERVICE`` for ECS."""

    namespace: str
    resource: str
    dimension: str

    @staticmethod
    def of(params: dict[str, Any]) -> Id:
        return Id(params["ServiceNamespace"], params["ResourceId"], params["ScalableDimension"])

    @property
    def members(self) -> dict[str, str]:
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
        }


@dataclass(eq=False)
class Target:
    id: Id
    arn: str
    low: int
    high: int
    role: str
    created: float
    suspended: dict[str, bool]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: as described."""
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: as described."""

    @property
    def members(self) -> dict[str, Any]:
        return {
            **self.id.members,
            "MinCapacity": self.low,
            "MaxCapacity": self.high,
            "RoleARN": self.role,
            "CreationTime": self.created,
            "SuspendedState": dict(self.suspended),
            "ScalableTargetARN": self.arn,
        }


@dataclass(eq=False)
class State:
    account: str
    region: str
    targets: dict[Id, Target] = field(default_factory=dict)
    activities: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=ACTIVITIES_KEPT))
    """Newest first."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of every scalable target, by ARN."""

    def arn(self, kind: str, name: str) -> str:
        service = "autoscaling" if kind in ("scalingPolicy", "scheduledAction") else "application-autoscaling"
        return f"arn:aws:{service}:{self.region}:{self.account}:{kind}{'/' if kind == 'scalable-target' else ':'}{name}"


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    return AwsError("ObjectNotFoundException", message)


def unregistered(id: Id) -> AwsError:
    return not_found(
        f"No scalable target registered for service namespace: {id.namespace}, resource ID: {id.resource}, "
        f"scalable dimension: {id.dimension}"
    )


def registered(state: State, params: dict[str, Any]) -> Target:
    id = Id.of(params)
    if id not in state.targets:
        raise unregistered(id)
    return state.targets[id]


def listed(items: list[dict[str, Any]], params: dict[str, Any], name: str) -> dict[str, Any]:
    """A page of at most 50. Items in their order."""
    numbered = [([n], item) for n, item in enumerate(items)]
    asked = {k: v for k, v in (("maxResults", params.get("MaxResults")), ("nextToken", params.get("NextToken"))) if v}
    try:
        answer = page(numbered, asked, name, default=50, limit=50)  # type: ignore[arg-type]
    except AwsError as error:
        if "token" in error.message:
            raise AwsError("InvalidNextTokenException", error.message) from None
        raise invalid(error.message) from None
    if "nextToken" in answer:
        answer["NextToken"] = answer.pop("nextToken")
    return answer


def fits(id: Id, params: dict[str, Any]) -> bool:
    """The filters that the Describe operations share."""
    if "ScalableDimension" in params and not (params.get("ResourceId") or params.get("ResourceIds")):
        raise invalid("ResourceId must be specified when ScalableDimension is specified.")
    return (
        id.namespace == params["ServiceNamespace"]
        and id.resource in (params.get("ResourceIds") or [params.get("ResourceId", id.resource)])
        and id.dimension == params.get("ScalableDimension", id.dimension)
    )
