"""A plan for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from reconciler.model.plan import Plan
from reconciler.report import schema
from reconciler.report.plan_json import plan_json


def dumped(plan: Plan) -> str:
    return json.dumps(plan_json(plan), indent=2, ensure_ascii=False) + "\n"


def test_json_looks_as_recorded(everything: Plan, golden: Callable[[str, str], None]) -> None:
    golden("plan-everything.json", dumped(everything))


def test_every_plan_satisfies_the_schema(named_plan: tuple[str, Plan]) -> None:
    jsonschema.Draft7Validator(schema.PLAN).validate(json.loads(dumped(named_plan[1])))


@pytest.mark.parametrize("described", [schema.PLAN, schema.STATUS])
def test_the_schemas_are_draft_07(described: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(described)
    assert described["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_the_schema_refuses_what_lacks_a_member(everything: Plan) -> None:
    shown = plan_json(everything)
    del shown["changes"][0]["fields"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema.PLAN).validate(shown)


def test_the_members_promised_are_there(everything: Plan) -> None:
    shown = plan_json(everything)
    assert shown["formatVersion"] == "1.0"
    assert shown["summary"] == {
        "create": 1, "update": 2, "replace": 3, "delete": 1, "adopt": 1, "run": 1, "hold": 1,
        "blocked": 1, "unchanged": 7,
    }  # fmt: skip
    update = next(change for change in shown["changes"] if change["key"] == "bookstore/Service/puma")
    assert update | {"fields": update["fields"][:2]} == {
        "key": "bookstore/Service/puma",
        "app": "bookstore",
        "action": "update",
        "effect": "rolls-tasks",
        "waitsOn": ["bookstore/TaskDefinition/puma", "platform/Cluster/main"],
        "fields": [
            {"path": "deploymentConfiguration.maximumPercent", "before": 200, "after": None, "effect": "in-place",
             "cause": None},
            {"path": "desiredCount", "before": 2, "after": 4, "effect": "in-place", "cause": None},
        ],
        "calls": ["ecs:UpdateService", "ecs:TagResource"],
        "blocked": None,
        "waiting": "",
        "note": "",
        "cause": None,
        "left": [],
    }
    assert update["fields"][-1]["after"] == "(known after TaskDefinition/puma)"


def test_no_secret_is_in_any_json(everything: Plan) -> None:
    assert "hunter" not in dumped(everything)
