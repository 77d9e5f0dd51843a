"""What CreateService and UpdateService refuse, and what they fill in."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.errors import client, invalid

from . import expressions, strategies
from .clusters import namespace_arn, strategy_of
from .scope import Scope
from .state import Cluster, TaskDefinition

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
DEPLOYING = (
    "networkConfiguration",
    "platformVersion",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "loadBalancers",
)
"""Members whose change starts a deployment, beside taskDefinition and forceNewDeployment."""
HIDDEN = (
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
    "monitoring",
)
"""Kept, but not described on the service itself."""
FARGATE = ("FARGATE", "FARGATE_SPOT")
STRATEGIC = ("linearConfiguration", "canaryConfiguration", "lifecycleHooks", "earlySuccessCriteria")
STRATEGY_DEFAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "linearConfiguration": ("LINEAR", {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}),
    "canaryConfiguration": ("CANARY", {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10}),
}


def checked(params: dict[str, Any]) -> None:
    """Sizes and combinations that hold for creation and update alike."""
    for member, limit in (
        ("loadBalancers", 5),
        ("serviceRegistries", 1),
        ("placementConstraints", 10),
        ("placementStrategy", 5),
    ):
        if len(params.get(member, ())) > limit:
            raise invalid(f"{member} can have at most {limit} items.")
    expressions.refuse(params.get("placementConstraints", ()))
    if params.get("desiredCount", 0) < 0:
        raise invalid("Desired count cannot be negative.")
    if params.get("healthCheckGracePeriodSeconds", 0) < 0:
        raise invalid("Health check grace period must be between 0 and 2147483647.")
    network = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network is not None:
        if not network["subnets"]:
            raise invalid("subnets can not be empty.")
        if len(network["subnets"]) > 16:
            raise invalid("subnets can have at most 16 items.")
        if len(network.get("securityGroups", ())) > 5:
            raise invalid("securityGroups can have at most 5 items.")
    configuration = params.get("deploymentConfiguration", {})
    if configuration.get("strategy") == "BLUE_GREEN" and "bakeTimeInMinutes" not in configuration:
        raise invalid("bakeTimeInMinutes is required for the BLUE_GREEN deployment strategy.")
    strategies.bounds(configuration)


def consistent(members: dict[str, Any], definition: TaskDefinition) -> None:
    """The whole service as it would be: refused before anything changes."""
    mode = definition.members.get("networkMode")
    network = members.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if mode == "awsvpc" and network is None:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if mode != "awsvpc" and network is not None:
        raise invalid("Network Configuration is not valid for the given networkMode of this task definition.")
    launch = launch_of(members)
    if launch and launch not in definition.members["compatibilities"]:
        raise invalid(f"Task definition does not support launch_type {launch}.")
    daemon = members["schedulingStrategy"] == "DAEMON"
    configuration = members["deploymentConfiguration"]
    low, high = configuration["minimumHealthyPercent"], configuration["maximumPercent"]
    if low < 0 or high <= 0 or low > high:
        raise invalid(
            "maximumPercent must be greater than 0 and at least minimumHealthyPercent, which cannot be negative."
        )
    if low == 100 and high == 100 and not daemon:
        raise invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
    if daemon:
        for member in ("placementStrategy", "volumeConfigurations"):
            if members.get(member):
                raise invalid(f"{member} is not supported for services that use the DAEMON scheduling strategy.")
        if launch == "FARGATE":
            raise invalid("The daemon scheduling strategy is not supported on Fargate.")
    if launch == "FARGATE" and members.get("placementStrategy"):
        raise invalid("Placement strategies are not supported with FARGATE launch type.")
    if members["healthCheckGracePeriodSeconds"] and not members["loadBalancers"]:
        raise invalid("Health check grace period is only valid for services configured to use load balancers")
    controller = members.get("deploymentController", {}).get("type", "ECS")
    strategies.refuse(configuration, controller, daemon=daemon)
    _targets(members, definition)


def _targets(members: dict[str, Any], definition: TaskDefinition) -> None:
    containers = {c["name"]: c for c in definition.members["containerDefinitions"]}
    for target in members["loadBalancers"]:
        name, number = target.get("containerName"), target.get("containerPort")
        if name not in containers:
            raise invalid(f"The container {name} does not exist in the task definition.")
        if number not in [p.get("containerPort") for p in containers[name]["portMappings"]]:
            raise invalid(f"The container {name} did not have a container port {number} defined.")
    for registry in members["serviceRegistries"]:
        name = registry.get("containerName")
        if name is not None and name not in containers:
            raise invalid(f"The container {name} does not exist in the task definition.")
    connect = members.get("serviceConnectConfiguration", {})
    ports = {p["name"] for c in containers.values() for p in c["portMappings"] if "name" in p}
    for service in connect.get("services", ()):
        if service["portName"] not in ports:
            raise invalid(f"The portName '{service['portName']}' was not found in the task definition.")
    volumes = {v["name"] for v in definition.members["volumes"] if v.get("configuredAtLaunch")}
    for volume in members.get("volumeConfigurations", ()):
        if volume["name"] not in volumes:
            raise invalid(f"The volume '{volume['name']}' is not configured at launch in the task definition.")


def launch_of(members: dict[str, Any]) -> str:
    """The launch type its tasks get, by strategy or by itself."""
    strategy = members.get("capacityProviderStrategy")
    if strategy:
        return "FARGATE" if strategy[0]["capacityProvider"] in FARGATE else "EC2"
    return str(members.get("launchType", ""))


def filled(at: Scope, cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """All members of a new service, with what the server fills in."""
    members = {
        k: v
        for k, v in params.items()
        if k not in ("cluster", "serviceName", "clientToken", "tags", "taskDefinition", "desiredCount", "role")
    }
    if role := params.get("role"):
        members["roleArn"] = role if role.startswith("arn:") else f"arn:aws:iam::{at.state.account}:role/{role}"
    members["schedulingStrategy"] = params.get("schedulingStrategy", "REPLICA")
    for member in ("loadBalancers", "serviceRegistries", "placementConstraints", "placementStrategy"):
        members.setdefault(member, [])
    members.setdefault("healthCheckGracePeriodSeconds", 0)
    members.setdefault("enableECSManagedTags", False)
    members.setdefault("enableExecuteCommand", False)
    members.setdefault("propagateTags", "NONE")
    if at.settings.echo_deployment_controller:
        members.setdefault("deploymentController", {"type": "ECS"})
    _capacity(cluster, members)
    members["deploymentConfiguration"] = configuration_of(at, members, params.get("deploymentConfiguration", {}), None)
    return normal(at, members) | {
        "availabilityZoneRebalancing": params.get("availabilityZoneRebalancing", _rebalancing(members))
    }


def _capacity(cluster: Cluster, members: dict[str, Any]) -> None:
    """Launch type or strategy; with neither, the cluster's default strategy, else EC2."""
    if "launchType" in members and members.get("capacityProviderStrategy"):
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if "launchType" not in members and not members.get("capacityProviderStrategy"):
        default = cluster.members["defaultCapacityProviderStrategy"]
        if default and members["schedulingStrategy"] != "DAEMON":
            members["capacityProviderStrategy"] = default
        else:
            members["launchType"] = "EC2"
    if not members.get("capacityProviderStrategy"):
        members.pop("capacityProviderStrategy", None)
    else:
        members["capacityProviderStrategy"] = strategy_of(
            members["capacityProviderStrategy"], cluster.members["capacityProviders"]
        )


