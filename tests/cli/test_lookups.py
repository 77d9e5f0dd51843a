"""The verbs and what other tools own: validate asks nobody, the others ask once, and exits say whose fault it is."""

from __future__ import annotations

import json

import pytest

from reconciler.simulator.fault import Fault
from tests.account import MANIFEST

HEAD = "apiVersion: reconciler/v1\n"
GROUPS = (
    HEAD + "kind: LogGroup\nmetadata: {name: logs}\nspec: {logGroupName: '/x', retentionInDays: '${{ ssm./days }}'}\n"
)
DIGEST = "sha256:" + "a" * 64
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def repository(world):
    """The small repository, of which one app looks up a parameter that is there."""
    world.write({"apps/logs/logs.yaml": GROUPS})
    put(world, "30")
    world.commit()
    world.simulator.calls.clear()
    return world


def put(world, value, type="String"):
    world.client("ssm").put_parameter(Name="/days", Value=value, Type=type, Overwrite=True)


def gone(world):
    world.client("ssm").delete_parameter(Name="/days")
    world.simulator.calls.clear()


def denied(world):
    world.simulator.faults.add(Fault(what="denied", operation="GetParameters", times=None))


def asked(world):
    return [call for call in world.simulator.calls if call.operation == "GetParameters"]


def test_validate_asks_nobody_and_finds_nothing_wrong(repository):
    done = repository.run("validate")
    assert (done.exit_code, done.stdout) == (0, "valid: 4 resources in test\n")
    assert repository.simulator.calls == []


def test_validate_finds_what_can_be_known_without_asking(repository):
    repository.edit("apps/logs/logs.yaml", "ssm./days", "tfstate.outputs.days")
    done = repository.run("validate")
    assert done.exit_code == 65
    assert "error[no-state]: the environment does not say where a Terraform state is\n" in done.stdout
    assert "--> apps/logs/logs.yaml:4:46" in done.stdout


def test_plan_shows_what_it_looked_up_and_reads_it_once(repository):
    done = repository.run("plan")
    assert done.exit_code == 0
    assert "    ssm./days   SSM parameter /days, version 1  for logs/LogGroup/logs\n" in done.stdout
    assert "+ retentionInDays" in done.stdout
    assert len(asked(repository)) == 1
    [lookup] = json.loads(repository.run("plan", "-o", "json").stdout)["lookups"]
    assert (lookup["name"], lookup["version"], lookup["usedBy"]) == ("ssm./days", "1", ["logs/LogGroup/logs"])


def test_apply_makes_what_was_looked_up_and_then_all_is_well(repository):
    assert repository.run("apply", "--yes").exit_code == 0
    assert len(asked(repository)) == 1
    [group] = repository.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 30
    for verb in ("status", "doctor", "wait"):
        assert repository.run(verb).exit_code == 0, verb
    put(repository, "7")
    assert repository.run("plan", "--detailed-exitcode").exit_code == 2
    assert repository.run("status").exit_code == 3


@pytest.mark.parametrize(("verb", "more"), [("plan", ()), ("apply", ("--yes",)), ("wait", ())])
@pytest.mark.parametrize(("prepare", "code"), [(gone, 65), (denied, 4)])
def test_what_cannot_be_had_ends_it_with_a_code_that_says_whose_fault_it_is(repository, verb, more, prepare, code):
    prepare(repository)
    done = repository.run(verb, *more)
    assert done.exit_code == code
    assert "--> apps/logs/logs.yaml:4:46" in done.stderr
    assert repository.writes == []
    assert len(done.stderr.split("--> apps/logs/logs.yaml")) == 2


@pytest.mark.parametrize(("prepare", "code"), [(gone, 65), (denied, 4)])
def test_going_on_leaves_out_that_app_alone_and_says_it_at_the_end(repository, prepare, code):
    prepare(repository)
    done = repository.run("apply", "--yes", "--keep-going")
    assert done.exit_code == code
    assert "left out, because invalid: logs" in done.stderr
    assert "ecs:CreateService" in repository.writes
    assert "logs:CreateLogGroup" not in repository.writes


