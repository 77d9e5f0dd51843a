"""Whose a resource is, and whether it may be taken over."""

from __future__ import annotations

import pytest

from reconciler.core.ownership import STACK, is_ours, refusal
from reconciler.model.key import OWNER
from reconciler.model.policy import Policy
from tests.builders import SCOPE, document, there, wished

ALLOWED, SILENT, FORBIDDEN = Policy(adopt=True), Policy(), Policy(adopt=False)


def desired(**more):
    [item] = wished(document("Thing/web", **more))[0].values()
    return item


def seen(owner=None, **tags):
    return there("Thing/web", ours=False, tags={**({OWNER: owner} if owner else {}), **tags})


@pytest.mark.parametrize(
    ("owner", "ours"),
    [
        ("default/staging/shop/Thing/web", True),
        ("default/staging/shop/Thing/other", False),
        ("default/production/shop/Thing/web", False),
        ("other/staging/shop/Thing/web", False),
        (None, False),
    ],
)
def test_it_is_ours_when_the_tag_names_this_very_key(owner, ours):
    assert is_ours(SCOPE, desired(), seen(owner)) is ours


@pytest.mark.parametrize(("policy", "refused"), [(ALLOWED, False), (SILENT, True), (FORBIDDEN, True)])
def test_what_carries_no_owner_is_taken_over_only_when_allowed(policy, refused):
    problem = refusal(SCOPE, desired(), seen(), policy)
    assert bool(problem) is refused
    if problem:
        assert problem.code == "OwnershipConflict"
        assert "arn:toy:thing/web exists and carries no owner tag" in problem.message
        assert "--adopt" in problem.hint


@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ("default/production/shop/Thing/web", "belongs to default/production/shop/Thing/web, another installation"),
        ("other/staging/shop/Thing/web", "belongs to other/staging/shop/Thing/web, another installation"),
        ("somebody", "belongs to somebody, another installation"),
        ("default/staging/shop/Thing/old", "belongs to shop/Thing/old"),
        ("default/staging/other/Thing/web", "belongs to other/Thing/web"),
    ],
)
def test_what_another_owner_holds_is_refused_by_name_even_when_adoption_is_allowed(owner, words):
    problem = refusal(SCOPE, desired(), seen(owner), ALLOWED)
    assert problem is not None
    assert words in problem.message


def test_what_another_manifest_of_ours_holds_may_be_a_rename():
    problem = refusal(SCOPE, desired(), seen("default/staging/shop/Thing/old"), ALLOWED)
    assert problem is not None
    assert problem.hint == "if it was renamed, say formerly: old in its metadata"


@pytest.mark.parametrize("policy", [SILENT, FORBIDDEN, ALLOWED])
def test_a_rename_takes_over_what_the_former_name_holds_and_needs_no_adoption(policy):
    assert refusal(SCOPE, desired(formerly="Thing/old"), seen("default/staging/shop/Thing/old"), policy) is None


def test_a_rename_takes_over_nothing_else():
    assert refusal(SCOPE, desired(formerly="Thing/old"), seen("default/staging/shop/Thing/other"), ALLOWED)
    assert refusal(SCOPE, desired(formerly="Thing/old"), seen("default/production/shop/Thing/old"), ALLOWED)


@pytest.mark.parametrize("owner", [None, "default/staging/shop/Thing/old"])
def test_what_a_stack_of_cloudformation_holds_is_never_taken_over(owner):
    problem = refusal(SCOPE, desired(formerly="Thing/old"), seen(owner, **{STACK: "legacy"}), ALLOWED)
    assert problem is not None
    assert "belongs to the CloudFormation stack legacy" in problem.message
    assert "DeletionPolicy: Retain" in problem.hint


def test_a_refusal_says_of_what_where_and_for_which_app():
    item = desired()
    problem = refusal(SCOPE, item, seen(), SILENT)
    assert problem is not None
    assert (problem.key, problem.at, problem.app) == (item.key, item.document.at, "shop")
