"""A value that is newer than the tasks that use it: who begins anew, after what, and who is only told of."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from reconciler.core.order import desire
from reconciler.core.planner import plan
from reconciler.core.references import link
from reconciler.core.rotation import in_question
from reconciler.core.world import World
from reconciler.model.fields import Fields
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from reconciler.model.policy import Policy
from tests import builders as toy
from tests.builders import AT, SCOPE, document, k, later, there


class Runner(toy.Thing):
    """A Thing whose tasks have a beginning."""

    restarting: ClassVar = {"again": True}

    def began(self, seen: Observed) -> Any:
        return seen.live.get("began")


class Value(toy._Toy):
    """Something with a value: kept here where it says one, else only referred to. Floats unless it is pinned."""

    name = "Value"
    fields = Fields(name="name", resource_type="toy:value")

    def external(self, spec: Any) -> bool:
        return "value" not in spec

    def floats(self, spec: Any) -> bool:
        return not spec.get("pinned")

    def revalues(self, change: Any) -> bool:
        return change.changes("value")


KINDS = {**toy.TOYS, "Thing": Runner(), "Value": Value()}


def world(value: dict[str, Any], seen: dict[str, Any], *, thing: dict[str, Any] | None = None, **more: Any) -> World:
    """A Thing that runs a Paper that names a Value; all are there, the Thing's tasks since AT."""
    policy = more.pop("policy", Policy())
    documents = [
        document("Value/db", value, policy=policy),
        document("Paper/a", {"secret": "ref:Value/db"}),
        document("Thing/web", {"paper": "ref:Paper/a", **(thing or {})}),
        document("Thing/other", {}),
    ]
    linked, externals, problems = link(documents, {}, frozenset(), KINDS)
    desired, cycles = desire(linked, KINDS)
    assert not problems and not cycles
    paper = "arn:toy:paper/a:1"
    readings = [
        there("Value/db", {**value, **seen.get("spec", {})}, renewed=seen.get("renewed")),
        there("Paper/a", {"secret": "arn:toy:value/db"}, arn=paper, tags={"reconciler:digest": desired[k("Paper/a")].digest}),
        there("Thing/web", {"paper": paper}, live={"began": AT}),
        there("Thing/other", {}, live={"began": AT}),
    ]  # fmt: skip
    health = {item.key: KINDS[item.key.kind].health(item) for item in readings}
    return World(
        SCOPE, None, KINDS, desired, seen={it.key: it for it in readings}, externals=externals, health=health, **more
    )


def changes(here: World) -> dict[str, Any]:
    return {f"{it.key.kind}/{it.key.name}": it for it in plan(here).changes}


def test_a_value_newer_than_the_tasks_starts_new_ones_of_those_who_use_it_alone():
    found = changes(world({}, {"renewed": later(1)}))
    assert set(found) == {"Thing/web"}
    web = found["Thing/web"]
    assert (web.step, str(web.effect), web.values) == (Action.UPDATE, "rolls-tasks", {"again": True})
    assert "Value/db has another value than its tasks were started with" in web.note


@pytest.mark.parametrize("renewed", [None, AT, later(-1)], ids=["not known", "at that moment", "before"])
def test_one_that_is_not_newer_starts_nothing(renewed):
    assert changes(world({}, {"renewed": renewed})) == {}


def test_a_pinned_one_is_a_revision_s_matter_and_never_a_restart():
    assert changes(world({"value": 1, "pinned": True}, {"renewed": later(1)})) == {}


def test_a_value_that_is_about_to_be_written_comes_first():
    found = changes(world({"value": 2}, {"spec": {"value": 1}}))
    assert set(found) == {"Value/db", "Thing/web"}
    assert found["Thing/web"].waits_on == (k("Value/db"),)


def test_what_is_no_value_of_it_starts_nothing():
    assert set(changes(world({"value": 1, "mode": "b"}, {"spec": {"mode": "a"}}))) == {"Value/db"}


def test_a_rollout_that_is_planned_anyway_takes_it_up_once_it_is_written():
    found = changes(world({"value": 2}, {"spec": {"value": 1}}, thing={"paper": "arn:toy:paper/b:1"}))
    assert "again" not in found["Thing/web"].values
    here = world({"value": 2}, {"spec": {"value": 1}})
    seen = {**here.seen, k("Thing/web"): there("Thing/web", {"paper": "arn:toy:paper/a:0"}, live={"began": AT})}
    moved = changes(World(SCOPE, None, KINDS, here.desired, seen=seen, health=here.health))["Thing/web"]
    assert moved.values == {"paper": "arn:toy:paper/a:1"}
    assert k("Value/db") in moved.waits_on


@pytest.mark.parametrize(
    ("rotation", "restarts", "told"), [(None, True, 0), ("auto", True, 0), ("warn", False, 1), ("off", False, 0)]
)
def test_of_what_is_only_referred_to_a_policy_says_what_happens(rotation, restarts, told):
    here = world({}, {"renewed": later(1)}, policy=Policy(rotation=rotation))
    planned = plan(here)
    assert bool(planned.changes) is restarts
    assert [it.code for it in planned.warnings] == ["SecretRotated"] * told


def test_what_is_kept_here_is_always_taken_up():
    here = world({"value": 1}, {"renewed": later(1)}, policy=Policy(rotation="off"))
    assert set(changes(here)) == {"Thing/web"}


def test_only_values_that_may_be_newer_are_worth_an_exact_look():
    assert [it.key for it in in_question(world({}, {"renewed": later(1)}))] == [k("Value/db")]
    assert in_question(world({}, {"renewed": AT})) == []


def test_a_suspended_app_is_left_alone():
    here = world({}, {"renewed": later(1)}, suspended=frozenset({"shop"}))
    assert changes(here)["Thing/web"].blocked.code == "Suspended"
