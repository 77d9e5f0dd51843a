"""Rollouts: the order of things, the percentages, and that every deployment ends."""

import math
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.simulator import Settings, Simulator

DEFINITION = [{"name": "app", "image": "nginx", "memory": 128}]


def watch(sim: Simulator) -> list[str]:
    """Check the invariants after every step: what breaks them is collected."""
    broken: list[str] = []
    before: dict[str, int] = {}

    def check() -> None:
        for cluster in sim.region().clusters.values():
            for service in cluster.services.values():
                tasks = service.tasks()
                healthy = sum(t.healthy and t.live for t in tasks)
                counted = sum(t.counted for t in tasks)
                shape = service.members["deploymentConfiguration"]
                desired = service.desired if service.status == "ACTIVE" else 0
                low = math.ceil(desired * shape["minimumHealthyPercent"] / 100)
                high = math.floor(desired * shape["maximumPercent"] / 100)
                was = before.get(service.arn, 0)
                if healthy < low and healthy < was:
                    broken.append(f"{sim.now()}: {healthy} healthy, were {was}, minimum {low}")
                started = [t for t in tasks if t.live and t.created == sim.clock.now]
                if started and counted > high:
                    broken.append(f"{sim.now()}: {counted} counted, maximum {high}")
                before[service.arn] = healthy

    sim.clock.after_step.append(check)
    return broken


def prepared(seed: int = 0, **members):
    sim = Simulator(Settings(seed=seed))
    ecs = sim.client("ecs")
    ecs.create_cluster()
    ecs.register_task_definition(family="web", containerDefinitions=DEFINITION)
    ecs.create_service(serviceName="web", taskDefinition="web", **({"desiredCount": 2} | members))
    return sim, ecs


def seen(ecs):
    return ecs.describe_services(services=["web"])["services"][0]


def test_a_new_service_goes_through_pending_to_completed():
    sim, ecs = prepared()
    first = seen(ecs)
    assert (first["runningCount"], first["pendingCount"], first["deployments"][0]["rolloutState"]) == (
        0,
        0,
        "IN_PROGRESS",
    )
    sim.advance(5)
    assert (seen(ecs)["runningCount"], seen(ecs)["pendingCount"]) == (0, 2)
    sim.advance(20)
    running = seen(ecs)
    assert (running["runningCount"], running["pendingCount"]) == (2, 0)
    assert running["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    sim.advance(40)
    done = seen(ecs)["deployments"]
    assert [(d["status"], d["rolloutState"], d["failedTasks"]) for d in done] == [("PRIMARY", "COMPLETED", 0)]
    assert done[0]["rolloutStateReason"] == f"ECS deployment {done[0]['id']} completed."


def test_an_update_replaces_tasks_and_keeps_the_old_until_the_new_are_healthy():
    sim, ecs = prepared()
    sim.settle()
    ecs.register_task_definition(family="web", containerDefinitions=DEFINITION)
    ecs.update_service(service="web", taskDefinition="web")
    sim.advance(30)
    primary, active = seen(ecs)["deployments"]
    assert (primary["status"], primary["runningCount"], primary["rolloutState"]) == ("PRIMARY", 2, "IN_PROGRESS")
    assert (active["status"], active["runningCount"], active["rolloutState"]) == ("ACTIVE", 2, "COMPLETED")
    assert active["taskDefinition"].endswith("web:1")
    sim.settle()
    (only,) = seen(ecs)["deployments"]
    assert (only["taskDefinition"][-5:], only["rolloutState"]) == ("web:2", "COMPLETED")


def test_it_is_completed_only_when_the_old_tasks_are_gone():
    sim, ecs = prepared()
    sim.settle()
    ecs.update_service(service="web", forceNewDeployment=True)
    while seen(ecs)["deployments"][0]["rolloutState"] == "IN_PROGRESS":
        arns = ecs.list_tasks(serviceName="web", desiredStatus="RUNNING")["taskArns"]
        sim.advance(1)
    assert len(arns) == 2
    tasks = ecs.describe_tasks(tasks=ecs.list_tasks(serviceName="web", desiredStatus="STOPPED")["taskArns"])["tasks"]
    assert [t["lastStatus"] for t in tasks] == ["STOPPED", "STOPPED"]


def test_events_use_the_words_of_aws():
    sim, ecs = prepared(desiredCount=1)
    sim.settle()
    ecs.update_service(service="web", forceNewDeployment=True)
    sim.settle()
    texts = [e["message"] for e in reversed(seen(ecs)["events"])]
    shapes = [
        r"\(service web\) has started 1 tasks: \(task [0-9a-f]{32}\)\.",
        r"\(service web\) \(deployment ecs-svc/\d{19}\) deployment completed\.",
        r"\(service web\) has reached a steady state\.",
        r"\(service web\) has started 1 tasks: \(task [0-9a-f]{32}\)\.",
        r"\(service web\) has stopped 1 running tasks: \(task [0-9a-f]{32}\)\.",
        r"\(service web\) \(deployment ecs-svc/\d{19}\) deployment completed\.",
        r"\(service web\) has reached a steady state\.",
    ]
    assert len(texts) == len(shapes)
    for text, shape in zip(texts, shapes, strict=True):
        assert re.fullmatch(shape, text), text


def test_a_hundred_events_are_kept():
    sim, ecs = prepared(desiredCount=0)
    for n in range(120):
        ecs.update_service(service="web", desiredCount=n % 2)
        sim.settle()
    events = seen(ecs)["events"]
    assert len(events) == 100
    assert events[0]["createdAt"] >= events[-1]["createdAt"]


def test_a_second_update_during_a_rollout_supersedes_the_first():
    sim, ecs = prepared()
    broken = watch(sim)
    sim.settle()
    ecs.update_service(service="web", forceNewDeployment=True)
    sim.advance(20)
    newest = ecs.update_service(service="web", forceNewDeployment=True)["service"]["deployments"][0]["id"]
    assert [d["status"] for d in seen(ecs)["deployments"]] == ["PRIMARY", "ACTIVE", "ACTIVE"]
    sim.settle()
    (only,) = seen(ecs)["deployments"]
    assert (only["id"], only["rolloutState"]) == (newest, "COMPLETED")
    assert broken == []


def test_scaling_up_and_down_starts_no_deployment():
    sim, ecs = prepared()
    sim.settle()
    identifier = seen(ecs)["deployments"][0]["id"]
    for count in (5, 1, 0, 2):
        ecs.update_service(service="web", desiredCount=count)
        sim.settle()
        now = seen(ecs)
        assert (now["runningCount"], now["deployments"][0]["desiredCount"]) == (count, count)
        assert [d["id"] for d in now["deployments"]] == [identifier]


def test_percentages_that_cannot_move_are_told_in_an_event():
    sim, ecs = prepared(desiredCount=1, deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 100})
    sim.settle()
    ecs.update_service(service="web", forceNewDeployment=True)
    sim.settle()
    now = seen(ecs)
    assert [d["rolloutState"] for d in now["deployments"]] == ["IN_PROGRESS", "COMPLETED"]
    assert (
        "unable to stop or start tasks during a deployment because of the service deployment"
        in now["events"][0]["message"]
    )


