"""Deployments and tasks as a reading holds them."""

from __future__ import annotations

import pytest

from reconciler.model.running import deployments
from tests.builders import AT, later, there

NEW = {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:8",
       "desiredCount": 2, "runningCount": 1, "pendingCount": 1, "failedTasks": 3, "rolloutState": "IN_PROGRESS",
       "createdAt": AT}  # fmt: skip
OLD = {"id": "ecs-svc/1", "status": "ACTIVE", "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/web:7"}


def task(number, deployment="ecs-svc/2", **more):
    arn = f"arn:aws:ecs:eu-west-1:1:task/main/{number:032x}"
    return {"taskArn": arn, "startedBy": deployment, "lastStatus": "RUNNING", **more}


def read(*tasks, found=(OLD, NEW), **live):
    return deployments(there("Thing/web", live={"deployments": list(found), "tasks": list(tasks), **live}))


def test_the_primary_deployment_stands_first_with_its_counts():
    new, old = read()
    assert (new.id, new.revision, new.desired, new.running, new.pending, new.failed) == (
        "ecs-svc/2",
        "web:8",
        2,
        1,
        1,
        3,
    )
    assert (new.role, new.state, new.created) == ("PRIMARY", "IN_PROGRESS", AT)
    assert (old.role, old.revision, old.state, old.desired, old.created) == ("ACTIVE", "web:7", "", 0, None)


def test_tasks_belong_to_the_deployment_that_started_them_and_what_is_wrong_stands_first():
    new, old = read(task(1), task(2, healthStatus="UNHEALTHY"), task(3, "ecs-svc/1"), task(4, "ecs-svc/0"))
    assert [int(item.id, 16) for item in new.tasks] == [2, 1]
    assert [int(item.id, 16) for item in old.tasks] == [3]


def test_of_what_is_wrong_the_newest_stands_first():
    stops = [task(n, lastStatus="STOPPED", stopCode="TaskFailedToStart", stoppedAt=later(n)) for n in (1, 3, 2)]
    new, _ = read(*stops, task(9, createdAt=later(60)))
    assert [int(item.id, 16) for item in new.tasks] == [3, 2, 1, 9]


def test_a_stopped_task_says_what_ended_it():
    containers = [{"exitCode": 0}, {"exitCode": 137, "reason": "OutOfMemoryError"}]
    stopped = task(1, lastStatus="STOPPED", stopCode="EssentialContainerExited", stoppedAt=AT,
                   stoppedReason="Essential container in task exited", containers=containers)  # fmt: skip
    [found] = read(stopped)[0].tasks
    assert (found.exit_code, found.reason) == (137, "OutOfMemoryError")
    assert (found.state, found.cause, found.stopped) == ("STOPPED", "OutOfMemory", AT)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, False),
        ({"healthStatus": "HEALTHY"}, False),
        ({"healthStatus": "UNHEALTHY"}, True),
        ({"stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]}, True),
        ({"stopCode": "TaskFailedToStart"}, True),
        ({"stopCode": "UserInitiated", "containers": [{"exitCode": 143}]}, False),
        ({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity initiated by (deployment x)"}, False),
        ({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Task failed ELB health checks in (x)"}, True),
    ],
)  # fmt: skip
def test_a_task_has_something_to_say_when_its_stop_speaks_against_what_it_ran(said, wrong):
    [found] = read(task(1, **said))[0].tasks
    assert found.wrong is wrong


def test_task_sets_are_shown_as_deployments():
    sets = [{"id": "ecs-svc/9", "status": "ACTIVE", "taskDefinition": "web:1", "computedDesiredCount": 4,
             "runningCount": 2, "stabilityStatus": "STABILIZING"}]  # fmt: skip
    [found] = read(found=(), taskSets=sets)
    assert (found.role, found.revision, found.desired, found.running, found.state) == (
        "ACTIVE",
        "web:1",
        4,
        2,
        "STABILIZING",
    )


def test_what_has_no_deployments_has_none():
    assert deployments(there("Thing/web")) == ()
