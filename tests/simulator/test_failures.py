"""Failed tasks: how they are counted, when the circuit breaker and alarms act, and what events say."""

import itertools
import re

import pytest

from reconciler.simulator import Settings, Simulator

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
STAND = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
LISTENER = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}


@pytest.fixture
def sim():
    return started()


def started(count=2, settings=None, **members):
    """``web:1`` of a good image runs."""
    simulator = Simulator(settings or Settings())
    simulator.broken = simulator.watch()
    simulator.ask("CreateCluster")
    register(simulator, "good")
    simulator.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=count, **members)
    simulator.settle()
    return simulator


def register(sim, image, **container):
    one = {"name": "app", "image": image, "memory": 128, "portMappings": [{"containerPort": 80}]} | container
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=[one])


def deploy(sim, image="bad", **members):
    register(sim, image)
    sim.ask("UpdateService", service="web", taskDefinition="web", **members)


def web(sim):
    return sim.ask("DescribeServices", services=["web"])["services"][0]


def texts(sim):
    return [e["message"] for e in reversed(web(sim)["events"])]


def rollout(sim):
    arn = web(sim)["currentServiceDeployment"]
    return sim.ask("DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"][0]


FAILING = [
    {"cannot_pull": "not found"},
    {"secret": "denied"},
    {"exits": 1, "after": 2},
    {"out_of_memory": True, "after": 2},
]


@pytest.mark.parametrize("behaviour", FAILING, ids=lambda b: next(iter(b)))
def test_the_breaker_rolls_back_to_the_last_completed_deployment(sim, behaviour):
    """ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures"."""
    before = web(sim)["deployments"][0]
    sim.script("bad", **behaviour)
    deploy(sim, deploymentConfiguration=BREAKER)
    failed = web(sim)["deployments"][0]["id"]
    sim.settle()
    now = web(sim)
    assert now["taskDefinition"] == before["taskDefinition"]
    (only,) = now["deployments"]
    assert (only["id"], only["rolloutState"], only["taskDefinition"]) == (
        before["id"],
        "COMPLETED",
        before["taskDefinition"],
    )
    assert f"(service web) (deployment {failed}) deployment failed: tasks failed to start." in texts(sim)
    assert f"(service web) rolling back to deployment {before['id']}." in texts(sim)
    seen = rollout(sim)
    assert seen["status"] == "ROLLBACK_SUCCESSFUL"
    assert seen["statusReason"] == "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert seen["rollback"]["serviceRevisionArn"] == seen["sourceServiceRevisions"][0]["arn"]
    assert seen["rollback"]["startedAt"] <= seen["finishedAt"]
    assert (seen["deploymentCircuitBreaker"]["status"], seen["deploymentCircuitBreaker"]["threshold"]) == (
        "TRIGGERED",
        3,
    )
    assert seen["deploymentCircuitBreaker"]["failureCount"] >= 3
    assert sim.broken == []


def test_while_it_rolls_back_both_deployments_say_so(sim):
    sim.script("bad", cannot_pull="not found")
    sim.script("good", starts_in=60)
    first = web(sim)["deployments"][0]["id"]
    deploy(sim, deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0, "maximumPercent": 100})
    while web(sim)["deployments"][0]["id"] != first:
        sim.advance(1)
    primary = web(sim)["deployments"][0]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["rolloutStateReason"] == f"ECS deployment circuit breaker: rolling back to deploymentId {first}."
    assert rollout(sim)["status"] == "ROLLBACK_IN_PROGRESS"
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_SUCCESSFUL"
    assert web(sim)["runningCount"] == 2


def test_a_rollback_can_make_a_new_deployment(sim):
    sim = started(settings=Settings(rollback_reuses_deployment=False))
    first = web(sim)["deployments"][0]
    sim.script("bad", cannot_pull="not found")
    deploy(sim, deploymentConfiguration=BREAKER)
    sim.settle()
    (only,) = web(sim)["deployments"]
    assert only["id"] != first["id"]
    assert only["taskDefinition"] == first["taskDefinition"]
    assert sim.broken == []


def test_without_rollback_the_failed_deployment_stands_still(sim):
    sim.script("bad", exits=1)
    deploy(sim, deploymentConfiguration=STAND)
    sim.settle()
    failed, old = web(sim)["deployments"]
    assert (failed["rolloutState"], failed["rolloutStateReason"]) == (
        "FAILED",
        "ECS deployment circuit breaker: tasks failed to start.",
    )
    assert (old["status"], old["runningCount"], failed["runningCount"]) == ("ACTIVE", 2, 0)
    assert rollout(sim)["status"] == "STOPPED"
    assert "stoppedAt" in rollout(sim)
    count = len(texts(sim))
    sim.advance(3600)
    assert len(texts(sim)) == count
    sim.script("bad")
    deploy(sim)
    sim.settle()
    assert [d["rolloutState"] for d in web(sim)["deployments"]] == ["COMPLETED"]


