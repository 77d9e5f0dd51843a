"""A service: where it is, one call for each change, and what the answers show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.kinds import KINDS
from reconciler.kinds.service_reading import read_service
from reconciler.model.fields import UNSET
from reconciler.model.key import OWNER
from reconciler.model.kind import Answer
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from reconciler.model.tree import Pending, pending_after
from tests.builders import AT, change, document, field_change, k, later, wished

SERVICE = KINDS["Service"]
ROOT = "arn:aws:ecs:eu-west-1:123456789012"
LIVE = {
    "serviceName": "web",
    "serviceArn": f"{ROOT}:service/main/web",
    "clusterArn": f"{ROOT}:cluster/main",
    "status": "ACTIVE",
    "taskDefinition": f"{ROOT}:task-definition/web:1",
    "desiredCount": 2,
}
SPEC = {"serviceName": "web", "cluster": "main", "taskDefinition": "web:1"}
WEB = k("Service/web")


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ({"serviceName": "web", "cluster": "main"}, "main/web"),
        ({"serviceName": "web", "cluster": f"{ROOT}:cluster/main"}, "main/web"),
        ({"serviceName": "web"}, "default/web"),
        ({"serviceName": "web", "cluster": pending_after("x")}, None),
        ({"serviceName": pending_after("x"), "cluster": "main"}, None),
    ],
)
def test_where_it_is(spec, address):
    assert SERVICE.address(spec) == address


def test_an_arn_leads_to_the_same_place():
    assert SERVICE.named(f"{ROOT}:service/main/web") == SERVICE.named("main/web") == "main/web"


@pytest.mark.parametrize(
    ("spec", "normal"),
    [
        ({"cluster": f"{ROOT}:cluster/main"}, {"cluster": "main"}),
        ({"taskDefinition": f"{ROOT}:task-definition/web:1"}, {"taskDefinition": "web:1"}),
        ({"role": "arn:aws:iam::1:role/ecs"}, {"role": "ecs"}),
        ({"cluster": pending_after("x")}, {"cluster": pending_after("x")}),
        ({"propagateTags": ""}, {}),
        ({"propagateTags": "SERVICE"}, {"propagateTags": "SERVICE"}),
        ({"placementStrategy": [{"type": "spread", "field": "host"}, {"type": "spread", "field": "InstanceID"}, {"type": "random"}]},
         {"placementStrategy": [{"type": "spread", "field": "instanceId"}, {"type": "spread", "field": "instanceId"}, {"type": "random"}]}),
        ({"placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}]},
         {"placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}]}),
    ],
    ids=str,
)  # fmt: skip
def test_one_form(spec, normal):
    assert SERVICE.normal(spec) == normal


@pytest.mark.parametrize("field", ["memory", "cpu"])
def test_the_field_of_a_placement_strategy_is_not_case_sensitive(field):
    def form(name):
        return SERVICE.normal({"placementStrategy": [{"type": "binpack", "field": name}]})

    assert form(field.upper()) == form(field)


@pytest.mark.parametrize(
    ("said", "form"),
    [
        (None, {"maximumPercent": 200, "minimumHealthyPercent": 100}),
        ({"maximumPercent": 100, "minimumHealthyPercent": 0}, {"maximumPercent": 200, "minimumHealthyPercent": 100}),
        ({"minimumHealthyPercent": 50}, {"maximumPercent": 200, "minimumHealthyPercent": 50}),
    ],
)
def test_a_daemons_count_is_ecs_s_and_its_percentages_have_defaults_of_their_own(said, form):
    spec = {"schedulingStrategy": "DAEMON", "desiredCount": 4, **({"deploymentConfiguration": said} if said else {})}
    assert SERVICE.normal(spec) == {"schedulingStrategy": "DAEMON", "deploymentConfiguration": form}


def planned(step, *fields, spec=SPEC, values=None, seen=None):
    [desired] = wished(document("Thing/x"))[0].values()
    there = seen or read_service(WEB, {**LIVE, "tags": [{"key": OWNER, "value": "me"}]}, AT)
    return change("Service/web", step, desired=replace(desired, spec=spec), fields=fields, values=values or {},
                  observed=there, stamps={OWNER: "me"})  # fmt: skip


def calls(made):
    return [(call.operation.partition(":")[2], dict(call.params)) for call in SERVICE.calls(made)]


def created(seen=None, **spec):
    [(operation, params)] = calls(planned(Action.CREATE, spec={**SPEC, **spec}, seen=seen or Observed(WEB, AT)))
    assert operation == "CreateService"
    return params


def test_a_new_service_gets_its_members_our_tags_and_a_token():
    params = created(desiredCount=3)
    token = params.pop("clientToken")
    assert params == {**SPEC, "desiredCount": 3, "tags": [{"key": OWNER, "value": "me"}]}
    assert len(token) == 32


@pytest.mark.parametrize(
    ("spec", "seen", "count"),
    [
        ({}, {}, 1),
        ({}, {"live": {"scalableMinimum": 3}}, 3),
        ({}, {"carry": {"desiredCount": 7}, "live": {"scalableMinimum": 3}}, 7),
        ({}, {"carry": {"desiredCount": 0}}, 0),
        ({"desiredCount": 0}, {"carry": {"desiredCount": 7}}, 0),
        ({"schedulingStrategy": "DAEMON"}, {}, None),
    ],
)
def test_a_count_left_out_is_carried_over_else_the_scalable_minimum_else_one(spec, seen, count):
    assert created(Observed(WEB, AT, **seen), **spec).get("desiredCount") == count


def test_the_token_is_of_the_content_and_of_the_incarnation_it_follows():
    first = created()["clientToken"]
    assert created()["clientToken"] == first
    assert created(desiredCount=9)["clientToken"] != first
    assert created(Observed(WEB, AT, created=later(1)))["clientToken"] != first
    assert created(Observed(WEB, later(60)))["clientToken"] == first


def test_while_something_is_not_known_the_token_is_not_either():
    after = pending_after("TaskDefinition/web")
    assert created(taskDefinition=after)["clientToken"] == after
    assert isinstance(created(taskDefinition=after)["clientToken"], Pending)


def test_an_update_is_one_call_beside_those_for_tags():
    made = planned(Action.UPDATE, field_change("tags.a", UNSET, "1"), field_change("tags.b", "1"),
                   field_change("desiredCount", 2, 3), values={"desiredCount": 3, "tags": []})  # fmt: skip
    assert [name for name, _ in calls(made)] == ["TagResource", "UntagResource", "UpdateService"]
    assert calls(made)[-1][1] == {"cluster": "main", "service": "web", "desiredCount": 3}
    assert calls(planned(Action.UPDATE, values={"tags": []})) == []


def test_another_capacity_provider_forces_a_deployment():
    [(_, params)] = calls(planned(Action.UPDATE, values={"capacityProviderStrategy": []}))
    assert params["forceNewDeployment"] is True
    [(_, params)] = calls(planned(Action.UPDATE, values={"desiredCount": 3}))
    assert "forceNewDeployment" not in params


def test_a_deletion_drains_in_the_same_call():
    assert calls(planned(Action.DELETE)) == [("DeleteService", {"cluster": "main", "service": "web", "force": True})]


def test_an_arn_of_the_old_form_names_no_cluster():
    seen = replace(read_service(WEB, LIVE, AT), arn=f"{ROOT}:service/web")
    assert calls(planned(Action.DELETE, seen=seen))[0][1]["cluster"] == "default"


def test_what_answers_show():
    made = SERVICE.after(planned(Action.CREATE, seen=Observed(WEB, AT)), [Answer({"service": LIVE}, later(1))])
    assert (made.arn, made.owner, made.at, made.present) == (LIVE["serviceArn"], "me", later(1), True)
    updated = SERVICE.after(
        planned(Action.UPDATE, values={"desiredCount": 3}), [Answer({"service": {**LIVE, "desiredCount": 3}}, AT)]
    )
    assert (updated.spec["desiredCount"], updated.owner) == (3, "me")
    tagged = SERVICE.after(planned(Action.UPDATE, field_change("tags.a", UNSET, "1")), [Answer({}, AT)])
    assert tagged.tags == {OWNER: "me", "a": "1"}
    gone = SERVICE.after(planned(Action.DELETE), [Answer({"service": {**LIVE, "status": "DRAINING"}}, AT)])
    assert (gone.present, gone.status) == (False, "DRAINING")


def test_a_replacement_takes_the_live_count_along():
    assert SERVICE.carry(read_service(WEB, LIVE, AT)) == {"desiredCount": 2}
    assert SERVICE.carry(Observed(WEB, AT)) == {}
