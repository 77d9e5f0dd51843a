"""A plan in a file: what was agreed to, once each, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.planner import plan
from reconciler.engine.saved_plan import OnlySaved, check, digest_of, load, to_json
from reconciler.model.errors import OutcomeUnknown, Problem, StalePlan, Throttled, UsageError
from reconciler.model.fields import UNSET
from reconciler.model.plan import Action, Call, Plan
from reconciler.model.tree import leaves, pending_after
from tests.builders import FakeWriter, change, document, field_change, k, world

PENDING = pending_after("TaskDefinition/web")
CREATE = Call(
    "ecs:CreateService", {"serviceName": "web", "taskDefinition": PENDING, "tags": [{"key": "a"}], "empty": {}}
)
DELETE = Call("ecs:DeleteService", {"service": "old"}, pending_after("shop/Service/web is Ready"))
CHANGE = change(
    "Service/web",
    Action.CREATE,
    calls=(CREATE, DELETE),
    fields=(field_change("desiredCount", UNSET, 2), field_change("taskDefinition", UNSET, PENDING)),
    waits_on=(k("TaskDefinition/web"),),
)
PLAN = Plan("staging", "c" * 40, (CHANGE,))


def saved(planned=PLAN, **options):
    return load(json.dumps(to_json(planned, options)), "plan.json")


def known(**params):
    """The first call with its value known, and with whatever else is to be different."""
    return Call(CREATE.operation, {**CREATE.params, "taskDefinition": "web:7", **params})


def test_a_file_says_all_that_is_needed_to_recognise_a_plan():
    found = saved(prune=True)
    assert (found.environment, found.revision, found.options) == ("staging", "c" * 40, {"prune": True})
    assert found.digest == digest_of(PLAN, {"prune": True})
    first, second = found.calls
    assert (first.key, first.operation) == (k("Service/web"), "ecs:CreateService")
    assert first.pending == ((("taskDefinition",), "(known after TaskDefinition/web)"),)
    assert (second.pending, second.gate) == ((), "(known after shop/Service/web is Ready)")
    check(found, PLAN)


def test_a_real_plan_survives_the_file():
    planned = plan(
        world(document("Place/main"), document("Thing/web", {"place": "main", "limits": ["a"], "size": 1.5}))
    )
    found = saved(planned)
    check(found, planned)
    assert [call.operation for call in found.calls] == ["toy:CreatePlace", "toy:CreateThing"]
    assert found.calls[0].allows(planned.changes[0].calls[0])
    assert not found.calls[1].allows(planned.changes[0].calls[0])


def test_no_value_of_a_call_is_in_the_file():
    secret = Call("ecs:RegisterTaskDefinition", {"containerDefinitions": [{"environment": [{"value": "canary"}]}]})
    planned = Plan("staging", None, (change("TaskDefinition/web", calls=(secret,)),))
    assert "canary" not in json.dumps(to_json(planned, {}))


def test_what_is_blocked_is_not_agreed_to():
    blocked = replace(CHANGE, blocked=Problem("Suspended", "no"))
    assert saved(Plan("staging", None, (blocked,))).calls == ()


# a call is recognised


@pytest.mark.parametrize("value", ["web:7", "arn:aws:ecs:eu-west-1:1:task-definition/web:8", 7])
def test_any_value_may_stand_where_none_was_known(value):
    assert saved().calls[0].allows(known(taskDefinition=value))


def test_a_value_not_known_yet_may_stand_there_still():
    assert saved().calls[0].allows(CREATE)


@pytest.mark.parametrize(
    "call",
    [
        known(serviceName="other"),
        known(desiredCount=9),
        known(tags=[{"key": "b"}]),
        known(tags=[]),
        known(tags=[{"key": "a"}, {"key": "b"}]),
        known(empty=[]),
        known(empty={"x": 1}),
        known(taskDefinition={"family": "web"}),
        Call("ecs:UpdateService", known().params),
        Call(CREATE.operation, {name: value for name, value in known().params.items() if name != "tags"}),
        Call(CREATE.operation, {name: value for name, value in known().params.items() if name != "taskDefinition"}),
    ],
    ids=lambda call: f"{call.operation} {dict(call.params)}"[:60],
)
def test_any_other_change_of_a_parameter_makes_it_another_call(call):
    assert not saved().calls[0].allows(call)


def test_what_was_known_may_not_become_unknown():
    assert not saved().calls[0].allows(known(serviceName=pending_after("x")))


# only what was saved, once each


def test_only_saved_calls_are_made():
    write = FakeWriter()
    only = OnlySaved(write, saved().calls)
    only.send(known())
    with pytest.raises(StalePlan, match="ecs:UpdateService is not among the calls"):
        only.send(Call("ecs:UpdateService", {}))
    assert write.operations == ["CreateService"]


def test_each_is_made_once():
    only = OnlySaved(FakeWriter(), saved().calls)
    only.send(known())
    with pytest.raises(StalePlan):
        only.send(known())
    with pytest.raises(StalePlan):
        only.send(known(taskDefinition="web:8"))


def test_two_equal_calls_are_made_twice_and_no_third_time():
    twin = replace(CHANGE, calls=(CREATE, CREATE))
    only = OnlySaved(FakeWriter(), saved(Plan("staging", None, (twin,))).calls)
    only.send(known())
    only.send(known())
    with pytest.raises(StalePlan):
        only.send(known())


@pytest.mark.parametrize("error", [Throttled("slow", operation="x"), OutcomeUnknown("lost", operation="x")])
def test_one_that_failed_may_be_tried_again(error):
    write = FakeWriter(CreateService=[error, {}])
    only = OnlySaved(write, saved().calls)
    with pytest.raises(type(error)):
        only.send(known())
    only.send(known())
    assert write.operations == ["CreateService", "CreateService"]


# is it still the plan


def same(planned, **options):
    try:
        check(saved(**options), planned)
    except StalePlan:
        return False
    return True


def test_the_very_plan_is_the_plan():
    assert same(PLAN)
    assert same(Plan("staging", "c" * 40, (replace(CHANGE, note="other words", waiting="x"),), (k("Service/x"),)))


@pytest.mark.parametrize(
    "planned",
    [
        replace(PLAN, environment="production"),
        replace(PLAN, revision=None),
        replace(PLAN, changes=()),
        replace(PLAN, changes=(CHANGE, change("Service/x"))),
        replace(PLAN, changes=(replace(CHANGE, action=Action.REPLACE),)),
        replace(PLAN, changes=(replace(CHANGE, waits_on=()),)),
        replace(PLAN, changes=(replace(CHANGE, blocked=Problem("Suspended", "no")),)),
        replace(PLAN, changes=(replace(CHANGE, fields=CHANGE.fields[:1]),)),
        replace(PLAN, changes=(replace(CHANGE, fields=(field_change("desiredCount", 1, 2), CHANGE.fields[1])),)),
        replace(PLAN, changes=(replace(CHANGE, fields=(field_change("desiredCount", UNSET, 3), CHANGE.fields[1])),)),
        replace(PLAN, changes=(replace(CHANGE, fields=(field_change("desiredCount", UNSET, "2"), CHANGE.fields[1])),)),
        replace(PLAN, changes=(replace(CHANGE, calls=(CREATE,)),)),
        replace(PLAN, changes=(replace(CHANGE, calls=(DELETE, CREATE)),)),
        replace(PLAN, changes=(replace(CHANGE, calls=(CREATE, replace(DELETE, gate=None))),)),
        replace(PLAN, changes=(replace(CHANGE, calls=(known(), DELETE)),)),
    ],
    ids=lambda planned: "",
)
def test_whatever_differs_in_changes_fields_waits_or_calls_makes_it_another_plan(planned):
    assert not same(planned)


def test_it_is_held_against_the_options_it_was_made_with():
    assert digest_of(PLAN, {"prune": True}) != digest_of(PLAN, {})
    check(saved(prune=True), PLAN)


# files that are none


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
GOOD = {**to_json(PLAN, {"apps": ["shop"], "prune": True, "deletionLimit": "5%"}), "changes": []}
PLACES = [path for path, _ in leaves(GOOD) if path[0] not in ("summary", "changes", "warnings")]
PLACES += sorted({path[:cut] for path in PLACES for cut in range(len(path))}, key=repr)


def test_every_json_value_is_a_plan_or_told_to_be_none():
    @given(ANY, st.sampled_from(PLACES))
    @settings(max_examples=300, deadline=None, database=None)
    def at_any_place(value, place):
        body = copy.deepcopy(GOOD)
        if not place:
            body = value
        else:
            at = body
            for name in place[:-1]:
                at = at[name]
            at[place[-1]] = value
        try:
            found = load(json.dumps(body), "plan.json")
        except UsageError:
            return
        assert isinstance(found.environment, str)
        with contextlib.suppress(StalePlan):
            check(found, PLAN)
        for call in found.calls:
            call.allows(CREATE)

    at_any_place()


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": 5},
        {"options": {"apps": "shop"}},
        {"options": {"prune": "yes"}},
        {"options": {"deletionLimit": True}},
        {"options": {"deletionLimit": -1}},
        {"options": {"unknown": 1}},
        {"plannedCalls": [{"key": 5}]},
        {"plannedCalls": [{**GOOD["plannedCalls"][0], "pending": [{"path": [[]], "text": ""}]}]},
        {"environment": {}},
        {"environment": "\ud800"},
        {"revision": "HEAD"},
        {"revision": "a\0b"},
        {"planDigest": None},
        {"formatVersion": 1.0},
        {"formatVersion": "new\n"},
    ],
)
def test_a_member_of_another_type_makes_it_no_plan_file(wrong):
    with pytest.raises(UsageError, match="is not a plan file"):
        load(json.dumps({**GOOD, **wrong}), "plan.json")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "[]", "7", "null", "{}", '{"formatVersion": "1.0"}', '{"formatVersion": "1.0", "plannedCalls": [{}]}',
     '{"formatVersion": "1.0", "plannedCalls": 7}'],
)  # fmt: skip
def test_what_is_no_plan_file_is_told(text):
    with pytest.raises(UsageError, match="is not a plan file") as caught:
        load(text, "plan.json")
    assert caught.value.where == "plan.json"
    assert "--out FILE" in caught.value.hint


def test_a_key_that_is_none_makes_it_no_plan_file():
    body = to_json(PLAN, {})
    body["plannedCalls"][0]["key"] = "web"
    with pytest.raises(UsageError, match="is not a plan file"):
        load(json.dumps(body), "plan.json")


def test_a_file_of_another_format_is_told_apart():
    with pytest.raises(UsageError, match=r"made in format 2\.0, this program reads 1\.0"):
        load(json.dumps({**to_json(PLAN, {}), "formatVersion": "2.0"}), "plan.json")
