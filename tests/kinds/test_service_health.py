"""How a service fares: one reading, one verdict, and no other deployment's facts."""

from __future__ import annotations

import pytest

from reconciler.kinds.service_health import verdict
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from tests.builders import AT, k


def deployment(running=2, desired=2, state="COMPLETED", status="PRIMARY", **more):
    found = {"status": status, "runningCount": running, "desiredCount": desired, "rolloutState": state, **more}
    return {name: value for name, value in found.items() if value is not None}


def old(running=0, **more):
    return deployment(running, status="ACTIVE", **more)


def seen(*deployments, status="ACTIVE", driven=(), present=True, **live):
    live = {"deployments": list(deployments), **live}
    spec = {"serviceName": "web"} if present else None
    return Observed(k("Service/web"), AT, spec, status=status, live=live, driven=frozenset(driven))


UNPLACED = [
    {"message": "(service web) was unable to place a task because no container instance met all of its requirements."}
]
STEADY = [{"message": "(service web) has reached a steady state."}]

TABLE = {
    "steady": (seen(deployment()), "Healthy Running", "2/2 running"),
    "no tasks wanted": (seen(deployment(0, 0)), "Healthy ScaledToZero", "no tasks are wanted"),
    "being deleted": (seen(status="DRAINING", present=False), "Progressing Draining", "the service is being deleted"),
    "gone": (seen(status="INACTIVE", present=False), "Missing ServiceInactive", "does not exist"),
    "no deployment yet": (seen(), "Progressing RollingOut", "no deployment has begun yet"),
    "only an older deployment": (seen(old(2)), "Progressing RollingOut", "no deployment has begun yet"),
    "failed": (seen(deployment(0, 2, "FAILED", rolloutStateReason="circuit breaker")), "Degraded DeploymentFailed stalled",
               "circuit breaker"),
    "failed without a reason": (seen(deployment(0, 2, "FAILED")), "Degraded DeploymentFailed stalled", "the deployment failed"),
    "failed although all run": (seen(deployment(2, 2, "FAILED")), "Degraded DeploymentFailed stalled", "failed"),
    "starting": (seen(deployment(0, 2, "IN_PROGRESS", pendingCount=2)), "Progressing TasksStarting", "0/2 running, 2 pending"),
    "starting, none pending yet": (seen(deployment(1, 2, "IN_PROGRESS")), "Progressing TasksStarting", "1/2 running"),
    "failing to start": (seen(deployment(1, 2, "IN_PROGRESS", failedTasks=3)), "Progressing TasksFailing",
                         "1/2 running, 3 failed to start"),
    "no room": (seen(deployment(0, 2, "IN_PROGRESS"), events=UNPLACED), "Progressing InsufficientCapacity",
                "no instance has room for a task: no container instance met all of its requirements"),
    "no room is no word while one is pending": (
        seen(deployment(0, 2, "IN_PROGRESS", pendingCount=1), events=UNPLACED), "Progressing TasksStarting", "1 pending"),
    "no room was earlier": (seen(deployment(0, 2, "IN_PROGRESS"), events=STEADY + UNPLACED), "Progressing TasksStarting", "0/2"),
    "a task without room counts as failed, and is not": (
        seen(deployment(0, 2, "IN_PROGRESS", failedTasks=1), events=UNPLACED), "Progressing InsufficientCapacity", "0/2"),
    "old tasks still run": (seen(deployment(state="IN_PROGRESS"), old(1)), "Progressing OldTasksDraining",
                            "2/2 running, 1 of the old revision"),
    "old tasks of several": (seen(deployment(state="IN_PROGRESS"), old(1), old(2)), "Progressing OldTasksDraining", "3 of the old"),
    "old tasks although completed": (seen(deployment(), old(1)), "Progressing OldTasksDraining", "1 of the old"),
    "enough run, not completed": (seen(deployment(state="IN_PROGRESS", rolloutStateReason="in progress")),
                                  "Progressing RollingOut", "2/2 running; until ECS"),
    "enough run, no reason": (seen(deployment(state="IN_PROGRESS")), "Progressing RollingOut", "2/2 running"),
    "no rollout state, alone": (seen(deployment(state=None)), "Healthy Running", "2/2 running"),
    "no rollout state, another beside it": (seen(deployment(state=None), old(0)), "Progressing RollingOut", "2/2 running"),
    "completed, an empty one beside it": (seen(deployment(), old(0)), "Healthy Running", "2/2 running"),
    "too many run": (seen(deployment(3, 2)), "Progressing TasksStopping", "3/2 running, 1 to stop"),
    "too many run, but another drives the count": (seen(deployment(3, 2), driven=["desiredCount"]), "Healthy Running", "3/2"),
    "scaling to zero": (seen(deployment(2, 0)), "Progressing TasksStopping", "2 to stop"),
    "completed, then one died": (seen(deployment(1, 2)), "Progressing TasksStarting", "1/2 running"),
    "the primary comes second": (seen(old(0, state="FAILED"), deployment()), "Healthy Running", "2/2 running"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_verdict(case):
    reading, words, message = TABLE[case]
    health = verdict(reading, Policy())
    assert f"{health.word} {health.reason}{' stalled' * health.stalled}" == words
    assert message in health.message


@pytest.mark.parametrize("state", ["COMPLETED", "IN_PROGRESS", "FAILED"])
@pytest.mark.parametrize("running", [0, 2, 9])
def test_no_other_deployment_makes_it_healthy(state, running):
    mine = deployment(0, 2, "IN_PROGRESS", pendingCount=2)
    assert not verdict(seen(mine, old(running, state=state)), Policy()).healthy
    assert not verdict(seen(old(running, state=state), mine), Policy()).healthy


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_what_another_controller_rolls_is_judged_by_its_task_sets(controller):
    def judged(*stabilities):
        sets = [{"stabilityStatus": stability} for stability in stabilities]
        return verdict(seen(deploymentController={"type": controller}, taskSets=sets), Policy())

    assert judged("STEADY_STATE", "STEADY_STATE").healthy
    assert judged().healthy
    moving = judged("STEADY_STATE", "STABILIZING")
    assert str(moving.word) == "Progressing"
    assert moving.message.startswith("1 task sets are stabilizing")
    assert moving.message.endswith("observed only")


def test_an_ecs_controller_said_aloud_is_the_default_one():
    assert verdict(seen(deployment(), deploymentController={"type": "ECS"}), Policy()).reason == "Running"
