"""Application Auto Scaling as its API model documents it, and the services it moves.

Sources: the API model of Application Auto Scaling where no other is named.
"""

from datetime import UTC, datetime

import pytest

from reconciler.simulator import Settings, Simulator, SimulatorError
from reconciler.simulator.scaling.schedule import read

WEB = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/main/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
TRACK = {
    "PolicyName": "cpu",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    },
}
STEP = {
    "PolicyName": "step",
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    },
}


@pytest.fixture
def scaling(sim):
    return sim.client("application-autoscaling")


@pytest.fixture
def target(scaling, service):
    """web has 2 tasks, and may have 1 to 4."""
    service(desiredCount=2)

    def register(**members):
        return scaling.register_scalable_target(**WEB | {"MinCapacity": 1, "MaxCapacity": 4} | members)

    register()
    return register


def test_a_target_is_described_as_it_was_registered(scaling, target):
    [found] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert {k: found[k] for k in WEB} == WEB
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 4)
    assert found["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")
    assert ":scalable-target/" in found["ScalableTargetARN"]


def test_what_is_left_out_of_a_later_registration_stays(scaling, target):
    scaling.register_scalable_target(**WEB, MaxCapacity=9, SuspendedState={"ScheduledScalingSuspended": True})
    [found] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 9)
    assert found["SuspendedState"]["ScheduledScalingSuspended"]
    assert not found["SuspendedState"]["DynamicScalingInSuspended"]


@pytest.mark.parametrize(("low", "high", "count"), [(1, 4, 2), (3, 4, 3), (0, 1, 1), (2, 2, 2), (0, 0, 0)])
def test_registration_moves_an_active_service_into_the_range(scaling, target, service, low, high, count):
    # RegisterScalableTarget: "it changes the resource's current capacity to a value that is inside of this range".
    target(MinCapacity=low, MaxCapacity=high)
    assert service()["desiredCount"] == count


def test_a_registration_that_changes_nothing_still_moves_a_service_that_left_the_range(scaling, target, service, ecs):
    # "even if you don't include the MinCapacity or MaxCapacity request parameters"
    ecs.update_service(cluster="main", service="web", desiredCount=7)
    assert service()["desiredCount"] == 7
    scaling.register_scalable_target(**WEB)
    assert service()["desiredCount"] == 4


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"MinCapacity": None}, "must be specified"),
        ({"MaxCapacity": None}, "must be specified"),
        ({"MinCapacity": 5}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": -1}, "negative"),
        ({"ResourceId": "service/main/nope"}, "ECS service doesn't exist"),  # as users report it
        ({"ResourceId": "service/main"}, "Unsupported"),
        ({"ScalableDimension": "dynamodb:table:ReadCapacityUnits"}, "Unsupported"),
        ({"ServiceNamespace": "nope"}, "enum value set"),
    ],
)
def test_registrations_that_are_refused(scaling, service, refused, members, text):
    service(desiredCount=1)
    asked = WEB | {"MinCapacity": 1, "MaxCapacity": 4} | members
    with refused("ValidationException", text):
        scaling.register_scalable_target(**{k: v for k, v in asked.items() if v is not None})


def test_a_service_may_be_unknown_at_first(refused):
    sim = Simulator(Settings(scaling_sees_after=5))
    ecs, scaling = sim.client("ecs"), sim.client("application-autoscaling")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "a", "image": "i", "memory": 8}])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1)
    with refused("ValidationException", "ECS service doesn't exist"):
        scaling.register_scalable_target(**WEB, MinCapacity=1, MaxCapacity=2)
    sim.advance(5)
    scaling.register_scalable_target(**WEB, MinCapacity=1, MaxCapacity=2)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("deregister_scalable_target", {}),
        ("put_scaling_policy", TRACK),
        ("delete_scaling_policy", {"PolicyName": "p"}),
        ("put_scheduled_action", {"ScheduledActionName": "a", "Schedule": "rate(1 hour)"}),
        ("delete_scheduled_action", {"ScheduledActionName": "a"}),
    ],
)
def test_without_a_target_there_is_nothing_to_hang_on(scaling, refused, operation, more):
    # The text as users report it.
    text = (
        "No scalable target registered for service namespace: ecs, resource ID: service/main/web, "
        "scalable dimension: ecs:service:DesiredCount"
    )
    with refused("ObjectNotFoundException", text):
        getattr(scaling, operation)(**WEB, **more)


def test_policies_are_kept_changed_and_deleted(scaling, target):
    made = scaling.put_scaling_policy(**WEB, **TRACK)
    assert [a["AlarmName"].split("-")[2][:9] for a in made["Alarms"]] == ["AlarmHigh", "AlarmLow"]
    assert scaling.put_scaling_policy(**WEB, **STEP)["Alarms"] == []
    changed = TRACK["TargetTrackingScalingPolicyConfiguration"] | {"TargetValue": 50.0}
    again = scaling.put_scaling_policy(
        **WEB, PolicyName="cpu", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=changed
    )
    assert again["PolicyARN"] == made["PolicyARN"]
    found = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert [p["PolicyName"] for p in found] == ["cpu", "step"]
    assert found[0]["TargetTrackingScalingPolicyConfiguration"] == changed
    scaling.delete_scaling_policy(**WEB, PolicyName="step")
    found = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["step"])
    assert found["ScalingPolicies"] == []


