"""A service that a person has rolled back, with our verb or in the console, stays where it was put."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.plan import Action
from reconciler.model.record import Pin, Said, short
from tests.lab import SHOP, Lab, edit, record, said

ALICE = Said("alice@laptop", datetime(2026, 1, 5, 10, 0, tzinfo=UTC), "too slow")
NOON = "2026-01-05 10:00 UTC"


@pytest.fixture
def lab():
    """The small app with one service, applied twice: web:1 ran shop:1, web:2 runs shop:2."""
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert lab.apply().ending is Ending.CONVERGED
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def web(lab):
    return next(item for key, item in lab.wish().desired.items() if str(key) == "shop/Service/web")


def revision(lab, number=1):
    return f"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}"


def pin(lab, number=1, said_=ALICE):
    said(lab, pins={"Service/web": Pin(revision(lab, number), short(web(lab).digest), said_, "c" * 40)})


def runs(lab):
    return lab.service("web")["taskDefinition"].rpartition("/")[2]


def by_hand(lab, definition="web:1"):
    lab.ecs().update_service(cluster="main", service="web", taskDefinition=definition)
    lab.writes()


def change_of(plan, name="web"):
    return next((it for it in plan.changes if it.key.kind == "Service" and it.key.name == name), None)


def conditions(outcome):
    [resource] = [item for item in outcome.last.status.resources if str(item.key) == "shop/Service/web"]
    return resource


# a person's rollback through the record


def test_a_pin_is_planned_as_an_ordinary_update_that_says_who_and_why(lab):
    pin(lab)
    change = change_of(lab.plan())
    assert (change.action, change.blocked) == (Action.UPDATE, None)
    assert change.values == {"taskDefinition": revision(lab)}
    assert change.note == f"pinned to web:1 (commit cccccccccccc) by alice@laptop at {NOON}: too slow"


def test_a_pin_that_is_not_there_yet_is_no_drift_in_status(lab):
    pin(lab)
    [resource] = [it for it in lab.tick(write=False).status.resources if str(it.key) == "shop/Service/web"]
    synced = resource.condition("Synced")
    assert (synced.status, synced.reason) == ("False", "Pinned")
    assert "by alice@laptop" in synced.message
    assert not resource.ready


def test_a_pinned_service_goes_back_and_is_waited_for_before_it_is_told_as_pinned(lab):
    pin(lab)
    outcome = lab.apply()
    assert lab.writes() == ["UpdateService"]
    assert outcome.ending is Ending.AT_REST
    assert runs(lab) == "web:1"
    assert lab.service("web")["deployments"][0]["rolloutState"] == "COMPLETED"
    resource = conditions(outcome)
    assert resource.phase == "Pinned"
    assert resource.condition("Stalled").reason == "Pinned"
    assert resource.condition("Synced").status == "False"
    assert resource.condition("Healthy").status == "True"


def test_a_service_that_runs_what_is_pinned_is_held_and_shows_what_the_repository_wants(lab):
    pin(lab)
    lab.apply()
    lab.writes()
    change = change_of(lab.plan())
    assert change.action is Action.HOLD
    assert change.blocked.code == "Pinned"
    assert "pinned to web:1" in change.blocked.message
    assert "reconciler retry shop" in change.blocked.hint
    assert [(field.text, field.after) for field in change.fields] == [("taskDefinition", "web:2")]
    lab.simulator.advance(3600)
    lab.apply()
    assert lab.writes() == []


def test_an_unrelated_commit_releases_no_pin(lab):
    pin(lab)
    lab.apply()
    lab.writes()
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    lab.apply()
    assert lab.writes() == ["PutRetentionPolicy"]
    assert runs(lab) == "web:1"


def test_another_digest_of_the_service_releases_the_pin(lab):
    pin(lab)
    lab.apply()
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == "web:3"


def test_going_back_in_git_to_what_is_pinned_needs_no_write(lab):
    pin(lab)
    lab.apply()
    lab.writes()
    edit(lab, "shop:2", "shop:1")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_what_changes_in_place_is_still_made_in_a_pinned_service(lab):
    pin(lab)
    lab.apply()
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.simulator.settle()
    lab.writes()
    lab.apply()
    assert lab.writes() == ["UpdateService"]
    assert (lab.service("web")["desiredCount"], runs(lab)) == (2, "web:1")


def test_a_pin_does_not_wait_for_the_revision_it_replaces(lab):
    edit(lab, "image: shop:2", "image: shop:3")
    edit(lab, "memory: 256", "memory: 256\n      secrets: [{name: KEY, valueFrom: /no/such}]")
    edit(
        lab,
        "  containerDefinitions:",
        "  executionRoleArn: arn:aws:iam::123456789012:role/exec\n  containerDefinitions:",
    )
    pin(lab)
    change = change_of(lab.plan())
    assert (change.action, change.waits_on) == (Action.UPDATE, ())


def test_a_pin_whose_rollout_ecs_rolls_back_is_held_as_a_failure_and_not_tried_again(lab):
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"
    edit(lab, "desiredCount: 2", breaker)
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:1", cannot_pull="not found")
    lab.writes()
    pin(lab)
    outcome = lab.apply()
    assert conditions(outcome).condition("Stalled").reason == "RolledBack"
    assert lab.writes() == ["UpdateService"]
    lab.apply()
    assert lab.writes() == []


def test_a_commit_under_way_is_preempted_by_a_pin(lab):
    edit(lab, "shop:2", "shop:3")
    lab.simulator.script("shop:3", cannot_pull="not found")
    lab.tick()
    lab.writes()
    pin(lab, 2)
    outcome = lab.apply()
    assert lab.writes() == ["UpdateService"]
    assert runs(lab) == "web:2"
    assert conditions(outcome).condition("Stalled").reason == "Pinned"


# a person's rollback in the console


def test_what_somebody_moved_back_in_the_console_is_pinned_there(lab):
    by_hand(lab)
    lab.simulator.settle()
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == []
    stalled = conditions(outcome).condition("Stalled")
    assert stalled.reason == "Pinned"
    assert "somebody moved it back to web:1 at 2026-01-05" in stalled.message


def test_while_somebody_s_rollback_is_under_way_nothing_is_sent_and_then_it_is_decided(lab):
    by_hand(lab)
    change = change_of(lab.plan())
    assert (change.action, change.blocked) == (Action.HOLD, None)
    assert "under way" in change.waiting
    assert lab.tick().again is not None
    outcome = lab.apply()
    assert lab.writes() == []
    assert conditions(outcome).condition("Stalled").reason == "Pinned"


def test_a_commit_that_changes_the_service_goes_forward_after_a_rollback_in_the_console(lab):
    by_hand(lab)
    lab.simulator.settle()
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == "web:3"


def test_a_service_moved_to_a_revision_that_is_not_ours_is_corrected_once_that_is_over(lab):
    container = {"name": "web", "image": "hand:made", "memory": 128}
    lab.ecs().register_task_definition(family="web", containerDefinitions=[container])
    by_hand(lab, "web:3")
    assert "under way" in change_of(lab.plan()).waiting
    assert lab.apply().ending is Ending.CONVERGED
    assert (runs(lab), lab.writes()) == ("web:2", ["UpdateService"])


def test_our_own_older_rollout_under_way_is_overtaken_at_once(lab):
    edit(lab, "shop:2", "shop:3")
    lab.tick()
    edit(lab, "shop:3", "shop:4")
    lab.tick()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "RegisterTaskDefinition", "UpdateService"]
    assert lab.apply().ending is Ending.CONVERGED


def test_a_commit_taken_back_and_made_again_in_mid_rollout_is_no_rollback_of_a_person(lab):
    edit(lab, "shop:2", "shop:1")
    lab.tick()
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == "web:2"


def test_what_was_only_overtaken_by_a_newer_commit_has_not_failed(lab):
    edit(lab, "shop:2", "shop:3")
    lab.tick()
    edit(lab, "shop:3", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == "web:3"


def test_what_failed_without_a_rollback_is_held_also_after_something_newer_ran():
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: false}}"
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")].replace("desiredCount: 2", breaker).replace("shop:1", "shop:2"))
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.script("shop:3", cannot_pull="not found")
    edit(lab, "shop:2", "shop:3")
    assert lab.apply().ending is Ending.AT_REST
    lab.simulator.advance(60)
    edit(lab, "shop:3", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    edit(lab, "shop:2", "shop:3")
    assert conditions(lab.apply()).condition("Stalled").reason == "DeploymentFailed"


def test_without_a_record_of_what_was_synced_it_goes_forward(lab):
    lab.simulator.client("ssm", region="eu-west-1").delete_parameter(Name="/reconciler/default/staging/shop/synced")
    by_hand(lab)
    lab.simulator.settle()
    assert lab.apply().ending is Ending.CONVERGED
    assert runs(lab) == "web:2"


def test_what_ecs_rolled_back_is_a_failure_and_no_pin(lab):
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"
    edit(lab, "desiredCount: 2", breaker)
    lab.apply()
    lab.simulator.script("shop:3", cannot_pull="not found")
    edit(lab, "shop:2", "shop:3")
    assert conditions(lab.apply()).condition("Stalled").reason == "RolledBack"


# what was synced


def test_what_was_synced_is_recorded_once_all_of_the_app_is_ready(lab):
    assert record(lab).synced == {"Service/web": short(web(lab).digest)}


def test_a_commit_that_changes_nothing_of_the_app_records_nothing(lab):
    lab.commit = "d" * 40
    lab.simulator.calls.clear()
    lab.apply()
    assert [call.operation for call in lab.simulator.writes()] == []


def test_a_service_is_struck_off_when_it_begins_to_move(lab):
    edit(lab, "shop:2", "shop:3")
    lab.tick()
    assert record(lab).synced == {}


def test_what_could_not_be_recorded_is_told_and_ends_nothing(lab):
    lab.simulator.faults.deny("PutParameter", service="ssm")
    edit(lab, "shop:2", "shop:3")
    outcome = lab.apply()
    assert outcome.ending is Ending.CONVERGED
    assert [note.code for note in outcome.last.notes] == ["not-recorded"]
    assert "ssm:PutParameter" in outcome.last.notes[0].hint


def test_a_plan_records_nothing(lab):
    lab.simulator.client("ssm", region="eu-west-1").delete_parameter(Name="/reconciler/default/staging/shop/synced")
    lab.simulator.calls.clear()
    lab.plan()
    assert list(lab.simulator.writes()) == []
