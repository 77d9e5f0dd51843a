"""Services: create, describe, list, update, delete."""

from __future__ import annotations

import copy
import json
from typing import Any

from reconciler.simulator.errors import AwsError, invalid, service_not_found

from . import controllers, rollouts, scheduler
from .clusters import strategy_of
from .definitions import usable
from .paging import page
from .scope import Handler, Scope, at_most, find_cluster, last, missing, tags_in
from .service_rules import DEPLOYING, NAME, checked, configuration_of, consistent, filled, normal, required_count
from .service_view import described
from .state import Cluster, Region, Service

TOKEN = 36


def create_service(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    name = params["serviceName"]
    if not NAME.fullmatch(name):
        raise invalid("Service name must be 1 to 255 letters, numbers, underscores and hyphens.")
    token = _token(params)
    cluster = find_cluster(at.state, params.get("cluster"))
    existing = cluster.services.get(name)
    if existing and existing.status == "ACTIVE":
        if token and existing.token == token:
            return {"service": described(at, existing)}
        raise invalid("Creation of service was not idempotent.")
    if existing and existing.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    desired = required_count(params)
    checked(params)
    controllers.refuse_creation(params)
    tags = tags_in(params.get("tags"))
    members = filled(at, cluster, params)
    definition = usable(at.state, params["taskDefinition"]) if "taskDefinition" in params else None
    if definition:
        members["taskDefinition"] = definition.arn
        consistent(members, definition)
    arn = at.state.arn("service", cluster.name, name)
    service = Service(name, arn, cluster.name, members, at.now, at.caller, desired, token=token)
    cluster.services[name] = service
    if tags:
        at.state.tags[arn] = tags
    if definition and service.controller == "ECS":
        scheduler.begin(at, service, rollouts.deployment_of(at, service, definition))
    elif definition:
        service.deployments.append(rollouts.deployment_of(at, service, definition))
        scheduler.poke(at, service)
    return {"service": described(at, service)}


def describe_services(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    wanted = params["services"]
    if not wanted:
        raise invalid("Services cannot be empty.")
    at_most(10, wanted, "services")
    cluster = find_cluster(at.state, params.get("cluster"))
    found, failures = [], []
    for reference in wanted:
        service = _named(cluster, reference)
        if service is None:
            failures.append(
                missing(reference if reference.startswith("arn:") else at.state.arn("service", cluster.name, reference))
            )
        else:
            found.append(described(at, service, tags="TAGS" in params.get("include", ())))
    return {"services": found, "failures": failures}


def list_services(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """ACTIVE ones only."""
    cluster = find_cluster(at.state, params.get("cluster"))
    filters = {k: params[k] for k in ("launchType", "schedulingStrategy") if k in params}
    none = params.get("resourceManagementType") == "ECS"
    arns = sorted(
        s.arn
        for s in cluster.services.values()
        if s.status == "ACTIVE" and not none and all(s.members.get(k) == v for k, v in filters.items())
    )
    return page([([arn], arn) for arn in arns], params, "serviceArns", default=10)


def update_service(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """What is left out stays, ``[]`` removes; nothing changes when anything is refused."""
    cluster = find_cluster(at.state, params.get("cluster"))
    service = _named(cluster, params["service"])
    if service is None:
        raise service_not_found()
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    controllers.refuse_update(service.controller, params)
    checked(params)
    if service.daemon and "desiredCount" in params:
        raise invalid("The desired count cannot be specified for a service that uses the DAEMON scheduling strategy.")
    if service.controller != "ECS":
        return _update_other(at, service, params)
    definition = service.primary.definition
    if "taskDefinition" in params:
        definition = usable(at.state, params["taskDefinition"])
    members = _updated(at, cluster, service, params) | {"taskDefinition": definition.arn}
    consistent(members, definition)
    before, service.members = service.members, members
    service.desired = params.get("desiredCount", service.desired)
    if params.get("forceNewDeployment") or any(before.get(k) != members.get(k) for k in (*DEPLOYING, "taskDefinition")):
        scheduler.begin(at, service, rollouts.deployment_of(at, service, definition))
    else:
        service.primary.members = copy.deepcopy(members)
        service.primary.updated = at.now
        service.steady = service.steady and "desiredCount" not in params
        scheduler.poke(at, service)
    return {"service": described(at, service)}


def _update_other(at: Scope, service: Service, params: dict[str, Any]) -> dict[str, Any]:
    """Task sets stay what they are; their number of tasks and their rules may change."""
    given = {k: v for k, v in params.items() if k not in ("cluster", "service", "desiredCount", "forceNewDeployment")}
    if "deploymentConfiguration" in given:
        current = service.members["deploymentConfiguration"]
        given["deploymentConfiguration"] = configuration_of(
            at, service.members, given["deploymentConfiguration"], current
        )
    service.members = service.members | given
    service.desired = params.get("desiredCount", service.desired)
    service.steady = False
    scheduler.poke(at, service)
    return {"service": described(at, service)}


def _updated(at: Scope, cluster: Cluster, service: Service, params: dict[str, Any]) -> dict[str, Any]:
    given = {
        k: v
        for k, v in params.items()
        if k not in ("cluster", "service", "desiredCount", "taskDefinition", "forceNewDeployment")
    }
    members = service.members | given
    if "deploymentConfiguration" in given:
        members["deploymentConfiguration"] = configuration_of(
            at, members, given["deploymentConfiguration"], service.members["deploymentConfiguration"]
        )
    if "capacityProviderStrategy" in given:
        _capacity(cluster, service, members, given["capacityProviderStrategy"])
    for member in ("volumeConfigurations", "vpcLatticeConfigurations", "gatewayConnectors"):
        if members.get(member) == []:
            del members[member]
    return normal(at, members)


def _capacity(cluster: Cluster, service: Service, members: dict[str, Any], strategy: list[dict[str, Any]]) -> None:
    if strategy:
        members["capacityProviderStrategy"] = strategy_of(strategy, cluster.members["capacityProviders"])
        members.pop("launchType", None)
        return
    before = members.pop("capacityProviderStrategy", [])
    if before or service.members.get("capacityProviderStrategy"):
        members.setdefault("launchType", "FARGATE" if "platformVersion" in service.members else "EC2")


def delete_service(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """DRAINING until its tasks have stopped, then INACTIVE: still described, no longer listed."""
    cluster = find_cluster(at.state, params.get("cluster"))
    service = _named(cluster, params["service"])
    if service is None or service.status == "INACTIVE":
        raise service_not_found()
    if service.status == "ACTIVE":
        if service.desired > 0 and not service.daemon and not params.get("force"):
            raise invalid("The service cannot be stopped while it is scaled above 0.")
        service.status, service.desired = "DRAINING", 0
        scheduler.poke(at, service)
    return {"service": described(at, service)}


def _named(cluster: Cluster, reference: str) -> Service | None:
    """By name or ARN, in this cluster."""
    service = cluster.services.get(last(reference))
    return service if service and (not reference.startswith("arn:") or service.arn == reference) else None


def _token(params: dict[str, Any]) -> tuple[str, str] | None:
    token = params.get("clientToken")
    if token is None:
        return None
    if len(token) > TOKEN or not token.isascii() or not token.isprintable():
        raise invalid(f"clientToken can have at most {TOKEN} printable ASCII characters.")
    return token, json.dumps({k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True)


def service_by_arn(state: Region, arn: str) -> Service | None:
    parts = arn.split("/")
    cluster = state.clusters.get(parts[1]) if len(parts) == 3 else None
    return _named(cluster, arn) if cluster else None


OPERATIONS: dict[str, Handler] = {
    "CreateService": create_service,
    "DescribeServices": describe_services,
    "ListServices": list_services,
    "UpdateService": update_service,
    "DeleteService": delete_service,
}