def test_the_first_deployment_has_nothing_to_go_back_to():
    sim = Simulator()
    sim.ask("CreateCluster")
    sim.script("bad", cannot_pull="not found")
    register(sim, "bad")
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=1, deploymentConfiguration=BREAKER)
    sim.settle()
    assert (rollout(sim)["status"], rollout(sim)["statusReason"]) == (
        "ROLLBACK_FAILED",
        "No rollback candidate was found to run the rollback.",
    )
    assert web(sim)["deployments"][0]["rolloutState"] == "FAILED"


def test_a_rollback_that_fails_is_said_to_have_failed(sim):
    sim.script("bad", exits=1)
    deploy(sim, deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 0, "maximumPercent": 100})
    sim.advance(2)
    sim.script("good", cannot_pull="not found")
    sim.settle()
    assert rollout(sim)["status"] == "ROLLBACK_FAILED"
    assert web(sim)["deployments"][0]["rolloutState"] == "FAILED"


# ECS API reference, DeploymentCircuitBreaker and ThresholdConfiguration.
THRESHOLDS = [
    (None, 1, 3),
    (None, 10, 5),
    (None, 11, 6),
    (None, 1000, 200),
    ({"type": "BOUNDED_PERCENT", "value": 100}, 2, 3),
    ({"type": "BOUNDED_PERCENT", "value": 100}, 7, 7),
    ({"type": "UNBOUNDED_PERCENT", "value": 50}, 2, 1),
    ({"type": "UNBOUNDED_PERCENT", "value": 100}, 500, 500),
    ({"type": "COUNT", "value": 1}, 50, 1),
    ({"type": "COUNT", "value": 250}, 1, 250),
]


