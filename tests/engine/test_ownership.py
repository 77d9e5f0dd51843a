"""Whose things are: adoption, conflicts, pruning, renaming, replacing."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.fields import Effect
from reconciler.model.plan import Action
from tests.account import provide
from tests.lab import SHOP, Lab, actions, edit, shop

SERVICE = """
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: web}
spec:
  containerDefinitions:
    - {name: web, image: "shop:1", memory: 256, environment: [{name: A, value: "1"}], portMappings: [{containerPort: 80}]}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web}
spec: {cluster: hand, taskDefinition: web, desiredCount: 2, deploymentConfiguration: {maximumPercent: 150}}
"""

BOTH = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: main}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: web}
spec:
  requiresCompatibilities: [EC2, FARGATE]
  networkMode: awsvpc
  cpu: 256
  memory: 512
  containerDefinitions: [{name: web, image: "shop:1"}]
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web}
spec:
  cluster: main
  taskDefinition: web
  launchType: EC2
  networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1]}}
"""


@pytest.fixture
def lab() -> Lab:
    lab = shop()
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


@pytest.fixture
def by_hand() -> Lab:
    """A cluster, two revisions and a service made by hand; the service runs the first."""
    lab = Lab()
    lab.app("shop", SERVICE)
    ecs = lab.ecs()
    ecs.create_cluster(clusterName="hand")
    for image in ("shop:1", "shop:other", "shop:1"):
        container = {
            "name": "web",
            "image": image,
            "memory": 256,
            "environment": [{"name": "A", "value": "1"}],
            "portMappings": [{"containerPort": 80, "protocol": "tcp"}],
        }
        ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(
        cluster="hand",
        serviceName="web",
        taskDefinition="web:1",
        desiredCount=2,
        deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 100},
    )
    lab.simulator.settle()
    lab.simulator.calls.clear()
    return lab


def test_what_was_made_by_hand_is_refused_by_name_until_adoption_is_asked_for(by_hand):
    plan = by_hand.plan()
    assert {str(change.key): change.blocked.code for change in plan.changes if change.blocked} == {
        "shop/TaskDefinition/web": "OwnershipConflict",
        "shop/Service/web": "OwnershipConflict",
    }
    assert by_hand.apply().ending is Ending.AT_REST
    assert by_hand.writes() == []


def test_adopting_an_equal_service_writes_tags_and_nothing_else(by_hand):
    plan = by_hand.plan(adopt=True)
    assert actions(plan) == {"shop/TaskDefinition/web": "adopt", "shop/Service/web": "adopt"}
    assert by_hand.apply(adopt=True).ending is Ending.CONVERGED
    assert by_hand.writes() == ["TagResource", "TagResource"]
    service = by_hand.service("web", "hand")
    assert service["taskDefinition"].endswith("web:1")
    assert len(service["deployments"]) == 1
    assert by_hand.plan().empty


def test_adopting_a_service_that_differs_tags_it_and_changes_it_in_one_plan(by_hand):
    edit(by_hand, "maximumPercent: 150", "maximumPercent: 200")
    plan = by_hand.plan(adopt=True)
    [service] = [change for change in plan.changes if change.key.kind == "Service"]
    assert [call.operation for call in service.calls] == ["ecs:TagResource", "ecs:UpdateService"]
    assert by_hand.apply(adopt=True).ending is Ending.CONVERGED
    assert by_hand.plan().empty


@pytest.mark.parametrize("level", ["policy: {adopt: true}", None])
def test_adoption_needs_to_be_allowed_at_every_level_that_speaks(by_hand, level):
    by_hand.files["environments/staging.yaml"] += "  policy: {adopt: false}\n" if level is None else f"  {level}\n"
    plan = by_hand.plan(**({"adopt": True} if level is None else {}))
    assert bool(plan.blocked) is (level is None)


def test_what_another_environment_owns_is_refused_by_name(lab):
    lab.write("environments/qa.yaml", lab.files["environments/staging.yaml"].replace("staging", "qa"))
    arn = lab.service("web")["serviceArn"]
    lab.ecs().tag_resource(resourceArn=arn, tags=[{"key": "reconciler:owner", "value": "default/qa/shop/Service/web"}])
    [change] = lab.plan(adopt=True).changes
    assert change.blocked is not None
    assert "default/qa/shop/Service/web" in change.blocked.message


def test_a_service_that_left_the_repository_stays_until_pruning_is_asked_for(lab):
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    plan = lab.plan()
    assert plan.empty
    assert "shop/Service/worker" in plan.warnings[0].message
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_pruning_deletes_what_is_ours_and_waits_until_it_is_gone(lab):
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert actions(lab.plan(prune=True)) == {"shop/Service/worker": "delete"}
    outcome = lab.apply(prune=True)
    assert outcome.ending is Ending.CONVERGED
    assert lab.writes() == ["DeleteService"]
    assert lab.service("worker")["status"] == "INACTIVE"
    assert lab.plan(prune=True).empty


