"""What Shape.check takes, converts and refuses."""

from __future__ import annotations

import pytest

from reconciler.model.shapes import Shape

TASK = Shape("ecs", "RegisterTaskDefinition")


def test_a_spec_in_aws_members_is_taken_as_it_is() -> None:
    spec = {"family": "web", "containerDefinitions": [{"name": "app", "image": "nginx:1", "cpu": 1, "essential": True}]}
    assert TASK.check(spec) == (spec, [])


@pytest.mark.parametrize("name", ["family", "containerDefinitions"])
def test_a_missing_member_is_named(name: str) -> None:
    spec = {"family": "web", "containerDefinitions": []}
    del spec[name]
    [finding] = TASK.check(spec)[1]
    assert (finding.code, finding.path) == ("missing-member", (name,))