@pytest.mark.parametrize(("rule", "count", "threshold"), THRESHOLDS)
def test_the_threshold_follows_its_configuration(rule, count, threshold):
    breaker = BREAKER["deploymentCircuitBreaker"] | ({"thresholdConfiguration": rule} if rule else {})
    sim = started(count=0, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    sim.ask("UpdateService", service="web", desiredCount=count)
    assert rollout(sim)["deploymentCircuitBreaker"]["threshold"] == threshold


@pytest.mark.parametrize(("reset", "fails"), [(True, False), (False, True)])
def test_a_healthy_task_resets_the_count_unless_told_not_to(reset, fails):
    """ECS API reference, DeploymentCircuitBreaker.resetOnHealthyTask."""
    breaker = {"enable": True, "rollback": False, "resetOnHealthyTask": reset}
    breaker["thresholdConfiguration"] = {"type": "COUNT", "value": 4}
    sim = started(count=3)
    sim.script("bad", exits=1, after=1, first=3)
    shape = {"deploymentCircuitBreaker": breaker, "maximumPercent": 134, "minimumHealthyPercent": 100}
    register(sim, "bad")
    sim.ask("UpdateService", service="web", taskDefinition="web", deploymentConfiguration=shape)
    while web(sim)["deployments"][0]["failedTasks"] < 3:
        sim.advance(1)
    while web(sim)["deployments"][0]["runningCount"] < 1:
        sim.advance(1)
    sim.advance(45)
    sim.script("bad", exits=1, after=1, first=2)
    sim.advance(400)
    sim.settle()
    assert (web(sim)["deployments"][0]["rolloutState"] == "FAILED") == fails


def test_without_breaker_ecs_retries_for_ever_and_ever_more_slowly(sim):
    """ECS developer guide, "Amazon ECS service throttle logic": up to 27 minutes."""
    sim.script("bad", cannot_pull="timeout")
    deploy(sim)
    sim.advance(4 * 3600)
    assert web(sim)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    starts = [e["createdAt"] for e in reversed(web(sim)["events"]) if "has started" in e["message"]][1:]
    gaps = [round(b - a) for a, b in itertools.pairwise(starts)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 27 * 60 + 15
    assert web(sim)["runningCount"] == 2
    sim.script("bad")
    deploy(sim)
    sim.settle()
    assert [d["rolloutState"] for d in web(sim)["deployments"]] == ["COMPLETED"]


def test_impaired_starts_are_told_once_until_resolved(sim):
    """ECS developer guide, "Amazon ECS service event messages": not again within six hours."""
    said = "(service web) is unable to consistently start tasks successfully. "
    sim.script("bad", cannot_pull="timeout")
    deploy(sim)
    sim.advance(5 * 3600)
    assert len([t for t in texts(sim) if t.startswith(said)]) == 1
    sim.advance(2 * 3600)
    assert len([t for t in texts(sim) if t.startswith(said)]) == 2
    sim.script("bad")
    sim.settle()
    sim.script("bad", cannot_pull="timeout")
    sim.ask("UpdateService", service="web", forceNewDeployment=True)
    sim.advance(600)
    assert len([t for t in texts(sim) if t.startswith(said)]) == 3


def test_an_unhealthy_target_is_told_with_port_and_reason():
    sim = started(count=1, loadBalancers=[LISTENER])
    sim.script("bad", target="Target.ResponseCodeMismatch")
    deploy(sim)
    sim.advance(120)
    said = next(t for t in texts(sim) if "is unhealthy in" in t)
    shape = r"\(service web\) \(task \w{32}\) \(instance i-\w+\) \(port \d+\) is unhealthy in \(target-group arn:\S+\) "
    assert re.fullmatch(shape + r"due to \(reason Health checks failed with these codes: \[503\]\)\.", said)
    assert any("has begun draining connections on 1 tasks." in t for t in texts(sim))
    assert any(t.startswith("(service web) deregistered 1 targets in (target-group") for t in texts(sim))
    replaced = (
        r"\(service web\) has started 1 tasks: \(task \w+\)\. Amazon ECS replaced 1 tasks due to an unhealthy status\."
    )
    assert any(re.fullmatch(replaced, t) for t in texts(sim))


@pytest.mark.parametrize(("grace", "stopped_after"), [(0, 30), (100, 100)])
def test_the_grace_period_holds_the_scheduler_back(grace, stopped_after):
    """ECS API reference, CreateService.healthCheckGracePeriodSeconds."""
    sim = started(count=1, loadBalancers=[LISTENER], healthCheckGracePeriodSeconds=grace)
    sim.script("bad", target="Target.Timeout")
    deploy(sim)
    sim.advance(18 + stopped_after - 1)
    assert not any("is unhealthy in" in t for t in texts(sim))
    sim.advance(1)
    assert any("is unhealthy in" in t for t in texts(sim))


def alarmed(rollback=True, **more):
    return {"alarms": {"alarmNames": ["errors", "latency"], "enable": True, "rollback": rollback}, **more}


@pytest.mark.parametrize(("rollback", "status"), [(True, "ROLLBACK_SUCCESSFUL"), (False, "STOPPED")])
def test_an_alarm_fails_a_deployment_even_while_it_bakes(sim, rollback, status):
    """ECS developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures"."""
    first = web(sim)["taskDefinition"]
    deploy(sim, deploymentConfiguration=alarmed(rollback, bakeTimeInMinutes=10))
    sim.advance(200)
    assert [d["rolloutState"] for d in web(sim)["deployments"]] == ["IN_PROGRESS"]
    assert rollout(sim)["alarms"]["status"] == "MONITORING"
    sim.alarm("errors")
    sim.settle()
    assert rollout(sim)["status"] == status
    assert rollout(sim)["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors", "latency"],
        "triggeredAlarmNames": ["errors"],
    }
    assert any(t.endswith("deployment failed: alarm detected.") for t in texts(sim))
    assert (web(sim)["taskDefinition"] == first) == rollback
    assert sim.broken == []


def test_an_alarm_that_rang_before_is_not_watched(sim):
    sim.alarm("errors")
    deploy(sim, deploymentConfiguration=alarmed())
    sim.settle()
    assert rollout(sim)["status"] == "SUCCESSFUL"
    sim.alarm("latency")
    sim.settle()
    assert rollout(sim)["status"] == "SUCCESSFUL"


def test_a_bake_time_keeps_a_deployment_in_progress(sim):
    deploy(sim, deploymentConfiguration={"bakeTimeInMinutes": 5})
    sim.settle()
    done = rollout(sim)
    assert (done["status"], done["finishedAt"] - done["startedAt"]) == ("SUCCESSFUL", pytest.approx(59 + 300, abs=5))


def test_no_room_is_told_with_the_closest_match():
    """ECS developer guide, "Amazon ECS service event messages"."""
    sim = Simulator()
    sim.ask("CreateCluster")
    arn = sim.add_instance(memory=100)
    register(sim, "good")
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=1)
    sim.advance(10)
    assert texts(sim) == [
        "(service web) was unable to place a task because no container instance met all of its requirements. "
        f"The closest matching container-instance {arn.rpartition('/')[2]} has insufficient memory available. "
        "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    ]
    assert web(sim)["deployments"][0]["failedTasks"] == 1
