"""What is equal to ECS plans nothing; what is not, does. Tried on a live service behind real answers."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from reconciler.agent.converge import Ending
from tests.lab import Lab

DEFINITION: dict[str, Any] = {
    "family": "web",
    "networkMode": "bridge",
    "requiresCompatibilities": ["EC2"],
    "volumes": [{"name": "a", "host": {"sourcePath": "/a"}}, {"name": "b"}],
    "tags": [{"key": "team", "value": "shop"}, {"key": "cost", "value": "7"}],
    "containerDefinitions": [
        {
            "name": "web",
            "image": "shop:1",
            "memory": 256,
            "command": ["bundle", "exec", "puma"],
            "entryPoint": ["/bin/sh", "-c"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}, {"name": "C", "value": "NO"}],
            "environmentFiles": [
                {"type": "s3", "value": "arn:aws:s3:::envs/one.env"},
                {"type": "s3", "value": "arn:aws:s3:::envs/two.env"},
            ],
            "portMappings": [{"containerPort": 3000}, {"containerPort": 3001, "protocol": "udp"}],
            "mountPoints": [{"sourceVolume": "a", "containerPath": "/a"}, {"sourceVolume": "b", "containerPath": "/b"}],
            "ulimits": [
                {"name": "nofile", "softLimit": 1, "hardLimit": 2},
                {"name": "nproc", "softLimit": 3, "hardLimit": 4},
            ],
            "healthCheck": {"command": ["CMD-SHELL", "true"]},
            "dockerLabels": {"Zeta": "1", "alpha": "2"},
            "dependsOn": [{"containerName": "side", "condition": "START"}],
        },
        {"name": "side", "image": "side:1", "memory": 64, "essential": False},
    ],
}
SERVICE: dict[str, Any] = {
    "cluster": "main",
    "taskDefinition": "web",
    "desiredCount": 2,
    "placementStrategy": [{"type": "spread", "field": "host"}, {"type": "binpack", "field": "memory"}],
    "placementConstraints": [
        {"type": "memberOf", "expression": "attribute:a == 1"},
        {"type": "memberOf", "expression": "attribute:b == 2"},
    ],
    "tags": [{"key": "team", "value": "shop"}, {"key": "tier", "value": "web"}],
}


def manifests(definition: dict[str, Any], service: dict[str, Any]) -> str:
    documents = [("Cluster", "main", {}), ("TaskDefinition", "web", definition), ("Service", "web", service)]
    return "\n---\n".join(
        json.dumps({"apiVersion": "reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
        for kind, name, spec in documents
    )


@pytest.fixture(scope="module")
def live() -> Lab:
    lab = Lab()
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, SERVICE)
    assert lab.apply().ending is Ending.CONVERGED
    return lab


def planned(live: Lab, definition: dict[str, Any], service: dict[str, Any]) -> list[str]:
    live.files["apps/shop/all.yaml"] = manifests(definition, service)
    return [field.text for change in live.plan().changes for field in change.fields]


def changed(spec: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(spec)
    inner: Any = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return copied


def at(spec: dict[str, Any], path: tuple[Any, ...]) -> Any:
    value: Any = spec
    for step in path:
        value = value[step]
    return value


WEB = ("containerDefinitions", 0)
UNORDERED = [
    ("containerDefinitions",),
    ("volumes",),
    ("tags",),
    *[(*WEB, member) for member in ("environment", "portMappings", "mountPoints", "ulimits")],
]


@pytest.mark.parametrize("path", UNORDERED, ids=lambda path: str(path[-1]))
def test_reordering_what_has_no_order_plans_nothing(live, path):
    assert planned(live, changed(DEFINITION, *path, value=list(reversed(at(DEFINITION, path)))), SERVICE) == []


@pytest.mark.parametrize("member", ["tags", "placementConstraints"])
def test_reordering_what_has_no_order_in_a_service_plans_nothing(live, member):
    assert planned(live, DEFINITION, changed(SERVICE, member, value=list(reversed(SERVICE[member])))) == []


@pytest.mark.parametrize("member", ["command", "entryPoint", "environmentFiles"])
def test_reordering_what_has_an_order_plans_a_change(live, member):
    path = (*WEB, member)
    reordered = changed(DEFINITION, *path, value=list(reversed(at(DEFINITION, path))))
    assert planned(live, reordered, SERVICE) == [f"containerDefinitions.web.{member}", "taskDefinition"]


def test_reordering_a_placement_strategy_plans_a_change(live):
    reordered = changed(SERVICE, "placementStrategy", value=list(reversed(SERVICE["placementStrategy"])))
    assert planned(live, DEFINITION, reordered) == ["placementStrategy"]


SPELLED_OUT = [
    ((), "networkMode", "bridge"),
    ((), "enableFaultInjection", False),
    ((), "placementConstraints", []),
    ((), "ipcMode", ""),
    ((), "taskRoleArn", None),
    (WEB, "cpu", 0),
    (WEB, "essential", True),
    (WEB, "secrets", []),
    (WEB, "volumesFrom", []),
    (WEB, "systemControls", []),
    (WEB, "links", []),
    (WEB, "dnsServers", []),
    (WEB, "versionConsistency", "enabled"),
    (WEB, "user", None),
    ((*WEB, "portMappings", 0), "protocol", "tcp"),
    ((*WEB, "portMappings", 0), "hostPort", 0),
    ((*WEB, "mountPoints", 0), "readOnly", False),
    ((*WEB, "healthCheck"), "interval", 30),
    ((*WEB, "healthCheck"), "timeout", 5),
    ((*WEB, "healthCheck"), "retries", 3),
]


@pytest.mark.parametrize(("path", "member", "value"), SPELLED_OUT, ids=lambda value: str(value)[-30:])
def test_spelling_out_a_default_of_a_definition_plans_nothing(live, path, member, value):
    assert planned(live, changed(DEFINITION, *path, member, value=value), SERVICE) == []


SERVICE_DEFAULTS = [
    ("launchType", "EC2"),
    ("schedulingStrategy", "REPLICA"),
    ("deploymentController", {"type": "ECS"}),
    ("deploymentConfiguration", {"maximumPercent": 200, "minimumHealthyPercent": 100}),
    ("deploymentConfiguration", {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}),
    ("deploymentConfiguration", {"strategy": "ROLLING", "bakeTimeInMinutes": 0}),
    ("deploymentConfiguration", {"alarms": {"alarmNames": [], "enable": False, "rollback": False}}),
    ("healthCheckGracePeriodSeconds", 0),
    ("enableExecuteCommand", False),
    ("enableECSManagedTags", False),
    ("propagateTags", "NONE"),
    ("loadBalancers", []),
    ("serviceRegistries", []),
    ("volumeConfigurations", []),
    ("serviceConnectConfiguration", {"enabled": False}),
    ("availabilityZoneRebalancing", "ENABLED"),
    ("capacityProviderStrategy", []),
    ("placementStrategy", [{"type": "spread", "field": "instanceId"}, {"type": "binpack", "field": "memory"}]),
]


@pytest.mark.parametrize(("member", "value"), SERVICE_DEFAULTS, ids=lambda value: str(value)[:50])
def test_spelling_out_a_default_of_a_service_plans_nothing(live, member, value):
    assert planned(live, DEFINITION, {**SERVICE, member: value}) == []


def test_a_null_is_as_good_as_nothing(live):
    assert planned(live, DEFINITION, {**SERVICE, "loadBalancers": None, "role": None}) == []


def test_a_cluster_may_be_named_by_its_arn(live):
    [arn] = live.ecs().list_clusters()["clusterArns"]
    assert planned(live, DEFINITION, {**SERVICE, "cluster": arn}) == []


def test_an_empty_list_removes_what_is_there_and_a_list_unsaid_removes_it_too():
    lab = Lab()
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, SERVICE)
    lab.apply()
    lab.writes()
    without = {name: value for name, value in SERVICE.items() if name != "placementStrategy"}
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, {**without, "placementConstraints": []})
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]
    assert lab.service("web")["placementConstraints"] == lab.service("web")["placementStrategy"] == []
    assert lab.plan().empty


def test_tags_of_others_stay_where_the_manifest_says_nothing_of_tags():
    lab = Lab()
    silent = {name: value for name, value in SERVICE.items() if name != "tags"}
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, silent)
    lab.apply()
    arn = lab.service("web")["serviceArn"]
    lab.ecs().tag_resource(resourceArn=arn, tags=[{"key": "auditor", "value": "x"}])
    assert lab.plan().empty
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, SERVICE)
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["TagResource", "UntagResource"]
    assert lab.plan().empty


def test_a_changed_tag_of_a_definition_is_written_in_place_and_registers_nothing(live):
    lab = Lab()
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, SERVICE)
    lab.apply()
    lab.writes()
    lab.files["apps/shop/all.yaml"] = manifests(
        changed(DEFINITION, "tags", value=[{"key": "team", "value": "books"}, {"key": "cost", "value": "7"}]), SERVICE
    )
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["TagResource"]


def test_an_ignored_path_takes_the_live_value_in_diff_plan_and_apply():
    lab = Lab()
    lab.files["apps/shop/all.yaml"] = manifests(DEFINITION, SERVICE)
    lab.apply()
    lab.ecs().update_service(
        cluster="main", service="web", deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50}
    )
    text = manifests(DEFINITION, {**SERVICE, "deploymentConfiguration": {"minimumHealthyPercent": 60}})
    policy = '{"name": "web", "policy": {"ignore": ["deploymentConfiguration.maximumPercent"]}}'
    head, service = text.rsplit("---", 1)
    lab.files["apps/shop/all.yaml"] = head + "---" + service.replace('{"name": "web"}', policy)
    plan = lab.plan()
    assert [field.text for change in plan.changes for field in change.fields] == [
        "deploymentConfiguration.minimumHealthyPercent"
    ]
    assert lab.apply().ending is Ending.CONVERGED
    configuration = lab.service("web")["deploymentConfiguration"]
    assert (configuration["maximumPercent"], configuration["minimumHealthyPercent"]) == (150, 60)
    assert lab.plan().empty
