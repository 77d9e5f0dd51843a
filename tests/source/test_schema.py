"""The JSON Schema of a manifest."""

from __future__ import annotations

import jsonschema
import pytest

from reconciler.kinds import KINDS
from reconciler.source.schema import manifest_schema

SCHEMA = manifest_schema(KINDS)
CHECK = jsonschema.Draft7Validator(SCHEMA)


def manifest(kind: str, spec, **metadata):
    return {"apiVersion": "reconciler/v1", "kind": kind, "metadata": {"name": "x", **metadata}, "spec": spec}


def test_it_is_draft_7_and_every_reference_leads_somewhere() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    references: set[str] = set()

    def walk(node) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                references.add(node["$ref"].removeprefix("#/definitions/"))
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(SCHEMA)
    assert references <= set(SCHEMA["definitions"])
    assert set(KINDS) <= references
    assert not {"$defs", "prefixItems"} & set(str(SCHEMA).split("'"))


@pytest.mark.parametrize(
    "good",
    [
        manifest(
            "Service", {"taskDefinition": "x", "desiredCount": "${{ vars.n }}", "launchType": "", "status": "ACTIVE"}
        ),
        manifest("Service", {"service": {"anything": 1}}),
        manifest("Service", {}, labels={"a": 1}, dependsOn=["Job/x"], policy={"drift": "off", "timeout": "20m"}),
        manifest("TaskDefinition", {"cpu": 256, "containerDefinitions": [{"memory": "128", "essential": "true"}]}),
        manifest("App", {"suspend": True, "dependsOn": ["b"], "vars": {"a": [1]}}),
        manifest(
            "Environment", {"region": "eu-west-1", "patches": [{"select": {"kind": "Service"}, "spec": {"a": None}}]}
        ),
        manifest("Environment", {"tfstate": {"s3": "s3://b/k", "region": "eu-west-1", "resources": True}}),
        manifest("Environment", {"tfstate": {"file": "x"}, "policy": {"images": "pin"}}),
        {"apiVersion": "reconciler/v1", "kind": "Environment"},
    ],
)
def test_it_takes_what_the_loader_takes(good) -> None:
    assert list(CHECK.iter_errors(good)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        manifest("Service", {"desiredCuont": 1}), manifest("Service", {"desiredCount": "two"}), manifest("Servcie", {}),
        manifest("Service", {"launchType": "fargate"}), manifest("Service", {}, lables={}),
        manifest("Service", {}, policy={"drift": "x"}), manifest("App", {"suspended": True}),
        manifest("Environment", {"tfstate": {"bucket": "x"}}), manifest("Service", {}, policy={"images": "digest"}),
        manifest("Environment", {"regoin": "x"}), manifest("Environment", {"patches": [{"spec": {}}]}),
        {**manifest("Service", {}), "spce": {}}, {"kind": "Service"}, manifest("TaskDefinition", {"containerDefinitions": {}}),
    ],
)  # fmt: skip
def test_it_refuses_what_the_loader_refuses(wrong) -> None:
    assert not CHECK.is_valid(wrong)
