"""Scripted workloads: how tasks fail to start, end, fall ill, and what DescribeTasks tells of them."""

import pytest

from reconciler.simulator import ScriptError, Settings, Simulator

CHECK = {"command": ["CMD", "true"], "interval": 10, "timeout": 5, "retries": 3}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
LISTENER = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}


@pytest.fixture
def sim():
    simulator = Simulator(Settings())
    simulator.ask("CreateCluster")
    return simulator


def register(sim, image="app:1", family="web", **container):
    one = {"name": "app", "image": image, "memory": 128, "portMappings": [{"containerPort": 80}]} | container
    return sim.ask("RegisterTaskDefinition", family=family, containerDefinitions=[one])


def run(sim, image="app:1", seconds=60, **container):
    """One task on its own, after so many seconds."""
    register(sim, image, **container)
    task = sim.ask("RunTask", taskDefinition="web")["tasks"][0]["taskArn"]
    sim.advance(seconds)
    return sim.ask("DescribeTasks", tasks=[task])["tasks"][0]


def serve(sim, count=1, **members):
    sim.ask("CreateService", serviceName="web", taskDefinition="web", desiredCount=count, **members)


def tasks(sim, status="RUNNING"):
    arns = sim.ask("ListTasks", serviceName="web", desiredStatus=status)["taskArns"]
    return sim.ask("DescribeTasks", tasks=arns)["tasks"] if arns else []


# ECS developer guide, "Amazon ECS stopped task error messages".
NEVER_RUN = [
    ({"cannot_pull": "not found"}, "CannotPullContainerError: ", "manifest unknown", True),
    ({"cannot_pull": "denied"}, "CannotPullContainerError: ", "pull access denied", True),
    ({"cannot_pull": "timeout"}, "CannotPullContainerError: ", "i/o timeout", True),
    ({"cannot_pull": "no space {left}"}, "CannotPullContainerError: ", "no space {left}", True),
    ({"secret": "not found"}, "ResourceInitializationError: unable to pull secrets", "ResourceNotFound", False),
    ({"secret": "denied"}, "ResourceInitializationError: unable to pull secrets", "AccessDenied", False),
]


@pytest.mark.parametrize(("behaviour", "begins", "says", "of_container"), NEVER_RUN)
def test_a_task_that_cannot_start_says_why(sim, behaviour, begins, says, of_container):
    sim.script("app:1", **behaviour)
    task = run(sim)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"].startswith(begins)
    assert says in task["stoppedReason"]
    assert "startedAt" not in task
    container = task["containers"][0]
    assert "exitCode" not in container
    assert container.get("reason") == (task["stoppedReason"] if of_container else None)


# ECS API reference, Task.stopCode; ECS developer guide, "Stopped tasks error codes".
ENDS = [
    ({"exits": 0, "after": 5}, 0, None),
    ({"exits": 3, "after": 5}, 3, None),
    ({"out_of_memory": True, "after": 5}, 137, "OutOfMemoryError: Container killed due to memory usage"),
]


@pytest.mark.parametrize(("behaviour", "code", "reason"), ENDS)
def test_a_container_that_ends_by_itself_ends_the_task(sim, behaviour, code, reason):
    sim.script("app:1", **behaviour)
    task = run(sim)
    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert task["stoppedReason"] == "Essential container in task exited"
    assert (task["containers"][0]["exitCode"], task["containers"][0].get("reason")) == (code, reason)
    assert task["executionStoppedAt"] - task["startedAt"] == pytest.approx(5)


def test_a_container_that_is_not_essential_ends_alone(sim):
    sim.script("init", exits=1, after=2)
    containers = [
        {"name": "app", "image": "app", "memory": 128},
        {"name": "init", "image": "init", "memory": 128, "essential": False},
    ]
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    arn = sim.ask("RunTask", taskDefinition="web")["tasks"][0]["taskArn"]
    sim.advance(60)
    task = sim.ask("DescribeTasks", tasks=[arn])["tasks"][0]
    app, init = task["containers"]
    assert (task["lastStatus"], app["lastStatus"]) == ("RUNNING", "RUNNING")
    assert (init["lastStatus"], init["exitCode"]) == ("STOPPED", 1)