@pytest.mark.parametrize("verb", ["status", "doctor"])
@pytest.mark.parametrize(("prepare", "code"), [(gone, 65), (denied, 4)])
def test_others_are_looked_at_all_the_same(repository, verb, prepare, code):
    assert repository.run("apply", "--yes").exit_code == 0
    prepare(repository)
    done = repository.run(verb)
    assert done.exit_code == code
    assert "apps/logs/logs.yaml:4:46" in done.stderr
    assert "shop" in done.stdout or verb == "doctor"


def test_nothing_is_asked_for_another_app(repository):
    denied(repository)
    assert repository.run("plan", "shop", "platform").exit_code == 0
    assert asked(repository) == []


def test_people_may_speak_of_an_app_whose_lookups_fail_unless_it_has_to_be_known(repository):
    repository.run("apply", "--yes")
    denied(repository)
    assert repository.run("suspend", "logs").exit_code == 0
    assert repository.run("resume", "logs").exit_code == 0
    assert repository.run("retry", "logs").exit_code == 4
    assert repository.run("history", "shop").exit_code == 0


def test_a_saved_plan_is_stale_when_a_value_has_changed(repository, tmp_path):
    file = str(tmp_path / "plan.json")
    assert repository.run("plan", "--out", file).exit_code == 0
    put(repository, "7")
    repository.simulator.calls.clear()
    assert repository.run("apply", file).exit_code == 5
    assert repository.writes == []
    put(repository, "30")
    assert repository.run("apply", file).exit_code == 0


def test_a_secret_one_is_refused_and_shows_nowhere(repository):
    gone(repository)
    put(repository, "hunter2", "SecureString")
    done = repository.run("plan")
    assert done.exit_code == 65
    assert "SecureString" in done.stderr
    assert "hunter2" not in done.output


def test_a_state_on_disk_lies_beside_the_repository_and_is_not_committed(world):
    state = {"version": 4, "serial": 3, "lineage": "abc", "outputs": {"days": {"value": 30}}, "resources": []}
    group = GROUPS.replace("ssm./days", "tfstate.outputs.days")
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  tfstate: {file: ../terraform.tfstate}")
    world.write({"apps/logs/logs.yaml": group, "../terraform.tfstate": json.dumps(state)})
    world.commit()
    done = world.run("plan")
    assert done.exit_code == 0
    assert "tfstate.outputs.days   ../terraform.tfstate, serial 3 of abc" in done.stdout
    world.write({"../terraform.tfstate": None})
    done = world.run("plan")
    assert done.exit_code == 65
    assert "there is no file ../terraform.tfstate" in done.stderr


def test_run_reads_what_its_app_looks_up(world):
    world.edit("apps/shop/web.yaml", "value: info", "value: '${{ ssm./days }}'")
    put(world, "warn")
    assert world.run("apply", "--yes").exit_code == 0
    done = world.run("run", "TaskDefinition/web", "--detach")
    assert done.exit_code == 0, done.stderr
    gone(world)
    assert world.run("run", "TaskDefinition/web", "--detach").exit_code == 125


def test_images_are_pinned_and_a_moved_tag_is_told(world):
    def push(digest):
        ecr = world.client("ecr")
        manifest = json.dumps({**MANIFEST, "config": {"digest": digest}})
        ecr.put_image(repositoryName="web", imageManifest=manifest, imageTag="v1", imageDigest=digest)

    world.client("ecr").create_repository(repositoryName="web")
    push(DIGEST)
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  policy: {images: pin}")
    world.edit("apps/shop/web.yaml", "nginx:1", f"{HOST}/web:v1")
    assert world.run("validate").exit_code == 0
    assert world.run("apply", "--yes").exit_code == 0
    assert world.run("plan", "--detailed-exitcode").exit_code == 0
    push("sha256:" + "b" * 64)
    done = world.run("plan", "--detailed-exitcode")
    assert done.exit_code == 2
    assert "v1 has moved in ECR: git is unchanged" in done.stdout
    world.edit("apps/shop/web.yaml", "web:v1", "web:v9")
    done = world.run("plan")
    assert done.exit_code == 65
    assert "error[unknown-image]" in done.stderr
