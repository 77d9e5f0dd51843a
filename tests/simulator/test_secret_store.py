"""Secrets Manager and the Parameter Store as the API reference has them: labels, versions that lost theirs, the clock."""

from __future__ import annotations

import pytest

from reconciler.simulator import Simulator

A, B, C = (letter * 32 for letter in "abc")


@pytest.fixture
def simulator():
    return Simulator()


@pytest.fixture
def secrets(simulator):
    made = simulator.client("secretsmanager", "eu-west-1")
    made.create_secret(Name="db")
    return made


def put(secrets, token, *labels, value=None):
    return secrets.put_secret_value(
        SecretId="db", SecretString=value or token, ClientRequestToken=token, VersionStages=["AWSCURRENT", *labels]
    )


def stages(secrets):
    described = secrets.describe_secret(SecretId="db").get("VersionIdsToStages", {})
    return {version: sorted(labels) for version, labels in described.items()}


def test_a_secret_made_without_a_value_has_no_version(secrets):
    assert stages(secrets) == {}


def test_a_new_version_takes_no_other_label_from_the_one_before(secrets):
    put(secrets, A, "mine-a")
    put(secrets, B, "mine-b")
    assert stages(secrets) == {A: ["AWSPREVIOUS", "mine-a"], B: ["AWSCURRENT", "mine-b"]}
    put(secrets, C, "mine-c")
    assert stages(secrets)[A] == ["mine-a"]


def test_moving_the_label_back_is_a_compare_and_set(secrets):
    put(secrets, A, "mine-a")
    put(secrets, B, "mine-b")
    wrong = {"SecretId": "db", "VersionStage": "AWSCURRENT", "MoveToVersionId": A, "RemoveFromVersionId": A}
    with pytest.raises(secrets.exceptions.InvalidParameterException):
        secrets.update_secret_version_stage(**wrong)
    secrets.update_secret_version_stage(**{**wrong, "RemoveFromVersionId": B})
    assert stages(secrets) == {A: ["AWSCURRENT", "mine-a"], B: ["AWSPREVIOUS", "mine-b"]}
    put(secrets, C)
    assert stages(secrets)[A] == ["AWSPREVIOUS", "mine-a"]
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == C


def test_a_known_token_with_the_same_value_does_nothing_and_with_another_is_refused(secrets):
    put(secrets, A)
    put(secrets, B)
    assert put(secrets, A)["VersionStages"] == ["AWSPREVIOUS"]
    assert stages(secrets)[B] == ["AWSCURRENT"]
    with pytest.raises(secrets.exceptions.ResourceExistsException):
        put(secrets, A, value="another")


def test_a_version_without_a_label_is_shown_only_where_all_are_listed(secrets):
    put(secrets, A)
    put(secrets, B)
    put(secrets, C)
    assert A not in stages(secrets)
    listed = secrets.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    assert {it["VersionId"]: it.get("VersionStages") for it in listed}[A] in ([], None)
    assert len(listed) == 3


def test_both_tell_the_time_of_the_simulated_world(simulator, secrets):
    ssm = simulator.client("ssm", "eu-west-1")
    put(secrets, A)
    simulator.advance(3600)
    put(secrets, B)
    ssm.put_parameter(Name="/x", Value="1", Type="String")
    now = simulator.now()
    described = secrets.describe_secret(SecretId="db")
    assert abs((described["LastChangedDate"] - now).total_seconds()) < 1
    listed = {it["VersionId"]: it["CreatedDate"] for it in secrets.list_secret_version_ids(SecretId="db")["Versions"]}
    assert (listed[B] - listed[A]).total_seconds() == 3600
    modified = ssm.describe_parameters()["Parameters"][0]["LastModifiedDate"]
    assert abs((modified - now).total_seconds()) < 1


def test_another_simulator_has_its_own_time(simulator, secrets):
    put(secrets, A)
    other = Simulator()
    other.advance(86_400)
    theirs = other.client("secretsmanager", "eu-west-1")
    theirs.create_secret(Name="db", SecretString="x")
    assert abs((theirs.describe_secret(SecretId="db")["CreatedDate"] - other.now()).total_seconds()) < 1


def test_opening_and_sealing_write_nothing(simulator):
    kms = simulator.client("kms", "eu-west-1")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = len(simulator.writes())
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"a": "b"})
    kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert len(simulator.writes()) == before