def test_an_essential_container_takes_the_others_along(sim):
    sim.script("web", container="app", exits=2, after=2)
    containers = [{"name": n, "image": n, "memory": 128} for n in ("app", "proxy")]
    sim.ask("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    arn = sim.ask("RunTask", taskDefinition="web")["tasks"][0]["taskArn"]
    sim.advance(60)
    task = sim.ask("DescribeTasks", tasks=[arn])["tasks"][0]
    assert [c["exitCode"] for c in task["containers"]] == [2, 0]


def test_a_start_takes_as_long_as_it_is_said(sim):
    sim.script("web", starts_in=200)
    register(sim)
    serve(sim)
    sim.advance(150)
    assert tasks(sim)[0]["lastStatus"] == "PENDING"
    sim.advance(60)
    assert tasks(sim)[0]["lastStatus"] == "RUNNING"


# ECS API reference, ContainerDefinition.stopTimeout: SIGTERM, then SIGKILL after 30 seconds unless said otherwise.
@pytest.mark.parametrize(("timeout", "wait"), [({}, 30), ({"stopTimeout": 90}, 90)])
def test_who_ignores_sigterm_is_killed_after_the_stop_timeout(sim, timeout, wait):
    sim.script("app:1", ignores_sigterm=True)
    register(sim, **timeout)
    arn = sim.ask("RunTask", taskDefinition="web")["tasks"][0]["taskArn"]
    sim.advance(30)
    sim.ask("StopTask", task=arn)
    sim.advance(wait - 1)
    assert sim.ask("DescribeTasks", tasks=[arn])["tasks"][0]["lastStatus"] == "STOPPING"
    sim.advance(1)
    task = sim.ask("DescribeTasks", tasks=[arn])["tasks"][0]
    assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 137)


# ECS API reference, HealthCheck: UNHEALTHY after the retries; the service scheduler replaces the task.
@pytest.mark.parametrize(("after", "when"), [(0, 30), (100, 100)])
def test_a_failing_health_check_makes_the_task_unhealthy_and_replaced(sim, after, when):
    sim.script("app:1", unhealthy_after=after, first=1)
    register(sim, healthCheck=CHECK)
    serve(sim)
    sim.advance(18 + when - 1)
    before = tasks(sim)[0]
    assert before["healthStatus"] == ("HEALTHY" if after else "UNKNOWN")
    sim.advance(1)
    ill = sim.ask("DescribeTasks", tasks=[before["taskArn"]])["tasks"][0]
    assert (ill["healthStatus"], ill["containers"][0]["healthStatus"]) == ("UNHEALTHY", "UNHEALTHY")
    sim.settle()
    gone = tasks(sim, "STOPPED")[0]
    assert (gone["stopCode"], gone["stoppedReason"]) == (
        "ServiceSchedulerInitiated",
        "Task failed container health checks",
    )
    assert [t["healthStatus"] for t in tasks(sim)] == ["HEALTHY"]


def test_a_target_is_initial_healthy_unhealthy_and_drained(sim):
    register(sim)
    serve(sim, loadBalancers=[LISTENER])
    sim.advance(20)
    (target,) = sim.target_health(GROUP)
    assert (target.state, target.reason) == ("initial", "Elb.InitialHealthChecking")
    sim.advance(40)
    (target,) = sim.target_health(GROUP)
    assert (target.state, target.reason, target.description) == ("healthy", None, None)
    since = target.since
    sim.script("app:1", target="Target.Timeout", target_after=1, first=1)
    sim.advance(0.5)
    first, *_ = sim.target_health(GROUP)
    assert (first.state, first.reason) == ("unhealthy", "Target.Timeout")
    assert first.since > since
    lost = sim.region().clusters["default"].services["web"].tasks()[0]
    assert not lost.healthy  # it counts no longer towards minimumHealthyPercent
    sim.advance(100)
    assert {t.state for t in sim.target_health(GROUP)} == {"draining", "healthy"}
    sim.settle()
    assert [t.state for t in sim.target_health(GROUP)] == ["healthy"]
    assert "Task failed ELB health checks in (target-group " in tasks(sim, "STOPPED")[0]["stoppedReason"]


def test_only_the_first_tasks_can_be_meant(sim):
    sim.script("web:1", exits=1, after=1, first=2)
    register(sim)
    serve(sim)
    sim.settle()
    assert len(tasks(sim, "STOPPED")) == 2
    assert len(tasks(sim)) == 1


