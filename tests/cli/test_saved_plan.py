"""A saved plan is made exactly, call by call, or not at all."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def repository(world):
    """The small repository, committed."""
    world.commit()
    return world


@pytest.fixture
def file(repository, tmp_path):
    """The plan to create everything, saved."""
    path = tmp_path / "plan.json"
    assert repository.run("plan", "--out", str(path)).exit_code == 0
    repository.simulator.calls.clear()
    return str(path)


def test_it_needs_no_yes_and_is_made_call_by_call_over_several_ticks(repository, file, golden):
    done = repository.run("apply", file)
    assert done.exit_code == 0
    agreed = [call["operation"] for call in json.loads(Path(file).read_text())["plannedCalls"]]
    assert repository.writes == agreed == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]
    golden("apply-saved.stdout", done.stdout)
    assert repository.run("plan", "--detailed-exitcode").exit_code == 0


def test_made_once_it_is_stale(repository, file):
    repository.run("apply", file)
    repository.simulator.calls.clear()
    done = repository.run("apply", file)
    assert done.exit_code == 5
    assert repository.writes == []


def test_a_change_in_the_world_makes_it_stale_and_nothing_is_written(repository, tmp_path):
    repository.applied()
    repository.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    repository.commit()
    path = str(tmp_path / "plan.json")
    repository.run("plan", "--out", path)
    repository.client("ecs").update_service(cluster="main", service="web", desiredCount=1)
    repository.simulator.calls.clear()
    done = repository.run("apply", path)
    assert done.exit_code == 5
    assert "no longer what this plan was made for" in done.stderr
    assert repository.writes == []


def test_it_is_of_its_commit_whatever_came_after(repository, file):
    repository.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    repository.commit()
    assert repository.run("apply", file).exit_code == 0
    running = repository.client("ecs").describe_task_definition(taskDefinition="web:1")["taskDefinition"]
    assert running["containerDefinitions"][0]["image"] == "nginx:1"


def test_of_files_as_they_lie_a_changed_byte_makes_it_stale(world, tmp_path):
    path = str(tmp_path / "plan.json")
    world.run("plan", "--out", path)
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    assert world.run("apply", path).exit_code == 5
    assert world.writes == []


def test_a_changed_byte_in_the_file_makes_it_stale(repository, file):
    text = Path(file).read_text()
    body = json.loads(text)
    body["planDigest"] = body["planDigest"][:-1] + ("0" if body["planDigest"][-1] != "0" else "1")
    Path(file).write_text(json.dumps(body))
    assert repository.run("apply", file).exit_code == 5
    assert repository.writes == []


def test_a_call_taken_out_of_the_file_is_not_made(repository, file):
    body = json.loads(Path(file).read_text())
    body["plannedCalls"] = [call for call in body["plannedCalls"] if call["operation"] != "ecs:CreateService"]
    Path(file).write_text(json.dumps(body))
    done = repository.run("apply", file)
    assert done.exit_code == 5
    assert "ecs:CreateService" not in repository.writes


@pytest.mark.parametrize(
    "flags", [["-e", "other"], ["--installation", "other"], ["--prune"], ["--keep-going"], ["--revision", "HEAD~1"]]
)
def test_what_was_agreed_to_cannot_be_changed_by_a_flag(repository, file, flags):
    done = repository.run("apply", file, *flags)
    assert done.exit_code == 64
    assert repository.simulator.calls == []


def test_its_flags_are_those_it_was_made_with(repository, tmp_path):
    path = str(tmp_path / "plan.json")
    repository.client("ecs").create_cluster(clusterName="main")
    repository.run("plan", "platform", "--adopt", "--out", path)
    repository.simulator.calls.clear()
    assert repository.run("apply", path).exit_code == 0
    assert repository.writes == ["ecs:TagResource"]


def test_a_plan_with_something_blocked_is_not_made(repository, tmp_path):
    path = str(tmp_path / "plan.json")
    repository.client("ecs").create_cluster(clusterName="main")
    assert repository.run("plan", "--out", path).exit_code == 0
    repository.simulator.calls.clear()
    assert repository.run("apply", path).exit_code == 3
    assert repository.writes == []


def test_a_plan_of_nothing_is_nothing(repository, tmp_path):
    repository.applied()
    path = str(tmp_path / "plan.json")
    repository.run("plan", "--out", path)
    assert repository.run("apply", path).exit_code == 0
    assert repository.writes == []
