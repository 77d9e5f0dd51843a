"""``run``: a person's task: its log on stdout, its exit code passed on, Ctrl-C stops it, our own failures are 125."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.cli.conftest import HEAD

JOB = (
    HEAD
    + "kind: LogGroup\nmetadata: {name: logs}\nspec: {logGroupName: /ecs/shop}\n---\n"
    + HEAD
    + "kind: TaskDefinition\nmetadata: {name: migrate}\nspec:\n  containerDefinitions:\n"
    + "    - name: rails\n      image: rails:1\n      memory: 128\n      command: [bin/rails, 'db:migrate']\n"
    + "      environment: [{name: LEVEL, value: info}]\n"
    + "      logConfiguration: {logDriver: awslogs, options: {awslogs-group: /ecs/shop, awslogs-region: eu-west-1, "
    + "awslogs-stream-prefix: job}}\n---\n"
    + HEAD
    + "kind: Job\nmetadata: {name: migrate}\nspec: {taskDefinition: migrate, when: manual}\n"
)


@pytest.fixture
def shop(world):
    world.write({"apps/shop/job.yaml": JOB})
    world.simulator.script("rails:1", exits=0, after=10.0)
    return world.applied()


def only(world, operation):
    [call] = [call for call in world.simulator.writes() if call.operation == operation]
    return call.params


def writes_log(world, *lines):
    """The container writes these lines while it runs."""
    logs, left = world.client("logs"), list(lines)
    start = world.simulator.now()

    def write():
        arns = world.client("ecs").list_tasks(cluster="main", family="migrate")["taskArns"]
        if not arns or not left or (world.simulator.now() - start).total_seconds() < 20:
            return
        stream = f"job/rails/{arns[0].rpartition('/')[2]}"
        if len(left) == len(lines):
            logs.create_log_stream(logGroupName="/ecs/shop", logStreamName=stream)
        at = int(time.time() * 1000)  # moto takes no line that is older than two weeks, by this machine's clock
        logs.put_log_events(
            logGroupName="/ecs/shop", logStreamName=stream, logEvents=[{"timestamp": at, "message": left.pop(0)}]
        )

    world.clock.while_asleep = write


def test_a_job_runs_now_and_its_log_and_code_are_passed_on(shop):
    writes_log(shop, "migrating", "done")
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["migrating", "done"]
    assert "RUNNING" in done.stderr
    assert "exit code 0" in done.stderr
    assert [call for call in shop.writes if call.startswith("ecs:")] == ["ecs:RunTask"]


@pytest.mark.parametrize("code", [1, 3, 64, 255])
def test_the_code_of_the_container_is_the_code_of_the_run(shop, code):
    shop.simulator.script("rails:1", exits=code, after=5.0)
    assert shop.run("run", "shop/Job/migrate").exit_code == code


def test_each_run_is_a_run_of_its_own(shop):
    assert shop.run("run", "Job/migrate").exit_code == 0
    assert shop.run("run", "Job/migrate").exit_code == 0
    arns = shop.client("ecs").list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    assert len(arns) == 2


def test_a_task_without_a_code_is_a_failure_of_ours_with_its_reason(shop):
    shop.simulator.script("rails:1", cannot_pull="not found")
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 125
    assert "CannotPullContainerError" in done.stderr


def test_no_task_at_all_is_a_failure_of_ours_with_its_reason(shop):
    shop.simulator.add_instance("main", cpu=10, memory=10, region="eu-west-1")
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 125
    assert "RESOURCE:" in done.stderr


def test_a_command_runs_like_the_service_of_its_definition(shop):
    shop.simulator.script("nginx:1", exits=0, after=5.0)
    done = shop.run("run", "TaskDefinition/web", "--env", "LEVEL=debug", "--", "ls", "-l", "--color")
    assert done.exit_code == 0, done.output
    assert "runs like shop/Service/web" in done.stderr
    sent = only(shop, "RunTask")
    assert sent["cluster"].rpartition("/")[2] == "main"
    assert sent["overrides"]["containerOverrides"] == [
        {"name": "web", "command": ["ls", "-l", "--color"], "environment": [{"name": "LEVEL", "value": "debug"}]}
    ]


def test_flags_say_where_and_how_large(shop):
    shop.client("ecs").create_cluster(clusterName="other")
    shop.run("run", "TaskDefinition/migrate", "--cluster", "other", "--cpu", "512", "--memory", "1024", "--detach")
    sent = only(shop, "RunTask")
    assert (sent["cluster"], sent["overrides"]) == ("other", {"cpu": "512", "memory": "1024"})


def test_network_and_capacity_from_flags(shop):
    flags = ["--subnets", "subnet-1,subnet-2", "--security-groups", "sg-1", "--public-ip", "--launch-type", "FARGATE"]
    done = shop.run("run", "Job/migrate", *flags)
    sent = only(shop, "RunTask")
    assert sent["launchType"] == "FARGATE"
    assert sent["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
    assert done.exit_code == 125  # the definition is not for Fargate
    assert "InvalidParameterException" in done.stderr


def test_detached_it_says_which_task_and_does_not_wait(shop):
    before = shop.simulator.now()
    done = shop.run("run", "Job/migrate", "--detach")
    assert done.exit_code == 0
    assert done.stdout.startswith("arn:aws:ecs:eu-west-1:123456789012:task/main/")
    assert shop.simulator.now() == before


def test_a_run_that_takes_too_long_is_stopped(shop):
    shop.simulator.script("rails:1", exits=None)
    done = shop.run("run", "Job/migrate", "--timeout", "2m")
    assert done.exit_code == 125
    assert "timeout" in done.stderr
    assert shop.writes == ["ecs:RunTask", "ecs:StopTask"]


def test_ctrl_c_stops_the_task_and_says_so(shop):
    shop.simulator.script("rails:1", exits=None)
    times = []

    def press():
        times.append(1)
        if len(times) == 120:
            os.kill(os.getpid(), signal.SIGINT)

    shop.clock.while_asleep = press
    before = signal.getsignal(signal.SIGINT)
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 130
    assert shop.writes == ["ecs:RunTask", "ecs:StopTask"]
    assert "was stopped" in done.stderr
    assert signal.getsignal(signal.SIGINT) == before
    assert shop.client("ecs").list_tasks(cluster="main", family="migrate")["taskArns"] == []


def test_two_runs_of_a_job_never_go_on_at_once(shop):
    shop.simulator.script("rails:1", exits=0, after=600.0)
    assert shop.run("run", "Job/migrate", "--detach").exit_code == 0
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 125
    assert "still going" in done.stderr
    assert shop.writes == ["ecs:RunTask"]


def test_a_lost_answer_starts_no_second_task(shop):
    shop.simulator.faults.fail("RunTask", how="closed", when="after")
    assert shop.run("run", "Job/migrate").exit_code == 0
    arns = shop.client("ecs").list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    assert len(arns) == 1


def test_what_is_not_applied_yet_is_not_run(shop):
    shop.edit("apps/shop/job.yaml", "rails:1", "rails:2")
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 125
    assert "reconciler apply shop" in done.stderr
    assert shop.writes == []


def test_a_log_that_may_not_be_read_is_told_once_and_the_run_goes_on(shop):
    shop.simulator.faults.deny("GetLogEvents", service="logs")
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 0
    assert done.stderr.count("cannot be read") == 1
    assert "allow logs:GetLogEvents" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Job/migrat"], "did you mean 'Job/migrate'"),
        (["Service/web"], "can be run"),
        (["nothing"], "names nothing that can be run"),
        (["Job/migrate", "--env", "LEVEL"], "NAME=VALUE"),
        (["Job/migrate", "--container", "rail"], "did you mean 'rails'"),
        (["Job/migrate", "--launch-type", "EC2", "--capacity-provider", "x"], "cannot both be meant"),
        (["other/Job/migrate", "--app", "shop"], "names nothing that can be run"),
    ],
)
def test_a_mistake_is_told_with_what_may_have_been_meant(shop, words, said):
    done = shop.run("run", *words)
    assert done.exit_code == 125
    assert said in done.stderr
    assert shop.writes == []


def test_the_app_is_asked_for_where_two_have_one(shop):
    shop.write({"apps/other/job.yaml": JOB.replace("metadata: {name: migrate}\nspec:\n", "metadata: {name: migrate}\nspec:\n  family: m2\n").split("---\n", 1)[1]})  # fmt: skip
    done = shop.run("run", "Job/migrate")
    assert done.exit_code == 125
    assert "--app other" in done.stderr


def test_a_saved_plan_with_a_job_is_made_as_it_was_agreed_to_although_time_has_passed(shop, tmp_path):
    shop.edit("apps/shop/job.yaml", ", when: manual", "")
    shop.edit("apps/shop/job.yaml", "rails:1", "rails:2")
    shop.simulator.script("rails:2", exits=0, after=10.0)
    file = str(tmp_path / "plan.json")
    shop.commit()
    assert shop.run("plan", "--out", file).exit_code == 0
    shop.simulator.advance(900)
    done = shop.run("apply", file)
    assert done.exit_code == 0, done.output
    assert shop.writes == ["ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:RunTask", "ecs:TagResource"]


def test_a_failed_job_is_shown_with_its_code_and_the_way_out(shop):
    shop.edit("apps/shop/job.yaml", ", when: manual", "")
    shop.simulator.script("rails:1", exits=4, after=5.0)
    done = shop.run("apply", "--yes")
    assert done.exit_code == 3
    shown = shop.run("status")
    assert shown.exit_code == 3
    assert "exit code 4" in shown.stdout
    planned = shop.run("plan")
    assert "HookFailed" in planned.stdout
    assert "reconciler retry shop Job/migrate" in planned.stdout
