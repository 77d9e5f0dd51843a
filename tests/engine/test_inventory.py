"""What carries our owner tag, as one scan of the tagging API tells."""

from __future__ import annotations

from reconciler.engine.inventory import matching, read_inventory
from reconciler.model.errors import Throttled
from reconciler.model.key import DIGEST, OWNER
from reconciler.model.observed import Nominated
from tests.builders import SCOPE, TOYS, FakeReader, k


def mapping(arn, owner, **tags):
    listed = [{"Key": OWNER, "Value": owner}, *({"Key": key, "Value": value} for key, value in tags.items())]
    return {"ResourceARN": arn, "Tags": listed}


def inventory(*mappings):
    return read_inventory(FakeReader(GetResources=list(mappings)), SCOPE, TOYS)


def test_it_asks_once_for_all_kinds_by_our_tag():
    read = FakeReader(GetResources=[])
    assert read_inventory(read, SCOPE, TOYS).items == {}
    [(operation, asked, _)] = read.asked
    assert operation == "resourcegroupstaggingapi:GetResources"
    assert asked["TagFilters"] == [{"Key": OWNER}]
    assert asked["ResourceTypeFilters"] == ["toy:given", "toy:paper", "toy:place", "toy:thing"]


def test_what_is_ours_is_found_by_key():
    found = inventory(
        mapping("arn:a", "default/staging/shop/Thing/web"), mapping("arn:b", "default/staging/shop/Thing/web")
    )
    assert found.arns(k("Thing/web")) == ("arn:a", "arn:b")
    assert found.arns(k("Thing/other")) == ()
    assert found.complete


def test_what_others_own_what_names_no_key_and_kinds_not_known_are_left_out():
    found = inventory(
        mapping("arn:a", "default/production/shop/Thing/web"),
        mapping("arn:b", "other/staging/shop/Thing/web"),
        mapping("arn:c", "somebody"),
        mapping("arn:d", "default/staging/shop/Nothing/web"),
    )
    assert found.items == {}


def test_revisions_come_by_number_and_all_else_by_name():
    owner = "default/staging/shop/Paper/x"
    found = inventory(*(mapping(f"arn:x:{number}", owner) for number in (10, 9, 100, 1)))
    assert found.arns(k("Paper/x")) == ("arn:x:1", "arn:x:9", "arn:x:10", "arn:x:100")
    found = inventory(mapping("arn:b/x", owner), mapping("arn:a/x", owner))
    assert found.arns(k("Paper/x")) == ("arn:a/x", "arn:b/x")


def test_revisions_of_two_families_do_not_mix():
    owner = "default/staging/shop/Paper/x"
    found = inventory(*(mapping(arn, owner) for arn in ("arn:b:1", "arn:a:12", "arn:a:2")))
    assert found.arns(k("Paper/x")) == ("arn:a:2", "arn:a:12", "arn:b:1")


def test_a_failed_page_leaves_nothing_and_says_so():
    error = Throttled("slow down", operation="resourcegroupstaggingapi:GetResources")
    found = read_inventory(FakeReader(GetResources=error), SCOPE, TOYS)
    assert (found.items, found.error, found.complete) == ({}, error, False)


def test_those_that_carry_a_digest_come_oldest_first():
    items = [
        Nominated("arn:x:1", {DIGEST: "a"}),
        Nominated("arn:x:2", {DIGEST: "b"}),
        Nominated("arn:x:3", {DIGEST: "a"}),
    ]
    assert matching(items, "a") == ("arn:x:1", "arn:x:3")
    assert matching(items, "c") == ()
    assert matching([Nominated("arn:x:1", {})], "") == ()
