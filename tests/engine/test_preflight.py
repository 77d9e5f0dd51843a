"""What a look at the world finds before anything is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agent.converge import Ending
from reconciler.engine.lookup import narrowed
from reconciler.engine.reconcile import reconcile
from reconciler.model.plan import Action, Preflight
from reconciler.model.status import Memory
from tests.account import provide, role
from tests.lab import SHOP, Lab, actions, edit, shop

APP = """
apiVersion: reconciler/v1
kind: Cluster
metadata: {name: main}
---
apiVersion: reconciler/v1
kind: Secret
metadata: {name: db}
spec: {name: shop/db, jsonKeys: [password, user]}
---
apiVersion: reconciler/v1
kind: Parameter
metadata: {name: url}
spec: {name: /shop/url}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {name: web}
spec:
  executionRoleArn: arn:aws:iam::123456789012:role/exec
  containerDefinitions:
    - name: web
      image: shop:1
      memory: 256
      secrets:
        - {name: PASSWORD, valueFrom: "ref:Secret/db#password"}
        - {name: URL, valueFrom: "ref:Parameter/url"}
        - {name: PLAIN, valueFrom: /shop/plain}
---
apiVersion: reconciler/v1
kind: Service
metadata: {name: web}
spec: {cluster: main, taskDefinition: web, desiredCount: 1}
"""


@pytest.fixture
def lab() -> Lab:
    lab = Lab()
    lab.app("shop", APP)
    return lab


def make(lab: Lab, *what: str) -> None:
    role(lab.simulator, "exec")
    if "secret" in what:
        lab.simulator.client("secretsmanager", region="eu-west-1").create_secret(Name="shop/db", SecretString="canary")
    ssm = lab.simulator.client("ssm", region="eu-west-1")
    for name in what:
        if name.startswith("/"):
            ssm.put_parameter(Name=name, Value="canary", Type="SecureString")
    lab.simulator.calls.clear()


def test_missing_secrets_and_parameters_are_named_and_hold_back_what_needs_them(lab):
    make(lab, "/shop/url")
    plan = lab.plan()
    blocked = {str(change.key): change.blocked for change in plan.blocked}
    assert {key: problem.code for key, problem in blocked.items() if problem} == {
        "shop/Secret/db": "SecretNotFound",
        "shop/TaskDefinition/web": "ParameterNotFound",
    }
    parameter = blocked["shop/TaskDefinition/web"]
    assert parameter is not None
    assert parameter.message == "there is no Parameter /shop/plain"
    assert parameter.path == "containerDefinitions[0].secrets[2].valueFrom"
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == ["CreateCluster"]


def test_what_is_there_is_used_by_arn_and_its_value_is_never_read(lab):
    make(lab, "secret", "/shop/url", "/shop/plain")
    assert lab.apply().ending is Ending.CONVERGED
    asked = {call.operation for call in lab.simulator.calls if call.service in ("secretsmanager", "ssm")}
    assert asked == {"DescribeSecret", "DescribeParameters", "GetParametersByPath", "PutParameter"}
    written = {call.params["Name"] for call in lab.simulator.calls if call.operation == "PutParameter"}
    assert written == {"/reconciler/default/staging/shop/synced"}
    definition = lab.service("web")["taskDefinition"]
    [container] = lab.ecs().describe_task_definition(taskDefinition=definition)["taskDefinition"][
        "containerDefinitions"
    ]
    by_name = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
    assert by_name["PASSWORD"].endswith(":password::")
    assert by_name["PASSWORD"].startswith("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-")
    assert lab.plan().empty


def test_existence_is_asked_for_in_one_call_for_all_parameters(lab):
    make(lab, "secret", "/shop/url", "/shop/plain")
    lab.plan()
    assert lab.reads().count("DescribeParameters") == 2  # those declared, those only named


def test_a_json_key_the_secret_does_not_declare_is_an_error_of_the_manifest(lab):
    edit(lab, "#password", "#pasword")
    [problem] = lab.wish().errors
    assert problem.message == "shop/Secret/db has no part pasword"
    assert problem.hint == "did you mean #password?"


def test_a_secret_scheduled_for_deletion_is_as_good_as_none(lab):
    make(lab, "secret", "/shop/url", "/shop/plain")
    lab.simulator.client("secretsmanager", region="eu-west-1").delete_secret(SecretId="shop/db")
    assert {change.blocked.code for change in lab.plan().blocked if change.blocked} == {"SecretNotFound"}


def test_a_secret_that_may_not_be_looked_at_is_not_taken_for_missing(lab):
    make(lab, "secret", "/shop/url", "/shop/plain")
    lab.simulator.faults.deny("DescribeParameters", service="ssm")
    plan = lab.plan()
    assert {change.blocked.code for change in plan.blocked if change.blocked} == {"AccessDenied"}
    assert any("could not be checked" in warning.message for warning in plan.warnings)


def test_a_log_group_that_is_not_there_holds_back_the_definition_that_logs_to_it():
    lab = shop()
    edit(
        lab, "kind: LogGroup\nmetadata: {name: shop}\nspec: {logGroupName: /ecs/shop, retentionInDays: 30}", "kind: App"
    )
    plan = lab.plan()
    assert {str(change.key): change.blocked.code for change in plan.changes if change.blocked} == {
        "shop/TaskDefinition/web": "LogGroupNotFound"
    }
    edit(lab, "awslogs-region: eu-west-1", 'awslogs-region: eu-west-1, awslogs-create-group: "true"')
    assert not lab.plan().blocked


def test_a_cluster_that_is_not_there_is_named():
    lab = shop()
    edit(lab, "kind: Cluster\nmetadata: {name: main}", "kind: App")
    problems = [change.blocked for change in lab.plan().blocked]
    assert [problem.message for problem in problems if problem] == ["there is no Cluster main"] * 2


def test_a_denied_read_holds_back_only_what_it_is_about():
    lab = shop()
    lab.apply()
    edit(lab, "retentionInDays: 30", "retentionInDays: 60")
    lab.simulator.faults.deny("DescribeServices")
    lab.writes()
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert lab.writes() == ["PutRetentionPolicy"]
    [service, _] = [item for item in outcome.last.status.resources if item.key.kind == "Service"]
    stalled = service.condition("Stalled")
    assert stalled is not None
    assert stalled.reason == "AccessDenied"
    assert "ecs:DescribeServices" in stalled.message


def test_a_refused_call_names_the_action_and_holds_back_only_its_service():
    lab = shop()
    lab.simulator.faults.deny("CreateService", resource="*worker")
    outcome = lab.apply()
    assert outcome.ending is Ending.AT_REST
    assert {str(key) for key in outcome.last.failures} == {"shop/Service/worker"}
    assert "ecs:CreateService" in outcome.last.failures.popitem()[1].hint


def test_one_app_alone_is_planned_with_what_it_needs_of_others_unchanged():
    lab = Lab()
    lab.app("platform", "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n")
    lab.app(
        "shop",
        """
        apiVersion: reconciler/v1
        kind: TaskDefinition
        metadata: {name: web}
        spec: {containerDefinitions: [{name: web, image: x, memory: 64}]}
        ---
        apiVersion: reconciler/v1
        kind: Service
        metadata: {name: web}
        spec: {cluster: main, taskDefinition: web}
        """,
    )
    wish = narrowed(lab.wish(), ["shop"])
    plan = reconcile(replace(lab.target(), write=None), wish, Memory()).plan
    assert actions(plan) == {"shop/TaskDefinition/web": "create", "shop/Service/web": "create"}
    assert [str(key) for key in plan.changes[1].waits_on] == ["platform/Cluster/main", "shop/TaskDefinition/web"]
    lab.apply()
    edit(lab, "{name: main}\n", "{name: main}\nspec: {settings: [{name: containerInsights, value: enabled}]}\n",
         "apps/platform/all.yaml")  # fmt: skip
    wish = narrowed(lab.wish(), ["shop"])
    assert reconcile(replace(lab.target(), write=None), wish, Memory()).plan.empty


def test_a_suspended_app_is_observed_and_not_changed():
    lab = shop()
    lab.write(
        "apps/shop/app.yaml", "apiVersion: reconciler/v1\nkind: App\nmetadata: {name: shop}\nspec: {suspend: true}\n"
    )
    plan = lab.plan()
    assert {change.blocked.code for change in plan.changes if change.blocked} == {"Suspended"}
    lab.apply()
    assert lab.writes() == []


def test_an_invalid_manifest_holds_back_what_needs_it_and_nothing_else():
    lab = shop()
    edit(lab, "image: shop:1", "imagee: shop:1")
    wish = lab.wish()
    assert [str(key) for key in sorted(wish.invalid)] == ["shop/TaskDefinition/web"]
    plan = reconcile(replace(lab.target(), write=None), wish, Memory()).plan
    assert {str(change.key): change.blocked.code for change in plan.changes if change.blocked} == {
        "shop/Service/web": "InvalidManifest",
        "shop/Service/worker": "InvalidManifest",
    }
    assert {str(change.key) for change in plan.changes if change.action is Action.CREATE and not change.blocked} == {
        "shop/Cluster/main",
        "shop/LogGroup/shop",
    }


# what is outside of the repository

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"
OUTSIDE = f"""
apiVersion: reconciler/v1
kind: Cluster
metadata: {{name: main}}
---
apiVersion: reconciler/v1
kind: TaskDefinition
metadata: {{name: web}}
spec:
  networkMode: awsvpc
  taskRoleArn: arn:aws:iam::123456789012:role/app
  containerDefinitions:
    - {{name: web, image: "{REGISTRY}/shop:1", memory: 256, portMappings: [{{containerPort: 80}}]}}
