"""Scaling policies: kept and described; what they would do is told through ``Simulator.scale``."""

from __future__ import annotations

from typing import Any

from .scaler import Scaler
from .state import Handler, Target, fits, invalid, listed, not_found, registered

CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}


def put(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    """Create, or change what is said."""
    target = registered(at.state, params)
    name = params["PolicyName"]
    existing = target.policies.get(name)
    kind = params.get("PolicyType", existing["PolicyType"] if existing else None)
    if kind is None:
        raise invalid("PolicyType must be specified when creating a scaling policy.")
    if existing and kind != existing["PolicyType"]:
        raise invalid("The type of a scaling policy cannot be changed.")
    wanted = CONFIGURATIONS[kind]
    if any(member in params for member in CONFIGURATIONS.values() if member != wanted):
        raise invalid(f"Only {wanted} is allowed for the policy type {kind}.")
    configuration = params.get(wanted, existing.get(wanted) if existing else None)
    if configuration is None:
        raise invalid(f"{wanted} must be specified for the policy type {kind}.")
    _checked(kind, configuration)
    arn = existing["PolicyARN"] if existing else _arn(at, target, name)
    target.policies[name] = {
        "PolicyARN": arn,
        "PolicyName": name,
        **target.id.members,
        "PolicyType": kind,
        wanted: configuration,
        "Alarms": existing["Alarms"] if existing else _alarms(at, target, kind),
        "CreationTime": existing["CreationTime"] if existing else at.now,
    }
    return {"PolicyARN": arn, "Alarms": target.policies[name]["Alarms"]}


def _checked(kind: str, configuration: dict[str, Any]) -> None:
    if kind == "TargetTrackingScaling":
        metrics = [m for m in ("PredefinedMetricSpecification", "CustomizedMetricSpecification") if m in configuration]
        if len(metrics) != 1:
            raise invalid("Specify either a predefined metric or a customized metric.")
    if kind == "StepScaling":
        if "AdjustmentType" not in configuration:
            raise invalid("AdjustmentType must be specified for a step scaling policy.")
        if not configuration.get("StepAdjustments"):
            raise invalid("At least one step adjustment must be specified for a step scaling policy.")


def _arn(at: Scaler, target: Target, name: str) -> str:
    id = target.id
    return at.state.arn("scalingPolicy", f"{at.ecs.ids.uuid()}:resource/{id.namespace}/{id.resource}:policyName/{name}")


def _alarms(at: Scaler, target: Target, kind: str) -> list[dict[str, str]]:
    """Target tracking makes its own pair; they are named, not made: moto's CloudWatch has nothing to watch here."""
    if kind != "TargetTrackingScaling":
        return []
    names = [f"TargetTracking-{target.id.resource}-Alarm{way}-{at.ecs.ids.uuid()}" for way in ("High", "Low")]
    prefix = f"arn:aws:cloudwatch:{at.state.region}:{at.state.account}:alarm"
    return [{"AlarmName": name, "AlarmARN": f"{prefix}:{name}"} for name in names]


def delete(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    target = registered(at.state, params)
    if target.policies.pop(params["PolicyName"], None) is None:
        raise not_found(
            f"No scaling policy found for service namespace: {target.id.namespace}, resource ID: {target.id.resource}, "
            f"scalable dimension: {target.id.dimension}: {params['PolicyName']}"
        )
    return {}


def describe(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    names = params.get("PolicyNames")
    found = [
        policy
        for target in at.state.targets.values()
        if fits(target.id, params)
        for policy in target.policies.values()
        if not names or policy["PolicyName"] in names
    ]
    return listed(sorted(found, key=lambda m: (m["ResourceId"], m["PolicyName"])), params, "ScalingPolicies")


OPERATIONS: dict[str, Handler] = {
    "PutScalingPolicy": put,
    "DeleteScalingPolicy": delete,
    "DescribeScalingPolicies": describe,
}
