"""A parameter is known by its name or ARN, and only whether it is there is ever asked."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.model.errors import Denied
from reconciler.model.observed import Observed, Wanted
from reconciler.model.sealed import Envelope, Sealed
from tests.builders import AT, FakeReader, k

PARAMETER = KINDS["Parameter"]
ROOT = "arn:aws:ssm:eu-west-1:123456789012:parameter"


def there(*names):
    """A Reader that knows some names."""

    def answer(params):
        [asked] = params["ParameterFilters"]
        return {
            "Parameters": [
                {"Name": name, "ARN": f"{ROOT}/{name.lstrip('/')}"} for name in names if name in asked["Values"]
            ]
        }

    return FakeReader(DescribeParameters=answer)


def observed(read, *names):
    wants = [Wanted(k(f"Parameter/p{index}"), {"name": name}) for index, name in enumerate(names)]
    return {seen.key.name: seen for seen in PARAMETER.observe(read, wants)}


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("/shop/url", "/shop/url", True),
        ("url", "url", True),
        ("/shop/url", "/shop/other", False),
        ("url", "/url", False),
        (f"{ROOT}/shop/url", "/shop/url", True),
        (f"{ROOT}/url", "url", True),
        (f"{ROOT}/url", "other", False),
    ],
)
def test_a_parameter_is_found_by_name_or_arn(name, known, found):
    seen = observed(there(known), name)["p0"]
    assert seen.present is found
    assert seen.error is None
    if found:
        assert seen.arn == f"{ROOT}/{known.lstrip('/')}"
        assert PARAMETER.reference(seen, "") == seen.arn


def test_many_are_asked_for_in_few_calls_and_never_with_their_values():
    read = there(*(f"/p{number}" for number in range(60)))
    assert all(seen.present for seen in observed(read, *(f"/p{number}" for number in range(60))).values())
    assert {operation for operation, _, _ in read.asked} == {"ssm:DescribeParameters"}
    assert read.times("DescribeParameters") == 3
    assert max(len(params["ParameterFilters"][0]["Values"]) for params in read.params("DescribeParameters")) <= 50


def test_each_region_is_asked_for_its_own():
    read = there("here", "/far")
    found = observed(read, "here", "arn:aws:ssm:us-east-1:1:parameter/far")
    assert all(seen.present for seen in found.values())
    assert sorted(region for _, _, region in read.asked) == ["eu-west-1", "us-east-1"]


def test_a_failed_call_is_told_for_each_that_it_asked_for():
    denied = Denied("no", operation="ssm:DescribeParameters", action="ssm:DescribeParameters")
    assert {seen.error for seen in observed(FakeReader(DescribeParameters=denied), "a", "b").values()} == {denied}


def test_a_parameter_on_a_later_page_is_there():
    def answer(params):
        if "NextToken" not in params:
            return {"Parameters": [], "NextToken": "more"}
        return {"Parameters": [{"Name": "url", "ARN": f"{ROOT}/url"}]}

    assert observed(FakeReader(DescribeParameters=answer), "url")["p0"].present


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("/shop/url", "/shop/url"),
        (f"{ROOT}/url", f"{ROOT}/url"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:x-1", None),
    ],
)
def test_what_a_value_names(value, named):
    assert PARAMETER.named(value) == named


def test_one_that_says_no_more_than_its_name_refers_to_what_is_there():
    assert PARAMETER.external({"name": "x"})
    assert not PARAMETER.external({"name": "x", "description": "kept here"})
    assert PARAMETER.reference(Observed(k("Parameter/x"), AT, {"name": "x"}), "") == "x"


def test_a_tier_that_is_left_to_aws_is_as_desired_whichever_it_is():
    said = {"name": "/x", "value": "v", "tier": "Intelligent-Tiering"}
    assert "tier" not in PARAMETER.normal(said)
    assert PARAMETER.normal({**said, "tier": "Advanced"})["tier"] == "Advanced"


@pytest.mark.parametrize(
    ("name", "refused"),
    [("/shop/url", False), ("url", False), ("shop/url", True), ("/aws/url", True), ("SSM-url", True), ("/jaws", False), ("/awsome", False)],
)
def test_names_that_aws_refuses_are_refused_before(name, refused):
    assert bool(list(PARAMETER.check({"name": name, "value": "v"}))) is refused
    assert not list(PARAMETER.check({"name": name}))  # others' parameters have the names that they have


def test_of_what_nobody_here_keeps_no_tags_are_asked_for():
    read = there("/shop/url")
    [seen] = PARAMETER.observe(read, [Wanted(k("Parameter/x"), None, owned=("/shop/url",))])
    assert seen.present
    assert read.times("ListTagsForResource") == 0


@pytest.mark.parametrize(
    ("size", "tier", "said"),
    [
        (4_096, None, []),
        (4_097, None, ["warning"]),
        (4_097, "Standard", ["error"]),
        (8_192, "Advanced", []),
        (8_192, "Intelligent-Tiering", []),
        (8_193, "Advanced", ["error"]),
    ],
)
def test_a_sealed_value_that_a_parameter_cannot_hold_is_told_by_its_size(size, tier, said):
    envelope = Envelope("a" * 32, "staging/shop/Parameter/x", b"key", bytes(12 + size + 16), kms="arn")
    spec = {"name": "/x", "value": Sealed(envelope.id, envelope), **({"tier": tier} if tier else {})}
    assert [str(found.severity) for found in PARAMETER.check(spec)] == said