def test_pruning_an_app_deletes_in_reverse_order_of_use_and_keeps_clusters_and_logs(lab):
    del lab.files["apps/shop/all.yaml"]
    lab.app("other", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: x}\n")
    plan = lab.plan(prune=True, deletion_limit=10)
    assert [str(change.key) for change in plan.changes if change.action is Action.DELETE] == [
        "shop/Service/web",
        "shop/Service/worker",
        "shop/TaskDefinition/web",
    ]
    assert lab.apply(prune=True, deletion_limit=10).ending is Ending.CONVERGED
    assert lab.writes() == ["CreateLogGroup", "DeleteService", "DeleteService", "DeregisterTaskDefinition"]
    assert lab.ecs().describe_clusters(clusters=["main"])["clusters"][0]["status"] == "ACTIVE"


def test_too_many_deletions_at_once_are_refused(lab):
    del lab.files["apps/shop/all.yaml"]
    lab.app("other", "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: x}\n")
    plan = lab.plan(prune=True)
    assert {change.blocked.code for change in plan.changes if change.blocked} == {"PruneGuard"}


def test_a_failed_inventory_page_prunes_nothing(lab):
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.simulator.faults.deny("GetResources", service="tagging")
    assert lab.plan(prune=True).count(Action.DELETE) == 0


def test_a_manifest_that_is_wrong_prunes_nothing(lab):
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    lab.app("broken", "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: x}\nspec: {cluter: y}\n")
    from dataclasses import replace

    from reconciler.engine.reconcile import reconcile
    from reconciler.model.status import Memory

    wish = lab.wish()
    assert wish.errors
    plan = reconcile(replace(lab.target(prune=True), write=None), wish, Memory()).plan
    assert plan.count(Action.DELETE) == 0


def test_what_said_prune_false_outlives_its_manifest(lab):
    edit(lab, "metadata: {name: worker}", "metadata: {name: worker, policy: {prune: false}}")
    lab.apply()
    assert lab.writes() == ["TagResource"]
    lab.app("shop", SHOP[: SHOP.rindex("---")])
    assert lab.plan(prune=True).count(Action.DELETE) == 0


def test_a_manifest_renamed_with_the_same_aws_name_is_retagged(lab):
    edit(lab, "metadata: {name: worker}", "metadata: {name: jobs, formerly: worker}")
    edit(lab, "taskDefinition: web, desiredCount: 1", "taskDefinition: web, desiredCount: 1, serviceName: worker")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["TagResource"]
    assert lab.plan().empty


def test_a_manifest_renamed_with_a_new_aws_name_is_created_ready_and_then_the_old_one_deleted(lab):
    edit(lab, "metadata: {name: worker}", "metadata: {name: jobs, formerly: worker}")
    plan = lab.plan()
    assert actions(plan) == {"shop/Service/jobs": "replace"}
    assert plan.changes[0].effect is Effect.REPLACES_CREATE_FIRST
    lab.tick()
    assert lab.writes() == ["CreateService"]
    assert lab.service("worker")["status"] == "ACTIVE"
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["DeleteService"]
    assert lab.plan().empty


def test_a_change_that_cannot_be_made_in_place_is_refused_until_policy_allows_it(lab):
    edit(lab, "taskDefinition: web, desiredCount: 1", "taskDefinition: web, schedulingStrategy: DAEMON")
    [change] = lab.plan().changes
    assert change.action is Action.REPLACE
    assert change.blocked is not None
    assert change.blocked.code == "ImmutableFieldChange"
    assert lab.apply().ending is Ending.AT_REST
    assert lab.writes() == []


def test_a_replacement_with_consent_deletes_waits_and_creates(lab):
    edit(lab, "metadata: {name: worker}", "metadata: {name: worker, policy: {replace: true}}")
    edit(lab, "taskDefinition: web, desiredCount: 1", "taskDefinition: web, schedulingStrategy: DAEMON")
    [change] = lab.plan().changes
    assert change.effect is Effect.REPLACES_WITH_DOWNTIME
    assert [call.operation for call in change.calls] == ["ecs:DeleteService", "ecs:CreateService"]
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["DeleteService", "CreateService"]
    assert lab.plan().empty


def test_a_replacement_carries_the_live_count():
    lab = Lab()
    lab.app("shop", BOTH)
    provide(lab.simulator, "eu-west-1", lab.wish().externals)
    assert lab.apply().ending is Ending.CONVERGED
    lab.ecs().update_service(cluster="main", service="web", desiredCount=4)
    lab.simulator.settle()
    edit(lab, "launchType: EC2", "launchType: FARGATE")
    lab.writes()
    assert lab.apply(replace=True).ending is Ending.CONVERGED
    assert lab.writes() == ["DeleteService", "CreateService"]
    assert lab.service("web")["desiredCount"] == 4


