"""A log group: found by its exact name, made with its retention, kept with its logs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.kinds import KINDS
from reconciler.model.errors import Denied
from reconciler.model.fields import UNSET
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer
from reconciler.model.observed import Observed, Wanted
from reconciler.model.plan import Action
from tests.builders import AT, FakeReader, change, document, field_change, k, wished

LOGS = KINDS["LogGroup"]
NAME = "/ecs/shop"
ARN = f"arn:aws:logs:eu-west-1:123456789012:log-group:{NAME}"
DENIED = Denied("no", operation="logs:DescribeLogGroups", action="logs:DescribeLogGroups")
GROUP = {"logGroupName": NAME, "arn": f"{ARN}:*", "retentionInDays": 30, "storedBytes": 7}


def observed(groups, tags=None):
    read = FakeReader(
        DescribeLogGroups=groups if isinstance(groups, Exception) else {"logGroups": groups},
        ListTagsForResource=tags if isinstance(tags, Exception) else {"tags": tags or {}},
    )
    [seen] = LOGS.observe(read, [Wanted(k("LogGroup/shop"), {"logGroupName": NAME})])
    return seen, read


def test_a_group_is_read_with_its_tags_by_the_arn_that_takes_them():
    seen, read = observed([GROUP], {OWNER: "me", "team": "x"})
    assert seen.spec == {"logGroupName": NAME, "retentionInDays": 30, "tags": {"team": "x"}}
    assert (seen.arn, seen.tags) == (ARN, {OWNER: "me", "team": "x"})
    assert read.params("ListTagsForResource") == [{"resourceArn": ARN}]
    assert observed([{**GROUP, "logGroupArn": ARN}])[0].arn == ARN


@pytest.mark.parametrize("others", [[], [{**GROUP, "logGroupName": f"{NAME}-2", "arn": f"{ARN}-2:*"}]])
def test_a_group_whose_name_only_begins_alike_is_another(others):
    seen, read = observed(others)
    assert (seen.present, seen.error) == (False, None)
    assert read.times("ListTagsForResource") == 0


@pytest.mark.parametrize(("groups", "tags"), [(DENIED, None), ([GROUP], DENIED)])
def test_a_failed_reading_of_either_is_one(groups, tags):
    assert observed(groups, tags)[0].error is DENIED


def planned(step, spec, *fields, values=None, seen=None):
    [desired] = wished(document("Thing/x"))[0].values()
    return change("LogGroup/shop", step, desired=replace(desired, spec={"logGroupName": NAME, **spec}), fields=fields,
                  values=values or {}, observed=seen or observed([GROUP], {OWNER: "me", "old": "x"})[0],
                  stamps={OWNER: "me"})  # fmt: skip


def calls(made):
    return [(call.operation.partition(":")[2], dict(call.params)) for call in LOGS.calls(made)]


def test_creating_sets_the_retention_in_a_call_of_its_own():
    made = planned(Action.CREATE, {"retentionInDays": 30, "kmsKeyId": "key", "tags": {"team": "x"}})
    assert calls(made) == [
        ("CreateLogGroup", {"logGroupName": NAME, "kmsKeyId": "key", "tags": {"team": "x", OWNER: "me"}}),
        ("PutRetentionPolicy", {"logGroupName": NAME, "retentionInDays": 30}),
    ]
    assert [name for name, _ in calls(planned(Action.CREATE, {}))] == ["CreateLogGroup"]


def test_an_update_sends_what_changes():
    made = planned(Action.UPDATE, {}, field_change("tags.team", UNSET, "x"), field_change("tags.old", "x"),
                   field_change("retentionInDays", 30, 60), values={"retentionInDays": 60, "kmsKeyId": "key"})  # fmt: skip
    assert calls(made) == [
        ("TagResource", {"resourceArn": ARN, "tags": {"team": "x"}}),
        ("UntagResource", {"resourceArn": ARN, "tagKeys": ["old"]}),
        ("PutRetentionPolicy", {"logGroupName": NAME, "retentionInDays": 60}),
        ("AssociateKmsKey", {"logGroupName": NAME, "kmsKeyId": "key"}),
    ]
    now = LOGS.after(made, [Answer({}, AT)] * 4)
    assert (now.spec["retentionInDays"], now.tags, now.arn) == (60, {OWNER: "me", "team": "x"}, ARN)


def test_a_deletion_goes_by_the_live_name():
    made = planned(Action.DELETE, {"logGroupName": "other"})
    assert calls(made) == [("DeleteLogGroup", {"logGroupName": NAME})]
    assert not LOGS.after(made, [Answer({}, AT)]).present


def test_it_is_named_by_name_or_arn_and_stands_for_its_name():
    assert LOGS.named(NAME) == LOGS.named(ARN) == LOGS.named(f"{ARN}:*") == NAME
    seen = Observed(k("LogGroup/shop"), AT, {"logGroupName": NAME}, arn=ARN)
    assert (LOGS.reference(seen, ""), LOGS.reference(seen, "arn")) == (NAME, ARN)
    assert LOGS.parts({}) == {"arn"}