def test_a_crash_can_follow_health(sim):
    sim.script("app:1", exits=1, after_healthy=60, first=1)
    register(sim)
    serve(sim)
    sim.advance(18 + 40 + 59)
    assert sim.ask("DescribeServices", services=["web"])["services"][0]["deployments"][0]["rolloutState"] == "COMPLETED"
    assert tasks(sim, "STOPPED") == []
    sim.advance(2)
    assert tasks(sim, "STOPPED")[0]["containers"][0]["exitCode"] == 1


def test_a_revision_can_be_meant_alone(sim):
    sim.script("web:2", cannot_pull="not found")
    register(sim)
    register(sim)
    arns = [sim.ask("RunTask", taskDefinition=f"web:{n}")["tasks"][0]["taskArn"] for n in (1, 2)]
    sim.advance(60)
    seen = sim.ask("DescribeTasks", tasks=arns)["tasks"]
    assert [t["lastStatus"] for t in seen] == ["RUNNING", "STOPPED"]


def test_a_script_can_be_replaced_while_tasks_run(sim):
    register(sim)
    serve(sim, 2)
    sim.settle()
    sim.load_script("workloads: [{match: web, exits: 9, after: 0}]")
    sim.advance(5)
    assert [t["containers"][0]["exitCode"] for t in tasks(sim, "STOPPED")] == [9, 9]
    sim.load_script("")
    sim.settle()
    assert [t["lastStatus"] for t in tasks(sim)] == ["RUNNING", "RUNNING"]


def test_a_yaml_script_says_all_of_the_world(sim):
    sim.load_script(
        """
        workloads:
          - {match: "app:1", exits: 0, after: 10}
          - {match: web, container: proxy, out_of_memory: true, first: 1}
        alarms: {errors: ALARM}
        hooks:
          arn:aws:lambda:us-east-1:123456789012:function:check: FAILED
          POST_SCALE_UP: {answer: SUCCEEDED, after: 90}
        fargate: {FARGATE_SPOT: 3}
        """
    )
    world = sim.region().script
    assert [w.match for w in world.workloads] == ["app:1", "web"]
    assert (world.alarms, world.fargate) == ({"errors": "ALARM"}, {"FARGATE_SPOT": 3})
    assert world.hooks["POST_SCALE_UP"] == ("SUCCEEDED", 90.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("workloads: {a: b}", "workloads: a list is wanted"),
        ("- a", "script: a mapping of workloads, alarms, hooks, fargate is wanted"),
        ("work: []", "'work' is not known"),
        ("workloads: [{match: a, exit: 1}]", "workloads[1]: 'exit' is not known"),
        ("workloads: [{exits: 1}]", "workloads[1]: 'match' is missing"),
        ("workloads: [{match: a}, {match: a, after: soon}]", "workloads[2]: 'after' is 'soon', wanted a number"),
        ("workloads: [{match: a, exits: 256}]", "'exits' is 256, wanted 0 to 255"),
        ("workloads: [{match: a, first: 0}]", "'first' is 0"),
        ("workloads: [{match: a, exits: 1, out_of_memory: true}]", "exclude each other"),
        ("alarms: {a: LOUD}", "alarms.a: 'LOUD', wanted one of OK"),
        ("hooks: {PRE_SCALE_UP: MAYBE}", "hooks.PRE_SCALE_UP: 'MAYBE'"),
        ("fargate: {MOON: 1}", "'MOON' is not known"),
        ("fargate: {FARGATE: -1}", "fargate.FARGATE: -1"),
        ("a: [", "not YAML"),
    ],
)
def test_a_bad_script_is_refused_with_its_place_and_changes_nothing(sim, text, says):
    sim.script("kept", exits=1)
    with pytest.raises(ScriptError) as caught:
        sim.load_script(text)
    assert says in str(caught.value)
    assert [w.match for w in sim.region().script.workloads] == ["kept"]


def test_a_tag_that_is_moved_gives_another_digest_with_the_next_deployment(sim):
    register(sim)
    serve(sim)
    sim.settle()
    first = tasks(sim)[0]["containers"][0]["imageDigest"]
    sim.push("app:1")
    sim.ask("StopTask", task=tasks(sim)[0]["taskArn"])
    sim.settle()
    assert tasks(sim)[0]["containers"][0]["imageDigest"] == first  # version consistency: resolved once a deployment
    sim.ask("UpdateService", service="web", forceNewDeployment=True)
    sim.settle()
    assert tasks(sim)[0]["containers"][0]["imageDigest"] != first