def test_a_renamed_family_is_registered_used_and_only_then_is_the_old_one_deregistered(lab):
    edit(lab, "metadata: {name: web}\nspec:\n", "metadata: {name: web}\nspec:\n  family: shop-web\n")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService", "DeregisterTaskDefinition"]
    assert lab.plan().empty


def test_a_renamed_log_group_leaves_the_old_one_with_its_logs(lab):
    edit(lab, "logGroupName: /ecs/shop", "logGroupName: /shop/logs")
    edit(lab, "awslogs-group: /ecs/shop", "awslogs-group: /shop/logs")
    assert lab.apply().ending is Ending.CONVERGED
    assert "DeleteLogGroup" not in lab.writes()
    assert lab.plan().empty


def test_a_renamed_cluster_takes_its_services_along_and_goes_last(lab):
    edit(lab, "metadata: {name: main}", "metadata: {name: main, policy: {prune: true}}\nspec: {clusterName: other}")
    lab.files["environments/staging.yaml"] += "  policy: {replace: true}\n"
    assert lab.apply(timeout=7200).ending is Ending.CONVERGED
    made = lab.writes()
    assert made.count("CreateService") == made.count("DeleteService") == 2
    assert made.count("DeleteCluster") == 1
    assert made.index("CreateCluster") < made.index("CreateService") < made.index("DeleteService")
    assert made[-1] == "DeleteCluster"
    assert lab.plan().empty


def by_ci(lab: Lab, image: str) -> None:
    """Somebody registers another image by hand and moves the service there."""
    ecs = lab.ecs()
    live = ecs.describe_task_definition(taskDefinition=lab.service("web")["taskDefinition"])["taskDefinition"]
    containers = [{**live["containerDefinitions"][0], "image": image}]
    made = ecs.register_task_definition(family="web", containerDefinitions=containers)
    for name in ("web", "worker"):
        ecs.update_service(cluster="main", service=name, taskDefinition=made["taskDefinition"]["taskDefinitionArn"])
    lab.simulator.settle()
    lab.writes()


def test_a_revision_made_by_hand_in_a_family_of_ours_blocks_nothing(lab):
    by_ci(lab, "shop:hand")
    lab.files["environments/staging.yaml"] += "  policy: {adopt: false}\n"
    edit(lab, "shop:1", "shop:2")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["RegisterTaskDefinition", "UpdateService", "UpdateService"]


def test_a_move_made_by_hand_is_taken_back(lab):
    by_ci(lab, "shop:hand")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["UpdateService", "UpdateService"]


def test_an_ignored_image_is_left_to_whoever_deploys_it(lab):
    edit(
        lab,
        "kind: TaskDefinition\nmetadata: {name: web}",
        "kind: TaskDefinition\nmetadata: {name: web, policy: {ignore: [containerDefinitions.web.image]}}",
    )
    by_ci(lab, "shop:ci")
    assert lab.plan().empty
    edit(lab, "memory: 256", "memory: 512")
    assert lab.apply().ending is Ending.CONVERGED
    live = lab.ecs().describe_task_definition(taskDefinition=lab.service("web")["taskDefinition"])["taskDefinition"]
    [container] = live["containerDefinitions"]
    assert (container["image"], container["memory"]) == ("shop:ci", 512)
    assert lab.plan().empty


def test_an_inventory_that_cannot_be_read_is_told(lab):
    lab.simulator.faults.deny("GetResources", service="tagging")
    [warning] = lab.plan(prune=True).warnings
    assert "nothing is pruned" in warning.message
    assert "tag:GetResources" in warning.hint


def test_a_family_made_by_hand_is_not_ours_because_another_one_is(lab):
    """Renaming two families at once, one of them to a family that somebody else made."""
    lab.ecs().register_task_definition(
        family="foreign", containerDefinitions=[{"name": "x", "image": "x", "memory": 64}]
    )
    lab.writes()
    edit(lab, "metadata: {name: web}\nspec:\n", "metadata: {name: web}\nspec:\n  family: foreign\n")
    second = "\n---\napiVersion: reconciler/v1\nkind: TaskDefinition\nmetadata: {name: two}\nspec: {family: web, containerDefinitions: [{name: y, image: y, memory: 64}]}\n"
    lab.files["apps/shop/all.yaml"] += second
    blocked = {str(change.key): change.blocked.code for change in lab.plan().changes if change.blocked}
    assert blocked["shop/TaskDefinition/web"] == "OwnershipConflict"