---
apiVersion: reconciler/v1
kind: Service
metadata: {{name: web}}
spec:
  cluster: main
  taskDefinition: web
  desiredCount: 2
  launchType: EC2
  healthCheckGracePeriodSeconds: 60
  loadBalancers: [{{targetGroupArn: "{GROUP}", containerName: web, containerPort: 80}}]
  networkConfiguration: {{awsvpcConfiguration: {{subnets: [subnet-1, subnet-2], securityGroups: [sg-1]}}}}
"""


@pytest.fixture
def outside() -> Lab:
    """An app that names an image, a role, a target group, subnets and a security group; nothing of it is there."""
    lab = Lab()
    lab.app("shop", OUTSIDE)
    return lab


def given(lab: Lab, *kinds: str) -> None:
    named = [item for item in lab.wish().externals if not kinds or item.kind in kinds]
    provide(lab.simulator, "eu-west-1", named)
    lab.simulator.calls.clear()


def blocked(lab: Lab) -> dict[str, str]:
    return {str(change.key): change.blocked.code for change in lab.plan().changes if change.blocked}


def test_what_aws_would_fail_on_blocks_the_write_and_what_is_there_does_not(outside):
    assert blocked(outside) == {"shop/TaskDefinition/web": "ImageNotFound", "shop/Service/web": "SecurityGroupNotFound"}
    assert outside.apply().ending is Ending.AT_REST
    assert outside.writes() == ["CreateCluster"]
    given(outside, "Image", "SecurityGroup", "Subnet")
    assert blocked(outside) == {"shop/TaskDefinition/web": "RoleNotFound", "shop/Service/web": "TargetGroupNotFound"}
    given(outside, "Role", "TargetGroup")
    assert blocked(outside) == {}
    assert outside.apply().ending is Ending.CONVERGED
    assert outside.plan().empty


def test_a_refusal_says_where_and_what_to_do(outside):
    given(outside, "Role")
    [definition] = [change for change in outside.plan().changes if change.key.kind == "TaskDefinition"]
    problem = definition.blocked
    assert problem is not None
    assert problem.message == f"there is no Image {REGISTRY}/shop:1"
    assert problem.path == "containerDefinitions[0].image"
    assert problem.hint == "push the image first, or correct its tag"
    assert problem.at is not None


def test_the_image_that_appears_releases_its_rollout(outside):
    given(outside)
    outside.apply()
    edit(outside, "shop:1", "shop:2")
    assert outside.apply().ending is Ending.AT_REST
    given(outside, "Image")
    assert outside.apply().ending is Ending.CONVERGED


def test_nothing_outside_is_read_for_what_does_not_change(outside):
    given(outside)
    outside.apply()
    outside.simulator.calls.clear()
    assert outside.plan().empty
    assert sorted(outside.reads()) == [
        "DescribeClusters",
        "DescribeScalableTargets",
        "DescribeServices",
        "DescribeTaskDefinition",
        "GetParametersByPath",
        "GetResources",
    ]


def test_a_change_reads_only_what_it_is_about_to_need(outside):
    given(outside)
    outside.apply()
    edit(outside, "desiredCount: 2", "desiredCount: 1")
    outside.simulator.calls.clear()
    outside.plan()
    assert not {"DescribeImages", "GetRole", "ListContainerInstances"} & set(outside.reads())
    assert outside.reads().count("DescribeSubnets") == 1


def test_without_preflight_nothing_outside_is_read_and_nothing_is_said(outside):
    outside.preflight = Preflight.NONE
    plan = outside.plan()
    assert (plan.warnings, plan.blocked) == ((), ())
    assert not {"DescribeImages", "GetRole", "DescribeTargetGroups", "DescribeSubnets"} & set(outside.reads())


def test_a_permission_that_is_missing_is_said_once_and_blocks_nothing(outside):
    given(outside)
    edit(
        outside,
        "containerDefinitions:\n",
        f"containerDefinitions:\n    - {{name: side, image: '{REGISTRY}/side:1', memory: 1}}\n",
    )
    outside.simulator.faults.deny("DescribeImages", service="ecr")
    outside.simulator.faults.deny("DescribeSubnets", service="ec2")
    plan = outside.plan()
    assert plan.blocked == ()
    unchecked = [problem for problem in plan.warnings if problem.code == "not-checked"]
    assert [problem.hint for problem in unchecked] == [
        "allow ecr:DescribeImages to this role",
        "allow ec2:DescribeSubnets to this role",
    ]
    assert "and 1 more" in unchecked[0].message
    assert "and 1 more" in unchecked[1].message


def test_a_target_group_of_the_wrong_type_blocks_the_service(outside):
    given(outside)
    edit(outside, "networkMode: awsvpc", "networkMode: bridge")
    edit(
        outside,
        "  networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1, subnet-2], securityGroups: [sg-1]}}\n",
        "",
    )
    assert blocked(outside) == {"shop/Service/web": "target-type"}


# room

ROOMY = SHOP[: SHOP.rindex("---")].replace("memory: 256", "memory: 256\n      cpu: 100")


@pytest.fixture
def full() -> Lab:
    """The small app with one service of two tasks, on one instance that has room for three."""
    lab = Lab()
    lab.app("shop", ROOMY)
    lab.ecs().create_cluster(
        clusterName="main", tags=[{"key": "reconciler:owner", "value": "default/staging/shop/Cluster/main"}]
    )
    lab.simulator.add_instance("main", cpu=1024, memory=800, region="eu-west-1")
    assert lab.apply().ending is Ending.CONVERGED
    lab.simulator.calls.clear()
    return lab


def rooms(plan):
    return [(problem.code, problem.message.split(";")[0]) for problem in plan.warnings]


def test_a_rollout_that_does_not_fit_beside_the_old_tasks_is_said_to_be_slow(full):
    edit(full, "shop:1", "shop:2")
    plan = full.plan()
    assert rooms(plan) == [
        ("slow-rollout", "it rolls out slowly: 1 of 2 new tasks at a time fit beside the old ones"),
    ]
    assert full.reads().count("ListContainerInstances") == 1
    assert full.apply().ending is Ending.CONVERGED


def test_a_rollout_that_fits_nowhere_cannot_move_and_the_plan_is_right_about_it(full):
    edit(full, "desiredCount: 2", "desiredCount: 3")
    assert full.apply().ending is Ending.CONVERGED
    edit(full, "shop:1", "shop:2")
    [(code, message)] = rooms(full.plan())
    assert code == "cannot-move"
    assert "1 more instance like i-" in message
    assert full.apply(timeout=300).ending is Ending.TIMED_OUT
    full.simulator.add_instance("main", cpu=1024, memory=800, region="eu-west-1")
    assert full.apply().ending is Ending.CONVERGED


def test_old_tasks_that_may_stop_first_make_room(full):
    edit(
        full,
        "desiredCount: 2",
        "desiredCount: 3, deploymentConfiguration: {minimumHealthyPercent: 50, maximumPercent: 100}",
    )
    assert full.apply().ending is Ending.CONVERGED
    edit(full, "shop:1", "shop:2")
    assert rooms(full.plan()) == []
    assert full.apply().ending is Ending.CONVERGED


def test_a_count_that_does_not_fit_is_told_before_it_is_set(full):
    edit(full, "desiredCount: 2", "desiredCount: 5")
    [(code, message)] = rooms(full.plan())
    assert (code, message.partition(":")[0]) == ("no-room", "only 1 of 3 new tasks fit")


def test_instances_that_may_not_be_looked_at_are_a_warning(full):
    full.simulator.faults.deny("ListContainerInstances")
    edit(full, "shop:1", "shop:2")
    plan = full.plan()
    assert [(problem.code, problem.hint) for problem in plan.warnings] == [
        ("not-checked", "allow ecs:ListContainerInstances to this role")
    ]
    assert plan.blocked == ()
