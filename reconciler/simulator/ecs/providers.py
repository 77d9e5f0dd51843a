"""Capacity providers: the two of Fargate, and those an account makes of Auto Scaling groups."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.errors import AwsError, invalid

from .fleet import Provider
from .scope import Handler, Scope, at_most, find_cluster, last, missing, present, tags_in, tags_out
from .state import Region

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
FARGATE = {"FARGATE": "FARGATE", "FARGATE_SPOT": "FARGATE_SPOT"}
SCALING: dict[str, Any] = {
    "status": "DISABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}


def create_capacity_provider(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    name = params["name"]
    if not NAME.fullmatch(name) or name.lower().startswith(("aws", "ecs", "fargate")):
        raise invalid("The specified capacity provider name is invalid.")
    kinds = [k for k in ("autoScalingGroupProvider", "managedInstancesProvider") if params.get(k)]
    if len(kinds) != 1:
        raise invalid("Exactly one of autoScalingGroupProvider and managedInstancesProvider must be specified.")
    if kinds[0] == "managedInstancesProvider" and "cluster" not in params:
        raise invalid("A cluster is required for an Amazon ECS Managed Instances capacity provider.")
    known = at.state.providers.get(name)
    if known and known.status == "ACTIVE":
        raise invalid(
            "The specified capacity provider already exists. To change its configuration, update the capacity provider."
        )
    tags = tags_in(params.get("tags"))
    members = {k: dict(params[k]) for k in kinds}
    cluster = find_cluster(at.state, params["cluster"]) if "cluster" in params else None
    if "autoScalingGroupProvider" in members:
        group = members["autoScalingGroupProvider"]
        group["managedScaling"] = SCALING | group.get("managedScaling", {})
        group.setdefault("managedTerminationProtection", "DISABLED")
        group.setdefault("managedDraining", "ENABLED")
    provider = Provider(
        name, at.state.arn("capacity-provider", name), members, cluster=cluster.name if cluster else None
    )
    at.state.providers[name] = provider
    if cluster:
        cluster.members["capacityProviders"] = [*cluster.members["capacityProviders"], name]
    if tags:
        at.state.tags[provider.arn] = tags
    return {"capacityProvider": described(at, provider, tags=True)}


def describe_capacity_providers(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    mine = [p.name for p in at.state.providers.values() if p.status == "ACTIVE"]
    wanted = params.get("capacityProviders") or [*FARGATE, *sorted(mine)]
    at_most(100, wanted, "capacityProviders")
    tags = "TAGS" in params.get("include", ())
    found: list[dict[str, Any]] = []
    failures = []
    for reference in wanted:
        name = last(reference)
        arn = at.state.arn("capacity-provider", name)
        provider = at.state.providers.get(name)
        if name in FARGATE:
            one = {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": FARGATE[name]}
            found.append(one | ({"tags": []} if tags else {}))
        elif provider:
            found.append(described(at, provider, tags=tags))
        else:
            failures.append(missing(reference if reference.startswith("arn:") else arn))
    return {"capacityProviders": found, "failures": failures}


def update_capacity_provider(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """For new instances only."""
    provider = _found(at.state, params["name"])
    group = provider.members.get("autoScalingGroupProvider")
    given = params.get("autoScalingGroupProvider", {})
    if given and group is None:
        raise invalid("The capacity provider has no Auto Scaling group.")
    if group is not None:
        merged = group["managedScaling"] | given.get("managedScaling", {})
        provider.members["autoScalingGroupProvider"] = group | given | {"managedScaling": merged}
    if "managedInstancesProvider" in params:
        provider.members["managedInstancesProvider"] = dict(params["managedInstancesProvider"])
    provider.update = "UPDATE_COMPLETE"
    return {"capacityProvider": described(at, provider)}


def delete_capacity_provider(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Only one that no cluster has any more."""
    name = last(params["capacityProvider"])
    if name in FARGATE:
        raise invalid("The specified capacity provider is reserved and cannot be deleted.")
    provider = _found(at.state, name)
    used = [
        c.name for c in at.state.clusters.values() if c.status == "ACTIVE" and name in c.members["capacityProviders"]
    ]
    if used:
        raise invalid("The capacity provider cannot be deleted because it is associated with a cluster.")
    provider.status, provider.update = "INACTIVE", "DELETE_COMPLETE"
    at.state.tags.pop(provider.arn, None)
    return {"capacityProvider": described(at, provider)}


def exists(state: Region, name: str) -> bool:
    provider = state.providers.get(name)
    return name in FARGATE or (provider is not None and provider.status == "ACTIVE")


def _found(state: Region, name: str) -> Provider:
    provider = state.providers.get(last(name))
    if provider is None or provider.status != "ACTIVE":
        raise AwsError("ClientException", "The specified capacity provider was not found.")
    return provider


def described(at: Scope, provider: Provider, *, tags: bool = False) -> dict[str, Any]:
    kind = "MANAGED_INSTANCES" if "managedInstancesProvider" in provider.members else "EC2_AUTOSCALING"
    members = {k: v for k, v in provider.members.items() if k == "autoScalingGroupProvider"}
    answer = present(
        capacityProviderArn=provider.arn,
        name=provider.name,
        cluster=provider.cluster,
        status=provider.status,
        updateStatus=provider.update,
        type=kind,
        **members,
    )
    managed = provider.members.get("managedInstancesProvider")
    if managed:
        answer["managedInstancesProvider"] = managed
    return answer | ({"tags": tags_out(at.state.tags.get(provider.arn))} if tags else {})


OPERATIONS: dict[str, Handler] = {
    "CreateCapacityProvider": create_capacity_provider,
    "DescribeCapacityProviders": describe_capacity_providers,
    "UpdateCapacityProvider": update_capacity_provider,
    "DeleteCapacityProvider": delete_capacity_provider,
}
