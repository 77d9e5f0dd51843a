"""Task definitions: what is refused, what is filled in, how they are listed and retired."""

import pytest

C = {"name": "app", "image": "nginx", "memory": 128}
ROLE = "arn:aws:iam::123456789012:role/execution"


def test_what_the_server_fills_in(define):
    seen = define(container={"portMappings": [{"containerPort": 80}], "healthCheck": {"command": ["CMD", "true"]}})
    assert seen["containerDefinitions"] == [
        {
            "name": "app",
            "image": "nginx",
            "memory": 128,
            "cpu": 0,
            "essential": True,
            "environment": [],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}],
            "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
        }
    ]
    assert seen["taskDefinitionArn"] == "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1"
    assert (seen["revision"], seen["status"]) == (1, "ACTIVE")
    assert seen["volumes"] == seen["placementConstraints"] == []
    assert seen["compatibilities"] == ["EC2"]
    assert seen["requiresAttributes"]
    assert seen["registeredBy"] == "arn:aws:iam::123456789012:user/simulator"
    assert "registeredAt" in seen
    assert "requiresCompatibilities" not in seen
    assert "networkMode" not in seen


@pytest.mark.parametrize(
    ("mode", "given", "seen"),
    [
        ("bridge", {"containerPort": 80}, {"containerPort": 80, "hostPort": 0, "protocol": "tcp"}),
        ("bridge", {"containerPort": 80, "hostPort": 8080}, {"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}),
        ("host", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
        ("awsvpc", {"containerPort": 80, "protocol": "udp"}, {"containerPort": 80, "hostPort": 80, "protocol": "udp"}),
        ("bridge", {"containerPortRange": "80-90"}, {"containerPortRange": "80-90", "protocol": "tcp"}),
    ],
)
def test_host_ports_follow_the_network_mode(define, mode, given, seen):
    ports = define(networkMode=mode, container={"portMappings": [given]})["containerDefinitions"][0]["portMappings"]
    assert ports == [seen]


def test_a_fargate_definition_is_kept_whole(define, fargate):
    given = {
        "enableFaultInjection": True,
        "ephemeralStorage": {"sizeInGiB": 30},
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "executionRoleArn": ROLE,
        "taskRoleArn": "app",
        "volumes": [{"name": "data"}, {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    }
    seen = define(**(fargate | {"memory": "0.5GB"}), **given)
    assert seen["compatibilities"] == ["EC2", "FARGATE"]
    assert (seen["cpu"], seen["memory"]) == ("256", "512")
    for member in ("enableFaultInjection", "ephemeralStorage", "runtimePlatform", "executionRoleArn"):
        assert seen[member] == given[member]
    assert seen["taskRoleArn"] == "arn:aws:iam::123456789012:role/app"
    assert seen["volumes"][0] == {"name": "data", "host": {}}
    assert seen["volumes"][1]["efsVolumeConfiguration"] == {"fileSystemId": "fs-1", "rootDirectory": "/"}


REFUSED = [
    ({"containerDefinitions": []}, "ClientException", "Container list cannot be empty."),
    ({"containerDefinitions": [{"name": "a", "memory": 9}]}, "ClientException", "Container.image should not be null"),
    ({"containerDefinitions": [{"image": "a", "memory": 9}]}, "ClientException", "Container.name should not be null"),
    ({"containerDefinitions": [{"name": "a", "image": "b"}]}, "ClientException", "At least one of 'memory' or"),
    ({"containerDefinitions": [C, C]}, "ClientException", "unique"),
    ({"containerDefinitions": [C | {"essential": False}]}, "ClientException", "essential"),
    ({"containerDefinitions": [C | {"name": "a.b"}]}, "ClientException", "Container.name"),
    ({"containerDefinitions": [C | {"memoryReservation": 256}]}, "ClientException", "memoryReservation"),
    ({"containerDefinitions": [C | {"links": ["db"]}]}, "ClientException", "db"),
    (
        {"containerDefinitions": [C | {"dependsOn": [{"containerName": "x", "condition": "START"}]}]},
        "ClientException",
        "'x'",
    ),
    (
        {"containerDefinitions": [C | {"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}]},
        "ClientException",
        "Unknown volume 'v'",
    ),
    (
        {
            "networkMode": "awsvpc",
            "containerDefinitions": [C | {"portMappings": [{"containerPort": 1, "hostPort": 2}]}],
        },
        "ClientException",
        "the host ports and container ports in port mappings must match",
    ),
    (
        {"containerDefinitions": [C | {"healthCheck": {"command": ["CMD"], "interval": 1}}]},
        "ClientException",
        "interval",
    ),
    (
        {"containerDefinitions": [C | {"secrets": [{"name": "A", "valueFrom": "arn"}]}]},
        "ClientException",
        "executionRoleArn",
    ),
    ({"tags": []}, "InvalidParameterException", "Tags can not be empty."),
    ({"tags": [{"key": "aws:x", "value": ""}]}, "InvalidParameterException", "aws:"),
    ({"tags": [{"key": "a!", "value": ""}]}, "InvalidParameterException", "regular expression"),
    ({"family": "a b"}, "ClientException", "Family contains invalid characters"),
    ({"networkMode": "none", "pidMode": "bad"}, "InvalidParameterException", "enum value set: [host, task]"),
    (
        {"containerDefinitions": [C | {"environment": [{"name": "X", "value": "y" * 70000}]}]},
        "ClientException",
        "65536",
    ),
]


@pytest.mark.parametrize(("members", "code", "text"), REFUSED)
def test_what_is_refused(ecs, refused, members, code, text):
    with refused(code, text):
        ecs.register_task_definition(**({"family": "web", "containerDefinitions": [C]} | members))
    assert ecs.list_task_definition_families()["families"] == []


FARGATE_REFUSED = [
    ({"cpu": "100"}, "No Fargate configuration exists for given values: 100 CPU, 512 memory."),
    ({"memory": "4096"}, "No Fargate configuration exists"),
    ({"networkMode": "bridge"}, "Fargate only supports network mode"),
    ({"containerDefinitions": [C | {"logConfiguration": {"logDriver": "awslogs"}}]}, "to support log driver awslogs."),
    ({"containerDefinitions": [C | {"image": "1" * 12 + ".dkr.ecr.us-east-1.amazonaws.com/a"}]}, "support ECR images."),
    ({"containerDefinitions": [C | {"privileged": True}]}, "privileged"),
    ({"containerDefinitions": [C | {"memory": 1024}]}, "memory"),
    ({"ephemeralStorage": {"sizeInGiB": 20}}, "ephemeral storage"),
]


@pytest.mark.parametrize(("members", "text"), FARGATE_REFUSED)
def test_what_fargate_refuses(ecs, refused, fargate, members, text):
    with refused("ClientException", text):
        ecs.register_task_definition(**({"family": "web", "containerDefinitions": [C]} | fargate | members))


@pytest.mark.parametrize("member", ["cpu", "memory"])
def test_fargate_needs_task_sizes(ecs, refused, fargate, member):
    members = {k: v for k, v in fargate.items() if k != member}
    with refused("ClientException", f"Fargate requires that '{member}' be defined at the task level."):
        ecs.register_task_definition(family="web", containerDefinitions=[C], **members)


def test_cycles_are_refused(ecs, refused):
    def depends(on):
        return [{"containerName": on, "condition": "START"}]

    pair = [C | {"name": "a", "dependsOn": depends("b")}, C | {"name": "b", "dependsOn": depends("a")}]
    with refused("ClientException", "Cyclic"):
        ecs.register_task_definition(family="web", containerDefinitions=pair)


def test_the_same_registration_again_is_a_further_revision(define):
    assert [define()["revision"] for _ in range(3)] == [1, 2, 3]


def test_describe_by_family_revision_and_arn(ecs, define, refused):
    first, second = define(), define()
    for reference, wanted in (("web", second), ("web:1", first), (first["taskDefinitionArn"], first)):
        assert ecs.describe_task_definition(taskDefinition=reference)["taskDefinition"] == wanted
    for unknown in ("nope", "web:9", "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"):
        with refused("ClientException", "Unable to describe task definition."):
            ecs.describe_task_definition(taskDefinition=unknown)


def test_tags_come_only_when_included(ecs, define):
    define(tags=[{"key": "a", "value": "b"}])
    assert "tags" not in ecs.describe_task_definition(taskDefinition="web")
    assert ecs.describe_task_definition(taskDefinition="web", include=["TAGS"])["tags"] == [{"key": "a", "value": "b"}]


def test_list_takes_the_whole_family_name_and_pages_both_ways(ecs, define):
    for family in ("web", "web", "web-admin", "api"):
        define(family)

    def names(**filters):
        return [a.rpartition("/")[2] for a in ecs.list_task_definitions(**filters)["taskDefinitionArns"]]

    assert names(familyPrefix="web") == ["web:1", "web:2"]
    assert names(familyPrefix="we") == []
    assert names() == ["api:1", "web:1", "web:2", "web-admin:1"]
    assert names(familyPrefix="web", sort="DESC") == ["web:2", "web:1"]
    pages = ecs.get_paginator("list_task_definitions").paginate(sort="DESC", PaginationConfig={"PageSize": 3})
    down = [a.rpartition("/")[2] for p in pages for a in p["taskDefinitionArns"]]
    assert down == list(reversed(names()))
    assert ecs.list_task_definition_families(familyPrefix="web")["families"] == ["web", "web-admin"]


def test_revisions_sort_as_numbers_and_a_page_has_a_hundred(ecs, define):
    for _ in range(101):
        define()
    answer = ecs.list_task_definitions(familyPrefix="web")
    assert [a.rpartition(":")[2] for a in answer["taskDefinitionArns"]] == [str(n) for n in range(1, 101)]
    rest = ecs.list_task_definitions(familyPrefix="web", nextToken=answer["nextToken"])
    assert [a.rpartition(":")[2] for a in rest["taskDefinitionArns"]] == ["101"]


def test_deregistered_ones_are_inactive_and_still_described(ecs, define, refused):
    define()
    define()
    gone = ecs.deregister_task_definition(taskDefinition="web:2")["taskDefinition"]
    assert (gone["status"], "deregisteredAt" in gone) == ("INACTIVE", True)
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 1
    assert ecs.describe_task_definition(taskDefinition="web:2")["taskDefinition"]["status"] == "INACTIVE"
    assert len(ecs.list_task_definitions()["taskDefinitionArns"]) == 1
    assert len(ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"]) == 1
    ecs.deregister_task_definition(taskDefinition="web:1")
    assert ecs.list_task_definition_families(status="INACTIVE")["families"] == ["web"]
    assert ecs.list_task_definition_families(status="ACTIVE")["families"] == []
    with refused("ClientException", "Unable to describe"):
        ecs.describe_task_definition(taskDefinition="web")
    with refused("ClientException", "does not exist"):
        ecs.deregister_task_definition(taskDefinition="web:9")


def test_delete_wants_deregistered_ones_and_keeps_the_counter(ecs, sim, define):
    define()
    define()
    ecs.deregister_task_definition(taskDefinition="web:2")
    answer = ecs.delete_task_definitions(taskDefinitions=["web:1", "web:2", "web:7"])
    assert [d["status"] for d in answer["taskDefinitions"]] == ["DELETE_IN_PROGRESS"]
    assert [f["reason"] for f in answer["failures"]] == ["TASK_DEFINITION_ACTIVE", "TASK_DEFINITION_NOT_FOUND"]
    sim.advance(120)
    assert ecs.delete_task_definitions(taskDefinitions=["web:2"])["failures"]
    assert define()["revision"] == 3


def test_delete_takes_ten_at_most(ecs, refused):
    with refused("InvalidParameterException"):
        ecs.delete_task_definitions(taskDefinitions=[f"web:{n}" for n in range(11)])
