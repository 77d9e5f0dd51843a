"""Random histories: the invariants hold after every step, and what cannot end says what it waits for."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.simulator import AwsError, Settings, Simulator
from reconciler.simulator.ecs.invariants import waits
from reconciler.simulator.ecs.state import Service

IMAGES = ("good", "pull", "crash", "late", "once", "sick", "sick", "stubborn", "slow")
CHECK = {"command": ["CMD", "true"], "interval": 10, "retries": 2}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
LISTENER = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80}
# Neither requests nor answers are checked in these histories but for one in fifty: the core is what is tried.


def world(seed: int, *, checked: bool) -> Simulator:
    simulator = Simulator(Settings(seed=seed, check_answers=checked))
    simulator.script("pull", cannot_pull="not found")
    simulator.script("crash", exits=1, after=3)
    simulator.script("late", exits=3, after_healthy=100)
    simulator.script("once", exits=1, after=1, first=2)
    simulator.script("sick", unhealthy_after=0, target="Target.Timeout")
    simulator.script("stubborn", ignores_sigterm=True)
    simulator.script("slow", starts_in=120)
    simulator.ask("CreateCluster", clusterName="default")
    return simulator


def register(simulator: Simulator, image: str, *, checked: bool, memory: int, port: int) -> None:
    container: dict[str, Any] = {"name": "app", "image": image, "memory": memory, "cpu": 10}
    container["portMappings"] = [{"containerPort": 80, "hostPort": port}]
    if checked:
        container["healthCheck"] = CHECK
    simulator.ask("RegisterTaskDefinition", family="web", containerDefinitions=[container])


CONFIGURATIONS = st.fixed_dictionaries(
    {},
    optional={
        "maximumPercent": st.integers(101, 300),
        "minimumHealthyPercent": st.integers(0, 100),
        "deploymentCircuitBreaker": st.fixed_dictionaries({"enable": st.just(True), "rollback": st.booleans()}),
        "bakeTimeInMinutes": st.integers(0, 3),
        "alarms": st.just({"enable": True, "rollback": True, "alarmNames": ["errors"]}),
    },
)
STAGED = st.sampled_from(["ROLLING", "ROLLING", "ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"])
STEPS = st.one_of(
    st.tuples(st.just("image"), st.sampled_from(IMAGES)),
    st.tuples(st.just("image"), st.sampled_from(IMAGES)),
    st.tuples(st.just("image"), st.sampled_from(IMAGES)),
    st.tuples(st.just("force"), st.none()),
    st.tuples(st.just("count"), st.integers(0, 6)),
    st.tuples(st.just("configure"), CONFIGURATIONS),
    st.tuples(st.just("alarm"), st.sampled_from(["OK", "ALARM"])),
    st.tuples(st.just("stop task"), st.integers(0, 5)),
    st.tuples(st.just("stop deployment"), st.none()),
    st.tuples(st.just("drain"), st.integers(0, 3)),
    st.tuples(st.just("terminate"), st.integers(0, 3)),
    st.tuples(st.just("instance"), st.integers(200, 2000)),
    st.tuples(st.just("run"), st.integers(1, 4)),
    st.tuples(st.just("heal"), st.none()),
    st.tuples(st.just("delete"), st.none()),
)
HISTORY = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 9),
        "settled": st.sampled_from([True, True, False]),
        "desired": st.integers(0, 5),
        "balanced": st.booleans(),
        "checked": st.booleans(),
        "instances": st.integers(0, 3),
        "port": st.sampled_from([0, 0, 0, 8080]),
        "strategy": STAGED,
        "configuration": CONFIGURATIONS,
        "steps": st.lists(st.tuples(STEPS, st.sampled_from([0, 1, 17, 45, 300, 900])), max_size=7),
    }
)


def play(history: dict[str, Any]) -> None:
    checked = history["checked"] and history["seed"] == 0
    simulator = world(history["seed"], checked=checked)
    broken = simulator.watch()
    arns = [simulator.add_instance(memory=600) for _ in range(history["instances"])]
    register(simulator, "good", checked=history["checked"], memory=100, port=history["port"])
    strategy = history["strategy"]
    configuration = history["configuration"] | {"strategy": strategy}
    if strategy == "BLUE_GREEN":
        configuration.setdefault("bakeTimeInMinutes", 1)
    members = {"loadBalancers": [LISTENER]} if history["balanced"] else {}
    wish = {"desiredCount": history["desired"], "deploymentConfiguration": configuration}
    simulator.ask("CreateService", serviceName="web", taskDefinition="web", **wish, **members)
    if history["settled"]:
        simulator.settle()
    for (what, value), wait in history["steps"]:
        with suppress(AwsError):
            step(simulator, history, arns, what, value)
        simulator.advance(wait)
    simulator.settle(1200 if unending(simulator) else 4 * 3600)
    assert broken == []
    ended(simulator)
    (seen,) = simulator.ask("DescribeServices", services=["web"])["services"]
    add_up(simulator, seen)


def step(simulator: Simulator, history: dict[str, Any], arns: list[str], what: str, value: Any) -> None:
    service = {"service": "web"}
    if what == "image":
        register(simulator, value, checked=history["checked"], memory=100, port=history["port"])
        simulator.ask("UpdateService", **service, taskDefinition="web")
    elif what == "force":
        simulator.ask("UpdateService", **service, forceNewDeployment=True)
    elif what == "count":
        simulator.ask("UpdateService", **service, desiredCount=value)
    elif what == "configure":
        simulator.ask("UpdateService", **service, deploymentConfiguration=value)
    elif what == "alarm":
        simulator.alarm("errors", value)
    elif what == "stop task":
        tasks = simulator.ask("ListTasks")["taskArns"]
        if tasks:
            simulator.ask("StopTask", task=tasks[value % len(tasks)])
    elif what == "stop deployment":
        (seen,) = simulator.ask("DescribeServices", services=["web"])["services"]
        simulator.ask("StopServiceDeployment", serviceDeploymentArn=seen["currentServiceDeployment"])
    elif what == "drain" and arns:
        simulator.ask("UpdateContainerInstancesState", containerInstances=[arns[value % len(arns)]], status="DRAINING")
    elif what == "terminate" and arns:
        simulator.terminate_instance(arns.pop(value % len(arns)))
    elif what == "instance":
        arns.append(simulator.add_instance(memory=value))
    elif what == "run":
        simulator.ask("RunTask", taskDefinition="web", count=value)
    elif what == "heal":
        simulator.unscript()
    elif what == "delete":
        simulator.ask("DeleteService", **service, force=True)


def the_service(simulator: Simulator) -> Service:
    return simulator.region().clusters["default"].services["web"]


def unending(simulator: Simulator) -> bool:
    """Whether tasks are wanted that fail again and again: that never settles."""
    service = the_service(simulator)
    images = [c["image"] for d in service.deployments[:1] for c in d.definition.members["containerDefinitions"]]
    return bool(simulator.region().script.workloads) and images[:1] not in (["good"], ["stubborn"], ["slow"])


def ended(simulator: Simulator) -> None:
    """Every deployment has ended, or waits for a reason that has a name."""
    service = the_service(simulator)
    if service.rolling or (service.status == "ACTIVE" and not service.steady):
        reason = waits(service)
        assert reason is not None, (service.rolling, [e["message"] for e in service.events][:3])
        if reason in ("failing tasks", "tasks on their way", "bake time"):
            assert simulator.clock.due is not None, reason


def add_up(simulator: Simulator, seen: dict[str, Any]) -> None:
    """Counts told of a service are those of its deployments, and of the tasks that are listed."""
    for count in ("runningCount", "pendingCount"):
        assert seen[count] == sum(d[count] for d in seen["deployments"])
    listed = simulator.ask("ListTasks", serviceName="web")["taskArns"]
    live = [t for t in the_service(simulator).tasks() if t.live]
    assert len(listed) == len(live)
    for rollout in the_service(simulator).rollouts:
        assert rollout.over or rollout is the_service(simulator).rollouts[0]


CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=2000, deadline=None, suppress_health_check=CALM, phases=[Phase.generate, Phase.shrink])
@given(HISTORY)
def test_two_thousand_histories_break_no_invariant(history):
    play(history)


def test_a_rollback_is_not_over_before_the_replacement_of_a_draining_task_is_healthy():
    """It was told to be completed, and steady, in the very look that had started the replacement."""
    history = {"seed": 0, "checked": True, "port": 0, "instances": 1, "desired": 1, "balanced": False, "settled": True}
    history |= {"strategy": "BLUE_GREEN", "configuration": {"maximumPercent": 101}}
    steps = [("image", "good"), ("drain", 0), ("instance", 200), ("stop deployment", None)]
    play(history | {"steps": [(s, 0) for s in steps]})


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("HISTORIES", "20000")), deadline=None, suppress_health_check=CALM)
@given(HISTORY)
def test_many_more_histories_break_no_invariant(history):
    play(history)
