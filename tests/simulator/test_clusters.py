"""Clusters answer as AWS's do."""

import pytest


def test_a_new_cluster_is_described_with_what_the_server_fills_in(sim):
    made = sim.client("ecs", region="eu-west-1").create_cluster(clusterName="main", tags=[{"key": "a", "value": "b"}])
    assert made["cluster"] == {
        "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/main",
        "clusterName": "main",
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 1,
        "runningTasksCount": 0,
        "pendingTasksCount": 0,
        "activeServicesCount": 0,
        "statistics": [],
        "tags": [{"key": "a", "value": "b"}],
        "settings": [{"name": "containerInsights", "value": "disabled"}],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }


def test_without_a_name_it_is_called_default(ecs):
    assert ecs.create_cluster()["cluster"]["clusterName"] == "default"
    assert ecs.describe_clusters()["clusters"][0]["clusterName"] == "default"


def test_creating_an_existing_name_returns_it_unchanged(ecs):
    ecs.put_cluster_capacity_providers(
        cluster="main", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE"}]
    )
    again = ecs.create_cluster(clusterName="main", tags=[{"key": "x", "value": "y"}])["cluster"]
    assert again["capacityProviders"] == ["FARGATE"]
    assert again["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 0, "base": 0}]
    assert again["tags"] == []


@pytest.mark.parametrize("include", ["SETTINGS", "TAGS", "STATISTICS", "CONFIGURATIONS", "ATTACHMENTS"])
def test_parts_come_only_when_included(ecs, include):
    configuration = {"executeCommandConfiguration": {"logging": "DEFAULT"}}
    ecs.create_cluster(clusterName="full", tags=[{"key": "a", "value": "b"}], configuration=configuration)
    bare = ecs.describe_clusters(clusters=["full"])["clusters"][0]
    full = ecs.describe_clusters(clusters=["full"], include=[include])["clusters"][0]
    assert (bare["settings"], bare["tags"], bare["statistics"]) == ([], [], [])
    assert "configuration" not in bare
    assert "attachments" not in bare
    members = {"SETTINGS": "settings", "TAGS": "tags", "STATISTICS": "statistics", "CONFIGURATIONS": "configuration"}
    assert full[members.get(include, "attachmentsStatus")]


def test_statistics_tell_launch_types_apart(ecs, sim, service):
    service()
    statistics = ecs.describe_clusters(clusters=["main"], include=["STATISTICS"])["clusters"][0]["statistics"]
    values = {s["name"]: s["value"] for s in statistics}
    assert values["runningEC2TasksCount"] == "2"
    assert values["runningFargateTasksCount"] == "0"
    assert values["activeEC2ServiceCount"] == "1"


def test_counts_follow_tasks_and_services(ecs, sim, service):
    service()
    cluster = ecs.describe_clusters(clusters=["main"])["clusters"][0]
    assert (cluster["runningTasksCount"], cluster["pendingTasksCount"], cluster["activeServicesCount"]) == (2, 0, 1)


def test_unknown_names_are_failures_not_errors(ecs):
    answer = ecs.describe_clusters(clusters=["main", "nope"])
    assert [c["clusterName"] for c in answer["clusters"]] == ["main"]
    assert answer["failures"] == [{"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/nope", "reason": "MISSING"}]


def test_settings_configuration_and_defaults_are_updated(ecs):
    ecs.update_cluster(
        cluster="main",
        settings=[{"name": "containerInsights", "value": "enhanced"}],
        configuration={"managedStorageConfiguration": {"kmsKeyId": "k"}},
        serviceConnectDefaults={"namespace": "internal"},
    )
    seen = ecs.describe_clusters(clusters=["main"], include=["SETTINGS", "CONFIGURATIONS"])["clusters"][0]
    assert seen["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert seen["configuration"] == {"managedStorageConfiguration": {"kmsKeyId": "k"}}
    assert seen["serviceConnectDefaults"]["namespace"].endswith(":namespace/internal")
    ecs.update_cluster_settings(cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}])
    seen = ecs.describe_clusters(clusters=["main"], include=["SETTINGS"])["clusters"][0]
    assert seen["settings"] == [{"name": "containerInsights", "value": "disabled"}]


def test_list_has_active_ones_in_pages(ecs, refused):
    for i in range(5):
        ecs.create_cluster(clusterName=f"c{i}")
    ecs.delete_cluster(cluster="c0")
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(p["clusterArns"]) for p in pages] == [2, 2, 1]
    assert [a.rpartition("/")[2] for p in pages for a in p["clusterArns"]] == ["c1", "c2", "c3", "c4", "main"]
    with refused("InvalidParameterException"):
        ecs.list_clusters(maxResults=101)
    with refused("InvalidParameterException", "Invalid token"):
        ecs.list_clusters(nextToken="nonsense")


def test_delete_waits_for_services_and_tasks(ecs, sim, service, refused):
    service()
    with refused("ClusterContainsServicesException", "Services are active"):
        ecs.delete_cluster(cluster="main")
    ecs.delete_service(cluster="main", service="web", force=True)
    with refused("ClusterContainsServicesException"):
        ecs.delete_cluster(cluster="main")
    sim.settle()
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
    assert ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"


def test_unknown_clusters_are_refused_everywhere(ecs, refused):
    for call in (
        lambda: ecs.list_services(cluster="nope"),
        lambda: ecs.describe_services(cluster="nope", services=["web"]),
        lambda: ecs.list_tasks(cluster="nope"),
        lambda: ecs.describe_tasks(cluster="nope", tasks=["a"]),
        lambda: ecs.delete_service(cluster="nope", service="web"),
        lambda: ecs.update_service(cluster="nope", service="web"),
        lambda: ecs.create_service(cluster="nope", serviceName="web", taskDefinition="web", desiredCount=1),
        lambda: ecs.update_cluster(cluster="nope"),
        lambda: ecs.delete_cluster(cluster="nope"),
    ):
        with refused("ClusterNotFoundException", "Cluster not found."):
            call()


def test_capacity_providers_of_fargate_are_built_in(ecs, refused):
    answer = ecs.describe_capacity_providers(capacityProviders=["FARGATE", "FARGATE_SPOT", "mine"])
    assert [(p["name"], p["status"]) for p in answer["capacityProviders"]] == [
        ("FARGATE", "ACTIVE"),
        ("FARGATE_SPOT", "ACTIVE"),
    ]
    assert [f["reason"] for f in answer["failures"]] == ["MISSING"]
    with refused("InvalidParameterException", "was not found"):
        ecs.create_cluster(clusterName="c", capacityProviders=["mine"])
    with refused("InvalidParameterException", "not associated"):
        ecs.put_cluster_capacity_providers(
            cluster="main", capacityProviders=[], defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE"}]
        )


def test_an_arn_of_another_region_is_not_found(ecs, refused):
    with refused("ClusterNotFoundException"):
        ecs.list_services(cluster="arn:aws:ecs:eu-west-1:123456789012:cluster/main")


def test_regions_do_not_see_each_other(sim, ecs):
    assert sim.client("ecs", region="eu-west-1").list_clusters()["clusterArns"] == []
