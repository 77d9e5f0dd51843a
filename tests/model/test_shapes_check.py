"""What Shape.check takes, converts and refuses."""

from __future__ import annotations

import time

import pytest

from reconciler.model.coercion import spelled
from reconciler.model.shapes import Shape

TASK = Shape("ecs", "RegisterTaskDefinition")
SERVICE = Shape("ecs", "CreateService")
LAMBDA_LIKE = Shape("ecs", "RegisterTaskDefinition", only=("family",), own={
    "count": "integer", "ratio": "number", "on": "boolean", "names": ["string"], "mode": ("a", "b"),
    "labels": {"*": "string"}, "inner": {"deep": ["integer"]}, "free": "json", "over": "@ContainerOverride",
})  # fmt: skip


def task(**members):
    return {"family": "f", "containerDefinitions": [], **members}


def container(**members):
    return task(containerDefinitions=[{"name": "web", **members}])


def clean(shape: Shape, spec):
    made, findings = shape.check(spec)
    assert findings == []
    return made


def findings(shape: Shape, spec):
    return [(it.code, ".".join(map(str, it.path)), it.hint) for it in shape.check(spec)[1]]


def test_a_spec_in_aws_members_is_taken_as_it_is() -> None:
    spec = container(image="nginx:1", cpu=1, essential=True, environment=[{"name": "A", "value": "b"}])
    assert clean(TASK, spec) == spec


@pytest.mark.parametrize(
    ("written", "made"),
    [
        (task(cpu=256), task(cpu="256")),
        (task(cpu=True), task(cpu="true")),
        (task(cpu=0.5), task(cpu="0.5")),
        (container(memory="128"), container(memory=128)),
        (container(essential="true"), container(essential=True)),
        (container(essential="False"), container(essential=False)),
        (task(ipcMode="", taskRoleArn="", networkMode=None), task()),
        (container(environment=[{"name": "A", "value": ""}]), container(environment=[{"name": "A", "value": ""}])),
        (container(command=["", "a"]), container(command=["", "a"])),
        (task(tags=[{"key": "a", "value": ""}]), task(tags=[{"key": "a", "value": ""}])),
        (task(volumes=[None, {"name": "v", "host": None}]), task(volumes=[{"name": "v"}])),
        (container(dockerLabels={"a": None, "b": 1, "c": ""}), container(dockerLabels={"b": "1", "c": ""})),
        (container(image="ref:Service/x#uri"), container(image="ref:Service/x#uri")),
        (container(command=["echo", "<p>${HOME} $(x) {{.Name}}</p>"]), container(command=["echo", "<p>${HOME} $(x) {{.Name}}</p>"])),
        (container(memory=spelled(16, "0x10")), container(memory=16)),
        (task(volumes=[]), task(volumes=[])),
    ],
)  # fmt: skip
def test_what_definitions_in_the_wild_hold_is_brought_into_form(written, made) -> None:
    assert clean(TASK, written) == made
    assert clean(TASK, made) == made
    assert all(type(value) in (str, int, bool, float, list, dict) for value in clean(TASK, written).values())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (task(netwrokMode="x"), ("unknown-member", "netwrokMode", "did you mean 'networkMode'?")),
        (task(NetworkMode="x"), ("unknown-member", "NetworkMode", "did you mean 'networkMode'?")),
        (task(network_mode="x"), ("unknown-member", "network_mode", "did you mean 'networkMode'?")),
        (task(portMappings=[]), ("unknown-member", "portMappings", "'portMappings' belongs in containerDefinitions[]")),
        (task(networkMode="AWSVPC"), ("unknown-value", "networkMode", "did you mean 'awsvpc'?")),
        (task(networkMode=5), ("unknown-value", "networkMode", "")),
        (container(memory="lots"), ("wrong-type", "containerDefinitions.0.memory", "")),
        (container(memory=1.5), ("wrong-type", "containerDefinitions.0.memory", "")),
        (container(memory=True), ("wrong-type", "containerDefinitions.0.memory", "")),
        (container(memory=""), ("wrong-type", "containerDefinitions.0.memory", "")),
        (container(essential="yes"), ("wrong-type", "containerDefinitions.0.essential", "write true")),
        (container(essential=1), ("wrong-type", "containerDefinitions.0.essential", "")),
        (task(cpu=spelled(1.1, "1.10")), ("wrong-type", "cpu", 'quote it: "1.10"')),
        (task(cpu=spelled(1000.0, "1e3")), ("wrong-type", "cpu", 'quote it: "1e3"')),
        (task(cpu=float("inf")), ("wrong-type", "cpu", "quote it")),
        (task(cpu=["a"]), ("wrong-type", "cpu", "")),
        (task(containerDefinitions={"name": "x"}), ("wrong-type", "containerDefinitions", "put it in a list: [ … ]")),
        (container(logConfiguration=[{"logDriver": "x"}]), ("wrong-type", "containerDefinitions.0.logConfiguration", "drop the dash: this is one object")),
        (container(logConfiguration="awslogs"), ("wrong-type", "containerDefinitions.0.logConfiguration", "")),
        (container(logConfiguration={}), ("missing-member", "containerDefinitions.0.logConfiguration.logDriver", "")),
        (container(dockerLabels={"a": ["b"]}), ("wrong-type", "containerDefinitions.0.dockerLabels.a", "")),
        (task(tags=[{"key": ""}]), ("too-short", "tags.0.key", "")),
        (task(family=""), ("too-short", "family", "")),
        ({"family": "x"}, ("missing-member", "containerDefinitions", "")),
    ],
)  # fmt: skip
def test_a_wrong_member_is_told_with_its_path_and_what_is_meant(spec, expected) -> None:
    assert findings(TASK, spec) == [expected]


