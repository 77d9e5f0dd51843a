"""Signing in to CodeCommit."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

import boto3
import botocore.session
import pytest

from reconciler.aws.codecommit import credentials, region_of
from reconciler.model.errors import AccessError, ReconcilerError, UsageError

URL = "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/deploy"
AT = datetime(2026, 3, 1, 12, 30, 45, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def session(token=None):
    return boto3.Session("AKIDEXAMPLE", SECRET, token, region_name="us-east-1")


def signature(host: str, path: str, region: str, stamp: str) -> str:
    """SigV4 by its description, step by step."""
    asked = hashlib.sha256(f"GIT\n{path}\n\nhost:{host}\n\nhost\n".encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{stamp[:8]}/{region}/codecommit/aws4_request\n{asked}"
    key = f"AWS4{SECRET}".encode()
    for part in (stamp[:8], region, "codecommit", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def test_the_password_is_a_signature_of_this_moment_and_the_user_the_access_key():
    user, password = credentials(session(), URL, AT)
    assert user == "AKIDEXAMPLE"
    host, path = "git-codecommit.eu-west-1.amazonaws.com", "/v1/repos/deploy"
    assert password == "20260301T123045Z" + signature(host, path, "eu-west-1", "20260301T123045")


def test_a_sessions_token_goes_with_the_user():
    assert credentials(session("to/ken=="), URL, AT)[0] == "AKIDEXAMPLE%to/ken=="
    assert credentials(session("to/ken=="), URL, AT)[1] == credentials(session(), URL, AT)[1]


def test_the_moment_is_told_in_utc():
    there = AT.astimezone(timezone(timedelta(hours=5)))
    assert credentials(session(), URL, there) == credentials(session(), URL, AT)


def test_a_session_of_botocore_will_do():
    made = botocore.session.Session()
    made.set_credentials("AKIDEXAMPLE", SECRET)
    assert credentials(made, URL, AT) == credentials(session(), URL, AT)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("git-codecommit.eu-west-1.amazonaws.com", "eu-west-1"),
        ("git-codecommit.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("git-codecommit.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("git-codecommit-fips.us-east-2.amazonaws.com", "us-east-2"),
        ("vpce-0a1b-x.git-codecommit.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"),
    ],
)
def test_the_region_is_that_of_the_host(host, region):
    assert region_of(f"https://{host}/v1/repos/deploy") == region


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/v1/repos/deploy",
        "https://git-codecommit.eu-west-1.amazonaws.com/deploy",
        "ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/deploy",
        "https://git-codecommit.amazonaws.com/v1/repos/deploy",
        "codecommit::eu-west-1://deploy",
        "/srv/deploy",
    ],
)
def test_what_is_no_repository_of_codecommit_is_told(url):
    with pytest.raises(UsageError, match="no repository of CodeCommit"):
        region_of(url)


def test_without_credentials_that_is_said(monkeypatch):
    class Nobody:
        def get_credentials(self):
            return None

    with pytest.raises(AccessError, match="there are no AWS credentials"):
        credentials(Nobody(), URL, AT)


def test_credentials_that_cannot_be_refreshed_are_an_error_of_ours():
    from botocore.exceptions import CredentialRetrievalError

    class Expired:
        def get_credentials(self):
            raise CredentialRetrievalError(provider="sso", error_msg="the token has expired")

    with pytest.raises(ReconcilerError) as failed:
        credentials(Expired(), URL, AT)
    assert "expired" in str(failed.value)
