"""The agent among the examples: deployed by itself, in one environment, in a container that can do little harm."""

import json

import pytest

from reconciler.engine.permissions import permissions
from reconciler.engine.settle import draft
from reconciler.kinds import KINDS
from reconciler.model.key import Key, Scope
from reconciler.source.agent_settings import read_settings
from reconciler.source.directory import read_directory
from reconciler.source.render import environments

DEFINITION = Key("reconciler", "TaskDefinition", "agent")
SERVICE = Key("reconciler", "Service", "reconciler")


@pytest.fixture
def wish(repository):
    return repository.wish("production")


@pytest.fixture
def container(wish):
    [one] = wish.desired[DEFINITION].spec["containerDefinitions"]
    return one


def settings(container):
    [text] = [it["value"] for it in container["environment"] if it["name"] == "RECONCILER_AGENT_CONFIG"]
    return read_settings("RECONCILER_AGENT_CONFIG", text.encode())


def test_one_agent_runs_for_all_environments(repository, container):
    known = environments(read_directory(repository.root))
    assert [name for name in known if SERVICE in repository.wish(name).desired] == ["production"]
    assert sorted(settings(container).environments) == sorted(known)


def test_its_settings_can_be_read_and_hold_no_secret(container):
    found = settings(container)
    assert found.repository.login.secret.variable == "GIT_TOKEN"
    assert [it["name"] for it in container["secrets"]] == ["GIT_TOKEN"]
    assert found.repository.url == "https://github.com/acme/infrastructure.git"


def test_what_it_writes_to_is_mounted_and_nothing_else_can_be_written(wish, container):
    mounted = {it["containerPath"]: it["sourceVolume"] for it in container["mountPoints"]}
    assert container["readonlyRootFilesystem"] is True
    assert set(mounted.values()) == {it["name"] for it in wish.desired[DEFINITION].spec["volumes"]}
    assert settings(container).repository.mirror.startswith("/var/lib/reconciler/")
    assert set(mounted) == {"/var/lib/reconciler", "/tmp"}  # the volumes of the image


def test_it_is_nobody_and_small(wish, container):
    spec = wish.desired[DEFINITION].spec
    assert (spec["cpu"], spec["memory"]) == ("256", "512")
    assert container["user"] == "10001"
    assert container["linuxParameters"] == {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}}
    assert container["stopTimeout"] == 30
    assert container["healthCheck"]["command"] == ["CMD", "reconciler", "healthcheck"]


def test_the_old_one_leaves_before_the_new_one_comes(wish):
    spec = wish.desired[SERVICE].spec
    said = spec["deploymentConfiguration"]
    assert (spec["desiredCount"], said["minimumHealthyPercent"], said["maximumPercent"]) == (1, 0, 100)
    assert said["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert "loadBalancers" not in spec


def test_a_commit_moves_it_to_a_new_version_in_the_middle_of_another_rollout(repository, world, wish):
    world.prepare(wish)
    assert world.apply(wish).status.ready
    world.writes()
    repository.change("apps/profile/environments/production.yaml", "2026.01.1", "2026.01.2")
    repository.change("apps/reconciler/app.yaml", "0.1.0", "0.2.0")
    new = repository.wish("production")
    world.push(new)
    assert world.apply(new).status.ready
    assert world.writes() == ["RegisterTaskDefinition"] * 2 + ["UpdateService"] * 2
    ecs = world.sim.client("ecs", "eu-west-1")
    [service] = ecs.describe_services(cluster="production", services=["reconciler"])["services"]
    assert service["runningCount"] == 1
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"].endswith("/reconciler:0.2.0")
    assert world.plan(new).plan.empty


def test_it_may_pass_on_the_roles_that_the_examples_name_and_no_other(repository):
    made = draft(read_directory(repository.root), "production", KINDS)
    found = permissions(made, Scope("default", "production"), None)
    assert found.missing == ()
    passed = {grant.resource for grant in found.grants if grant.action == "iam:PassRole"}
    assert passed == {
        f"arn:aws:iam::123456789012:role/{name}" for name in ("bookstore", "ecs-execution", "profile", "reconciler")
    }
    assert "GetSecretValue" not in json.dumps([grant.action for grant in found.grants])
