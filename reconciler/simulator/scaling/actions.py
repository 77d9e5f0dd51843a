"""Scheduled actions: at their time they set the range of a target, and move the service into it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .scaler import Scaler
from .schedule import Schedule, read
from .state import Handler, Target, fits, invalid, listed, not_found, registered


def put(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    """Create, or change what is said; start and end that are left out are deleted."""
    target = registered(at.state, params)
    name = params["ScheduledActionName"]
    existing = target.actions.get(name)
    text = params.get("Schedule", existing["Schedule"] if existing else None)
    if text is None:
        raise invalid("Schedule must be specified when creating a scheduled action.")
    zone = params.get("Timezone", existing.get("Timezone") if existing else None)
    try:
        schedule = read(text, zone)
    except ValueError:
        raise invalid(f"Invalid schedule expression or time zone: {text} {zone or ''}".strip()) from None
    start, end = _time(params.get("StartTime")), _time(params.get("EndTime"))
    if start is not None and end is not None and end <= start:
        raise invalid("EndTime must be after StartTime.")
    change = params.get("ScalableTargetAction", existing["ScalableTargetAction"] if existing else {})
    if not change:
        raise invalid("MinCapacity or MaxCapacity must be specified in ScalableTargetAction.")
    if change.get("MinCapacity", 0) > change.get("MaxCapacity", change.get("MinCapacity", 0)):
        raise invalid("Maximum capacity cannot be less than minimum capacity")
    arn = existing["ScheduledActionARN"] if existing else _arn(at, target, name)
    action = {
        "ScheduledActionName": name,
        "ScheduledActionARN": arn,
        **target.id.members,
        "Schedule": text,
        **{k: v for k, v in (("Timezone", zone), ("StartTime", start), ("EndTime", end)) if v is not None},
        "ScalableTargetAction": change,
        "CreationTime": existing["CreationTime"] if existing else at.now,
    }
    target.actions[name] = action
    _arm(at, target, action, schedule, max(at.now, start or 0.0))
    return {}


def _arm(at: Scaler, target: Target, action: dict[str, Any], schedule: Schedule, after: float) -> None:
    """Wait for the next time. What was deleted, replaced or deregistered meanwhile does nothing."""
    due = schedule.next(after, action.get("StartTime", action["CreationTime"]))
    if due is None or due > action.get("EndTime", due):
        return

    def fire() -> None:
        if (
            at.state.targets.get(target.id) is not target
            or target.actions.get(action["ScheduledActionName"]) is not action
        ):
            return
        _fire(at, target, action)
        _arm(at, target, action, schedule, at.ecs.clock.now)

    at.ecs.clock.after(due - at.ecs.clock.now, fire, housekeeping=True)


def _fire(at: Scaler, target: Target, action: dict[str, Any]) -> None:
    if target.suspended["ScheduledScalingSuspended"]:
        return
    change = action["ScalableTargetAction"]
    target.low = change.get("MinCapacity", target.low)
    target.high = change.get("MaxCapacity", target.high)
    at.confine(target, f"scheduled action name {action['ScheduledActionName']} was triggered")


def _arn(at: Scaler, target: Target, name: str) -> str:
    id = target.id
    place = f"resource/{id.namespace}/{id.resource}:scheduledActionName/{name}"
    return at.state.arn("scheduledAction", f"{at.ecs.ids.uuid()}:{place}")


def _time(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(value).timestamp()


def delete(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    target = registered(at.state, params)
    if target.actions.pop(params["ScheduledActionName"], None) is None:
        raise not_found(f"No scheduled action found: {params['ScheduledActionName']}")
    return {}


def describe(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    names = params.get("ScheduledActionNames")
    found = [
        action
        for target in at.state.targets.values()
        if fits(target.id, params)
        for action in target.actions.values()
        if not names or action["ScheduledActionName"] in names
    ]
    return listed(sorted(found, key=lambda m: (m["ResourceId"], m["ScheduledActionName"])), params, "ScheduledActions")


OPERATIONS: dict[str, Handler] = {
    "PutScheduledAction": put,
    "DeleteScheduledAction": delete,
    "DescribeScheduledActions": describe,
}
