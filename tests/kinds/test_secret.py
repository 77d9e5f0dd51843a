"""A secret is known by its name or ARN, and only whether it is there is ever asked."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.model.errors import Denied, NotFound
from reconciler.model.key import OWNER
from reconciler.model.observed import Wanted
from tests.builders import AT, FakeReader, k

SECRET = KINDS["Secret"]
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"
DENIED = Denied("no", operation="secretsmanager:DescribeSecret", action="secretsmanager:DescribeSecret")
GONE = NotFound("no", operation="secretsmanager:DescribeSecret")


def observed(answer, name="shop/db"):
    read = FakeReader(DescribeSecret=answer)
    [seen] = SECRET.observe(read, [Wanted(k("Secret/db"), {"name": name})])
    return seen, read


def test_a_secret_that_is_there_is_shown_by_its_arn_and_its_value_is_never_asked_for():
    seen, read = observed(
        {
            "ARN": ARN,
            "Name": "shop/db",
            "Tags": [{"Key": "team", "Value": "x"}, {"Key": OWNER, "Value": "y"}],
            "VersionIdsToStages": {"v1": ["AWSCURRENT"]},
        }
    )
    assert (seen.arn, seen.present, seen.status, seen.at) == (ARN, True, "ACTIVE", AT)
    assert (seen.owner, seen.spec["tags"]) == ("y", [{"key": "team", "value": "x"}])
    assert read.asked == [("secretsmanager:DescribeSecret", {"SecretId": "shop/db"}, "eu-west-1")]
    assert SECRET.health(seen).healthy


def test_one_that_is_not_there_is_an_absence():
    seen, _ = observed(GONE)
    assert (seen.present, seen.error) == (False, None)


def test_one_that_may_not_be_looked_at_is_not_taken_for_missing():
    assert observed(DENIED)[0].error is DENIED


def test_one_that_is_to_be_deleted_is_as_good_as_gone():
    seen, _ = observed({"ARN": ARN, "DeletedDate": AT})
    health = SECRET.health(seen)
    assert (seen.status, health.reason, health.stalled) == ("DELETING", "SecretNotFound", True)


def test_one_broken_does_not_hide_the_others():
    def answer(params):
        return DENIED if params["SecretId"] == "bad" else GONE if params["SecretId"] == "gone" else {"ARN": ARN}

    read = FakeReader(DescribeSecret=answer)
    wants = [Wanted(k(f"Secret/{name}"), {"name": name}) for name in ("good", "bad", "gone")]
    found = {seen.key.name: (seen.present, seen.error) for seen in SECRET.observe(read, wants)}
    assert found == {"good": (True, None), "bad": (False, DENIED), "gone": (False, None)}


def test_a_secret_of_another_region_is_asked_for_there():
    far = ARN.replace("eu-west-1", "us-east-1")
    _, read = observed({"ARN": far}, far)
    assert read.asked[0][2] == "us-east-1"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (ARN, ARN),
        (f"{ARN}:password::", ARN),
        (f"{ARN}:password:AWSCURRENT:", ARN),
        ("shop/db", None),
        ("arn:aws:ssm:eu-west-1:1:parameter/x", None),
    ],
)
def test_what_a_value_names(value, named):
    assert SECRET.named(value) == named


def test_a_part_is_a_json_key_and_any_will_do_where_none_is_declared():
    seen, _ = observed({"ARN": ARN, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}})
    assert SECRET.reference(seen, "") == ARN
    assert SECRET.reference(seen, "password") == f"{ARN}:password::"
    assert SECRET.parts({"name": "x"}) is None
    assert SECRET.parts({"name": "x", "jsonKeys": ["a"]}) == {"a"}
    assert SECRET.parts({"name": "x", "jsonKeys": []}) == frozenset()


def test_one_that_says_no_more_than_its_name_refers_to_what_is_there():
    assert SECRET.external({"name": "x"})
    assert SECRET.external({"name": "x", "jsonKeys": ["a"], "pin": "float"})
    assert not SECRET.external({"name": "x", "description": "kept here"})


def test_the_key_that_aws_manages_is_described_by_its_absence():
    here = {"ARN": ARN, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}}
    assert observed(here)[0].spec["kmsKeyId"] == "alias/aws/secretsmanager"
    assert observed({**here, "KmsKeyId": "alias/shop"})[0].spec["kmsKeyId"] == "alias/shop"


def test_a_rotation_that_was_cancelled_is_none_although_it_is_still_described():
    rules = {"RotationLambdaARN": "arn:aws:lambda:eu-west-1:1:function:x", "RotationRules": {"Duration": "2h"}}
    here = {"ARN": ARN, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}, **rules}
    assert "rotationRules" not in observed({**here, "RotationEnabled": False})[0].spec
    assert observed({**here, "RotationEnabled": True})[0].spec["rotationRules"] == {"duration": "2h"}
