"""What a plan rests on is named with its source and edition, and no value is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from reconciler.model.key import Key
from reconciler.model.lookup import Edition, LookedUp
from reconciler.model.plan import Plan
from reconciler.report import schema
from reconciler.report.plan_json import plan_json
from reconciler.report.plan_markdown import plan_markdown
from reconciler.report.plan_text import plan_text

USERS = tuple(Key("shop", "Service", name) for name in ("a", "b", "c", "d"))
LOOKUPS = (
    LookedUp("cfn.net.Vpc", "CloudFormation stack net", Edition(version="2026-01-05T09:00:00+00:00"), USERS[:1]),
    LookedUp("ssm./net/vpc", "SSM parameter /net/vpc", Edition(version="7"), USERS[:2]),
    LookedUp("tfstate.outputs.vpc_id", "s3://acme/net", Edition(serial=12, lineage="8a3f"), USERS),
    LookedUp('tfstate.outputs.odd["\x1b[31m"]', "a\nb", Edition(serial=0), USERS[:1]),
)
PLAN = Plan("staging", None, lookups=LOOKUPS)


def test_text_has_a_line_each():
    text = plan_text(PLAN)
    assert "Looked up:\n    cfn.net.Vpc" in text
    assert "CloudFormation stack net, of 2026-01-05T09:00:00+00:00  for shop/Service/a\n" in text
    assert "SSM parameter /net/vpc, version 7  for shop/Service/a, shop/Service/b\n" in text
    assert "s3://acme/net, serial 12 of 8a3f  for shop/Service/a, shop/Service/b, shop/Service/c and 1 more\n" in text
    assert "\x1b[31m" not in text
    assert "a\nb" not in text


def test_markdown_has_them_in_a_block():
    text = plan_markdown(PLAN)
    assert "<summary>Looked up: 4 values</summary>" in text
    assert "s3://acme/net, serial 12 of 8a3f" in text


def test_json_says_the_same_in_members():
    shown = plan_json(PLAN)
    jsonschema.Draft7Validator(schema.PLAN).validate(json.loads(json.dumps(shown)))
    assert shown["lookups"][1:3] == [
        {
            "name": "ssm./net/vpc",
            "source": "SSM parameter /net/vpc",
            "serial": None,
            "lineage": None,
            "version": "7",
            "usedBy": ["shop/Service/a", "shop/Service/b"],
        },
        {
            "name": "tfstate.outputs.vpc_id",
            "source": "s3://acme/net",
            "serial": 12,
            "lineage": "8a3f",
            "version": None,
            "usedBy": [str(key) for key in USERS],
        },
    ]


@pytest.mark.parametrize("shown", [plan_text, plan_markdown])
def test_without_lookups_nothing_is_said_of_them(shown):
    assert "Looked up" not in shown(replace(PLAN, lookups=()))


def test_a_plan_without_the_member_satisfies_the_schema_still():
    shown = plan_json(PLAN)
    del shown["lookups"]
    jsonschema.Draft7Validator(schema.PLAN).validate(shown)
