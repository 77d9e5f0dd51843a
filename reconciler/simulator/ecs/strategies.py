"""What deploymentConfiguration may say: bounds of its numbers, and what goes with which strategy and controller."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.errors import invalid

from .stages import NO_PAUSE


def bounds(configuration: dict[str, Any]) -> None:
    """Of a request, whatever the service is."""
    bake = configuration.get("bakeTimeInMinutes", 0)
    if not 0 <= bake <= 1440:
        raise invalid("bakeTimeInMinutes must be between 0 and 1440.")
    breaker = configuration.get("deploymentCircuitBreaker", {})
    rule = breaker.get("thresholdConfiguration")
    if rule is not None and rule["value"] < 1:
        raise invalid("The value of thresholdConfiguration must be greater than 0.")
    linear, canary = configuration.get("linearConfiguration", {}), configuration.get("canaryConfiguration", {})
    if not 3 <= linear.get("stepPercent", 10) <= 100:
        raise invalid("stepPercent must be between 3.0 and 100.0.")
    if not 0.1 <= canary.get("canaryPercent", 5) <= 100:
        raise invalid("canaryPercent must be between 0.1 and 100.0.")
    for name, given in (("stepBakeTimeInMinutes", linear), ("canaryBakeTimeInMinutes", canary)):
        if not 0 <= given.get(name, 0) <= 1440:
            raise invalid(f"{name} must be between 0 and 1440.")
    for hook in configuration.get("lifecycleHooks", ()):
        _hook(hook)


def _hook(hook: dict[str, Any]) -> None:
    if hook.get("targetType", "AWS_LAMBDA") == "AWS_LAMBDA":
        if not hook.get("hookTargetArn"):
            raise invalid("hookTargetArn is required for AWS_LAMBDA lifecycle hooks.")
        return
    if hook.get("hookTargetArn"):
        raise invalid("hookTargetArn is not applicable for PAUSE lifecycle hooks.")
    wrong = [s for s in hook.get("lifecycleStages", ()) if s in NO_PAUSE]
    if wrong:
        raise invalid(f"PAUSE lifecycle hooks are not supported at the {wrong[0]} stage.")


def refuse(configuration: dict[str, Any], controller: str, *, daemon: bool) -> None:
    """The whole configuration as it would be."""
    strategy, early = configuration["strategy"], configuration.get("earlySuccessCriteria", {})
    if strategy != "ROLLING":
        if controller != "ECS":
            raise invalid(f"The {strategy} deployment strategy needs the ECS deployment controller.")
        if daemon:
            raise invalid(f"The {strategy} deployment strategy is not supported for DAEMON services.")
        if early.get("enable"):
            raise invalid("earlySuccessCriteria can only be used with the ROLLING deployment strategy.")
    elif configuration.get("lifecycleHooks"):
        raise invalid("Lifecycle hooks are not supported with the ROLLING deployment strategy.")
    for member, wanted in (("linearConfiguration", "LINEAR"), ("canaryConfiguration", "CANARY")):
        if configuration.get(member) and strategy != wanted:
            raise invalid(f"{member} can only be used with the {wanted} deployment strategy.")
    if early.get("enable"):
        missing = [m for m in ("healthyPercent", "sourceServiceRevisionCleanup") if m not in early]
        if missing:
            raise invalid(f"{missing[0]} is required when earlySuccessCriteria is enabled.")
        low = configuration["minimumHealthyPercent"]
        if not low <= early["healthyPercent"] <= 100:
            raise invalid("healthyPercent must be between minimumHealthyPercent and 100.")
    if controller != "ECS":
        for member in ("deploymentCircuitBreaker", "alarms"):
            if configuration.get(member, {}).get("enable"):
                raise invalid(f"{member} can only be used with the ECS deployment controller.")
