"""Clusters and their capacity providers."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.errors import AwsError, client, invalid

from . import placement
from .paging import page
from .providers import exists
from .scope import Handler, Scope, at_most, find_cluster, last, missing, present, tags_in, tags_out
from .state import Cluster, Region

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
INSIGHTS = ("enabled", "disabled", "enhanced")


def create_cluster(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """An existing name is answered with what is there, unchanged."""
    name = params.get("clusterName", "default")
    if not NAME.fullmatch(name):
        raise invalid("Cluster name must be 1 to 255 letters, numbers, underscores and hyphens.")
    existing = at.state.clusters.get(name)
    if existing and existing.status == "ACTIVE":
        return {"cluster": described(at, existing, {"SETTINGS", "CONFIGURATIONS", "TAGS"})}
    tags = tags_in(params.get("tags"))
    providers = params.get("capacityProviders", [])
    strategy = strategy_of(params.get("defaultCapacityProviderStrategy", []), providers)
    members = present(
        settings=settings_of(params.get("settings", []), []),
        configuration=params.get("configuration"),
        capacityProviders=known(at.state, providers),
        defaultCapacityProviderStrategy=strategy,
        serviceConnectDefaults=defaults_of(at, params),
    )
    cluster = at.state.clusters[name] = Cluster(name, at.state.arn("cluster", name), members)
    if tags:
        at.state.tags[cluster.arn] = tags
    return {"cluster": described(at, cluster, {"SETTINGS", "CONFIGURATIONS", "TAGS"})}


def describe_clusters(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    wanted = params.get("clusters") or ["default"]
    at_most(100, wanted, "clusters")
    found, failures = [], []
    for reference in wanted:
        try:
            cluster = find_cluster(at.state, reference, active=False)
        except AwsError as error:
            if error.code != "ClusterNotFoundException":
                raise
            failures.append(missing(reference if reference.startswith("arn:") else at.state.arn("cluster", reference)))
        else:
            found.append(described(at, cluster, set(params.get("include", ()))))
    return {"clusters": found, "failures": failures}


def list_clusters(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    active = sorted(c.arn for c in at.state.clusters.values() if c.status == "ACTIVE")
    return page([([arn], arn) for arn in active], params, "clusterArns", default=100)


def update_cluster(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params["cluster"])
    if "settings" in params:
        cluster.members["settings"] = settings_of(params["settings"], cluster.members["settings"])
    if "configuration" in params:
        cluster.members["configuration"] = params["configuration"]
    if "serviceConnectDefaults" in params:
        cluster.members.update(present(serviceConnectDefaults=defaults_of(at, params)))
    return {"cluster": described(at, cluster, {"SETTINGS", "CONFIGURATIONS", "TAGS"})}


def update_cluster_settings(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params["cluster"])
    cluster.members["settings"] = settings_of(params["settings"], cluster.members["settings"])
    return {"cluster": described(at, cluster, {"SETTINGS", "CONFIGURATIONS", "TAGS"})}


def put_cluster_capacity_providers(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params["cluster"])
    providers = known(at.state, params["capacityProviders"])
    strategy = strategy_of(params["defaultCapacityProviderStrategy"], providers)
    used = {
        item["capacityProvider"]
        for service in cluster.services.values()
        if service.status != "INACTIVE"
        for item in service.members.get("capacityProviderStrategy", ())
    }
    lost = sorted(used & set(cluster.members["capacityProviders"]) - set(providers))
    if lost:
        raise AwsError(
            "ResourceInUseException",
            f"The specified capacity provider is in use and cannot be removed: {', '.join(lost)}",
        )
    cluster.members["capacityProviders"] = providers
    cluster.members["defaultCapacityProviderStrategy"] = strategy
    return {"cluster": described(at, cluster, {"SETTINGS", "CONFIGURATIONS", "TAGS"})}


def delete_cluster(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    cluster = find_cluster(at.state, params["cluster"])
    if any(s.status != "INACTIVE" for s in cluster.services.values()):
        raise AwsError("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    if any(not i.endless and i.status != "INACTIVE" for i in cluster.instances.values()):
        raise AwsError(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    if any(t.status != "STOPPED" for t in cluster.tasks.values()):
        raise AwsError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    cluster.status = "INACTIVE"
    at.state.tags.pop(cluster.arn, None)
    return {"cluster": described(at, cluster, {"SETTINGS"})}


def described(at: Scope, cluster: Cluster, include: set[str]) -> dict[str, Any]:
    services = [s for s in cluster.services.values() if s.status != "INACTIVE"]
    running = [t for t in cluster.tasks.values() if t.status == "RUNNING"]
    pending = [t for t in cluster.tasks.values() if t.counted and t.status != "RUNNING"]
    counted: dict[str, Any] = {"EC2": [0, 0], "Fargate": [0, 0]}
    for place, tasks in enumerate((running, pending)):
        for task in tasks:
            counted["Fargate" if task.launch_type == "FARGATE" else "EC2"][place] += 1
    active = sum(s.status == "ACTIVE" for s in services)
    answer: dict[str, Any] = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": len(placement.instances(at, cluster)) if cluster.status == "ACTIVE" else 0,
        "runningTasksCount": len(running),
        "pendingTasksCount": len(pending),
        "activeServicesCount": active,
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": cluster.members["capacityProviders"],
        "defaultCapacityProviderStrategy": cluster.members["defaultCapacityProviderStrategy"],
    }
    if "serviceConnectDefaults" in cluster.members:
        answer["serviceConnectDefaults"] = cluster.members["serviceConnectDefaults"]
    if "SETTINGS" in include:
        answer["settings"] = cluster.members["settings"]
    if "CONFIGURATIONS" in include and "configuration" in cluster.members:
        answer["configuration"] = cluster.members["configuration"]
    if "TAGS" in include:
        answer["tags"] = tags_out(at.state.tags.get(cluster.arn))
    if "ATTACHMENTS" in include:
        answer |= {"attachments": [], "attachmentsStatus": "UPDATE_COMPLETE"}
    if "STATISTICS" in include:
        answer["statistics"] = statistics(counted, services)
    return answer


def statistics(counted: dict[str, Any], services: list[Any]) -> list[dict[str, str]]:
    """Launch types told apart, as AWS names them."""
    numbers: dict[str, int] = {}
    for kind in ("EC2", "Fargate"):
        mine = [s for s in services if (s.members.get("launchType", "FARGATE") == "FARGATE") == (kind == "Fargate")]
        numbers[f"running{kind}TasksCount"], numbers[f"pending{kind}TasksCount"] = counted[kind]
        numbers[f"active{kind}ServiceCount"] = sum(s.status == "ACTIVE" for s in mine)
        numbers[f"draining{kind}ServiceCount"] = sum(s.status == "DRAINING" for s in mine)
    return [{"name": name, "value": str(value)} for name, value in numbers.items()]


def settings_of(given: list[dict[str, str]], current: list[dict[str, str]]) -> list[dict[str, str]]:
    """Container Insights is the only setting; off unless said otherwise."""
    values = {s["name"]: s["value"] for s in current} or {"containerInsights": "disabled"}
    for setting in given:
        if setting.get("value") not in INSIGHTS:
            raise invalid(f"Invalid value for setting {setting.get('name')}: {setting.get('value')}")
        values[setting.get("name", "containerInsights")] = setting["value"]
    return [{"name": k, "value": v} for k, v in values.items()]


def defaults_of(at: Scope, params: dict[str, Any]) -> dict[str, str] | None:
    """The namespace comes back as an ARN."""
    given = params.get("serviceConnectDefaults")
    return {"namespace": namespace_arn(at, given["namespace"])} if given and given["namespace"] else None


def namespace_arn(at: Scope, namespace: str) -> str:
    """Cloud Map is not asked: a name stands for a namespace of the same id."""
    if namespace.startswith("arn:"):
        return namespace
    return f"arn:aws:servicediscovery:{at.state.name}:{at.state.account}:namespace/{namespace}"


def known(state: Region, providers: list[str]) -> list[str]:
    for provider in providers:
        if not exists(state, last(provider)):
            raise invalid(f"The specified capacity provider '{provider}' was not found.")
    return [last(p) for p in providers]


def strategy_of(items: list[dict[str, Any]], providers: list[str]) -> list[dict[str, Any]]:
    """A strategy with base and weight filled in; refused when it names what the cluster does not have."""
    if len(items) > 20:
        raise invalid("The capacity provider strategy can contain at most 20 capacity providers.")
    filled = [
        {"capacityProvider": last(i["capacityProvider"]), "weight": i.get("weight", 0), "base": i.get("base", 0)}
        for i in items
    ]
    names = [i["capacityProvider"] for i in filled]
    if len(set(names)) < len(names):
        raise invalid("The specified capacity provider strategy cannot contain a capacity provider more than once.")
    for name in names:
        if name not in [last(p) for p in providers]:
            raise invalid(
                f"The specified capacity provider '{name}' is not associated with the cluster. "
                "Associate the capacity provider with the cluster and try again."
            )
    if sum(i["base"] > 0 for i in filled) > 1:
        raise invalid("Only one capacity provider in a capacity provider strategy can have a base defined.")
    if filled and len(filled) > 1 and not any(i["weight"] for i in filled):
        raise client("At least one capacity provider of the strategy must have a weight greater than zero.")
    return filled


OPERATIONS: dict[str, Handler] = {
    "CreateCluster": create_cluster,
    "DescribeClusters": describe_clusters,
    "ListClusters": list_clusters,
    "UpdateCluster": update_cluster,
    "UpdateClusterSettings": update_cluster_settings,
    "PutClusterCapacityProviders": put_cluster_capacity_providers,
    "DeleteCluster": delete_cluster,
}
