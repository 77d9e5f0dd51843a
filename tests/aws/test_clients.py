"""Clients: whose account, which Region, which credentials, made when."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from reconciler.aws.clients import Clients, Connection
from reconciler.model.desired import Environment
from reconciler.model.errors import AccessError, Unavailable, UsageError

EU = "eu-west-1"
ROLE = "arn:aws:iam::222222222222:role/deploy"


def identity(account):
    return {"Account": account, "Arn": f"arn:aws:iam::{account}:user/x", "UserId": "U"}


def role(key="AKIDROLE", hours=1):
    expires = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    given = {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "role-token", "Expiration": expires}
    return {"Credentials": given}


def made(session, **environment):
    return Clients(Environment("production", **{"region": EU, **environment}), session=session)


def test_the_right_account_passes_with_exactly_one_call(session, aws):
    aws.answers["sts:GetCallerIdentity"] = identity("111111111111")
    clients = made(session, account_id="111111111111")
    assert clients.guard() == "111111111111"
    clients.client("ecs")
    clients.client("logs")
    assert clients.guard() == "111111111111"
    assert aws.operations == ["sts:GetCallerIdentity"]


def test_another_account_is_refused_before_any_other_call(session, aws):
    aws.answers["sts:GetCallerIdentity"] = identity("999999999999")
    clients = made(session, account_id="111111111111")
    for _ in range(2):
        with pytest.raises(AccessError) as caught:
            clients.client("ecs")
        assert "999999999999" in str(caught.value)
        assert "111111111111" in str(caught.value)
        assert "assumeRole" in caught.value.hint
    assert set(aws.operations) == {"sts:GetCallerIdentity"}


def test_an_environment_without_an_account_asks_nobody(session, aws):
    clients = made(session)
    assert clients.guard() is None
    clients.client("ecs")
    assert aws.calls == []


def test_the_guard_waits_for_an_answer_before_it_gives_a_client(session, aws):
    aws.answers["sts:GetCallerIdentity"] = [ReadTimeoutError(endpoint_url="u"), identity("111111111111")]
    clients = made(session, account_id="111111111111")
    with pytest.raises(Unavailable):
        clients.client("ecs")
    assert clients.client("ecs")


def test_the_role_is_assumed_before_the_account_is_looked_at(session, aws):
    aws.answers |= {"sts:AssumeRole": role(), "sts:GetCallerIdentity": identity("222222222222")}
    aws.answers["ecs:ListClusters"] = {}
    clients = made(session, account_id="222222222222", assume_role=ROLE)
    clients.client("ecs").list_clusters()
    assert aws.operations == ["sts:AssumeRole", "sts:GetCallerIdentity", "ecs:ListClusters"]
    assert "reconciler-production" in str(aws.calls[0][1])
    signed = [str(request.headers["Authorization"]) for _, _, request in aws.calls]
    assert "AKIDTEST" in signed[0]
    assert "AKIDROLE" in signed[1]
    assert "AKIDROLE" in signed[2]


def test_a_role_is_assumed_again_before_its_credentials_expire(session, aws):
    aws.answers |= {"sts:AssumeRole": [role("AKIDOLD", hours=0.1), role("AKIDNEW")], "ecs:ListClusters": {}}
    ecs = made(session, assume_role=ROLE).client("ecs")
    ecs.list_clusters()
    ecs.list_clusters()
    ecs.list_clusters()
    assert aws.operations.count("sts:AssumeRole") == 2
    assert "AKIDNEW" in str(aws.calls[-1][2].headers["Authorization"])


def test_the_name_of_a_role_session_is_one_that_sts_takes(session, aws):
    aws.answers |= {"sts:AssumeRole": role(), "ecs:ListClusters": {}}
    environment = Environment("produktion/süd " + "x" * 80, region=EU, assume_role=ROLE)
    Clients(environment, session=session).client("ecs").list_clusters()
    assert aws.operations == ["sts:AssumeRole", "ecs:ListClusters"]


def test_a_role_that_may_not_be_assumed(session, aws, fault, caplog):
    aws.answers["sts:AssumeRole"] = fault("AccessDenied", "not authorized to perform: sts:AssumeRole", 403)
    with pytest.raises(AccessError) as caught:
        made(session, account_id="222222222222", assume_role=ROLE).guard()
    assert ROLE in str(caught.value)
    assert "trust policy" in caught.value.hint
    assert caplog.records == []
    assert aws.operations == ["sts:AssumeRole"]


def test_the_session_handed_in_keeps_its_own_credentials(session, aws):
    aws.answers["sts:AssumeRole"] = role()
    made(session, assume_role=ROLE)
    assert session.get_credentials().access_key == "AKIDTEST"


def test_without_credentials_the_error_says_what_to_do(monkeypatch):
    with pytest.raises(AccessError) as caught:
        made(boto3.Session(), account_id="111111111111").guard()
    assert "credentials" in str(caught.value)
    assert "AWS_PROFILE" in caught.value.hint


def test_a_profile_that_does_not_exist():
    with pytest.raises(AccessError, match="nobody"):
        Clients(Environment("production", region=EU), profile="nobody").client("ecs")
    with pytest.raises(AccessError, match="nobody"):
        Clients(Environment("production"), profile="nobody")


def test_without_a_region_nothing_starts(session):
    with pytest.raises(UsageError) as caught:
        made(session, region=None)
    assert "AWS_DEFAULT_REGION" in caught.value.hint


@pytest.mark.parametrize("region", ["not a region", "eu_west_1!"])
def test_a_region_that_cannot_be_one(session, region):
    with pytest.raises(UsageError):
        made(session, region=region).client("ecs")


def test_the_region_of_the_environment_wins(aws, session, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert made(boto3.Session()).region == EU
    assert made(boto3.Session(), region=None).region == "us-east-1"


def test_the_endpoint_of_the_environment_wins(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert made(session).client("ecs").meta.endpoint_url == "http://127.0.0.1:1"
    assert made(session, endpoint_url="http://127.0.0.1:2").client("ecs").meta.endpoint_url == "http://127.0.0.1:2"


def test_an_endpoint_that_is_none(session):
    with pytest.raises(UsageError, match="localhost") as caught:
        made(session, endpoint_url="localhost").client("ecs")
    assert "endpointUrl" in caught.value.hint


def test_a_client_is_made_once_however_many_ask(session):
    clients = made(session)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: clients.client("ecs"), range(32)))
    assert len({id(client) for client in found}) == 1
    assert clients.client("ecs", "us-east-1") is not found[0]


@pytest.mark.parametrize("mode", ["", "legacy", "standard", "adaptive"])
def test_the_sdk_itself_never_asks_again(session, aws, fault, monkeypatch, mode):
    if mode:
        monkeypatch.setenv("AWS_RETRY_MODE", mode)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    aws.answers["ecs:ListClusters"] = fault("ThrottlingException", "Rate exceeded")
    ecs = made(session).client("ecs")
    with pytest.raises(ecs.exceptions.ClientError):
        ecs.list_clusters()
    assert len(aws.calls) == 1


def test_the_connection_is_set_as_asked(session):
    connection = Connection(pool=33, connect_timeout=2, read_timeout=7)
    clients = Clients(Environment("production", region=EU), session=session, connection=connection)
    config = clients.client("ecs").meta.config
    assert (config.max_pool_connections, config.connect_timeout, config.read_timeout) == (33, 2, 7)
    assert connection.longest_call == 9


def test_importing_the_room_loads_no_sdk():
    code = (
        "import sys, reconciler.aws, reconciler.aws.clients, reconciler.aws.reader, reconciler.aws.writer;"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
