"""A rollout that failed: told, not tried again, and never fought over with ECS's own circuit breaker."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.people import retry
from reconciler.model.plan import Action
from reconciler.model.record import Pin, Said, short
from reconciler.model.status import Memory
from reconciler.simulator import Crash
from tests.lab import SHOP, Lab, edit, said

BREAKER = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"


@pytest.fixture
def lab() -> Lab:
    """The small app, applied; its web service has a circuit breaker that rolls back; the next image cannot be pulled."""
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    edit(lab, "desiredCount: 2", BREAKER)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:2", cannot_pull="not found")
    lab.writes()
    return lab


def reason(outcome, name="shop/Service/web"):
    [resource] = [item for item in outcome.last.status.resources if str(item.key) == name]
    stalled = resource.condition("Stalled")
    return stalled.reason if stalled else None


def test_a_rollout_that_ecs_rolled_back_is_no_success_and_is_not_tried_again(lab):
    edit(lab, "shop:1", "shop:2")
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert reason(outcome) == "RolledBack"
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]
    for _ in range(5):
        lab.simulator.advance(600)
        assert lab.apply().ending is Ending.AT_REST
    assert lab.writes() == []


def test_what_failed_is_planned_as_held_with_reason_and_time(lab):
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    [change] = [change for change in lab.plan().changes if change.key.name == "web"]
    assert change.action is Action.HOLD
    assert change.blocked is not None
    assert change.blocked.code == "RolledBack"
    assert "ROLLBACK_SUCCESSFUL" in change.blocked.message
    assert "UTC" in change.blocked.message


def test_a_new_image_releases_what_was_held(lab):
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED


def test_going_back_in_git_is_not_held_although_ecs_went_there_by_itself(lab):
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    edit(lab, "shop:2", "shop:1")
    assert lab.apply().ending is Ending.CONVERGED


def test_what_changes_in_place_is_still_made_in_a_held_service(lab):
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    lab.writes()
    edit(lab, "desiredCount: 2", "desiredCount: 3")
    assert lab.apply().ending is Ending.AT_REST
    assert lab.writes() == ["UpdateService"]
    service = lab.service("web")
    assert service["desiredCount"] == 3
    [container] = lab.ecs().describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"][
        "containerDefinitions"
    ]
    assert container["image"] == "shop:1"


def test_while_ecs_rolls_back_nothing_is_sent_by_a_process_that_remembers_nothing(lab):
    edit(lab, "shop:1", "shop:2")
    for _ in range(400):
        if lab.tick().again is None:
            break
        lab.simulator.advance(5)
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]


def test_a_failure_without_rollback_is_told(lab):
    edit(lab, "rollback: true", "rollback: false")
    edit(lab, "shop:1", "shop:2")
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert reason(outcome) == "DeploymentFailed"


def test_a_circuit_breaker_is_turned_on_in_a_service_that_runs():
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    edit(lab, "desiredCount: 2", BREAKER.replace("rollback: true", "rollback: false"))
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]
    assert lab.plan().empty


ON_TRIAL = "metadata: {name: web, policy: {rollback: previous, minReady: 8m}}"


def on_trial() -> Lab:
    """The small app, whose service goes back by policy when its tasks do not stay; those of the next image do not."""
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    edit(lab, "kind: Service\nmetadata: {name: web}", f"kind: Service\n{ON_TRIAL}")
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:2", exits=1, after=150)
    edit(lab, "shop:1", "shop:2")
    lab.writes()
    return lab


def image_of(lab: Lab) -> str:
    definition = lab.ecs().describe_task_definition(taskDefinition=lab.service("web")["taskDefinition"])
    return definition["taskDefinition"]["containerDefinitions"][0]["image"]


def test_what_ecs_calls_completed_goes_back_while_it_is_on_trial_and_is_not_tried_again():
    lab = on_trial()
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert reason(outcome) == "RolledBack"
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "TagResource", "UpdateService"]
    assert image_of(lab) == "shop:1"
    for _ in range(20):
        lab.simulator.advance(600)
        assert reason(lab.apply()) == "RolledBack"
    assert lab.writes() == []


def test_what_was_marked_is_released_by_another_image():
    lab = on_trial()
    lab.apply()
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED


def test_what_was_marked_is_tried_once_more_when_a_person_says_so_and_held_again_when_it_fails_again():
    lab = on_trial()
    lab.apply()
    retry(lab.target(), lab.wish(), "shop", ["Service/web"])
    lab.writes()
    assert reason(lab.apply()) == "RolledBack"
    assert lab.writes() == ["UpdateService", "TagResource", "UpdateService"]
    assert reason(lab.apply()) == "RolledBack"
    assert lab.writes() == []


def test_it_does_not_go_back_to_what_has_failed_in_it_too():
    lab = on_trial()
    lab.apply()
    lab.simulator.script("shop:3", exits=1, after=150)
    edit(lab, "shop:2", "shop:3")
    lab.apply()
    lab.simulator.script("shop:1", exits=1, after=150)
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:2")
    lab.simulator.advance(100)
    lab.ecs().update_service(cluster="main", service="web", taskDefinition="web:3")
    lab.simulator.advance(400)
    lab.writes()
    assert reason(lab.apply()) == "CrashLoop"
    assert lab.writes() == []


def test_where_a_person_has_put_it_it_stays_although_its_tasks_do_not():
    lab = on_trial()
    lab.simulator.script("shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:1", exits=1, after=150)
    [wanted] = [item for key, item in lab.wish().desired.items() if str(key) == "shop/Service/web"]
    web_1 = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"
    alice = Said("alice", lab.clock.now())
    said(lab, pins={"Service/web": Pin(web_1, short(wanted.digest), alice)})
    lab.writes()
    lab.apply()
    lab.simulator.advance(600)
    assert reason(lab.apply()) == "Pinned"
    assert lab.writes() == ["UpdateService"]
    assert image_of(lab) == "shop:1"


@pytest.mark.parametrize(("call", "when"), [(3, "after"), (4, "before")])
def test_killed_while_going_back_the_next_one_ends_it(when, call):
    lab = on_trial()
    lab.simulator.faults.crash(on=call, calls="write", when=when)
    with pytest.raises(Crash):
        lab.apply()
    lab.simulator.faults.clear()
    lab.simulator.revive()
    assert reason(lab.apply()) == "RolledBack"
    assert image_of(lab) == "shop:1"


@pytest.mark.parametrize("policy", ["ecs", "previous"])
def test_a_hundred_ticks_without_memory_after_a_rollback_write_nothing(lab, policy):
    edit(lab, "shop:1", "shop:2")
    edit(
        lab,
        "kind: Service\nmetadata: {name: web}",
        f"kind: Service\nmetadata: {{name: web, policy: {{rollback: {policy}}}}}",
    )
    lab.apply()
    lab.writes()
    for _ in range(100):
        lab.tick(Memory())
        lab.simulator.advance(97)
    assert lab.writes() == []


@pytest.mark.parametrize("behaviour", [{"out_of_memory": True, "after": 150}, {"exits": 1, "after": 90}])
def test_tasks_that_crash_and_are_replaced_between_two_looks_are_no_healthy_service(behaviour):
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.apply()
    lab.simulator.script("shop:2", **behaviour)
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    lab.simulator.advance(400)
    words = set()
    for _ in range(60):
        [web] = [it for it in lab.tick(Memory()).status.resources if str(it.key) == "shop/Service/web"]
        words.add((web.ready, web.stalled))
        lab.simulator.advance(11)
    assert words == {(False, True)}


def test_a_service_that_was_scaled_up_and_stays_is_healthy():
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.apply()
    edit(lab, "desiredCount: 2", "desiredCount: 4")
    assert lab.apply().ending is Ending.CONVERGED
    for _ in range(10):
        assert lab.tick(Memory()).status.ready
        lab.simulator.advance(30)


def test_a_policy_that_ecs_would_not_keep_is_warned_of(lab):
    edit(lab, "shop:1", "shop:3")
    edit(lab, "kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web, policy: {rollback: none}}")
    found = [problem for problem in lab.plan().warnings if problem.code == "rolls-back"]
    assert [problem.message for problem in found] == [
        "policy.rollback is none, and its circuit breaker would make ECS roll back all the same"
    ]