@pytest.mark.parametrize(
    "policy",
    [
        {"PolicyName": "p"},
        {"PolicyName": "p", "PolicyType": "TargetTrackingScaling"},
        {**TRACK, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}},
        {**TRACK, "StepScalingPolicyConfiguration": STEP["StepScalingPolicyConfiguration"]},
        {**STEP, "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}},
        {**STEP, "StepScalingPolicyConfiguration": {"StepAdjustments": []}},
    ],
)
def test_policies_that_are_refused(scaling, target, refused, policy):
    with refused("ValidationException"):
        scaling.put_scaling_policy(**WEB, **policy)


def test_deregistration_takes_policies_and_actions_with_it(scaling, target):
    scaling.put_scaling_policy(**WEB, **TRACK)
    scaling.put_scheduled_action(
        **WEB, ScheduledActionName="night", Schedule="rate(1 day)", ScalableTargetAction={"MaxCapacity": 1}
    )
    scaling.deregister_scalable_target(**WEB)
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []


# What moves.


@pytest.mark.parametrize(("wished", "reached"), [(3, 3), (1, 1), (9, 4), (0, 1)])
def test_a_policy_moves_the_count_within_the_range(sim, scaling, target, service, wished, reached):
    assert sim.scale("main", "web", wished, cause="alarm cpu in state ALARM triggered policy cpu")
    assert service()["desiredCount"] == reached
    sim.settle()
    assert service()["runningCount"] == reached
    [activity] = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert activity["Description"] == f"Setting desired count to {reached}."
    assert activity["StatusMessage"].startswith(f"Successfully set desired count to {reached}.")
    assert activity["Cause"] == "alarm cpu in state ALARM triggered policy cpu"
    assert activity["StatusCode"] == "Successful"


def test_what_moves_nothing_is_told_only_when_asked_for(sim, scaling, target):
    sim.scale("main", "web", 4)
    assert not sim.scale("main", "web", 9)
    told = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert len(told) == 1
    all_of_it = scaling.describe_scaling_activities(ServiceNamespace="ecs", IncludeNotScaledActivities=True)
    [reason] = all_of_it["ScalingActivities"][0]["NotScaledReasons"]
    assert reason == {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 4, "CurrentCapacity": 4}


@pytest.mark.parametrize(
    ("way", "wished", "moves"), [("In", 1, False), ("In", 4, True), ("Out", 4, False), ("Out", 1, True)]
)
def test_a_suspended_direction_is_not_taken(sim, scaling, target, way, wished, moves):
    target(SuspendedState={f"DynamicScaling{way}Suspended": True})
    assert sim.scale("main", "web", wished) is moves


def test_a_service_without_a_target_cannot_be_scaled(sim, service):
    service()
    with pytest.raises(SimulatorError, match="service/main/web"):
        sim.scale("main", "web", 3)


def test_scaling_starts_no_deployment(sim, target, service):
    before = [d["id"] for d in service()["deployments"]]
    sim.scale("main", "web", 4)
    assert [d["id"] for d in service()["deployments"]] == before


# Schedules: "at(yyyy-mm-ddThh:mm:ss)", "rate(value unit)", "cron(fields)".

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC).timestamp()  # a Monday


@pytest.mark.parametrize(
    ("text", "zone", "due"),
    [
        ("at(2026-01-05T12:30:00)", None, "2026-01-05T12:30"),
        ("at(2026-01-05T12:30:00)", "Europe/Berlin", "2026-01-05T11:30"),
        ("at(2026-01-05T08:00:00)", None, None),
        ("rate(5 minutes)", None, "2026-01-05T09:05"),
        ("rate(1 day)", None, "2026-01-06T09:00"),
        ("cron(0 9 * * ? *)", None, "2026-01-06T09:00"),
        ("cron(30 18 ? * MON-FRI *)", None, "2026-01-05T18:30"),
        ("cron(0 8 ? * SUN *)", None, "2026-01-11T08:00"),
        ("cron(0/20 * * * ? *)", None, "2026-01-05T09:20"),
        ("cron(15 10 1 FEB ? *)", None, "2026-02-01T10:15"),
        ("cron(0 6 * * ? *)", "Asia/Tokyo", "2026-01-05T21:00"),
        ("cron(0 0 29 2 ? *)", None, "2028-02-29T00:00"),
    ],
)
def test_when_a_schedule_is_due(text, zone, due):
    found = read(text, zone).next(START, START)
    assert (datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M") if found else None) == due


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("rate(0 minutes)", ""), ("cron(* *)", ""), ("at(soon)", ""), ("every day", ""), ("cron(61 * * * ? *)", ""),
     ("rate(1 day)x", ""), ("at(2026-01-05T12:30:00)", "Mars/Base")],
)  # fmt: skip
def test_schedules_that_are_refused(scaling, target, refused, schedule, zone):
    more = {"Timezone": zone} if zone else {}
    with refused("ValidationException", "Invalid schedule"):
        scaling.put_scheduled_action(
            **WEB, ScheduledActionName="a", Schedule=schedule, ScalableTargetAction={"MinCapacity": 1}, **more
        )