def configuration_of(
    at: Scope, members: dict[str, Any], given: dict[str, Any], current: dict[str, Any] | None
) -> dict[str, Any]:
    """deploymentConfiguration with its defaults; what an update leaves out stays."""
    daemon = members["schedulingStrategy"] == "DAEMON"
    base = current or {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 100 if daemon else 200,
        "minimumHealthyPercent": 0 if daemon else 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    if given.get("strategy", base["strategy"]) != base["strategy"]:
        base = {k: v for k, v in base.items() if k not in STRATEGIC}  # what belonged to the former strategy
    filled = base | given
    for name, (strategy, defaults) in STRATEGY_DEFAULTS.items():
        if filled["strategy"] == strategy:
            filled[name] = defaults | filled.get(name, {})
    if at.settings.echo_circuit_breaker_defaults:
        more = {"resetOnHealthyTask": True, "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}
        filled["deploymentCircuitBreaker"] = more | filled["deploymentCircuitBreaker"]
    if at.settings.echo_empty_alarms:
        filled.setdefault("alarms", {"alarmNames": [], "enable": False, "rollback": False})
    return filled


def normal(at: Scope, members: dict[str, Any]) -> dict[str, Any]:
    """Members as AWS gives them back, wherever they came from."""
    members = dict(members)
    network = members.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network is not None:
        filled = {"securityGroups": [], "assignPublicIp": "DISABLED"} | network
        members["networkConfiguration"] = {"awsvpcConfiguration": filled}
    if launch_of(members) == "FARGATE":
        members.setdefault("platformVersion", "LATEST")
        members.setdefault("platformFamily", "Linux")
    connect = members.get("serviceConnectConfiguration")
    if connect and "namespace" in connect:
        members["serviceConnectConfiguration"] = connect | {"namespace": namespace_arn(at, connect["namespace"])}
    return members


def _rebalancing(members: dict[str, Any]) -> str:
    """ENABLED where a service may have it, which is the default of creation."""
    fits = members["schedulingStrategy"] == "REPLICA" and members["deploymentConfiguration"]["maximumPercent"] > 100
    classic = any("loadBalancerName" in b for b in members["loadBalancers"])
    return "ENABLED" if fits and not classic and launch_of(members) != "EXTERNAL" else "DISABLED"


def required_count(params: dict[str, Any]) -> int:
    daemon = params.get("schedulingStrategy") == "DAEMON"
    if daemon and "desiredCount" in params:
        raise invalid("The desired count cannot be specified for a service that uses the DAEMON scheduling strategy.")
    if not daemon and "desiredCount" not in params:
        raise invalid("Desired count is required for services that use the REPLICA scheduling strategy.")
    if "taskDefinition" not in params and params.get("deploymentController", {}).get("type") != "EXTERNAL":
        raise client("TaskDefinition can not be blank.")
    return int(params.get("desiredCount", 0))
