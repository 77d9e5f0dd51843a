"""The decision table with evidence: what service deployments, tasks and targets add to what DescribeServices says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.kinds.service_deadline import deadline, patience
from reconciler.kinds.service_evidence import Evidence, Target
from reconciler.kinds.service_health import verdict
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.stop_reasons import stops
from tests.builders import AT, k

MINE, OTHER = "ecs-svc/2", "ecs-svc/1"
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): shop:2: not found: manifest unknown"
NO_ROOM = {"message": "(service web) was unable to place a task because no container instance met all of its "
           "requirements.", "createdAt": AT - timedelta(seconds=200)}  # fmt: skip


def ago(seconds):
    return AT - timedelta(seconds=seconds)


def first(running=2, desired=2, state="IN_PROGRESS", age=60.0, updated=None, **more):
    """The PRIMARY deployment, begun ``age`` seconds ago."""
    found = {"id": MINE, "status": "PRIMARY", "runningCount": running, "desiredCount": desired, "createdAt": ago(age),
             "updatedAt": ago(age if updated is None else updated), "rolloutState": state, **more}  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def task(
    number, *, by=MINE, status="STOPPED", code="EssentialContainerExited", exit=1, at=10.0, ran=30.0, reason="", **more
):
    """A task that stopped ``at`` seconds ago after having run for ``ran``, or one that is there."""
    found = {"taskArn": f"arn:aws:ecs:r:1:task/main/{number}", "startedBy": by, "lastStatus": status,
             "taskDefinitionArn": "arn:td:2", "createdAt": ago(at + (ran or 0) + 5)}  # fmt: skip
    if ran is not None:
        found["startedAt"] = ago(at + ran)
    if status == "STOPPED":
        words = reason or "Essential container in task exited"
        found |= {"stopCode": code, "stoppedReason": words, "stoppedAt": ago(at), "stoppingAt": ago(at)}
        found["containers"] = [{"name": "app", "image": "shop:2", "exitCode": exit}]
    return found | more


def seen(primary, *others, tasks=(), targets=(), rollout=None, driven=(), spec=None, **live):
    found = Evidence(rollout, tuple(tasks), stops(tasks, MINE), tuple(targets))
    live = {"deployments": [primary, *others], "evidence": found, **live}
    return Observed(k("Service/web"), AT, {"serviceName": "web", **(spec or {})}, live=live, driven=frozenset(driven))


def rollout(status="IN_PROGRESS", age=60.0, **more):
    return {"serviceDeploymentArn": "arn:sd", "status": status, "createdAt": ago(age), "startedAt": ago(age), **more}


def breaker(count, threshold=3, status="MONITORING"):
    return {"deploymentCircuitBreaker": {"status": status, "failureCount": count, "threshold": threshold}}


def crashed(number, **more):
    return [task(n, at=20.0 * n + 5, **more) for n in range(number)]


def failed_to_start(number, reason=PULL):
    return [
        task(n, at=10.0 * n + 5, ran=None, code="TaskFailedToStart", exit=None, reason=reason) for n in range(number)
    ]


HEALTHY_TARGET = Target("arn:aws:elb:r:1:targetgroup/web/1", "healthy", "", "")
NEW_TARGET = Target("arn:aws:elb:r:1:targetgroup/web/1", "initial", "Elb.InitialHealthChecking", "checking")
ILL_TARGET = Target("arn:aws:elb:r:1:targetgroup/web/1", "unhealthy", "Target.Timeout", "Request timed out")
PAUSED = {
    "hookId": "h1",
    "targetType": "PAUSE",
    "status": "AWAITING_ACTION",
    "expiresAt": AT,
    "timeoutAction": "ROLLBACK",
}
BENIGN = {"code": "ServiceSchedulerInitiated", "exit": None}
SCALING = "Scaling activity initiated by (deployment ecs-svc/2)"

TABLE = {
    # 5: rolled back
    "ECS is asked to roll back": (
        seen(first(0), rollout=rollout("ROLLBACK_REQUESTED")), Policy(), "Progressing RollingBack"),
    "ECS rolls back, and what it goes back to is complete": (
        seen(first(2, state="COMPLETED"), rollout=rollout("ROLLBACK_IN_PROGRESS")), Policy(), "Progressing RollingBack"),
    "ECS has rolled back": (
        seen(first(0), rollout=rollout("ROLLBACK_SUCCESSFUL")), Policy(), "Degraded RolledBack stalled"),
    "an earlier rollback is over, and what runs is complete": (
        seen(first(2, state="COMPLETED"), rollout=rollout("ROLLBACK_SUCCESSFUL")), Policy(), "Healthy Running"),
    # 6: failed
    "the rollback failed": (seen(first(0), rollout=rollout("ROLLBACK_FAILED")), Policy(), "Degraded DeploymentFailed stalled"),
    "stopped by somebody": (seen(first(0), rollout=rollout("STOPPED")), Policy(), "Degraded DeploymentFailed stalled"),
    "failed comes before its cause": (
        seen(first(0, state="FAILED"), tasks=failed_to_start(3)), Policy(), "Degraded DeploymentFailed stalled"),
    # a pause of a person's
    "a hook waits for a person": (
        seen(first(2), rollout=rollout(lifecycleHookDetails=[PAUSED])), Policy(), "Suspended AwaitingApproval stalled"),
    "a hook that waits is not overdue": (
        seen(first(2, age=90000), rollout=rollout(age=90000, lifecycleHookDetails=[PAUSED])), Policy(),
        "Suspended AwaitingApproval stalled"),
    "a hook that has had its answer": (
        seen(first(2), rollout=rollout(lifecycleHookDetails=[{**PAUSED, "status": "SUCCEEDED"}])), Policy(),
        "Progressing RollingOut"),
    # 7: starting again is no use
    "no image, nobody ends it": (seen(first(0), tasks=failed_to_start(1)), Policy(), "Degraded ImageNotFound stalled"),
    "no image, the breaker counts": (
        seen(first(0), tasks=failed_to_start(1), rollout=rollout(**breaker(1))), Policy(), "Degraded ImageNotFound"),
    "no image, the breaker is off": (
        seen(first(0), tasks=failed_to_start(1), rollout=rollout(**breaker(1, status="DISABLED"))), Policy(),
        "Degraded ImageNotFound stalled"),
    "no image for a task of another deployment": (
        seen(first(0), tasks=[task(1, by=OTHER, ran=None, code="TaskFailedToStart", reason=PULL)]), Policy(),
        "Progressing TasksStarting"),
    "no image once, now all run": (seen(first(2), tasks=failed_to_start(1)), Policy(), "Progressing RollingOut"),
    # 8: crash loop
    "two crashes are not a loop": (seen(first(1), tasks=crashed(2)), Policy(), "Progressing TasksStarting"),
    "three are": (seen(first(1), tasks=crashed(3)), Policy(), "Degraded CrashLoop stalled"),
    "three, although just now all run": (seen(first(2), tasks=crashed(3)), Policy(), "Degraded CrashLoop stalled"),
    "three, long after it was complete": (
        seen(first(1, state="COMPLETED", age=9000), tasks=crashed(3)), Policy(), "Degraded CrashLoop stalled"),
    "three, but of another deployment": (seen(first(1), tasks=crashed(3, by=OTHER)), Policy(), "Progressing TasksStarting"),
    "three, but long ago": (
        seen(first(1), tasks=[task(n, at=700.0 + n) for n in range(3)]), Policy(), "Progressing TasksStarting"),
    "three crashes, the breaker counts": (
        seen(first(1, failedTasks=3), tasks=crashed(3), rollout=rollout(**breaker(2))), Policy(), "Progressing TasksFailing"),
    "six crashes, the breaker forgets each time": (
        seen(first(1), tasks=crashed(6), rollout=rollout(**breaker(0))), Policy(), "Degraded CrashLoop stalled"),
    "three stopped by the scheduler": (
        seen(first(1), tasks=crashed(3, reason=SCALING, **BENIGN)), Policy(), "Progressing TasksStarting"),
    "three taken with their Spot capacity": (
        seen(first(1), tasks=crashed(3, code="SpotInterruption", reason="Your Spot Task was interrupted.", exit=None)),
        Policy(), "Progressing TasksStarting"),
    "three stopped by a person": (
        seen(first(1), tasks=crashed(3, code="UserInitiated", reason="Task stopped by user", exit=143)), Policy(),
        "Progressing TasksStarting"),
    "three gone with their host": (
        seen(first(1), tasks=crashed(3, code="TerminationNotice", reason="Host EC2 terminated.", exit=137)), Policy(),
        "Progressing TasksStarting"),
    # 9: the deadline
    "in time": (seen(first(0, age=1199)), Policy(), "Progressing TasksStarting"),
    "overdue": (seen(first(0, age=1201)), Policy(), "Degraded ProgressDeadlineExceeded stalled"),
    "in time as the policy says": (seen(first(0, age=1201)), Policy(timeout=1300), "Progressing TasksStarting"),
    "overdue as the policy says": (seen(first(0, age=301)), Policy(timeout=300), "Degraded ProgressDeadlineExceeded stalled"),
    "a completed one is never overdue": (seen(first(2, state="COMPLETED", age=99999)), Policy(), "Healthy Running"),
    "only draining is not overdue": (
        seen(first(2, age=5000), {"id": OTHER, "status": "ACTIVE", "runningCount": 1}), Policy(), "Progressing OldTasksDraining"),
    "a rollback makes an old deployment PRIMARY: its age is the rollback's": (
        seen(first(0, age=99999), rollout=rollout(age=30)), Policy(), "Progressing TasksStarting"),
    "never done, where ECS tells no state": (
        seen(first(1, state=None, age=1300)), Policy(), "Degraded ProgressDeadlineExceeded stalled"),
    # 10 to 12
    "failing, as the breaker counts": (
        seen(first(0, failedTasks=1), rollout=rollout(**breaker(1))), Policy(), "Progressing TasksFailing"),
    "no room for a while": (
        seen(first(0), events=[{**NO_ROOM, "createdAt": ago(60)}]), Policy(), "Progressing InsufficientCapacity"),
    "no room for long": (seen(first(0), events=[NO_ROOM]), Policy(), "Degraded InsufficientCapacity"),
    "no room for long, then there was": (
        seen(first(1), events=[{"message": "(service web) has started 1 tasks: (task 1).", "createdAt": AT}, NO_ROOM]),
        Policy(), "Progressing TasksStarting"),
    # 13: draining
    "old tasks drain although they are not counted any more": (
        seen(first(2), tasks=[task(1, by=OTHER, status="DEACTIVATING")]), Policy(), "Progressing OldTasksDraining"),
    # 14, 15: health of targets and containers
    "targets not checked yet": (seen(first(2), targets=[NEW_TARGET, HEALTHY_TARGET]), Policy(), "Progressing TargetsInitializing"),
    "targets ill within the grace period": (
        seen(first(2), targets=[ILL_TARGET], spec={"healthCheckGracePeriodSeconds": 120}), Policy(), "Progressing TargetsUnhealthy"),
    "targets ill beyond it": (
        seen(first(2), targets=[ILL_TARGET], spec={"healthCheckGracePeriodSeconds": 30}), Policy(), "Degraded TargetsUnhealthy"),
    "all targets healthy": (seen(first(2), targets=[HEALTHY_TARGET]), Policy(), "Progressing RollingOut"),
    "a container's check fails": (
        seen(first(2), tasks=[task(1, status="RUNNING", healthStatus="UNHEALTHY",
                                   containers=[{"name": "app", "healthStatus": "UNHEALTHY"}])]),
        Policy(), "Degraded ContainersUnhealthy"),
    "a container's check has not spoken": (
        seen(first(2), tasks=[task(1, status="RUNNING", healthStatus="UNKNOWN")]), Policy(), "Progressing RollingOut"),
    # stages
    "blue/green": (
        seen(first(2), rollout=rollout(lifecycleStage="BAKE_TIME"), deploymentConfiguration={"strategy": "BLUE_GREEN"}),
        Policy(), "Progressing RollingOut"),
    # 16: on trial
    "complete, but on trial": (
        seen(first(2, state="COMPLETED", age=60, updated=10)), Policy(min_ready=30), "Progressing Stabilizing"),
    "the trial is over": (seen(first(2, state="COMPLETED", age=60, updated=31)), Policy(min_ready=30), "Healthy Running"),
    "a stop begins the trial anew": (
        seen(first(2, state="COMPLETED", age=600, updated=300), tasks=[task(1, at=10)]), Policy(min_ready=30),
        "Progressing Stabilizing"),
    "a stop that is no fault does not": (
        seen(first(2, state="COMPLETED", age=600, updated=300), tasks=[task(1, at=10, reason=SCALING, **BENIGN)]),
        Policy(min_ready=30), "Healthy Running"),
    # 17, 18: steady
    "scaled to zero": (seen(first(0, 0, "COMPLETED")), Policy(), "Healthy ScaledToZero"),
    "a DAEMON wants what ECS counts": (
        seen(first(3, 3, "COMPLETED"), schedulingStrategy="DAEMON"), Policy(), "Healthy Running"),
    "a task is being replaced": (
        seen(first(1, state="COMPLETED", age=9000), tasks=[task(1, status="PENDING", at=0, ran=None)]), Policy(),
        "Healthy Replacing"),
    "a task of Spot went and another comes": (
        seen(first(1, state="COMPLETED", age=9000), tasks=[task(1, at=20, code="SpotInterruption", reason="Spot", exit=None)]),
        Policy(), "Healthy Replacing"),
    "a task crashed once": (
        seen(first(1, state="COMPLETED", age=9000), tasks=[task(1, at=20)]), Policy(), "Progressing TasksStarting"),
    "a task crashed once and was not replaced": (
        seen(first(1, state="COMPLETED", age=9000), tasks=[task(1, at=70)]), Policy(), "Degraded TasksMissing"),
    "a task is missing for more than a minute": (
        seen(first(1, state="COMPLETED", age=9000), tasks=[task(1, status="PENDING", at=90, ran=None)]), Policy(),
        "Degraded TasksMissing"),
    "a steady service finds no room": (
        seen(first(1, state="COMPLETED", age=9000), events=[NO_ROOM]), Policy(), "Degraded InsufficientCapacity"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_verdict(case):
    reading, policy, words = TABLE[case]
    health = verdict(reading, policy)
    assert f"{health.word} {health.reason}{' stalled' * health.stalled}" == words


def test_a_verdict_says_since_when_by_the_clock_of_aws():
    assert verdict(seen(first(2, state="COMPLETED", updated=40)), Policy()).since == ago(40)
    assert verdict(seen(first(1), tasks=crashed(3)), Policy()).since == ago(45)
    assert verdict(seen(first(0, age=1300)), Policy()).since == ago(100)


def test_the_cause_its_evidence_and_the_next_step_are_told():
    health = verdict(seen(first(0), tasks=failed_to_start(2)), Policy())
    assert health.message == "the image shop:2 does not exist; 0/2 running"
    assert health.detail == (f"2 tasks stopped, last at {ago(5):%H:%M:%S}: {PULL}",)
    assert health.hint == "push the image, or correct its name in the manifest"


PATIENCE = {
    "alone": ({}, {}, 1200),
    "a grace period counts twice": ({}, {"healthCheckGracePeriodSeconds": 300}, 1800),
    "one batch at 200 %": ({"desiredCount": 10}, {}, 1200),
    "ten batches": ({"desiredCount": 10, "deploymentConfiguration": {"maximumPercent": 110}}, {}, 1200 + 9 * 180),
    "bake time": ({"deploymentConfiguration": {"bakeTimeInMinutes": 30}}, {}, 1200 + 1800),
    "canary": ({"deploymentConfiguration": {"strategy": "CANARY", "bakeTimeInMinutes": 5}}, {}, 1200 + 300 + 600),
    "linear": (
        {"deploymentConfiguration": {"strategy": "LINEAR", "linearConfiguration":
                                     {"stepPercent": 25, "stepBakeTimeInMinutes": 2}}}, {}, 1200 + 3 * 120),
    "alarms without a bake time": ({"deploymentConfiguration": {"alarms": {"enable": True}}}, {}, 1800),
}  # fmt: skip


@pytest.mark.parametrize("case", PATIENCE)
def test_the_default_deadline(case):
    live, spec, seconds = PATIENCE[case]
    assert patience(seen(first(), spec=spec, **live)) == seconds


def test_nothing_is_due_before_anything_has_begun():
    reading = seen({"status": "PRIMARY"})
    assert deadline(reading, Policy()) is None
