"""The other services are moto's: same account, fresh with every simulator, and never asked about ECS."""

import subprocess
import sys

import boto3
import pytest

from reconciler.simulator import Settings, Simulator, SimulatorError


def test_account_and_identity_agree():
    sim = Simulator(Settings(account="111122223333"))
    assert sim.client("sts").get_caller_identity()["Account"] == "111122223333"
    arn = sim.client("ecs").create_cluster()["cluster"]["clusterArn"]
    assert arn == "arn:aws:ecs:us-east-1:111122223333:cluster/default"
    sim.client("logs").create_log_group(logGroupName="/x", tags={"a": "b"})
    group = sim.client("logs").describe_log_groups()["logGroups"][0]
    assert ":111122223333:" in group["arn"]
    assert len(sim.client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"]) == 1


def test_an_assumed_role_acts_in_its_own_account(sim):
    role = "arn:aws:iam::999988887777:role/deployer"
    given = sim.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = boto3.session.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-east-1"
    )
    sim.attach(session)
    assert session.client("sts").get_caller_identity()["Account"] == "999988887777"
    assert ":999988887777:" in session.client("ecs").create_cluster()["cluster"]["clusterArn"]
    assert sim.client("ecs").list_clusters()["clusterArns"] == []


def test_every_simulator_starts_without_the_state_of_the_one_before():
    Simulator().client("logs").create_log_group(logGroupName="/x")
    assert Simulator().client("logs").describe_log_groups()["logGroups"] == []


def test_two_simulators_cannot_share_moto_silently():
    first, second = Simulator(), Simulator()
    first.client("logs").describe_log_groups()
    second.client("logs").describe_log_groups()
    with pytest.raises(SimulatorError, match="newer simulator"):
        first.client("logs").describe_log_groups()


def test_identifiers_of_moto_come_from_the_seed():
    def arn(seed):
        return Simulator(Settings(seed=seed)).client("secretsmanager").create_secret(Name="a", SecretString="b")["ARN"]

    assert arn(1) == arn(1) != arn(2)


def test_moto_is_not_imported_before_it_is_needed():
    code = (
        "import sys; from reconciler.simulator import Simulator; s = Simulator(); s.client('ecs').list_clusters();"
        "s.client('resourcegroupstaggingapi').get_resources();"
        "assert 'moto' not in sys.modules; print('ok')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "ok\n", done.stderr


def test_a_service_nobody_answers_says_its_name(sim, refused):
    with refused("UnsupportedOperationException", "drs"):
        sim.client("drs").describe_jobs()


def test_nothing_reaches_a_process_wide_moto(sim):
    sim.client("logs").describe_log_groups()
    from moto.core.models import botocore_stubber

    assert not botocore_stubber.enabled


def test_images_are_shown_as_they_were_though_their_registry_holds_a_lock(sim):
    ecr = sim.client("ecr")
    ecr.create_repository(repositoryName="shop")
    was = sim.world.others.freeze("ecr", sim.settings.account, "us-east-1")
    ecr.create_repository(repositoryName="blog")
    with sim.world.others.seen_as(was, "ecr", sim.settings.account, "us-east-1"):
        assert [it["repositoryName"] for it in ecr.describe_repositories()["repositories"]] == ["shop"]
    assert len(ecr.describe_repositories()["repositories"]) == 2


def test_an_account_has_no_pull_through_cache_rules(sim):
    assert sim.client("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
