"""doctor: the same findings as a plan's, of everything declared and live, with a remedy each; and how it exits."""

from __future__ import annotations

import json

import pytest

from tests.account import image, role

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1"


@pytest.fixture
def live(world):
    """The small repository with an image of ECR and a role, applied."""
    world.edit("apps/shop/web.yaml", "image: nginx:1", f"image: {IMAGE}")
    world.edit("apps/shop/web.yaml", "  containerDefinitions:", "  executionRoleArn: exec\n  containerDefinitions:")
    image(world.simulator, IMAGE)
    role(world.simulator, "exec")
    return world.applied()


def body(world, *words):
    done = world.run("doctor", "-o", "json", *words)
    return done.exit_code, json.loads(done.stdout)


def codes(found):
    return [problem["code"] for problem in found["problems"]]


def test_nothing_is_wrong(live):
    done = live.run("doctor")
    assert done.exit_code == 0
    assert "account 123456789012" in done.stdout
    assert done.stdout.endswith(
        "3 resources looked at: nothing stands in the way of a change (how things fare: reconciler status)\n"
    )
    assert live.writes == []


def test_what_no_plan_would_read_is_looked_at_all_the_same(live):
    live.client("ecr").batch_delete_image(repositoryName="shop", imageIds=[{"imageTag": "1"}])
    live.client("iam").delete_role(RoleName="exec")
    assert live.run("plan", "--detailed-exitcode").exit_code == 0
    code, found = body(live)
    assert (code, found["well"]) == (3, False)
    assert codes(found) == ["ImageNotFound", "RoleNotFound"]
    [problem, _] = found["problems"]
    assert problem["hint"] == "push the image first, or correct its tag"
    assert problem["keys"] == ["shop/TaskDefinition/web"]
    text = live.run("doctor").stdout
    assert f"there is no Image {IMAGE}" in text
    assert text.endswith("3 resources looked at: 2 errors\n")


def test_warnings_alone_are_no_failure(live):
    live.edit("apps/shop/web.yaml", f"image: {IMAGE}", "image: nginx:latest")
    code, found = body(live)
    assert (code, codes(found)) == (0, ["moving-tag"])


def test_rules_and_schedules_are_looked_at(live):
    cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/main"
    role(live.simulator, "events", "events.amazonaws.com")
    target = {"Arn": cluster, "RoleArn": "arn:aws:iam::123456789012:role/events"}
    definition = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web"
    live.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    live.client("events").put_targets(
        Rule="nightly", Targets=[{"Id": "1", **target, "EcsParameters": {"TaskDefinitionArn": definition}}]
    )
    live.client("scheduler").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "EcsParameters": {"TaskDefinitionArn": f"{definition}:7"}},
    )  # fmt: skip
    code, found = body(live)
    assert (code, codes(found)) == (3, ["dead-trigger", "unpinned-trigger"])
    assert "schedule default/hourly starts" in found["problems"][0]["message"]


def test_each_missing_permission_is_named_once(live):
    live.simulator.faults.deny("DescribeImages", service="ecr")
    live.simulator.faults.deny("*", service="iam")
    live.simulator.faults.deny("ListContainerInstances")
    code, found = body(live)
    assert code == 0  # what could not be looked at is not taken for wrong
    assert found["missingPermissions"] == ["ecr:DescribeImages", "ecs:ListContainerInstances", "iam:GetRole"]
    assert "  ecr:DescribeImages\n" in live.run("doctor").stdout


def test_a_resource_that_may_not_be_read_is_an_error(live):
    live.simulator.faults.deny("DescribeServices")
    code, found = body(live)
    assert (code, codes(found)) == (3, ["AccessDenied"])
    assert found["missingPermissions"] == ["ecs:DescribeServices"]


def test_whoever_may_look_at_nothing_has_a_matter_of_access(live):
    live.simulator.faults.deny("*")
    live.simulator.faults.deny("*", service="resourcegroupstaggingapi")
    code, found = body(live)
    assert code == 4
    assert "ecs:DescribeClusters" in found["missingPermissions"]


def test_credentials_of_another_account_end_it(live):
    live.edit("environments/test.yaml", "123456789012", "999999999999")
    done = live.run("doctor")
    assert done.exit_code == 4
    assert "999999999999" in done.stderr


def test_manifests_that_are_wrong_are_told_and_the_rest_is_looked_at(live):
    live.write(
        {
            "apps/blog/web.yaml": "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: web}\nspec: {desiredCont: 1}\n"
        }
    )
    done = live.run("doctor")
    assert done.exit_code == 65
    assert "3 resources looked at" in done.stdout


def test_one_app_alone(live):
    live.client("iam").delete_role(RoleName="exec")
    assert body(live, "platform")[0] == 0
    assert body(live, "shop")[0] == 3


# --no-preflight


def test_a_plan_without_preflight_shows_what_would_be_tried(live):
    live.edit("apps/shop/web.yaml", "shop:1", "shop:2")
    assert "ImageNotFound" in live.run("plan").stdout
    assert "ImageNotFound" not in live.run("plan", "--no-preflight").stdout


def test_a_saved_plan_remembers_that_it_was_made_without(live, tmp_path):
    live.edit("apps/shop/web.yaml", "shop:1", "shop:2")
    file = tmp_path / "plan.json"
    live.run("plan", "--no-preflight", "--out", str(file))
    assert json.loads(file.read_text())["options"]["noPreflight"] is True
    done = live.run("apply", str(file))
    assert "RegisterTaskDefinition" in [name.partition(":")[2] for name in live.writes], done.output
    live.edit("apps/shop/web.yaml", "shop:2", "shop:3")
    live.run("plan", "--out", str(file))
    assert live.run("apply", str(file), "--no-preflight").exit_code == 64
