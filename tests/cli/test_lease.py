"""``apply`` and the lease: had before the first write, kept while it works, given back however it ends."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime

import pytest

from reconciler.agent.lease.lease import Lease
from reconciler.agent.lease.stores import lease_store
from reconciler.model.desired import Environment
from reconciler.model.lease import Begun, by_time
from reconciler.simulator.fault import parse

MADE = ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]


@pytest.fixture
def leased(world):
    """The small repository, whose environment names a table that is there."""
    world.edit("environments/test.yaml", "  cluster: main\n", "  cluster: main\n  lease: dynamodb:leases\n")
    world.client("dynamodb").create_table(
        TableName="leases",
        AttributeDefinitions=[{"AttributeName": "lease", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "lease", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.simulator.calls.clear()
    return world


def store(world):
    environment = Environment("test", region="eu-west-1", lease="dynamodb:leases")
    return lease_store(environment, "default", world.clock, world.session)


def agent(world):
    return Lease(store(world), "agent on ip-10-0-0-7", world.clock, longest_call=10.0)


def kept(world):
    return store(world).read()


def made(world):
    return [operation for operation in world.writes if not operation.startswith("dynamodb:")]


def asked(world):
    return [call.operation for call in world.simulator.calls if call.service == "dynamodb"]


def test_it_is_had_before_the_first_write_and_given_back_at_the_end(leased):
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    writes = leased.writes
    assert made(leased) == MADE
    assert writes[0] == writes[-1] == "dynamodb:PutItem"
    left = kept(leased)
    assert left.free
    assert left.fence == 1
    assert "lease" not in done.stderr


def test_it_is_renewed_for_as_long_as_the_apply_waits(leased):
    rival = agent(leased)

    def look():
        assert not rival.try_take()

    leased.clock.while_asleep = look
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert asked(leased).count("PutItem") > 10  # a rollout takes its time
    assert rival.try_take()
    assert rival.fence == 2


def test_an_apply_that_has_nothing_to_do_takes_none(leased):
    leased.applied()
    assert leased.run("apply", "--yes").exit_code == 0
    assert asked(leased) == []


def test_an_apply_that_only_waits_takes_none_from_the_agent_that_works(leased):
    leased.run("apply", "--yes", "--no-wait")
    other = agent(leased)
    assert other.try_take()
    leased.simulator.calls.clear()
    leased.clock.while_asleep = lambda: other.keep() and None
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert made(leased) == []
    assert other.held


@pytest.mark.parametrize(
    "words", [["plan"], ["status"], ["validate"], ["history", "shop"], ["suspend", "shop"], ["wait", "--timeout", "1s"]]
)
def test_other_verbs_need_none(leased, words):
    other = agent(leased)
    assert other.try_take()
    leased.simulator.calls.clear()
    assert leased.run(*words).exit_code in (0, 3)
    assert asked(leased) == []


def test_while_somebody_else_has_it_nothing_is_written_and_it_says_who(leased):
    other = agent(leased)
    assert other.try_take()
    leased.clock.while_asleep = lambda: other.keep() and None
    began = leased.clock.monotonic()
    done = leased.run("apply", "--yes")
    assert done.exit_code == 5
    assert 50 < leased.clock.monotonic() - began <= 60
    assert made(leased) == []
    who = f"the lease is held by agent on ip-10-0-0-7 since {kept(leased).since:%Y-%m-%d %H:%M:%S} UTC"
    assert done.stderr.count(f"waiting: {who}\n") == 1
    assert f"error: {who}; nothing was written" in done.stderr
    assert "dynamodb:leases in eu-west-1" in done.stderr
    assert "--lease-timeout" in done.stderr
    assert other.held


def test_how_long_to_wait_is_a_flag(leased):
    other = agent(leased)
    assert other.try_take()
    began = leased.clock.monotonic()
    assert leased.run("apply", "--yes", "--lease-timeout", "5s").exit_code == 5
    assert leased.clock.monotonic() - began <= 5


def test_it_goes_on_as_soon_as_it_is_given_back(leased):
    other = agent(leased)
    assert other.try_take()
    began = leased.clock.monotonic()
    waited = []

    def give_back():
        if leased.clock.monotonic() - began > 10:
            other.release()
        if not made(leased):
            waited.append(leased.clock.monotonic() - began)

    leased.clock.while_asleep = give_back
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert made(leased) == MADE
    assert 10 < waited[-1] <= 13


def test_it_takes_it_from_a_holder_that_was_killed(leased):
    other = agent(leased)
    assert other.try_take()
    began, waited = leased.clock.monotonic(), []
    leased.clock.while_asleep = lambda: made(leased) or waited.append(leased.clock.monotonic() - began)
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert 15 <= waited[-1] <= 18
    assert kept(leased).fence == 2


def killed_after(world, operation, number):
    handle = world.simulator.handle

    def answer(request):
        response = handle(request)
        if world.simulator.calls[-1].operation == operation:
            os.kill(os.getpid(), number)
        return response

    world.simulator.handle = answer


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_is_given_back_after_a_signal(leased, number, code):
    killed_after(leased, "CreateCluster", number)
    assert leased.run("apply", "--yes").exit_code == code
    assert made(leased) == MADE[:1]
    assert kept(leased).free


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_for_it(leased, number, code):
    other = agent(leased)
    assert other.try_take()

    def once():
        leased.clock.while_asleep = lambda: None
        os.kill(os.getpid(), number)

    leased.clock.while_asleep = once
    done = leased.run("apply", "--yes")
    assert done.exit_code == code
    assert "nothing was written" in done.stderr
    assert made(leased) == []
    assert other.held


def test_it_is_given_back_after_an_error(leased):
    leased.simulator.faults.deny("CreateService")
    assert leased.run("apply", "--yes").exit_code == 4
    assert kept(leased).free


def test_it_is_given_back_after_a_bug(leased, monkeypatch):
    monkeypatch.setattr("reconciler.cli.applying.converge", lambda *_, **__: 1 / 0)
    done = leased.run("apply", "--yes")
    assert done.exit_code == 1
    assert "this is a bug" in done.stderr
    assert kept(leased).free


def test_without_waiting_it_is_given_back_when_the_calls_are_made(leased):
    assert leased.run("apply", "--yes", "--no-wait").exit_code in (0, 3)
    assert made(leased) == MADE[: len(made(leased))]
    assert kept(leased).free


def test_who_was_asleep_while_another_took_it_writes_nothing_more(leased):
    rival = agent(leased)

    def asleep():
        if made(leased) and not rival.held:
            leased.clock.while_asleep = lambda: None
            rival.try_take()
            leased.simulator.advance(16)  # this process stands still
            assert rival.try_take()

    leased.clock.while_asleep = asleep
    leased.write({"apps/shop/web.yaml": (leased.root / "apps/shop/web.yaml").read_text()
                  + "---\napiVersion: reconciler/v1\nkind: Service\nmetadata: {name: late, dependsOn: [Service/web]}\n"
                  "spec: {taskDefinition: web, desiredCount: 1}\n"})  # fmt: skip
    done = leased.run("apply", "--yes")
    assert done.exit_code == 5, done.stderr
    assert "held by agent on ip-10-0-0-7" in done.stderr
    assert made(leased) == MADE
    assert (kept(leased).holder, kept(leased).fence) == ("agent on ip-10-0-0-7", 2)


def test_in_json_the_outcome_is_told_and_stdout_is_json(leased):
    other = agent(leased)
    assert other.try_take()
    done = leased.run("apply", "--yes", "-o", "json", "--lease-timeout", "3s")
    assert done.exit_code == 5
    assert json.loads(done.stdout)["outcome"] == "failed"
    assert json.loads(done.stdout)["calls"] == []


# commits


def test_the_commit_is_put_down_before_the_first_write_for_it(leased):
    head = leased.commit()
    begun = []

    def first(request):
        response = handle(request)
        if leased.simulator.calls[-1].operation == "CreateCluster":
            begun.append(kept(leased).begun.commit)
        return response

    handle, leased.simulator.handle = leased.simulator.handle, first
    assert leased.run("apply", "--yes").exit_code == 0
    assert begun == [head]
    assert kept(leased).begun.commit == head


def two_commits(world):
    first = world.commit()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    second = world.commit()
    assert world.run("apply", "--yes").exit_code == 0
    world.simulator.calls.clear()
    return first, second


def test_an_older_commit_is_refused_and_both_are_named(leased):
    first, second = two_commits(leased)
    done = leased.run("apply", "--yes", "--revision", first)
    assert done.exit_code == 5
    assert first[:12] in done.stderr
    assert second[:12] in done.stderr
    assert "--older" in done.stderr
    assert made(leased) == []
    assert kept(leased).free
    assert kept(leased).begun.commit == second


def test_an_older_commit_may_be_meant(leased):
    first, _ = two_commits(leased)
    done = leased.run("apply", "--yes", "--revision", first, "--older")
    assert done.exit_code == 0, done.stderr
    assert "ecs:UpdateService" in made(leased)
    assert kept(leased).begun.commit == first


def test_a_revert_is_a_new_commit_and_just_works(leased):
    _, second = two_commits(leased)
    leased.git("revert", "--no-edit", second)
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert "ecs:UpdateService" in made(leased)


@pytest.mark.parametrize(("year", "code"), [(2099, 5), (2001, 0)])
def test_where_the_last_commit_is_not_in_this_clone_its_time_decides(leased, year, code):
    leased.commit()
    other = agent(leased)
    other.try_take()
    other.begin(Begun("f" * 40, datetime(year, 1, 1, tzinfo=UTC)), by_time)
    other.release()
    done = leased.run("apply", "--yes")
    assert done.exit_code == code, done.stderr
    assert made(leased) == ([] if code else MADE)


def test_files_as_they_lie_are_no_commit_and_are_compared_with_none(leased):
    _, second = two_commits(leased)
    leased.edit("apps/shop/web.yaml", "nginx:2", "nginx:3")
    assert leased.run("apply", "--yes", "--worktree").exit_code == 0
    assert kept(leased).begun.commit == second


# saved plans


def saved(world, tmp_path):
    file = tmp_path / "plan.json"
    assert world.run("plan", "--out", str(file)).exit_code == 0
    world.simulator.calls.clear()
    return str(file)


def test_a_saved_plan_needs_it_too(leased, tmp_path):
    file = saved(leased, tmp_path)
    other = agent(leased)
    other.try_take()
    assert leased.run("apply", file, "--lease-timeout", "2s").exit_code == 5
    assert made(leased) == []
    other.release()
    done = leased.run("apply", file)
    assert done.exit_code == 0, done.stderr
    assert made(leased) == MADE


def test_a_saved_plan_is_held_against_what_the_other_left_behind(leased, tmp_path):
    file = saved(leased, tmp_path)
    other = agent(leased)
    other.try_take()

    def works_and_gives_back():
        leased.clock.while_asleep = lambda: None
        leased.client("ecs").create_cluster(clusterName="main")
        other.release()

    leased.clock.while_asleep = works_and_gives_back
    done = leased.run("apply", file)
    assert done.exit_code == 5
    assert "no longer what this plan was made for" in done.stderr
    assert made(leased) == ["ecs:CreateCluster"]  # the other's
    assert kept(leased).free


def test_a_saved_plan_of_an_older_commit_is_refused(leased, tmp_path):
    leased.commit()
    file = saved(leased, tmp_path)
    other = agent(leased)
    other.try_take()
    other.begin(Begun("f" * 40, datetime(2099, 1, 1, tzinfo=UTC)), by_time)
    other.release()
    assert leased.run("apply", file).exit_code == 5
    assert made(leased) == []
    assert leased.run("apply", file, "--older").exit_code == 0


# tables and permissions


def test_a_table_that_is_not_there_is_one_error_before_anything_is_written(leased):
    leased.edit("environments/test.yaml", "dynamodb:leases", "dynamodb:nowhere")
    done = leased.run("apply", "--yes")
    assert done.exit_code == 1
    assert "there is no table nowhere in eu-west-1 to keep the lease in" in done.stderr
    assert "aws dynamodb create-table --region eu-west-1 --table-name nowhere" in done.stderr
    assert made(leased) == []


def test_a_permission_that_is_missing_is_a_matter_of_access(leased):
    leased.simulator.faults.deny("PutItem", service="dynamodb")
    done = leased.run("apply", "--yes")
    assert done.exit_code == 4
    assert "allow dynamodb:GetItem and dynamodb:PutItem" in done.stderr
    assert made(leased) == []


@pytest.mark.parametrize("fault", ["throttled", "500", "closed", "timeout"])
def test_a_table_that_has_trouble_for_a_moment_is_waited_for(leased, fault):
    leased.simulator.faults.add(parse(f"{fault} before call dynamodb:* x3"))
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    assert made(leased) == MADE
    assert kept(leased).free


def test_a_table_that_goes_down_meanwhile_stops_the_writes_and_not_the_looking(leased):
    def down():
        leased.simulator.faults.deny("*", service="dynamodb")

    leased.clock.while_asleep = down
    done = leased.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr  # all that was left was to wait
    leased.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    leased.simulator.faults.allow()
    leased.clock.while_asleep = lambda: None

    def between(request):
        response = handle(request)
        if leased.simulator.calls[-1].operation == "RegisterTaskDefinition":
            down()
            leased.simulator.advance(6)
        return response

    handle, leased.simulator.handle = leased.simulator.handle, between
    leased.simulator.calls.clear()
    done = leased.run("apply", "--yes")
    assert done.exit_code == 5
    assert "the lease could not be renewed in time" in done.stderr
    assert made(leased) == ["ecs:RegisterTaskDefinition"]


def test_without_a_lease_it_says_once_that_nobody_is_kept_out(world):
    done = world.run("apply", "--yes")
    assert done.stderr.count("note: the environment test names no lease") == 1
    assert done.exit_code == 0


def test_a_file_on_this_machine_will_do(world, tmp_path):
    world.edit("environments/test.yaml", "  cluster: main\n", f"  cluster: main\n  lease: file:{tmp_path}/leases\n")
    done = world.run("apply", "--yes")
    assert done.exit_code == 0, done.stderr
    body = json.loads((tmp_path / "leases").read_text())
    assert body["leases"]["default/test"]["holder"] == ""
    environment = Environment("test", lease=f"file:{tmp_path}/leases")
    other = Lease(lease_store(environment, "default", world.clock), "another", world.clock, longest_call=10.0)
    assert other.try_take()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.simulator.calls.clear()
    assert world.run("apply", "--yes", "--lease-timeout", "4s").exit_code == 5
    assert world.writes == []


def test_what_is_written_between_two_checks_waits_for_nobody(leased):
    """A pause just before a request leaves, while another takes over: it never leaves."""
    leased.applied()
    leased.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    rival = agent(leased)

    def pause(**_):
        leased.session.events.unregister("request-created.ecs.UpdateService", pause)
        rival.try_take()
        leased.simulator.advance(16)
        assert rival.try_take()

    leased.session.events.register("request-created.ecs.UpdateService", pause)
    done = leased.run("apply", "--yes")
    assert done.exit_code == 5, done.stderr
    assert made(leased) == ["ecs:RegisterTaskDefinition"]
    assert kept(leased).fence == rival.fence


def test_a_task_of_a_persons_own_needs_none(leased):
    leased.applied()
    leased.simulator.script("nginx:1", exits=0, after=5.0)
    other = agent(leased)
    assert other.try_take()
    leased.simulator.calls.clear()
    done = leased.run("run", "TaskDefinition/web", "--cluster", "main", "--detach")
    assert done.exit_code == 0, done.stderr
    assert leased.writes == ["ecs:RunTask"]