def test_a_path_is_that_of_the_spec_as_written_though_nulls_are_gone() -> None:
    spec = task(containerDefinitions=[None, {"name": "a", "command": [None, "x", ["y"]]}])
    assert [it.path for it in TASK.check(spec)[1]] == [("containerDefinitions", 1, "command", 2)]


def test_all_mistakes_are_told_at_once() -> None:
    spec = task(cpu=[], memory={}, zzz=1, networkMode="x", containerDefinitions=[{"nmae": "x"}])
    assert len(TASK.check(spec)[1]) == 5


def test_a_misspelled_required_member_is_one_mistake() -> None:
    spec = {
        "serviceName": "a",
        "deploymentConfiguration": {"alarms": {"alarmnames": ["x"], "enable": True, "rollback": True}},
    }
    assert findings(SERVICE, spec) == [
        ("unknown-member", "deploymentConfiguration.alarms.alarmnames", "did you mean 'alarmNames'?")
    ]


@pytest.mark.parametrize("text", ["{{ mem }}", "<MEMORY>", "${MEM}", "$MEM", "%MEM%"])
def test_an_unfilled_placeholder_for_a_number_is_called_one(text) -> None:
    [finding] = TASK.check(container(memory=text))[1]
    assert "placeholder" in finding.hint
    assert text in finding.message


def test_a_skeleton_is_called_one() -> None:
    skeleton = task(taskRoleArn="", executionRoleArn="", ipcMode="", cpu="", tags=[{"key": "", "value": ""}])
    [finding] = TASK.check(skeleton)[1]
    assert "--generate-cli-skeleton" in finding.hint


def test_no_message_is_pydantics_own() -> None:
    for value in ([], {}, "x", 1, 1.5, True, "", [None], {"a": None}):
        for member in TASK.members:
            for finding in TASK.check(task(**{member: value}))[1]:
                text = finding.message + finding.hint
                assert not any(word in text for word in ("pydantic", "Input should", "validation", "Shape_")), text
                assert finding.path


def test_a_long_value_is_cut_in_a_message() -> None:
    [finding] = TASK.check(container(memory="x" * 10_000))[1]
    assert len(finding.message) < 150


@pytest.mark.parametrize(
    ("members", "made"),
    [
        ({"count": "5", "ratio": 1, "on": "true", "names": [1], "mode": "a", "labels": {"x": 1}}, {"count": 5, "ratio": 1.0, "on": True, "names": ["1"], "mode": "a", "labels": {"x": "1"}}),
        ({"inner": {"deep": ["1"]}, "free": {"any": [1, {"x": "y"}]}, "mode": ""}, {"inner": {"deep": [1]}, "free": {"any": [1, {"x": "y"}]}}),
        ({"over": {"name": "web", "cpu": "5"}}, {"over": {"name": "web", "cpu": 5}}),
    ],
)  # fmt: skip
def test_members_of_our_own_are_checked_like_those_of_aws(members, made) -> None:
    assert clean(LAMBDA_LIKE, {"family": "f", **members}) == {"family": "f", **made}


def test_members_can_be_chosen_joined_and_required() -> None:
    assert Shape("ecs", "CreateService", only=("serviceName", "role")).members == ("serviceName", "role")
    assert Shape("ecs", "CreateService", only=(), own={"x": "string"}).members == ("x",)
    assert "clientToken" not in Shape("ecs", "CreateService", without=("clientToken",)).members
    joined = Shape("logs", "CreateLogGroup", also=("PutRetentionPolicy",))
    assert {"logGroupName", "retentionInDays", "tags"} <= set(joined.members)
    assert findings(joined, {"logGroupName": "x"}) == []
    assert findings(Shape("ecs", "CreateService", required=("cluster",)), {"serviceName": "x"}) == [
        ("missing-member", "cluster", "")
    ]
    assert findings(Shape("ecs", "CreateService", optional=("serviceName",)), {}) == []


def test_a_slip_in_a_shape_is_an_error_of_the_programmer() -> None:
    for slip in ({"only": ("nothing",)}, {"without": ("nothing",)}, {"required": ("nothing",)}):
        with pytest.raises(LookupError, match="nothing"):
            Shape("ecs", "CreateService", **slip).members  # noqa: B018
    with pytest.raises(LookupError, match="no model"):
        Shape("nowhere", "CreateService").members  # noqa: B018


def test_members_of_capital_letters_begin_with_a_small_one() -> None:
    assert Shape("secretsmanager", "CreateSecret").members[:2] == ("name", "clientRequestToken")


def test_a_structure_inside_itself_is_checked_all_the_way_down() -> None:
    rules = Shape("wafv2", "CreateRuleGroup", only=("rules",))
    statement = {"notStatement": {"statement": {"notStatement": {"statement": {"zzz": 1}}}}}
    visibility = {"sampledRequestsEnabled": True, "cloudWatchMetricsEnabled": True, "metricName": "x"}
    rule = {"name": "a", "priority": 1, "statement": statement, "visibilityConfig": visibility}
    [finding] = rules.check({"rules": [rule]})[1]
    assert finding.path[-3:] == ("notStatement", "statement", "zzz")


@pytest.mark.bench
def test_shapes_are_ready_in_no_time() -> None:
    start = time.perf_counter()
    Shape("ecs", "RegisterTaskDefinition").check(container())
    print(f"first check of a task definition: {(time.perf_counter() - start) * 1000:.0f} ms")
    start = time.perf_counter()
    Shape("ecs", "CreateService").check({"serviceName": "x"})
    print(f"first check of a service: {(time.perf_counter() - start) * 1000:.0f} ms")
    start = time.perf_counter()
    for _ in range(100):
        TASK.check(container(memory=1))
    print(f"a check: {(time.perf_counter() - start) * 10:.2f} ms")
