"""A new deployment although nothing differs: one, waited for by its own id."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.key import Key
from reconciler.model.plan import Action
from tests.lab import SHOP, Lab, edit

WEB = Key("shop", "Service", "web")
BREAKER = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"


@pytest.fixture
def lab():
    lab = Lab()
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    edit(lab, "desiredCount: 2", BREAKER)
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def primary(lab):
    return lab.service("web")["deployments"][0]


def test_a_restart_is_one_call_and_its_own_deployment_is_waited_for(lab):
    before = primary(lab)["id"]
    outcome = lab.apply(restart=[WEB])
    assert outcome.ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]
    assert primary(lab)["id"] != before
    assert primary(lab)["rolloutState"] == "COMPLETED"
    assert len(lab.service("web")["deployments"]) == 1


def test_a_restart_is_planned_as_an_update_that_rolls_tasks(lab):
    [change] = lab.plan(restart=[WEB]).changes
    assert (change.action, str(change.effect), change.fields) == (Action.UPDATE, "rolls-tasks", ())
    assert [call.params.get("forceNewDeployment") for call in change.calls] == [True]
    assert "restarted" in change.note


def test_a_restart_goes_with_what_changes_in_one_call(lab):
    edit(lab, "shop:1", "shop:2")
    assert lab.apply(restart=[WEB]).ending is Ending.CONVERGED
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]


def test_a_restart_that_ecs_rolls_back_is_a_failure_although_the_service_is_as_the_repository_says(lab):
    lab.simulator.script("shop:1", cannot_pull="gone from the registry")
    outcome = lab.apply(restart=[WEB])
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == ["UpdateService"]
    [resource] = [it for it in outcome.last.status.resources if it.key == WEB]
    assert resource.condition("Stalled").reason == "DeploymentFailed"
    assert "the restart did not last" in resource.condition("Stalled").message


def test_a_restart_whose_answer_is_lost_is_not_made_twice(lab):
    lab.simulator.faults.fail("UpdateService", when="after")
    assert lab.apply(restart=[WEB]).ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]


def test_a_restart_that_never_arrived_is_made_again(lab):
    before = primary(lab)["id"]
    lab.simulator.faults.fail("UpdateService", when="before")
    assert lab.apply(restart=[WEB]).ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService", "UpdateService"]
    assert primary(lab)["id"] != before


def test_a_service_that_is_made_anew_is_not_restarted_on_top(lab):
    lab.ecs().delete_service(cluster="main", service="web", force=True)
    lab.simulator.settle()
    lab.writes()
    assert lab.apply(restart=[WEB]).ending is Ending.CONVERGED
    assert lab.writes() == ["CreateService"]


def test_what_is_held_stays_held_and_what_runs_is_restarted(lab):
    lab.simulator.script("shop:2", cannot_pull="not found")
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    lab.writes()
    before = primary(lab)["id"]
    outcome = lab.apply(restart=[WEB])
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == ["UpdateService"]
    assert primary(lab)["id"] != before
    assert lab.service("web")["taskDefinition"].endswith("web:1")


def test_an_old_reading_right_after_does_not_count_as_done_or_failed(lab):
    lab.simulator.faults.eventual(20, "DescribeServices", odds=1.0)
    assert lab.apply(restart=[WEB]).ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService"]
