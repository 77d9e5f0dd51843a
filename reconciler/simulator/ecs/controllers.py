"""What UpdateService may change where CodeDeploy or somebody else deploys, and what such services are made of."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.errors import invalid

COMMON = {
    "cluster",
    "service",
    "desiredCount",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "enableECSManagedTags",
    "propagateTags",
}
MAY = {"CODE_DEPLOY": COMMON | {"deploymentConfiguration"}, "EXTERNAL": COMMON}
INSTEAD = {
    "CODE_DEPLOY": "Unable to update {what} on services with a CODE_DEPLOY deployment controller. "
    "Use AWS CodeDeploy to trigger a new deployment.",
    "EXTERNAL": "Unable to update {what} on services with an EXTERNAL deployment controller. "
    "Use CreateTaskSet to update the service.",
}
WORDS = {
    "taskDefinition": "task definition",
    "networkConfiguration": "network parameters",
    "loadBalancers": "load balancers",
    "platformVersion": "platform version",
    "forceNewDeployment": "force new deployment",
}


def refuse_update(controller: str, params: dict[str, Any]) -> None:
    """UpdateService on a service with another controller."""
    if controller == "ECS":
        return
    for member in params:
        if member not in MAY[controller] and not (member == "forceNewDeployment" and not params[member]):
            raise invalid(INSTEAD[controller].replace("{what}", WORDS.get(member, member)))


def refuse_creation(params: dict[str, Any]) -> None:
    """EXTERNAL: what runs is said by task sets."""
    controller = params.get("deploymentController", {}).get("type", "ECS")
    if controller == "EXTERNAL":
        for member in ("taskDefinition", "networkConfiguration", "loadBalancers", "platformVersion"):
            if params.get(member):
                raise invalid(f"{member} cannot be specified for services with an EXTERNAL deployment controller.")
    if controller == "CODE_DEPLOY" and not params.get("loadBalancers"):
        raise invalid("A load balancer is required for services with a CODE_DEPLOY deployment controller.")
    if controller != "ECS" and params.get("schedulingStrategy") == "DAEMON":
        raise invalid("The daemon scheduling strategy supports the ECS deployment controller only.")
