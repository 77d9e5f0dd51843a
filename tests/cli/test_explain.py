"""`explain` and `schema` tell what may be written."""

import json

import jsonschema
import pytest
import yaml

from reconciler.kinds import KINDS

PATHS = [
    "Service",
    "Service.desiredCount",
    "Service.taskDefinition",
    "Service.schedulingStrategy",
    "Service.deploymentConfiguration.deploymentCircuitBreaker",
    "Service.spec.cluster",
    "Service.metadata",
    "Service.metadata.policy.drift",
    "TaskDefinition",
    "TaskDefinition.containerDefinitions.environment",
    "TaskDefinition.containerDefinitions[0].environment[].name",
    "TaskDefinition.containerDefinitions.logConfiguration.logDriver",
    "Environment",
    "Environment.policy.deletionLimit",
    "Environment.patches.select.kind",
    "App",
    "App.suspend",
]


def test_alone_it_lists_the_kinds(empty, golden):
    done = empty.run("explain", here=True)
    assert done.exit_code == 0
    assert all(name in done.stdout for name in (*KINDS, "App", "Environment"))


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_explained(empty, golden, path):
    done = empty.run("explain", path, here=True)
    assert done.exit_code == 0
    shown = [line for line in done.stdout.split("\n") if line]
    # AWS's own words change with every release of its models; ours do not.
    golden(f"explain/{path}.txt", "\n".join(line for line in shown if _ours(line)) + "\n")


OURS = (
    "API",
    "AWS name",
    "required",
    "default",
    "a change",
    "left out",
    "may name",
    "elements",
    "versioned",
    "pruning",
)


def _ours(line):
    return line[:1] != " " or line.startswith(tuple(f"  {word}" for word in OURS))


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_of_every_kind_can_be_explained(kind):
    from reconciler.cli.explaining import explain

    for member in KINDS[kind].Spec.members:
        assert explain(f"{kind}.{member}").startswith(f"{kind}.{member}  <")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("Servce", "did you mean 'Service'?"),
        ("Service.desiredCuont", "did you mean 'desiredCount'?"),
        ("Service.deploymentConfiguration.maximumPrecent", "did you mean 'maximumPercent'?"),
        ("Service.desiredCount.more", ""),
        ("Environment.regoin", "did you mean 'region'?"),
        ("Environment.region.more", ""),
        ("Service.metadata.nmae", "did you mean 'name'?"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(empty, path, hint):
    done = empty.run("explain", path, here=True)
    assert done.exit_code == 64
    assert hint in done.stderr


def test_the_schema_takes_the_manifests_and_refuses_a_slip(world):
    schema = json.loads(world.run("schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    whole = jsonschema.Draft7Validator(schema)
    for path in world.root.rglob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text()):
            whole.validate(document)
            document.setdefault("spec", {})["desiredCuont"] = 2
            assert list(whole.iter_errors(document))


@pytest.mark.parametrize("kind", [*KINDS, "App", "Environment"])
def test_the_schema_of_one_kind_stands_alone(empty, kind):
    schema = json.loads(empty.run("schema", "--kind", kind, here=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    good = {"apiVersion": "reconciler/v1", "kind": kind, "metadata": {"name": "x"}, "spec": {}}
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "kind": "Other"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "spec": {"nonsense": 1}}, schema)


def test_the_schema_of_an_unknown_kind(empty):
    done = empty.run("schema", "--kind", "Servce", here=True)
    assert done.exit_code == 64
    assert "did you mean 'Service'?" in done.stderr
