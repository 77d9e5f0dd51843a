"""A plan as data: what can be asked of it."""

from __future__ import annotations

import pytest

from reconciler.model.errors import Problem
from reconciler.model.fields import UNSET
from reconciler.model.plan import Action, Call, Plan
from reconciler.model.tree import pending_after
from tests.builders import change, document, field_change, k, wished


@pytest.mark.parametrize(
    ("call", "ready"),
    [
        (Call("ecs:CreateService", {}), True),
        (Call("ecs:CreateService", {"a": [{"b": 1}]}), True),
        (Call("ecs:CreateService", {"a": [{"b": pending_after("x")}]}), False),
        (Call("ecs:CreateService", {"a": 1}, pending_after("x is gone")), False),
    ],
)
def test_a_call_is_ready_when_it_is_known_to_its_last_parameter_and_nothing_gates_it(call, ready):
    assert call.ready is ready


def test_a_field_is_shown_by_its_path_and_a_removal_is_told():
    assert field_change("containerDefinitions.web.image", "a", "b").text == "containerDefinitions.web.image"
    assert field_change("a", 1, UNSET).removes
    assert not field_change("a", 1, None).removes


def test_a_change_knows_its_top_level_members_and_its_spec():
    [desired] = wished(document("Thing/web", {"size": 2}))[0].values()
    made = change("Thing/web", desired=desired, fields=(field_change("parts.a.b", 1, 2),))
    assert made.changes("parts")
    assert not made.changes("b")
    assert made.spec == {"name": "web", "size": 2}


def test_a_deletion_has_no_desired_spec():
    with pytest.raises(ValueError, match="shop/Thing/web"):
        _ = change("Thing/web", Action.DELETE).spec


def test_a_plan_counts_by_action_and_names_what_is_blocked():
    held = change("Thing/a", blocked=Problem("Suspended", "no"))
    plan = Plan("staging", None, (held, change("Thing/b"), change("Thing/c", Action.DELETE)), (k("Thing/d"),))
    assert {action: plan.count(action) for action in Action if plan.count(action)} == {"update": 2, "delete": 1}
    assert plan.blocked == (held,)
    assert not plan.empty
    assert Plan("staging", None, unchanged=(k("Thing/d"),)).empty
