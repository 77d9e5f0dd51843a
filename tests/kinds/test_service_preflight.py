"""Whether a service's tasks find room, and whether its load balancer fits: tables over pure functions."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.kinds.service_capacity import Need, Room, allowed, missing, need_of, packed
from reconciler.model.errors import Severity
from reconciler.model.fields import Effect
from reconciler.model.kind import Sight
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from tests.builders import AT, change, field_change, k

SERVICE = KINDS["Service"]
TG = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"


def room(cpu=1000, memory=1000, *ports, id="i-1", whole=(2000, 2000), **more):
    return Room(id, more.pop("type", "m5.large"), Need(cpu, memory, frozenset(ports)), Need(*whole), **more)


# packing


@pytest.mark.parametrize(
    ("rooms", "need", "most", "fit"),
    [
        ([room()], Need(500, 500), 5, 2),
        ([room(), room(400, 1000)], Need(500, 500), 5, 2),
        ([room(1000, 400), room()], Need(500, 500), 5, 2),
        ([room(), room()], Need(300, 100), 5, 5),
        ([], Need(1, 1), 5, 0),
        ([room()], Need(), 5, 5),
        ([room(1000, 1000, "tcp:80"), room()], Need(10, 10, frozenset({"tcp:80"})), 5, 1),
        ([room(1000, 1000, "udp:80")], Need(10, 10, frozenset({"tcp:80"})), 5, 1),
    ],
)
def test_tasks_are_packed_by_cpu_memory_and_ports(rooms, need, most, fit):
    assert packed(rooms, need, most) == fit


def test_tasks_that_want_to_be_apart_take_an_instance_each():
    assert packed([room(), room()], Need(10, 10), 5, apart=True) == 2


@pytest.mark.parametrize(
    ("need", "tasks", "more"),
    [(Need(500, 500), 4, 1), (Need(500, 500), 5, 2), (Need(1500, 10), 3, 3), (Need(2001, 10), 1, None)],
)
def test_it_is_said_how_many_instances_of_the_best_sort_are_missing(need, tasks, more):
    found = missing([room(whole=(100, 100)), room(id="i-2")], need, tasks)
    assert (found[0] if found else None) == more
    if found:
        assert found[1].id == "i-2"


@pytest.mark.parametrize(
    ("definition", "need"),
    [
        ({"cpu": "256", "memory": "512"}, Need(256, 512)),
        ({"cpu": ".5 vCPU", "memory": "1 GB"}, Need(512, 1024)),
        ({"containerDefinitions": [{"cpu": 10, "memory": 64}, {"memory": 128, "memoryReservation": 32}]}, Need(10, 96)),
        ({"memory": 100, "containerDefinitions": [{"cpu": 5, "memory": 64}]}, Need(5, 100)),
    ],
)
def test_what_a_task_needs_is_its_own_word_or_the_sum_of_its_containers(definition, need):
    assert need_of(definition) == need


@pytest.mark.parametrize(
    ("mode", "port", "taken"),
    [
        ("bridge", {"containerPort": 80}, []),
        ("bridge", {"containerPort": 80, "hostPort": 0}, []),
        ("bridge", {"containerPort": 80, "hostPort": 8080}, ["tcp:8080"]),
        (None, {"containerPort": 80, "hostPort": 8080, "protocol": "udp"}, ["udp:8080"]),
        ("host", {"containerPort": 80}, ["tcp:80"]),
        ("awsvpc", {"containerPort": 80, "hostPort": 80}, []),
    ],
)
def test_only_fixed_ports_of_the_host_are_taken(mode, port, taken):
    assert sorted(need_of({"networkMode": mode, "containerDefinitions": [{"portMappings": [port]}]}).ports) == taken


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("attribute:disk == ssd", ["a"]),
        ("attribute:disk != ssd", ["b", "c"]),
        ("attribute:ecs.instance-type in [m5.large, m5.xlarge]", ["a", "b"]),
        ("attribute:disk exists", ["a", "b"]),
        ("attribute:disk == ssd and attribute:ecs.instance-type == t3.small", []),
        ("(attribute:disk == hdd)", ["b"]),
        ("attribute:disk == ssd or attribute:disk == hdd", None),
        ("task:group == service:web", None),
        ("attribute:disk =~ s.*", None),
        ("", None),
    ],
)
def test_simple_constraints_are_read_and_others_are_said_not_to_be(expression, ids):
    rooms = [
        room(id="a", attributes={"disk": "ssd", "ecs.instance-type": "m5.large"}),
        room(id="b", attributes={"disk": "hdd", "ecs.instance-type": "m5.xlarge"}),
        room(id="c", attributes={"ecs.instance-type": "t3.small"}),
    ]
    found = allowed(rooms, expression)
    assert (None if found is None else [one.id for one in found]) == ids


# findings

LARGE = {"cpu": 2048, "memory": 4096, "ports": []}


def instance(cpu=500, memory=500, *ports, id="i-1", provider="", **attributes):
    return {
        "id": id, "type": "m5.large", "provider": provider, "attributes": attributes, "whole": LARGE,
        "left": {"cpu": cpu, "memory": memory, "ports": list(ports)},
    }  # fmt: skip


def definition(cpu=400, memory=400, **more):
    container = {"name": "web", "cpu": cpu, "memory": memory, **more.pop("container", {})}
    return {"family": "web", "containerDefinitions": [container], **more}


def sight(*instances, new=None, old=None, outside=None, action="roll", **more):
    live = {"desiredCount": 2, "runningCount": 2, **more.pop("live", {})}
    reading = Observed(
        k("Service/web"), AT, {"cluster": "main"} | more.pop("spec", {}), "arn:service/main/web", live=live
    )
    effects = {"roll": Effect.ROLLS_TASKS, "scale": Effect.IN_PLACE, "tags": Effect.IN_PLACE}
    match action:
        case "create":
            reading = Observed(k("Service/web"), AT)
            made = change("Service/web", Action.CREATE, observed=reading)
        case "none":
            made = None
        case _:
            fields = (field_change("desiredCount"),) if action == "scale" else ()
            made = change("Service/web", observed=reading, effect=effects[action], fields=fields)
    seen = Observed(k("Instances/main"), AT, {"name": "main", "instances": list(instances)})
    named = {("taskDefinition",): new or definition(), ("cluster",): {"clusterName": "main"}, **more.pop("named", {})}
    return Sight(
        reading,
        made,
        named,
        {("taskDefinition",): old or definition(), ("cluster",): {"clusterName": "main", **more.pop("cluster", {})}},
        {("Instances", "main"): seen, **(outside or {})},
        **more,
    )


def found(spec, here):
    return [finding.code for finding in SERVICE.warnings({"desiredCount": 2, **spec}, here)]


def percent(lowest, highest):
    return {"deploymentConfiguration": {"minimumHealthyPercent": lowest, "maximumPercent": highest}}


@pytest.mark.parametrize(
    ("spec", "here", "codes"),
    [
        ({}, sight(instance(), instance()), []),
        ({}, sight(instance()), ["slow-rollout"]),
        ({}, sight(instance(100)), ["cannot-move"]),
        ({}, sight(), ["cannot-move"]),
        (percent(50, 200), sight(instance(100)), ["slow-rollout"]),
        (percent(50, 100), sight(instance(100)), []),  # old tasks stop first and make room
        (percent(50, 100), sight(instance(100), new=definition(cpu=450)), []),  # what is left and what is freed
        (percent(50, 100), sight(instance(100), new=definition(cpu=600)), ["cannot-move"]),
        (percent(100, 150), sight(instance()), []),  # one more at a time
        ({}, sight(instance(2000, 4000), new=definition(cpu=3000)), ["cannot-move"]),
        ({"launchType": "FARGATE"}, sight(), []),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, sight(), []),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, sight(instance()), ["no-room"]),
    ],
)
def test_a_rollout_moves_when_there_is_room_beside_or_in_place_of_the_old_tasks(spec, here, codes):
    assert found(spec, here) == codes


@pytest.mark.parametrize(
    ("desired", "here", "codes"),
    [
        (2, sight(instance(), instance(), action="create"), []),
        (2, sight(instance(), action="create"), ["no-room"]),
        (0, sight(action="create"), []),
        (4, sight(instance(), instance(), action="scale"), []),
        (4, sight(instance(), action="scale"), ["no-room"]),
        (1, sight(action="scale"), []),
        (9, sight(action="tags"), []),
        (2, sight(action="none"), ["cannot-move"]),
    ],
)
def test_tasks_that_stay_have_to_fit_all_of_them(desired, here, codes):
    assert found({"desiredCount": desired}, here) == codes


def test_a_fixed_port_that_is_taken_everywhere_is_no_room():
    new = definition(10, 10, container={"portMappings": [{"containerPort": 80, "hostPort": 8080}]})
    assert found({}, sight(instance(500, 500, "tcp:8080"), new=new, old=new)) == ["cannot-move"]
    assert found(percent(0, 100), sight(instance(500, 500, "tcp:8080"), new=new, old=new)) == []


def test_the_finding_says_how_many_instances_like_which_are_missing_and_what_to_do():
    [finding] = SERVICE.warnings({"desiredCount": 2}, sight(instance(100)))
    assert finding.severity is Severity.WARNING
    assert finding.message == (
        "it cannot move: 1 more instance like i-1 (m5.large: 2048 CPU, 4096 MiB) is needed; "
        "a task needs 400 CPU, 400 MiB"
    )
    assert finding.hint == "add 1 instance, or lower minimumHealthyPercent so that old tasks may stop first"


def test_one_instance_is_enough_to_move_and_it_is_said_how_many_move_all_at_once():
    [finding] = SERVICE.warnings({"desiredCount": 20}, sight(instance(100), live={"runningCount": 20}))
    assert finding.message.startswith("it cannot move: 1 more instance like i-1 ")
    assert "is needed (4 for all new tasks at once)" in finding.message


def test_a_task_larger_than_every_instance_is_told():
    [finding] = SERVICE.warnings({"desiredCount": 2}, sight(instance(), new=definition(cpu=9000)))
    assert "no instance here is large enough" in finding.message


def test_constraints_narrow_the_instances_or_are_said_not_to_be_checked():
    rule = {"placementConstraints": [{"type": "memberOf", "expression": "attribute:disk == ssd"}]}
    assert found(rule, sight(instance(2000, 2000, disk="ssd"))) == []
    assert found(rule, sight(instance(2000, 2000, disk="hdd"))) == ["cannot-move"]
    rule = {"placementConstraints": [{"type": "memberOf", "expression": "runningTasksCount < 3"}]}
    assert found(rule, sight(instance(1, 1))) == ["not-checked"]


def test_tasks_that_want_to_be_apart_need_an_instance_without_one():
    rule = {"placementConstraints": [{"type": "distinctInstance"}]}
    here = [instance(2000, 2000, id=f"i-{number}") for number in range(3)]
    assert found(rule, sight(*here[:2])) == ["cannot-move"]
    assert found(rule, sight(*here)) == ["slow-rollout"]


def grows(value):
    return {("CapacityProvider", "nodes"): Observed(k("CapacityProvider/nodes"), AT, {"name": "nodes", "grows": value})}


STRATEGY = {"capacityProviderStrategy": [{"capacityProvider": "nodes"}]}


def test_only_instances_of_the_services_providers_count():
    here = sight(instance(2000, 2000, provider="nodes"), outside=grows(False))
    assert found(STRATEGY, here) == []
    assert found(STRATEGY, sight(instance(2000, 2000, provider="others"), outside=grows(False))) == ["cannot-move"]


@pytest.mark.parametrize(
    ("spec", "here", "further"),
    [
        ({}, sight(), [("Instances", "main")]),
        (STRATEGY, sight(), [("CapacityProvider", "nodes")]),
        (STRATEGY, sight(outside=grows(True)), [("CapacityProvider", "nodes")]),
        (STRATEGY, sight(outside=grows(False)), [("CapacityProvider", "nodes"), ("Instances", "main")]),
        ({}, sight(cluster={"defaultCapacityProviderStrategy": [{"capacityProvider": "nodes"}]}),
         [("CapacityProvider", "nodes")]),
        ({}, sight(spec={"launchType": "FARGATE"}), []),
        ({"launchType": "FARGATE"}, sight(), []),
        ({}, sight(action="tags"), []),
        ({}, sight(thorough=True, action="none"), [("Triggers", "main"), ("Instances", "main")]),
    ],
)  # fmt: skip
def test_instances_are_looked_at_only_when_a_change_needs_room_that_nobody_brings(spec, here, further):
    assert list(SERVICE.beside({"desiredCount": 2, **spec}, here)) == further


# load balancers


def balanced(group=None, mode=None, **balancer):
    spec = {
        "launchType": "FARGATE",
        "healthCheckGracePeriodSeconds": 60,
        "loadBalancers": [{"targetGroupArn": TG, "containerName": "web", "containerPort": 80, **balancer}],
    }
    new = definition(networkMode=mode, container={"portMappings": [{"containerPort": 80}]})
    named = {("loadBalancers", 0, "targetGroupArn"): group} if group else {}
    return spec, sight(new=new, named=named)


@pytest.mark.parametrize(
    ("mode", "kind", "wrong"),
    [
        ("awsvpc", "ip", False),
        ("awsvpc", "instance", True),
        ("bridge", "instance", False),
        ("bridge", "ip", True),
        ("host", "instance", False),
        (None, "ip", True),
    ],
)
def test_a_target_group_has_the_type_that_the_network_mode_needs(mode, kind, wrong):
    findings = list(SERVICE.warnings(*balanced({"targetType": kind}, mode)))
    assert [(it.code, it.severity) for it in findings] == [("target-type", Severity.ERROR)] * wrong


def test_the_container_and_port_of_a_load_balancer_have_to_be_in_the_definition():
    assert found(*balanced()) == []
    assert found(*balanced(containerName="wbe")) == ["unknown-container"]
    assert found(*balanced(containerPort=81)) == ["unknown-port"]


def test_a_target_group_of_no_load_balancer_and_no_grace_period_are_told():
    assert found(*balanced({"targetType": "instance", "loadBalancerArns": []})) == ["target-group-unused"]
    spec, here = balanced()
    [finding] = SERVICE.warnings({**spec, "healthCheckGracePeriodSeconds": 0}, here)
    assert (finding.code, finding.severity) == ("no-grace-period", Severity.NOTE)


def test_a_service_with_a_short_arn_cannot_be_tagged():
    arn = "arn:aws:ecs:eu-west-1:123456789012:service/web"
    here = sight(instance(2000, 2000))
    old = Observed(here.reading.key, AT, here.reading.spec, arn, live=here.reading.live)
    assert found({}, Sight(old, None, {}, {}, {})) == ["short-arn"]


# rules and schedules


def trigger(**more):
    pinned = {"what": "rule nightly", "family": "web", "definition": "web:3", "pinned": True, "gone": False}
    seen = Observed(k("Triggers/main"), AT, {"name": "main", "triggers": [{**pinned, **more}]})
    return sight(instance(2000, 2000), outside={("Triggers", "main"): seen}, thorough=True, action="none")


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({}, []),
        ({"gone": True}, ["dead-trigger"]),
        ({"pinned": False, "definition": "web"}, ["unpinned-trigger"]),
        ({"pinned": False, "family": "other"}, []),
    ],
)
def test_what_starts_a_family_by_the_clock_names_a_revision_that_is_there(more, codes):
    assert found({}, trigger(**more)) == codes


# task definitions


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("shop:1", False),
        ("shop", True),
        ("shop:latest", True),
        ("localhost:5000/shop", True),
        ("localhost:5000/shop:1", False),
        (f"shop@sha256:{'a' * 64}", False),
        (f"shop:latest@sha256:{'a' * 64}", False),
    ],
)
def test_an_image_that_may_be_another_one_tomorrow_is_told(image, moves):
    spec = {"containerDefinitions": [{"name": "web", "image": image}]}
    nothing = Sight(Observed(k("TaskDefinition/web"), AT), None, {}, {}, {})
    assert [it.code for it in KINDS["TaskDefinition"].warnings(spec, nothing)] == ["moving-tag"] * moves


@pytest.mark.parametrize(
    ("trusts", "wrong"), [(["ecs-tasks.amazonaws.com"], False), (["ec2.amazonaws.com"], True), (["*"], False)]
)
def test_a_role_that_tasks_cannot_assume_is_told(trusts, wrong):
    named = {("taskRoleArn",): {"name": "app", "trusts": trusts}}
    here = Sight(Observed(k("TaskDefinition/web"), AT), None, named, named, {})
    assert [it.code for it in KINDS["TaskDefinition"].warnings({"taskRoleArn": "app"}, here)] == [
        "untrusted-role"
    ] * wrong
