"""Older revisions go only where a policy asks, only after success, and never one that anything needs."""

from __future__ import annotations

import pytest

from reconciler.agent.converge import Ending
from reconciler.model.key import OWNER
from reconciler.model.plan import Action
from reconciler.report.plan_json import plan_json
from tests.account import role
from tests.lab import SHOP, Lab, edit

ONE_SERVICE = SHOP[: SHOP.rindex("---")]
KEPT = ONE_SERVICE.replace(
    "kind: TaskDefinition\nmetadata: {name: web}",
    "kind: TaskDefinition\nmetadata: {name: web, policy: {keepRevisions: 2}}",
)
ARN = "arn:aws:ecs:eu-west-1:123456789012"


@pytest.fixture
def lab() -> Lab:
    """The small app with one service, which keeps two revisions, applied at its first image."""
    lab = Lab()
    lab.app("shop", KEPT)
    assert lab.apply().ending is Ending.CONVERGED
    lab.writes()
    return lab


def release(lab: Lab, number: int) -> None:
    edit(lab, f"shop:{number - 1}", f"shop:{number}")


def released(lab: Lab, last: int, first: int = 2) -> list[str]:
    for number in range(first, last + 1):
        release(lab, number)
        assert lab.apply().ending is Ending.CONVERGED
        assert lab.apply().ending is Ending.CONVERGED  # what a release leaves behind is planned by the next run
    return lab.writes()


def active(lab: Lab) -> list[int]:
    arns = lab.ecs().list_task_definitions(familyPrefix="web", status="ACTIVE")["taskDefinitionArns"]
    return sorted(int(arn.rpartition(":")[2]) for arn in arns)


def keep_all(lab: Lab) -> None:
    edit(lab, "policy: {keepRevisions: 2}", "labels: {}")


def keep_two(lab: Lab) -> None:
    edit(lab, "labels: {}", "policy: {keepRevisions: 2}")


def test_nothing_goes_where_no_policy_asks(lab):
    keep_all(lab)
    released(lab, 5)
    assert active(lab) == [1, 2, 3, 4, 5]


def test_the_newest_successful_ones_stay_and_a_second_apply_writes_nothing(lab):
    assert released(lab, 4).count("DeregisterTaskDefinition") == 2
    assert active(lab) == [3, 4]
    assert lab.plan().empty
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == []


def test_it_is_in_the_plan_as_what_it_is_and_waits_for_success(lab):
    keep_all(lab)
    released(lab, 4)
    keep_two(lab)
    [change] = lab.plan().changes
    assert (change.action, str(change.key)) == (Action.UPDATE, "shop/TaskDefinition/web")
    assert change.note == "2 older revisions that nothing needs any more: web:1, web:2 (keepRevisions 2)"
    [shown] = plan_json(lab.plan())["changes"]
    assert shown["calls"] == ["ecs:DeregisterTaskDefinition"] * 2
    assert (shown["effect"], shown["fields"]) == ("in-place", [])
    release(lab, 5)
    assert all(call.operation != "ecs:DeregisterTaskDefinition" for it in lab.plan().changes for call in it.calls)


def test_nothing_goes_while_a_rollout_is_under_way_or_has_failed(lab):
    keep_all(lab)
    breaker = "desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}"
    edit(lab, "desiredCount: 2", breaker)
    released(lab, 3)
    keep_two(lab)
    lab.simulator.script("shop:4", cannot_pull="not found")
    release(lab, 4)
    assert lab.apply().ending is Ending.AT_REST
    assert "DeregisterTaskDefinition" not in lab.writes()
    edit(lab, "shop:4", "shop:5")
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.apply().ending is Ending.CONVERGED
    assert active(lab) == [3, 4, 5]  # what failed is none of the two, and is newer than the older of them