def act(scaling, **members):
    scaling.put_scheduled_action(**WEB | {"ScheduledActionName": "a", "Schedule": "rate(1 hour)"} | members)


def test_a_scheduled_action_sets_the_range_and_moves_the_service(sim, scaling, target, service):
    act(scaling, Schedule="cron(0 18 * * ? *)", ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 5})
    sim.advance(8 * 3600)
    assert service()["desiredCount"] == 2
    sim.advance(2 * 3600)
    assert service()["desiredCount"] == 3
    [found] = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (3, 5)
    [activity] = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert activity["Cause"] == "scheduled action name a was triggered"


def test_it_comes_again_until_its_end(sim, scaling, target, service, ecs):
    # ``service`` has let some of the first minutes pass: count from now.
    end = datetime.fromtimestamp(sim.clock.now + 2.5 * 3600, UTC)
    act(scaling, ScalableTargetAction={"MinCapacity": 3}, EndTime=end)
    moved = []
    for _ in range(4):
        ecs.update_service(cluster="main", service="web", desiredCount=2)
        sim.advance(3600)
        moved.append(service()["desiredCount"])
    assert moved == [3, 3, 2, 2]


@pytest.mark.parametrize("undo", ["delete", "suspend", "deregister", "replace"])
def test_what_is_undone_in_time_does_nothing(sim, scaling, target, service, undo):
    act(scaling, ScalableTargetAction={"MinCapacity": 3})
    if undo == "delete":
        scaling.delete_scheduled_action(**WEB, ScheduledActionName="a")
    elif undo == "suspend":
        target(SuspendedState={"ScheduledScalingSuspended": True})
    elif undo == "deregister":
        scaling.deregister_scalable_target(**WEB)
    else:
        act(scaling, ScalableTargetAction={"MinCapacity": 1})
    sim.advance(2 * 3600)
    assert service()["desiredCount"] == 2


def test_nobody_waits_for_a_schedule(sim, scaling, target):
    act(scaling, ScalableTargetAction={"MinCapacity": 3})
    assert sim.settle() < 3600


# Listings and tags.


def test_listings_have_pages_and_filters(sim, scaling, ecs, define, refused):
    define("web")
    for n in range(3):
        ecs.create_service(cluster="main", serviceName=f"s{n}", taskDefinition="web", desiredCount=1)
        scaling.register_scalable_target(
            **WEB | {"ResourceId": f"service/main/s{n}"}, MinCapacity=1, MaxCapacity=2, Tags={"n": str(n)}
        )
    one = scaling.describe_scalable_targets(ServiceNamespace="ecs", MaxResults=2)
    two = scaling.describe_scalable_targets(ServiceNamespace="ecs", MaxResults=2, NextToken=one["NextToken"])
    assert [t["ResourceId"][-2:] for t in one["ScalableTargets"] + two["ScalableTargets"]] == ["s0", "s1", "s2"]
    assert "NextToken" not in two
    picked = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/main/s1"])
    assert [t["ResourceId"] for t in picked["ScalableTargets"]] == ["service/main/s1"]
    assert scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    with refused("ValidationException", "ResourceId must be specified"):
        scaling.describe_scaling_policies(ServiceNamespace="ecs", ScalableDimension=WEB["ScalableDimension"])
    with refused("InvalidNextTokenException"):
        scaling.describe_scalable_targets(ServiceNamespace="ecs", NextToken="x")


def test_targets_have_tags_that_the_tagging_api_sees(sim, scaling, target, refused):
    arn = target()["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"owner": "a", "team": "b"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team", "nope"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "a"}
    tagging = sim.client("resourcegroupstaggingapi")
    found = tagging.get_resources(ResourceTypeFilters=["application-autoscaling:scalable-target"])
    assert [r["ResourceARN"] for r in found["ResourceTagMappingList"]] == [arn]
    tagging.tag_resources(ResourceARNList=[arn], Tags={"by": "view"})
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "a", "by": "view"}
    with refused("ResourceNotFoundException"):
        scaling.list_tags_for_resource(ResourceARN=arn + "0")


def test_old_reads_of_targets(sim, scaling, target):
    sim.faults.stale("DescribeScalableTargets", versions=1, times=1)
    target(MaxCapacity=8)
    seen = [
        scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]["MaxCapacity"] for _ in range(2)
    ]
    assert seen == [4, 8]
