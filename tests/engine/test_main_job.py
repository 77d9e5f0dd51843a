"""The main job: a commit becomes running services, once, and nothing is touched without a reason."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.fields import Effect
from tests.lab import Lab, actions, edit, shop


@pytest.fixture
def lab() -> Lab:
    """The small app, applied and settled."""
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def test_a_first_apply_makes_each_thing_once_in_an_order_that_converges():
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == [
        "CreateCluster",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "RegisterTaskDefinition",
        "CreateService",
        "CreateService",
    ]


def test_planning_again_after_apply_is_empty_and_applying_again_writes_nothing(lab):
    assert lab.plan().empty
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_planning_never_writes():
    lab = shop()
    assert not lab.plan().empty
    assert lab.writes() == []


def test_a_commit_that_touches_only_a_readme_writes_nothing(lab):
    lab.commit = "b" * 40
    lab.write("apps/shop/README.md", "# more words")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_an_image_change_for_two_services_is_one_tick_of_one_registration_and_two_updates(lab):
    edit(lab, "shop:1", "shop:2")
    lab.tick()
    reads = lab.reads()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]
    assert max(reads.count(operation) for operation in reads) == 1, reads


def test_an_image_change_says_what_rolls(lab):
    edit(lab, "shop:1", "shop:2")
    plan = lab.plan()
    assert actions(plan) == {
        "shop/TaskDefinition/web": "update",
        "shop/Service/web": "update",
        "shop/Service/worker": "update",
    }
    definition, web, _ = plan.changes
    assert [field.text for field in definition.fields] == ["containerDefinitions.web.image"]
    assert (definition.fields[0].before, definition.fields[0].after) == ("shop:1", "shop:2")
    assert web.effect is Effect.ROLLS_TASKS
    assert web.waits_on == (definition.key,)
    assert str(web.fields[0].after) == "(known after TaskDefinition/web)"


def test_a_revert_returns_to_the_very_revision_that_ran_before(lab):
    first = lab.service("web")["taskDefinition"]
    edit(lab, "shop:1", "shop:2")
    lab.apply()
    edit(lab, "shop:2", "shop:1")
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService", "UpdateService"]
    assert lab.service("web")["taskDefinition"] == first


def test_one_variable_of_one_of_fifty_services_is_one_revision_and_one_update():
    lab = Lab()
    documents = ["apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n"]
    for index in range(50):
        documents.append(
            f"apiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {{name: s{index}}}\n"
            "spec:\n  containerDefinitions:\n"
            f"    - {{name: web, image: 'i:1', memory: 64, environment: [{{name: N, value: 'v{index}'}}]}}\n"
        )
        documents.append(
            f"apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: s{index}}}\n"
            f"spec: {{cluster: main, taskDefinition: s{index}, desiredCount: 1}}\n"
        )
    lab.files["apps/shop/all.yaml"] = "---\n".join(documents)
    lab.apply()
    lab.writes()
    edit(lab, "'v7'", "'changed'")
    plan = lab.plan()
    assert actions(plan) == {"shop/TaskDefinition/s7": "update", "shop/Service/s7": "update"}
    assert [field.text for field in plan.changes[0].fields] == ["containerDefinitions.web.environment.N"]
    lab.writes()
    lab.apply()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService"]


def test_a_count_left_out_is_created_as_one_and_never_touched_again():
    lab = shop()
    edit(lab, ", desiredCount: 2", "")
    lab.apply()
    assert lab.service("web")["desiredCount"] == 1
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.simulator.settle()
    assert lab.plan().empty


def test_a_count_that_is_said_is_kept(lab):
    lab.ecs().update_service(cluster="main", service="web", desiredCount=5)
    lab.writes()
    lab.apply()
    assert lab.writes() == ["UpdateService"]
    assert lab.service("web")["desiredCount"] == 2


def test_a_count_of_zero_is_a_count(lab):
    edit(lab, "desiredCount: 2", "desiredCount: 0")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.service("web")["runningCount"] == 0


def test_a_service_deleted_by_hand_is_created_anew(lab):
    lab.ecs().delete_service(cluster="main", service="web", force=True)
    lab.writes()
    plan = lab.plan()
    assert plan.changes[0].waiting.startswith("the name is still taken")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["CreateService"]


def test_a_revision_deregistered_by_hand_is_registered_anew(lab):
    lab.ecs().deregister_task_definition(taskDefinition=lab.service("web")["taskDefinition"])
    lab.writes()
    lab.apply()
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]


def test_without_waiting_apply_ends_when_everything_is_as_the_repository_says():
    lab = shop()
    outcome = lab.apply(wait=False)
    assert outcome.ending is Ending.CONVERGED
    assert not outcome.last.status.ready
    assert lab.clock.slept == 0


def test_a_rollout_that_does_not_end_runs_into_the_one_deadline():
    lab = shop()
    outcome = lab.apply(timeout=20)
    assert outcome.ending is Ending.TIMED_OUT
    assert lab.clock.slept <= 20
