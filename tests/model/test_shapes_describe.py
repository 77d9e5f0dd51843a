"""What a shape tells of itself: members for explain, JSON Schema for editors; and that botocore is not loaded."""

from __future__ import annotations

import subprocess
import sys

import botocore.session
import jsonschema
import pytest

from reconciler.model.shapes import Shape

TASK = Shape("ecs", "RegisterTaskDefinition")
SERVICE = Shape("ecs", "CreateService")


@pytest.mark.parametrize(("operation", "shape"), [("RegisterTaskDefinition", TASK), ("CreateService", SERVICE)])
def test_every_member_of_the_installed_sdk_is_known(operation, shape) -> None:
    model = botocore.session.get_session().get_service_model("ecs").operation_model(operation)
    seen = set()

    def walk(node, path) -> None:
        if node.type_name == "structure":
            for name, member in node.members.items():
                inner = f"{path}.{name}" if path else name
                if (node.name, name) not in seen:
                    seen.add((node.name, name))
                    assert shape.member(inner).path == inner
                    walk(member, inner)
        elif node.type_name == "list":
            walk(node.member, path)
        elif node.type_name == "map":
            walk(node.value, f"{path}.*")

    walk(model.input_shape, "")
    assert len(seen) > 100


def test_a_member_is_explained() -> None:
    member = TASK.member("networkMode")
    assert (member.type, member.values, member.required) == ("string", ("bridge", "host", "awsvpc", "none"), False)
    assert member.documentation.startswith("The Docker networking mode to use for the containers in the task.")
    assert not any(tag in member.documentation for tag in ("<p>", "<code>", "&lt;"))


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("containerDefinitions", "list of object"), ("containerDefinitions.cpu", "integer"),
        ("containerDefinitions[].command", "list of string"), ("containerDefinitions[0].essential", "boolean"),
        ("containerDefinitions.*.dockerLabels", "map of string"), ("containerDefinitions.dockerLabels.x", "string"),
        (("containerDefinitions", 0, "environment", 0, "value"), "string"), ("", "object"),
    ],
)  # fmt: skip
def test_a_path_leads_through_lists_and_maps(path, type_) -> None:
    assert TASK.member(path).type == type_


def test_an_object_names_its_members_with_their_types() -> None:
    assert SERVICE.member("deploymentConfiguration.deploymentCircuitBreaker").members["enable"] == "boolean"
    assert TASK.member("containerDefinitions").members["portMappings"] == "list of object"
    assert TASK.member("containerDefinitions").required


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("netwrokMode", "'netwrokMode' is not a member; did you mean 'networkMode'?"),
        ("containerDefinitions.cpus", "'cpus' is not a member of containerDefinitions; did you mean 'cpu'?"),
        ("family.x", "'x' is not a member of family, which has none"),
    ],
)
def test_an_unknown_path_says_what_is_meant(path, message) -> None:
    with pytest.raises(LookupError) as raised:
        TASK.member(path)
    assert raised.value.args == (message,)


def test_the_json_schema_is_draft_7_and_refuses_what_is_wrong() -> None:
    schema = TASK.json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    check = jsonschema.Draft7Validator(schema)
    good = {"family": "x", "cpu": 256, "containerDefinitions": [{"name": "a", "memory": "${{ vars.m }}", "cpu": "5"}]}
    assert check.is_valid(good)
    assert check.is_valid({**good, "networkMode": "", "volumes": None, "tags": "${{ vars.tags }}"})
    for wrong in (
        {"networkMode": "x"},
        {"zzz": 1},
        {"containerDefinitions": {}},
        {"volumes": [{"nmae": 1}]},
        {"tags": "x"},
    ):
        assert not check.is_valid({**good, **wrong}), wrong
    assert "$defs" not in str(schema)


def test_a_structure_inside_itself_has_a_schema() -> None:
    schema = Shape("wafv2", "CreateRuleGroup", only=("rules",)).json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    assert "wafv2.NotStatement" in schema["definitions"]


def test_neither_botocore_nor_boto3_is_loaded() -> None:
    code = (
        "import sys; from reconciler.model.shapes import Shape; s = Shape('ecs', 'CreateService'); s.check({}); "
        "s.json_schema(); s.member('role'); print([m for m in sys.modules if m.startswith('boto')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
