"""What ECS refuses in a task definition although its shape is right."""

from __future__ import annotations

import pytest

from reconciler.kinds.task_definition_checks import findings
from reconciler.model.desired import Reference
from tests.builders import k

WEB = {"name": "web", "image": "shop:1", "memory": 64}
SIDE = {"name": "side", "image": "side:1", "memory": 64}


def told(spec):
    return [(finding.code, ".".join(map(str, finding.path))) for finding in findings(spec)]


def containers(*given, **more):
    return told({"family": "web", "containerDefinitions": list(given), **more})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([WEB], []),
        ([WEB, SIDE], []),
        ([], [("no-container", "containerDefinitions")]),
        ([WEB, {**SIDE, "name": "web"}], [("duplicate-container", "containerDefinitions.1.name")]),
        ([{"name": "web", "memory": 64}], [("missing-member", "containerDefinitions.0.image")]),
        ([{"image": "x", "memory": 64}], [("missing-member", "containerDefinitions.0.name")]),
        ([{"name": "web", "image": "x"}], [("missing-memory", "containerDefinitions.0.memory")]),
        ([{"name": "web", "image": "x", "memoryReservation": 64}], []),
        ([{**WEB, "memoryReservation": 65}], [("memory-below-reservation", "containerDefinitions.0.memory")]),
        ([{**WEB, "memoryReservation": 64}], []),
        ([{**WEB, "essential": False}], [("no-essential-container", "containerDefinitions")]),
        ([{**WEB, "essential": False}, SIDE], []),
        ([{**WEB, "essential": False}, {**SIDE, "essential": True}], []),
    ],
    ids=str,
)
def test_containers(given, expected):
    assert containers(*given) == expected


def test_memory_of_the_task_will_do():
    assert containers({"name": "web", "image": "x"}, memory="512") == []


@pytest.mark.parametrize("spec", [{}, {"containerDefinitions": None}, {"containerDefinitions": ["text"]}])
def test_without_containers_that_is_all_that_is_told(spec):
    assert told(spec) == [("no-container", "containerDefinitions")]


@pytest.mark.parametrize(
    ("mode", "host", "refused"),
    [
        ("awsvpc", 80, False),
        ("awsvpc", None, False),
        ("awsvpc", 81, True),
        ("awsvpc", 0, True),
        ("host", 81, True),
        ("host", 0, False),
        ("bridge", 81, False),
        (None, 81, False),
    ],
)
def test_host_ports_where_the_network_mode_gives_them(mode, host, refused):
    port = {"containerPort": 80, **({} if host is None else {"hostPort": host})}
    found = containers({**WEB, "portMappings": [port]}, networkMode=mode)
    assert found == [("host-port", "containerDefinitions.0.portMappings.0.hostPort")] * refused


def test_a_range_of_ports_has_no_host_port_to_be_wrong():
    assert containers({**WEB, "portMappings": [{"containerPortRange": "80-90"}]}, networkMode="awsvpc") == []


def after(*names):
    return [{"containerName": name, "condition": "START"} for name in names]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{**WEB, "dependsOn": after("side")}, SIDE], []),
        ([{**WEB, "dependsOn": after("none")}], [("unknown-container", "containerDefinitions.0.dependsOn.0.containerName")]),
        ([{**WEB, "links": ["side:db"]}, SIDE], []),
        ([{**WEB, "links": ["side", "none:db"]}, SIDE], [("unknown-container", "containerDefinitions.0.links.1")]),
        ([{**WEB, "dependsOn": after("side")}, {**SIDE, "dependsOn": after("web")}],
         [("container-cycle", "containerDefinitions")]),
        ([{**WEB, "dependsOn": after("web")}], [("container-cycle", "containerDefinitions")]),
    ],
    ids=str,
)  # fmt: skip
def test_the_order_of_containers(given, expected):
    assert containers(*given) == expected


SECRETS = [{"name": "A", "valueFrom": "x"}]


def test_secrets_need_an_execution_role_which_may_be_a_reference():
    assert containers({**WEB, "secrets": SECRETS}) == [("execution-role", "executionRoleArn")]
    assert containers({**WEB, "secrets": SECRETS}, executionRoleArn="exec") == []
    assert containers({**WEB, "secrets": SECRETS}, executionRoleArn=Reference(k("Role/exec"))) == []
    assert containers({**WEB, "secrets": []}) == []


# Fargate


def fargate(cpu="256", memory="512", mode="awsvpc", container=WEB, **more):
    spec = {"cpu": cpu, "memory": memory, "networkMode": mode, **more}
    given = {name: value for name, value in spec.items() if value is not None}
    return containers(container, requiresCompatibilities=["FARGATE"], **given)


@pytest.mark.parametrize(
    ("cpu", "memory", "wrong"),
    [
        ("256", "512", None),
        (".25 vCPU", "0.5 GB", None),
        ("0.25 vcpu", "1GB", None),
        (" 256 ", " 512 ", None),
        ("256", "2048", None),
        ("256", "4096", "memory"),
        ("256", "513", "memory"),
        ("512", "1024", None),
        ("512", "512", "memory"),
        ("1024", "8 GB", None),
        ("2048", "16 GB", None),
        ("4096", "30 GB", None),
        ("4096", "31 GB", "memory"),
        ("8 vCPU", "20 GB", None),
        ("8 vCPU", "18 GB", "memory"),
        ("16384", "32 GB", None),
        ("16384", "120 GB", None),
        ("16384", "36 GB", "memory"),
        ("300", "512", "cpu"),
        (None, "512", "cpu"),
        ("256", None, "memory"),
        ("lots", "512", None),
        ("256", "lots", None),
        ("256", Reference(k("Parameter/memory")), None),
    ],
)
def test_sizes_that_fargate_offers(cpu, memory, wrong):
    assert fargate(cpu, memory) == ([("fargate-size", wrong)] if wrong else [])


def test_what_is_offered_instead_is_told():
    spec = {"containerDefinitions": [WEB], "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"}
    [finding] = findings({**spec, "cpu": "300", "memory": "512"})
    assert finding.message == "Fargate offers no 300 CPU units"
    assert finding.hint == "it offers 256, 512, 1024, 2048, 4096, 8192, 16384"
    [finding] = findings({**spec, "cpu": ".25 vCPU", "memory": "4096"})
    assert finding.message == "Fargate offers no 4096 MiB of memory with 256 CPU units"
    assert finding.hint == "between 512 and 2048"


@pytest.mark.parametrize("mode", [None, "bridge", "host"])
def test_fargate_needs_its_network_mode(mode):
    assert fargate(mode=mode) == [("fargate-network", "networkMode")]


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ({}, False),
        ({"logConfiguration": {"logDriver": "awslogs"}}, True),
        ({"logConfiguration": {"logDriver": "splunk"}}, False),
        ({"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1"}, True),
        ({"image": Reference(k("Image/shop"))}, False),
    ],
    ids=str,
)
def test_fargate_needs_an_execution_role_for_logs_and_images_of_ecr(more, needed):
    container = {**WEB, **more}
    assert fargate(container=container) == [("execution-role", "executionRoleArn")] * needed
    assert fargate(container=container, executionRoleArn="exec") == []
    assert containers(container) == []


def test_on_fargate_a_container_need_not_say_its_memory():
    assert fargate(container={"name": "web", "image": "x"}) == []
