"""One resource as it should be against one as it is: what differs, what is not ours, what is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.compare import compare, created
from reconciler.kinds import KINDS
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import DIGEST, OWNER, PRUNE
from reconciler.model.policy import Policy
from reconciler.model.tree import pending_after
from tests.builders import TOYS, document, there, wished

OURS = {OWNER: "default/staging/shop/Thing/web"}
OUTSIDE: frozenset[str] = frozenset()


def compared(spec, live, *, ignore=None, driven=OUTSIDE, stamps=OURS, tags=None, kind="Thing"):
    [desired] = wished(document(f"{kind}/web"))[0].values()
    desired = replace(desired, spec={"name": "web", **spec})
    seen = there(f"{kind}/web", live, driven=driven, tags=tags or {})
    return compare(TOYS[kind], desired, seen, Policy(ignore=ignore), stamps)


def fields(found):
    return {change.text: (change.before, change.after) for change in found.changes}


@pytest.mark.parametrize(
    ("spec", "live", "differs", "sent"),
    [
        ({"size": 2}, {"size": 2}, {}, {}),
        ({"size": 2}, {"size": 3}, {"size": (3, 2)}, {"size": 2}),
        ({"size": 2}, {}, {"size": (UNSET, 2)}, {"size": 2}),
        # left unsaid: shared is not ours, a default is gone back to, a removal is said, all else is left alone
        ({}, {"size": 3}, {}, {}),
        ({}, {"mode": "other"}, {"mode": ("other", "plain")}, {"mode": "plain"}),
        ({}, {"extra": {"on": True}}, {"extra": ({"on": True}, {"on": False})}, {"extra": {"on": False}}),
        ({}, {"colour": "red"}, {}, {}),
        # a list by identity goes whole, and goes empty
        ({"parts": [{"id": "a", "x": 1}]}, {"parts": [{"id": "a", "x": 2}, {"id": "b"}]},
         {"parts.a.x": (2, 1), "parts.b": ({"id": "b"}, UNSET)}, {"parts": [{"id": "a", "x": 1}]}),
        ({}, {"parts": [{"id": "b"}]}, {"parts": ({"b": {"id": "b"}}, [])}, {"parts": []}),
        ({"parts": []}, {"parts": [{"id": "b"}]}, {"parts": ({"b": {"id": "b"}}, [])}, {"parts": []}),
        # order
        ({"limits": ["b", "a"]}, {"limits": ["a", "b"]}, {}, {}),
        ({"steps": ["b", "a"]}, {"steps": ["a", "b"]}, {"steps": (["a", "b"], ["b", "a"])}, {"steps": ["b", "a"]}),
        # what is not known yet
        ({"size": pending_after("x")}, {"size": 2}, {"size": (2, pending_after("x"))}, {"size": pending_after("x")}),
    ],
    ids=str,
)  # fmt: skip
def test_what_differs_and_what_is_sent(spec, live, differs, sent):
    found = compared(spec, live)
    assert fields(found) == differs
    assert found.values == sent


@pytest.mark.parametrize(
    ("ignore", "differs", "sent"),
    [
        (("size",), {}, {}),
        (("mode",), {"size": (3, 2)}, {"size": 2}),
        ((), {"size": (3, 2)}, {"size": 2}),
    ],
)
def test_an_ignored_path_takes_the_live_value(ignore, differs, sent):
    found = compared({"size": 2}, {"size": 3}, ignore=ignore)
    assert fields(found) == differs
    assert found.values == sent


def test_inside_a_member_that_is_sent_an_ignored_path_keeps_its_live_value():
    spec, live = {"box": {"a": 1, "b": 2}}, {"box": {"a": 9, "b": 9, "c": 9}}
    found = compared(spec, live, ignore=("box.a", "box.c"))
    assert fields(found) == {"box.b": (9, 2)}
    assert found.values == {"box": {"a": 9, "b": 2, "c": 9}}
    assert found.spec["box"] == {"a": 9, "b": 2, "c": 9}


def test_an_ignored_path_that_is_not_there_live_is_not_sent():
    found = compared({"box": {"a": 1, "b": 2}}, {"box": {"b": 9}}, ignore=("box.a",))
    assert found.values == {"box": {"b": 2}}


def test_an_element_of_a_list_is_ignored_by_its_identity():
    found = compared(
        {"parts": [{"id": "a", "x": 1}, {"id": "b", "x": 1}]},
        {"parts": [{"id": "b", "x": 9}, {"id": "a", "x": 9}]},
        ignore=("parts.a",),
    )
    assert fields(found) == {"parts.b.x": (9, 1)}
    assert found.values == {"parts": [{"id": "a", "x": 9}, {"id": "b", "x": 1}]}


def test_what_somebody_else_drives_now_is_left_to_them_whatever_the_manifest_says():
    assert compared({"size": 2}, {"size": 9}, driven=frozenset({"size"})).changes == ()


def test_inputs_are_not_touched():
    spec, live = {"box": {"a": 1}}, {"box": {"a": 2}}
    compared(spec, live, ignore=("box.a",))
    assert (spec, live) == ({"box": {"a": 1}}, {"box": {"a": 2}})


# tags


@pytest.mark.parametrize(
    ("said", "live", "differs"),
    [
        (None, {}, {}),
        (None, {"theirs": "x"}, {}),
        ([], {"theirs": "x"}, {"tags.theirs": ("x", UNSET)}),
        ([{"key": "a", "value": "1"}], {"a": "1"}, {}),
        ([{"key": "a", "value": "1"}], {"a": "2"}, {"tags.a": ("2", "1")}),
        ([{"key": "a", "value": "1"}], {"b": "2"}, {"tags.a": (UNSET, "1"), "tags.b": ("2", UNSET)}),
        ([{"key": "a"}], {"a": ""}, {}),
        ([], {"aws:cloudformation:stack-name": "x"}, {}),
        ([], {"reconciler:digest": "x", "reconciler:commit": "y"}, {}),
    ],
    ids=str,
)
def test_tags_are_ours_to_remove_only_where_the_manifest_speaks_of_tags(said, live, differs):
    found = compared({} if said is None else {"tags": said}, {}, tags=live)
    assert fields(found) == differs
    assert found.values == {}
    assert all(change.effect is Effect.IN_PLACE for change in found.changes)


def test_tags_may_be_said_as_a_map():
    assert fields(compared({"tags": {"a": "1"}}, {}, tags={"b": "2"})) == {
        "tags.a": (UNSET, "1"),
        "tags.b": ("2", UNSET),
    }


@pytest.mark.parametrize(
    ("stamps", "live", "differs"),
    [
        (OURS, {OWNER: "somebody"}, {f"tags.{OWNER}": ("somebody", OURS[OWNER])}),
        ({**OURS, PRUNE: "false"}, {}, {f"tags.{PRUNE}": (UNSET, "false")}),
        ({**OURS, PRUNE: "true"}, {PRUNE: "false"}, {f"tags.{PRUNE}": ("false", "true")}),
        (OURS, {PRUNE: "false"}, {f"tags.{PRUNE}": ("false", UNSET)}),
        (OURS, {DIGEST: "x"}, {}),
    ],
    ids=str,
)
def test_of_our_own_tags_those_that_are_wanted_are_held_and_a_word_taken_back_is_removed(stamps, live, differs):
    assert fields(compared({}, {}, stamps=stamps, tags=live)) == differs


@pytest.mark.parametrize("ignore", ["tags.cost", "tags"])
def test_an_ignored_tag_is_left_to_whoever_sets_it(ignore):
    assert compared({"tags": [{"key": "cost", "value": "7"}]}, {}, tags={"cost": "8"}, ignore=(ignore,)).changes == ()
    assert compared({"tags": []}, {}, tags={"cost": "8"}, ignore=(ignore,)).changes == ()


def test_the_whole_to_send_keeps_the_tags_as_said_where_a_path_is_ignored():
    said = [{"key": "a", "value": "1"}]
    assert compared({"size": 1, "tags": said}, {"size": 2}, ignore=("size",)).spec == {
        "name": "web",
        "size": 2,
        "tags": said,
    }


# versioned


def test_a_revision_that_carries_our_digest_is_as_desired_but_for_its_tags():
    [desired] = wished(document("Paper/web", {"mode": "x", "tags": [{"key": "a", "value": "1"}]}))[0].values()
    seen = there("Paper/web", {"mode": "y"}, tags={DIGEST: desired.digest})
    found = compare(TOYS["Paper"], desired, seen, Policy(), {OWNER: seen.owner})
    assert fields(found) == {"tags.a": (UNSET, "1")}


def test_a_revision_of_another_digest_is_compared_by_content():
    assert compared({"mode": "x"}, {"mode": "x"}, kind="Paper", stamps={}, tags={DIGEST: "other"}).changes == ()
    found = compared({"mode": "x"}, {"mode": "y", "old": 1}, kind="Paper", stamps={}, tags={DIGEST: "other"})
    assert fields(found) == {"mode": ("y", "x"), "old": (1, UNSET)}
    assert {change.effect for change in found.changes} == {Effect.NEW_TASKS_ONLY}


# a service, as UpdateService wants it


def service(spec, live):
    [desired] = wished(document("Thing/web"))[0].values()
    desired = replace(desired, spec={"serviceName": "web", **spec})
    seen = replace(there("Thing/web"), spec={"serviceName": "web", **live})
    return compare(KINDS["Service"], desired, seen, Policy(), OURS).values


STRATEGY = [{"capacityProvider": "FARGATE", "weight": 1}]
BALANCER = [{"targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 80}]


@pytest.mark.parametrize(
    ("spec", "live", "sent"),
    [
        ({}, {"healthCheckGracePeriodSeconds": 30}, {"healthCheckGracePeriodSeconds": 0}),
        ({}, {"loadBalancers": BALANCER}, {"loadBalancers": []}),
        ({"loadBalancers": BALANCER}, {}, {"loadBalancers": BALANCER}),
        ({}, {"enableExecuteCommand": True}, {"enableExecuteCommand": False}),
        ({}, {"propagateTags": "SERVICE"}, {"propagateTags": "NONE"}),
        ({}, {"serviceConnectConfiguration": {"enabled": True, "namespace": "x"}},
         {"serviceConnectConfiguration": {"enabled": False}}),
        ({"capacityProviderStrategy": []}, {"capacityProviderStrategy": STRATEGY}, {"capacityProviderStrategy": []}),
        ({}, {"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100}},
         {"deploymentConfiguration": {"maximumPercent": 200}}),
        ({"deploymentConfiguration": {"maximumPercent": 150}},
         {"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}},
         {"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 100}}),
        ({"cluster": "main"}, {"cluster": "arn:aws:ecs:eu-west-1:1:cluster/main"}, {}),
        ({"taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:2"}, {"taskDefinition": "web:2"}, {}),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["b", "a"]}}},
         {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"], "assignPublicIp": "ENABLED",
                                                           "securityGroups": ["sg"]}}},
         {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a", "b"], "assignPublicIp": "DISABLED",
                                                           "securityGroups": ["sg"]}}}),
    ],
    ids=str,
)  # fmt: skip
def test_what_goes_back_to_its_default_is_said_to_aws(spec, live, sent):
    assert service(spec, live) == sent


# created


def test_a_new_resource_shows_every_member_it_gets():
    spec = {
        "name": "web",
        "parts": [{"id": "a", "x": 1}],
        "steps": ["s", "t"],
        "mode": "plain",
        "paper": pending_after("p"),
    }
    assert {change.text: change.after for change in created(TOYS["Thing"], spec)} == {
        "name": "web",
        "parts.a.id": "a",
        "parts.a.x": 1,
        "steps": ["s", "t"],
        "paper": pending_after("p"),
    }
    assert {change.before for change in created(TOYS["Thing"], spec)} == {UNSET}
    assert {change.effect for change in created(TOYS["Thing"], spec)} == {Effect.IN_PLACE}
