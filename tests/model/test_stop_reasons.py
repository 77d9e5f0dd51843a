"""Why tasks stop: AWS's words and codes, each sorted into one cause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.stop_reasons import Cause, stops, why

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
RIE = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
ROLE = "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task."
DENIED = "AccessDeniedException: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: "

NEVER_RAN = {
    PULL + "failed to resolve ref shop:2: shop:2: not found": Cause.IMAGE_NOT_FOUND,
    "CannotPullContainerError: manifest unknown": Cause.IMAGE_NOT_FOUND,
    PULL + "pull access denied, repository does not exist or may require authorization": Cause.IMAGE_NOT_FOUND,
    PULL + "unexpected status code 403 Forbidden": Cause.ACCESS_DENIED,
    PULL + DENIED + "ecr:GetAuthorizationToken on resource: *": Cause.ACCESS_DENIED,
    PULL + "dial tcp: lookup api.ecr.eu-west-1.amazonaws.com: no such host": Cause.UNREACHABLE,
    PULL + "dial tcp 10.0.0.1:443: i/o timeout": Cause.UNREACHABLE,
    PULL + "toomanyrequests: You have reached your pull rate limit": Cause.UNREACHABLE,
    PULL + "write /var/lib/docker: no space left on device": Cause.NOT_STARTED,
    RIE + "ResourceNotFoundException: Secrets Manager can't find the specified secret.": Cause.SECRET_NOT_FOUND,
    RIE + "invalid ssm parameters: /shop/key": Cause.SECRET_NOT_FOUND,
    RIE + DENIED + "secretsmanager:GetSecretValue on resource: arn:x": Cause.ACCESS_DENIED,
    RIE + "RequestError: send request failed caused by: context deadline exceeded": Cause.UNREACHABLE,
    "ResourceInitializationError: failed to validate logger args: ResourceNotFoundException: The specified log group "
    "does not exist.": Cause.LOG_GROUP_NOT_FOUND,
    ROLE: Cause.ACCESS_DENIED,
    "CannotStartContainerError: exec /app: exec format error": Cause.NOT_EXECUTABLE,
    'CannotStartContainerError: exec: "rails": executable file not found in $PATH': Cause.NOT_EXECUTABLE,
    "CannotCreateContainerError: mount denied": Cause.NOT_STARTED,
    "ContainerRuntimeTimeoutError: could not transition to running": Cause.NOT_STARTED,
    "Capacity is unavailable at this time. Please try again later": Cause.NO_CAPACITY,
    "RESOURCE:MEMORY": Cause.NO_CAPACITY,
    "You've reached the limit on the number of tasks you can run concurrently": Cause.NO_CAPACITY,
    "": Cause.NOT_STARTED,
}


@pytest.mark.parametrize("text", NEVER_RAN)
def test_a_task_that_never_ran(text):
    stop = why(
        {"stopCode": "TaskFailedToStart", "stoppedReason": text, "containers": [{"name": "app", "image": "shop:2"}]}
    )
    assert stop.cause is NEVER_RAN[text]
    assert not stop.ran


RAN = {
    "exit code": ("EssentialContainerExited", "Essential container in task exited", 1, "", Cause.EXITED),
    "no exit code": ("EssentialContainerExited", "Essential container in task exited", None, "", Cause.EXITED),
    "killed": ("EssentialContainerExited", "Essential container in task exited", 137, "", Cause.KILLED),
    "out of memory": (
        "EssentialContainerExited", "Essential container in task exited", 137,
        "OutOfMemoryError: Container killed due to memory usage", Cause.OUT_OF_MEMORY),
    "its health check": ("ServiceSchedulerInitiated", "Task failed container health checks", 0, "", Cause.UNHEALTHY),
    "its target": (
        "ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:x)", 143, "", Cause.TARGET_UNHEALTHY),
    "scaling": ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", 143, "", Cause.BENIGN),
    "a person": ("UserInitiated", "Task stopped by user", 143, "", Cause.BENIGN),
    "Spot": ("SpotInterruption", "Your Spot Task was interrupted.", None, "", Cause.BENIGN),
    "the host": ("TerminationNotice", "Host EC2 (instance i-1) terminated.", None, "", Cause.BENIGN),
    "the infrastructure": ("InfrastructureHealth", "The infrastructure is unhealthy", 137, "", Cause.BENIGN),
}  # fmt: skip


@pytest.mark.parametrize("case", RAN)
def test_a_task_that_ran(case):
    code, reason, exit, said, cause = RAN[case]
    container = {"name": "app", "exitCode": exit, "reason": said, "image": "shop:2"}
    told = {name: value for name, value in container.items() if value not in (None, "")}
    stop = why({"stopCode": code, "stoppedReason": reason, "containers": [told], "startedAt": AT})
    assert stop.cause is cause
    assert stop.ran


def test_the_container_with_something_to_say_is_the_one_that_ended_it():
    containers = [{"name": "proxy", "exitCode": 143}, {"name": "app", "exitCode": 1}, {"name": "side", "exitCode": 0}]
    stop = why({"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
                "containers": containers})  # fmt: skip
    assert (stop.container, stop.code) == ("app", 1)


def test_the_denied_action_is_named():
    assert (
        why({"stopCode": "TaskFailedToStart", "stoppedReason": RIE + DENIED + "kms:Decrypt on x"}).action
        == "kms:Decrypt"
    )


def test_how_long_it_ran_is_told():
    task = {"stopCode": "EssentialContainerExited", "startedAt": AT, "executionStoppedAt": AT + timedelta(seconds=42)}
    assert why(task).seconds == 42


def test_only_the_stopped_tasks_of_one_deployment_count_newest_first():
    def task(name, by, seconds, **more):
        return {
            "taskArn": f"a/{name}",
            "startedBy": by,
            "stopCode": "X",
            "stoppedAt": AT + timedelta(seconds=seconds),
            **more,
        }

    tasks = [task("old", "d1", 1), task("new", "d1", 9), task("other", "d2", 5), {"taskArn": "a/up", "startedBy": "d1"}]
    assert [stop.task for stop in stops(tasks, "d1")] == ["new", "old"]