def test_the_revision_a_rollback_would_go_to_stays_whatever_its_age(lab):
    keep_all(lab)
    released(lab, 5)
    edit(lab, "shop:5", "shop:1")
    assert lab.apply().ending is Ending.CONVERGED
    keep_two(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert active(lab) == [1, 4, 5]


def test_what_other_peoples_services_tasks_rules_and_schedules_name_stays(lab):
    keep_all(lab)
    released(lab, 7)
    ecs = lab.ecs()
    ecs.create_service(cluster="main", serviceName="by-hand", taskDefinition="web:1", desiredCount=0)
    ecs.run_task(cluster="main", taskDefinition="web:2")
    lab.simulator.advance(30)
    cluster = f"{ARN}:cluster/main"
    role(lab.simulator, "events", "events.amazonaws.com")
    target = {"Arn": cluster, "RoleArn": "arn:aws:iam::123456789012:role/events"}
    events = lab.simulator.client("events", region="eu-west-1")
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_targets(
        Rule="nightly",
        Targets=[{"Id": "1", **target, "EcsParameters": {"TaskDefinitionArn": f"{ARN}:task-definition/web:3"}}],
    )
    lab.simulator.client("scheduler", region="eu-west-1").create_schedule(
        Name="hourly", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "EcsParameters": {"TaskDefinitionArn": f"{ARN}:task-definition/web:4"}},
    )  # fmt: skip
    keep_two(lab)
    lab.writes()
    assert lab.apply().ending is Ending.CONVERGED
    assert lab.writes() == ["DeregisterTaskDefinition"]
    assert active(lab) == [1, 2, 3, 4, 6, 7]


def test_the_outcome_of_a_job_stays_where_it_is_written(lab):
    keep_all(lab)
    released(lab, 5)
    for number in (1, 2):
        lab.ecs().tag_resource(
            resourceArn=f"{ARN}:task-definition/web:{number}", tags=[{"key": "reconciler:job/migrate", "value": "done"}]
        )
    keep_two(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert active(lab) == [2, 4, 5]


def test_revisions_that_are_not_ours_stay(lab):
    keep_all(lab)
    released(lab, 5)
    arn = f"{ARN}:task-definition/web:1"
    lab.ecs().untag_resource(resourceArn=arn, tagKeys=[OWNER])
    lab.ecs().tag_resource(resourceArn=f"{arn[:-1]}2", tags=[{"key": OWNER, "value": "default/qa/shop/x/y"}])
    keep_two(lab)
    assert lab.apply().ending is Ending.CONVERGED
    assert active(lab) == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("operation", "service"),
    [
        ("ListServiceDeployments", "ecs"),
        ("ListServices", "ecs"),
        ("ListTasks", "ecs"),
        ("ListTaskDefinitions", "ecs"),
        ("ListRuleNamesByTarget", "events"),
        ("ListSchedules", "scheduler"),
    ],
)
def test_a_reading_that_lacks_a_part_keeps_everything_and_says_so(lab, operation, service):
    keep_all(lab)
    released(lab, 4)
    keep_two(lab)
    lab.simulator.faults.deny("*" if service == "scheduler" else operation, service=service)
    plan = lab.plan()
    assert plan.empty
    [warning] = plan.warnings
    assert warning.code == "revisions-kept"
    assert warning.hint.startswith(f"allow {service}:")
    lab.apply()
    assert lab.writes() == []


def test_a_family_that_nothing_runs_is_left_alone():
    lab = Lab()
    lab.app("shop", KEPT[: KEPT.rindex("---")])
    lab.apply()
    released(lab, 4)
    assert active(lab) == [1, 2, 3, 4]


def test_many_go_as_fast_as_ecs_lets_them(lab):
    keep_all(lab)
    for number in range(2, 40):
        release(lab, number)
        lab.tick()
        lab.simulator.advance(120)
    assert lab.apply().ending is Ending.CONVERGED
    keep_two(lab)
    lab.simulator.advance(120)
    lab.writes()
    assert len(lab.plan().changes[0].calls) == 37
    lab.tick()
    assert 0 < lab.writes().count("DeregisterTaskDefinition") < 37
    assert lab.apply().ending is Ending.CONVERGED
    assert active(lab) == [38, 39]


def test_a_family_with_few_revisions_costs_no_further_reading(lab):
    released(lab, 2)
    lab.simulator.calls.clear()
    lab.plan()
    assert "ListTaskDefinitions" not in lab.reads()
