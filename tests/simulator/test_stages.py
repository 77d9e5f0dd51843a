"""Blue/green, linear and canary: the stages in order, the traffic, bake times, and hooks that wait or say no."""

import pytest

from reconciler.simulator import AwsError, Simulator

HOOK = "arn:aws:lambda:us-east-1:123456789012:function:check"
ORDER = [
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
]


def ready(strategy="BLUE_GREEN", **configuration):
    """``web:1`` runs, ``web:2`` is registered, the strategy is set."""
    sim = Simulator()
    sim.broken = sim.watch()
    sim.ask("CreateCluster")
    for image in ("blue", "green"):
        container = {"name": "app", "image": image, "memory": 128}
        sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])
    sim.ask("CreateService", serviceName="web", taskDefinition="web:1", desiredCount=2)
    sim.settle()
    if strategy == "BLUE_GREEN":
        configuration.setdefault("bakeTimeInMinutes", 5)
    shape = {"strategy": strategy, **configuration}
    sim.ask("UpdateService", service="web", deploymentConfiguration=shape)
    return sim


def go(sim):
    sim.ask("UpdateService", service="web", taskDefinition="web:2")


def web(sim):
    return sim.ask("DescribeServices", services=["web"])["services"][0]


def rollout(sim):
    arns = [web(sim)["currentServiceDeployment"]]
    return sim.ask("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]


def shares(sim):
    seen = rollout(sim)
    return seen["targetServiceRevision"]["requestedProductionTrafficWeight"]


def history(sim, step=5.0, limit=4 * 3600):
    """(stage, production share) whenever either changes, until it is over."""
    seen: list[tuple[str, float]] = []
    while limit > 0 and rollout(sim)["status"] in ("PENDING", "IN_PROGRESS"):
        now = (rollout(sim).get("lifecycleStage", ""), shares(sim))
        if not seen or seen[-1] != now:
            seen.append(now)
        sim.advance(step)
        limit -= step
    return [s for s in seen if s[0]]


def test_blue_green_passes_the_stages_and_keeps_blue_until_the_end():
    """ECS developer guide, "Amazon ECS blue/green deployments"."""
    sim = ready(lifecycleHooks=[{"hookTargetArn": HOOK, "lifecycleStages": [s for s in ORDER[:7] if s != "SCALE_UP"]}])
    go(sim)
    sim.advance(1)
    assert web(sim)["deployments"][0]["runningCount"] + web(sim)["deployments"][0]["pendingCount"] == 0
    seen = [rollout(sim)["lifecycleStage"]]
    while rollout(sim)["status"] == "IN_PROGRESS":
        stage = rollout(sim).get("lifecycleStage")
        if stage and stage != seen[-1]:
            seen.append(stage)
        if stage == "BAKE_TIME":
            assert [d["runningCount"] for d in web(sim)["deployments"]] == [2, 2]
        sim.advance(1)
    assert seen == ORDER
    assert rollout(sim)["status"] == "SUCCESSFUL"
    assert [d["taskDefinition"][-5:] for d in web(sim)["deployments"]] == ["web:2"]
    assert sim.broken == []


def test_traffic_moves_at_once_in_blue_green_and_the_bake_time_follows():
    sim = ready(bakeTimeInMinutes=10)
    go(sim)
    seen = history(sim)
    assert {share for stage, share in seen if stage == "SCALE_UP"} == {0.0}
    assert [share for stage, share in seen if stage == "PRODUCTION_TRAFFIC_SHIFT"] == [100.0]
    done = rollout(sim)
    assert 660 < done["finishedAt"] - done["startedAt"] < 760


def test_linear_moves_in_equal_steps_with_a_wait_between():
    """ECS API reference, LinearConfiguration."""
    sim = ready("LINEAR", linearConfiguration={"stepPercent": 30.0, "stepBakeTimeInMinutes": 2})
    go(sim)
    seen = history(sim)
    assert [share for stage, share in seen if stage == "PRODUCTION_TRAFFIC_SHIFT"] == [30.0, 60.0, 90.0, 100.0]
    done = rollout(sim)
    assert done["finishedAt"] - done["startedAt"] == pytest.approx(59 + 5 * 10 + 3 * 120, abs=10)


def test_canary_moves_a_little_then_the_rest():
    """ECS API reference, CanaryConfiguration: 5 percent for 10 minutes unless said otherwise."""
    sim = ready("CANARY")
    assert web(sim)["deploymentConfiguration"]["canaryConfiguration"] == {
        "canaryPercent": 5.0,
        "canaryBakeTimeInMinutes": 10,
    }
    go(sim)
    seen = history(sim)
    assert [share for stage, share in seen if stage == "PRODUCTION_TRAFFIC_SHIFT"] == [5.0, 100.0]
    assert rollout(sim)["status"] == "SUCCESSFUL"


def paused(action="ROLLBACK", minutes=60, stage="POST_TEST_TRAFFIC_SHIFT"):
    hook = {"targetType": "PAUSE", "lifecycleStages": [stage]}
    hook["timeoutConfiguration"] = {"timeoutInMinutes": minutes, "action": action}
    sim = ready(lifecycleHooks=[hook])
    go(sim)
    sim.advance(180)
    return sim


def test_a_pause_waits_for_a_person():
    """ECS API reference, ContinueServiceDeployment."""
    sim = paused()
    seen = rollout(sim)
    (hook,) = seen["lifecycleHookDetails"]
    assert (seen["status"], seen["lifecycleStage"]) == ("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT")
    assert (hook["status"], hook["targetType"], hook["timeoutAction"]) == ("AWAITING_ACTION", "PAUSE", "ROLLBACK")
    assert hook["hookId"].startswith("ecs-pause-")
    assert hook["expiresAt"] > sim.clock.now + 3000
    arn = seen["serviceDeploymentArn"]
    with pytest.raises(AwsError, match="not awaiting an action"):
        sim.ask("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId="ecs-pause-other")
    assert sim.ask("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"]) == {
        "serviceDeploymentArn": arn
    }
    sim.settle()
    assert rollout(sim)["status"] == "SUCCESSFUL"


def test_a_person_may_roll_back_at_a_pause():
    sim = paused()
    seen = rollout(sim)
    hook = seen["lifecycleHookDetails"][0]["hookId"]
    sim.ask(
        "ContinueServiceDeployment", serviceDeploymentArn=seen["serviceDeploymentArn"], hookId=hook, action="ROLLBACK"
    )
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_SUCCESSFUL"
    assert shares(sim) == 0.0
    assert [d["taskDefinition"][-5:] for d in web(sim)["deployments"]] == ["web:1"]
    assert sim.broken == []


@pytest.mark.parametrize(("action", "status"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")])
def test_a_pause_that_times_out_does_what_was_agreed(action, status):
    sim = paused(action, minutes=10)
    sim.settle()
    assert rollout(sim)["status"] == status


@pytest.mark.parametrize(
    "stage", ["PRE_SCALE_UP", "POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"]
)
def test_a_lambda_hook_that_fails_rolls_back_and_says_so(stage):
    sim = ready(lifecycleHooks=[{"hookTargetArn": HOOK, "lifecycleStages": [stage]}])
    sim.hook(HOOK, "FAILED")
    go(sim)
    sim.settle()
    seen = rollout(sim)
    assert seen["status"] == "ROLLBACK_SUCCESSFUL"
    assert seen["statusReason"] == (
        f"Service deployment rolled back because {stage} lifecycle hook(s) failed. "
        f"Lifecycle hook target {HOOK} returned FAILED status."
    )
    assert seen["lifecycleHookDetails"][0]["status"] == "FAILED"
    assert sim.broken == []


def test_a_lambda_hook_may_be_in_progress_until_it_times_out():
    hook = {
        "hookTargetArn": HOOK,
        "lifecycleStages": ["POST_SCALE_UP"],
        "timeoutConfiguration": {"timeoutInMinutes": 30},
    }
    sim = ready(lifecycleHooks=[hook])
    sim.hook("POST_SCALE_UP", "IN_PROGRESS")
    go(sim)
    sim.advance(600)
    assert rollout(sim)["lifecycleHookDetails"][0]["status"] == "IN_PROGRESS"
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_SUCCESSFUL"


def test_hooks_of_the_production_shift_run_at_every_step():
    hook = {"hookTargetArn": HOOK, "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]}
    linear = {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0}
    sim = ready("LINEAR", lifecycleHooks=[hook], linearConfiguration=linear)
    go(sim)
    hooks = set()
    while rollout(sim)["status"] in ("PENDING", "IN_PROGRESS"):
        hooks |= {h["hookId"] for h in rollout(sim).get("lifecycleHookDetails", ())}
        sim.advance(1)
    assert len(hooks) == 2


def test_an_alarm_while_it_bakes_rolls_back():
    sim = ready(alarms={"alarmNames": ["errors"], "enable": True, "rollback": True})
    go(sim)
    while rollout(sim).get("lifecycleStage") != "BAKE_TIME":
        sim.advance(5)
    sim.alarm("errors")
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_SUCCESSFUL"
    assert sim.broken == []


def test_the_breaker_watches_the_scale_up():
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    sim = ready(**breaker)
    sim.script("green", exits=1)
    go(sim)
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_SUCCESSFUL"
    assert web(sim)["runningCount"] == 2


WRONG = [
    ({"strategy": "BLUE_GREEN"}, "bakeTimeInMinutes is required"),
    ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}}, "stepPercent must be between"),
    ({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 1441}}, "stepBakeTimeInMinutes"),
    ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.0}}, "canaryPercent must be between"),
    ({"canaryConfiguration": {"canaryPercent": 5.0}}, "only be used with the CANARY"),
    ({"bakeTimeInMinutes": 1441}, "bakeTimeInMinutes must be between"),
    (
        {"lifecycleHooks": [{"hookTargetArn": HOOK, "lifecycleStages": ["PRE_SCALE_UP"]}]},
        "not supported with the ROLLING",
    ),
    (
        {"strategy": "CANARY", "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["TEST_TRAFFIC_SHIFT"]}]},
        "PAUSE lifecycle hooks are not supported at the TEST_TRAFFIC_SHIFT stage",
    ),
    ({"strategy": "CANARY", "lifecycleHooks": [{"lifecycleStages": ["PRE_SCALE_UP"]}]}, "hookTargetArn is required"),
    (
        {"strategy": "CANARY", "lifecycleHooks": [{"targetType": "PAUSE", "hookTargetArn": HOOK}]},
        "hookTargetArn is not applicable",
    ),
    (
        {
            "strategy": "CANARY",
            "earlySuccessCriteria": {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "BLOCKING"},
        },
        "earlySuccessCriteria can only be used with the ROLLING",
    ),
]


@pytest.mark.parametrize(("shape", "says"), WRONG)
def test_what_does_not_go_together_is_refused(shape, says):
    sim = Simulator()
    sim.ask("CreateCluster")
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[{"name": "app", "image": "a", "memory": 128}])
    with pytest.raises(AwsError) as caught:
        sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=1, deploymentConfiguration=shape)
    assert caught.value.code == "InvalidParameterException"
    assert says in caught.value.message