def test_a_daemon_runs_one_task_on_each_instance_and_stops_before_it_starts():
    sim = Simulator(Settings(instances=3))
    ecs = sim.client("ecs")
    ecs.create_cluster()
    ecs.register_task_definition(family="web", containerDefinitions=DEFINITION)
    ecs.create_service(serviceName="web", taskDefinition="web", schedulingStrategy="DAEMON")
    sim.settle()
    now = seen(ecs)
    assert (now["desiredCount"], now["runningCount"]) == (3, 3)
    shape = now["deploymentConfiguration"]
    assert (shape["maximumPercent"], shape["minimumHealthyPercent"]) == (100, 0)
    ecs.update_service(service="web", forceNewDeployment=True)
    sim.settle()
    assert [d["rolloutState"] for d in seen(ecs)["deployments"]] == ["COMPLETED"]


def test_health_comes_from_the_container_check_or_the_target():
    sim = Simulator(Settings())
    ecs = sim.client("ecs")
    ecs.create_cluster()
    check = {"command": ["CMD", "true"], "interval": 10}
    ecs.register_task_definition(family="web", containerDefinitions=[DEFINITION[0] | {"healthCheck": check}])
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    sim.advance(20)
    tasks = lambda: ecs.describe_tasks(tasks=ecs.list_tasks(serviceName="web")["taskArns"])["tasks"]  # noqa: E731
    assert (tasks()[0]["lastStatus"], tasks()[0]["healthStatus"]) == ("RUNNING", "UNKNOWN")
    sim.advance(10)
    assert (tasks()[0]["healthStatus"], tasks()[0]["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")
    assert seen(ecs)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_task_stopped_by_hand_is_replaced():
    sim, ecs = prepared()
    sim.settle()
    victim = ecs.list_tasks(serviceName="web")["taskArns"][0]
    stopped = ecs.stop_task(task=victim, reason="by hand")["task"]
    assert (stopped["desiredStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "by hand",
    )
    sim.settle()
    assert seen(ecs)["runningCount"] == 2
    assert victim not in ecs.list_tasks(serviceName="web")["taskArns"]
    gone = ecs.describe_tasks(tasks=[victim])["tasks"][0]
    assert (gone["lastStatus"], gone["containers"][0]["exitCode"]) == ("STOPPED", 0)
    sim.advance(3700)
    assert ecs.describe_tasks(tasks=[victim])["failures"][0]["reason"] == "MISSING"


steps = st.lists(
    st.tuples(st.sampled_from(["roll", "count", "percent"]), st.integers(0, 6), st.integers(0, 90)), max_size=6
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(desired=st.integers(0, 6), low=st.integers(0, 100), high=st.integers(101, 300), history=steps)
def test_percentages_hold_through_any_history_and_every_deployment_ends(desired, low, high, history):
    shape = {"minimumHealthyPercent": low, "maximumPercent": high}
    sim, ecs = prepared(desiredCount=desired, deploymentConfiguration=shape)
    broken = watch(sim)
    for what, number, wait in history:
        if what == "roll":
            ecs.update_service(service="web", forceNewDeployment=True)
        elif what == "count":
            ecs.update_service(service="web", desiredCount=number)
        else:
            ecs.update_service(service="web", deploymentConfiguration={"maximumPercent": 110 + 30 * number})
        sim.advance(wait)
    # A last wide setting: whatever was stuck can move now.
    ecs.update_service(service="web", deploymentConfiguration={"minimumHealthyPercent": 0, "maximumPercent": 200})
    sim.settle()
    assert broken == []
    now = seen(ecs)
    assert [d["rolloutState"] for d in now["deployments"]] == ["COMPLETED"]
    assert now["runningCount"] == now["desiredCount"]
