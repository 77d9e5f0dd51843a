"""`status` says how things fare, and in its exit code whether all is well."""

import json
import os
import signal
from datetime import timedelta

import jsonschema
import pytest

from reconciler.report.schema import STATUS


def test_nothing_is_there_yet(world, golden):
    done = world.run("status")
    assert done.exit_code == 3
    golden("status-missing.txt", done.output)
    assert world.writes == []


def test_all_is_well(world, golden):
    world.applied()
    for form in ("text", "wide"):
        done = world.run("status", "-o", form)
        assert done.exit_code == 0
        golden(f"status-ready-{form}.txt", done.output)
    assert world.writes == []


def test_json_agrees_and_holds_to_its_schema(world):
    world.applied()
    body = json.loads(world.run("status", "-o", "json").stdout)
    jsonschema.validate(body, STATUS)
    assert body["ready"] is True
    assert [resource["phase"] for resource in body["resources"]] == ["Ready"] * 3


def test_a_rollout_on_its_way_is_not_ready(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    done = world.run("status")
    assert done.exit_code == 3
    assert "RollingOut" in done.stdout


def test_what_is_invalid_is_said_and_the_rest_is_shown(world):
    world.applied()
    world.write({"apps/other/bad.yaml": "apiVersion: reconciler/v1\nkind: Servcie\n"})
    done = world.run("status")
    assert done.exit_code == 65
    assert "unknown-kind" in done.stderr
    assert "  Service/web " in done.stdout


def test_what_may_not_be_read_is_a_matter_of_access(world):
    world.applied()
    world.simulator.faults.deny("DescribeServices")
    assert world.run("status").exit_code == 4


def test_some_apps_alone(world):
    body = json.loads(world.run("status", "platform", "-o", "json").stdout)
    assert [resource["key"] for resource in body["resources"]] == ["platform/Cluster/main"]


def test_json_says_how_the_apps_fare_and_what_runs(world):
    world.applied()
    body = json.loads(world.run("status", "-o", "json").stdout)
    assert [(app["name"], app["phase"], app["readyCount"], app["total"]) for app in body["apps"]] == [
        ("platform", "Ready", 1, 1),
        ("shop", "Ready", 2, 2),
    ]
    web = body["resources"][-1]
    assert (web["kstatus"], web["health"]) == ("Current", "Healthy")
    assert [(item["role"], item["revision"], item["runningCount"]) for item in web["deployments"]] == [
        ("PRIMARY", "web:1", 2)
    ]


def test_a_rollout_is_shown_with_its_deployments(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    shown = world.run("status").stdout
    assert "shop  1/2 ready: 1 RollingOut" in shown
    assert "    PRIMARY " in shown
    assert "  web:2  " in shown
    assert "    ACTIVE " in shown
    assert "  web:1  " in shown


def test_ages_are_told_by_the_clock_of_aws(world, monkeypatch):
    world.applied()
    monkeypatch.setattr(world.clock, "now", lambda: world.simulator.now() + timedelta(days=300))
    row = next(line for line in world.run("status").stdout.splitlines() if "Service/web" in line)
    assert row.split()[4] == "2s"


# --watch


def watch(world, *words, hours=1.0):
    """Watch until Ctrl-C, so many virtual hours later; the run and the looks at services it took."""
    end = world.clock.monotonic() + hours * 3600

    def asleep():
        if world.clock.monotonic() >= end:
            world.clock.while_asleep = lambda: None
            os.kill(os.getpid(), signal.SIGINT)

    world.clock.while_asleep = asleep
    world.simulator.calls.clear()
    done = world.run("status", "--watch", *words)
    return done, [call for call in world.simulator.calls if call.operation == "DescribeServices"]


def test_watching_in_a_pipe_says_what_changes_and_ends_well_with_ctrl_c(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    done, _ = watch(world, hours=0.2)
    assert done.exit_code == 0
    assert done.stderr == ""
    lines = [line.split(" ")[1:] for line in done.stdout.splitlines()]
    assert [(words[0], words[1]) for words in lines[:3]] == [
        ("platform/Cluster/main", "Ready"),
        ("shop/TaskDefinition/web", "Ready"),
        ("shop/Service/web", "RollingOut"),
    ]
    web = [words[1] for words in lines[3:]]
    assert {words[0] for words in lines[3:]} == {"shop/Service/web"}
    assert web[-1] == "Ready"
    assert web.count("Ready") == 1
    assert world.writes == []


def test_watching_looks_often_while_something_moves_and_seldom_at_rest(world):
    world.applied()
    _, looks = watch(world, hours=1)
    assert 119 <= len(looks) <= 121
    _, looks = watch(world, "60s", hours=1)
    assert 59 <= len(looks) <= 61
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    _, looks = watch(world, hours=0.1)
    assert 71 <= len(looks) <= 73


def test_what_is_not_ready_when_the_watch_ends_is_3(world):
    done, _ = watch(world, hours=0.01)
    assert done.exit_code == 3
    assert len(done.stdout.splitlines()) == 3


def test_looks_that_fail_while_it_is_watched_are_no_news_until_the_third(world):
    world.applied()
    world.simulator.faults.fail("DescribeServices", how="500", on=4, times=4)  # a look tries again by itself
    done, _ = watch(world, "5s", hours=0.02)
    words = [line.split(" ")[2] for line in done.stdout.splitlines() if "Service/web" in line]
    assert words == ["Ready"]


def test_a_watch_in_json_is_a_document_a_line_and_one_only_when_something_has_changed(world):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    done, looks = watch(world, "-o", "json", hours=0.2)
    bodies = [json.loads(line) for line in done.stdout.splitlines()]
    for body in bodies:
        jsonschema.validate(body, STATUS)
    assert [bodies[0]["ready"], bodies[-1]["ready"]] == [False, True]
    assert 2 <= len(bodies) < len(looks)


@pytest.mark.parametrize("word", ["shop", "0", "0s", "0.5s", "1e9"])
def test_how_often_has_to_be_a_time(world, word):
    done = world.run("status", "--watch", word)
    assert done.exit_code == 64
    assert f"'{word}' is not a time: write 10s\n  = an app is named before --watch" in done.stderr
    assert world.simulator.calls == []


def test_apps_and_how_often_can_both_be_said(world):
    done, _ = watch(world, "10s", "platform", hours=0.01)
    assert [line.split(" ")[1] for line in done.stdout.splitlines()] == ["platform/Cluster/main"]
