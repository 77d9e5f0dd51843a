"""Scalable targets: register, deregister, describe."""

from __future__ import annotations

from typing import Any

from .scaler import Scaler
from .state import DIMENSION, Handler, Id, Target, fits, invalid, listed, registered

SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
ROLE = "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"


def register(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    """New, or changed in what is said; an active service is moved into the range either way."""
    id = Id.of(params)
    existing = at.state.targets.get(id)
    low = params.get("MinCapacity", existing.low if existing else None)
    high = params.get("MaxCapacity", existing.high if existing else None)
    if low is None or high is None:
        raise invalid("MinCapacity and MaxCapacity must be specified when registering a new scalable target.")
    if id.namespace == "ecs":
        _checked(at, id, low, high)
    if low > high:
        raise invalid("Maximum capacity cannot be less than minimum capacity")
    if existing is None:
        tags = params.get("Tags", {})
        if len(tags) > 50:
            raise invalid("The number of tags exceeds the limit of 50.")
        arn = at.state.arn("scalable-target", at.ecs.ids.hex(34))
        existing = Target(id, arn, low, high, _role(at), at.now, dict.fromkeys(SUSPENDED, False))
        at.state.targets[id] = existing
        at.state.tags[arn] = dict(tags)
    elif params.get("Tags"):
        raise invalid("Tags can only be given when a scalable target is registered; use TagResource.")
    existing.low, existing.high = low, high
    existing.suspended |= params.get("SuspendedState", {})
    at.confine(existing)
    return {"ScalableTargetARN": existing.arn}


def _checked(at: Scaler, id: Id, low: int, high: int) -> None:
    parts = id.resource.split("/")
    if id.dimension != DIMENSION or parts[0] != "service" or len(parts) != 3 or not all(parts):
        raise invalid(f"Unsupported service namespace, resource type or scalable dimension: {'/'.join(id)}")
    if low < 0 or high < 0:
        raise invalid("Capacity cannot be negative.")
    service = at.service(id)
    if service is None or at.now - service.created < at.ecs.settings.scaling_sees_after:
        raise invalid("ECS service doesn't exist")


def _role(at: Scaler) -> str:
    """ECS has a service-linked role: the given one is not used."""
    return f"arn:aws:iam::{at.state.account}:role/{ROLE}"


def deregister(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    """Its policies and scheduled actions go with it."""
    target = registered(at.state, params)
    del at.state.targets[target.id]
    at.state.tags.pop(target.arn, None)
    return {}


def describe(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    found = [t.members for t in at.state.targets.values() if fits(t.id, params)]
    return listed(sorted(found, key=lambda m: m["ResourceId"]), params, "ScalableTargets")


OPERATIONS: dict[str, Handler] = {
    "RegisterScalableTarget": register,
    "DeregisterScalableTarget": deregister,
    "DescribeScalableTargets": describe,
}
