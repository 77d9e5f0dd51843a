"""What a login gives to whom."""

from __future__ import annotations

import boto3
import pytest

from reconciler.agent.login.credentials import credentials_for, github_api, token_for
from reconciler.aws.codecommit import credentials as codecommit
from reconciler.model.agent import Kept, Login
from reconciler.model.errors import AccessError, UsageError
from reconciler.source.credentials import Password, SshKey
from tests.agent.login.github import PEM, GitHub, HandClock

URL = "https://git.example.com/shop/deploy"


def made(login, url=URL, *, ask=None, environ=None, clock=None, session=None):
    return credentials_for(login, url, ask or GitHub(), clock or HandClock(), environ or {}, session or forbidden)


def forbidden():
    raise AssertionError("nobody needs AWS here")


def test_without_a_login_nobody_is_shown_anything():
    assert made(None)() is None


def test_a_token_is_read_anew_at_each_fetch_and_goes_with_a_user():
    environ = {"TOKEN": "one"}
    give = made(Login("token", Kept(variable="TOKEN")), environ=environ)
    assert give() == Password("git", "one")
    environ["TOKEN"] = "two"
    assert give() == Password("git", "two")
    assert made(Login("token", Kept(variable="TOKEN"), user="bot"), environ=environ)() == Password("bot", "two")


def test_a_token_that_is_not_there_is_told_when_it_is_wanted():
    give = made(Login("token", Kept(variable="TOKEN")))
    with pytest.raises(AccessError, match="the variable TOKEN"):
        give()


def test_a_github_app_gives_a_token_of_its_installation():
    github = GitHub()
    login = Login("github-app", Kept(variable="KEY"), id="1", installation="2")
    give = made(login, "https://github.com/shop/deploy", ask=github, environ={"KEY": PEM})
    assert give() == give() == Password("x-access-token", "ghs_1")
    assert github.asked[0][1] == "https://api.github.com/app/installations/2/access_tokens"


def test_a_github_app_of_an_enterprise_server_is_asked_there():
    github = GitHub()
    login = Login("github-app", Kept(variable="KEY"), id="1", installation="2")
    made(login, "https://ghe.example.com:8443/shop/deploy", ask=github, environ={"KEY": PEM})()
    assert github.asked[0][1] == "https://ghe.example.com:8443/api/v3/app/installations/2/access_tokens"


@pytest.mark.parametrize(
    ("host", "api"),
    [
        ("github.com", "https://api.github.com"),
        ("shop.ghe.com", "https://api.shop.ghe.com"),
        ("ghe.example.com", "https://ghe.example.com/api/v3"),
    ],
)
def test_the_root_of_the_api_follows_from_the_host(host, api):
    assert github_api(host) == api


@pytest.mark.parametrize("missing", ["id", "installation"])
def test_a_github_app_without_its_numbers_is_refused_at_once(missing):
    given = {"id": "1", "installation": "2"} | {missing: ""}
    with pytest.raises(UsageError, match=f"needs its {missing}"):
        made(Login("github-app", Kept(variable="KEY"), **given), "https://github.com/x/y")


def test_ssh_gives_the_files():
    login = Login("ssh", Kept(file="/keys/deploy"), known_hosts="/keys/known")
    assert made(login, "git@github.com:shop/deploy")() == SshKey("/keys/deploy", "/keys/known")


def test_ssh_wants_a_file():
    with pytest.raises(UsageError, match="must be in a file"):
        made(Login("ssh", Kept(variable="KEY")), "git@github.com:shop/deploy")


def test_codecommit_signs_with_the_sdks_credentials_at_each_fetch():
    url = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/deploy"
    clock, session, sessions = HandClock(), boto3.Session("AKID", "x" * 40, "token"), []

    def make():
        sessions.append(1)
        return session

    give = made(Login("codecommit"), url, clock=clock, session=make)
    assert sessions == []
    first = give()
    assert first == Password(*codecommit(session, url, clock.now()), secret_user=True)
    clock.sleep(60)
    assert give() != first
    assert sessions == [1]
    assert "AKID" not in repr(first)


def test_codecommit_of_another_host_is_refused_at_once():
    with pytest.raises(UsageError, match="no repository of CodeCommit"):
        made(Login("codecommit"))


def test_a_forge_is_shown_a_token_too():
    assert token_for(Login("token", Kept(variable="T")), GitHub(), HandClock(), {"T": "abc"})() == "abc"
    login = Login("github-app", Kept(variable="KEY"), id="1", installation="2")
    assert token_for(login, GitHub(), HandClock(), {"KEY": PEM})() == "ghs_1"


@pytest.mark.parametrize("how", ["ssh", "codecommit"])
def test_a_login_without_a_token_is_none_for_a_forge(how):
    with pytest.raises(UsageError, match=f"login by {how} has no token"):
        token_for(Login(how), GitHub(), HandClock(), {})
