"""Tokens of a GitHub App's installation."""

from __future__ import annotations

import base64
import json
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
)

from reconciler.agent.http import NoAnswer, Response
from reconciler.agent.login.github_app import Installation, claim
from reconciler.model.errors import AccessError, ReconcilerError
from tests.agent.login.github import KEY, PEM, START, GitHub, HandClock, pem


@pytest.fixture
def github():
    return GitHub()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def app(github, clock):
    return Installation("1234", "5678", lambda: PEM, github, clock)


def parts(token: str) -> tuple[dict, dict, bytes, bytes]:
    head, body, signature = token.split(".")
    return json.loads(unbase(head)), json.loads(unbase(body)), unbase(signature), f"{head}.{body}".encode()


def unbase(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_claim_is_signed_with_the_apps_key_and_short_lived():
    head, body, signature, signed = parts(claim("1234", PEM, 1_000_000))
    assert head == {"alg": "RS256", "typ": "JWT"}
    assert body == {"iat": 999_940, "exp": 1_000_540, "iss": "1234"}
    KEY.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())


def test_the_installation_is_asked_for_a_token_with_the_claim(app, github, clock):
    assert app.token() == "ghs_1"
    [(method, url, headers)] = github.asked
    assert (method, url) == ("POST", "https://api.github.com/app/installations/5678/access_tokens")
    _, body, _, _ = parts(headers["Authorization"].removeprefix("Bearer "))
    assert body["iss"] == "1234"
    assert body["exp"] == int(START.timestamp()) + 540
    assert headers["Accept"] == "application/vnd.github+json"


def test_an_enterprise_server_is_asked_at_its_own_root(github, clock):
    Installation("1", "2", lambda: PEM, github, clock, "https://ghe.example.com/api/v3/").token()
    assert github.asked[0][1] == "https://ghe.example.com/api/v3/app/installations/2/access_tokens"


def test_a_token_is_kept_for_fifty_minutes_and_then_renewed(app, github, clock):
    assert app.token() == "ghs_1"
    clock.sleep(2999)
    assert app.token() == "ghs_1"
    clock.sleep(1)
    assert app.token() == "ghs_2"
    clock.sleep(2999)
    assert app.token() == "ghs_2"
    assert len(github.asked) == 2


def test_the_key_is_read_anew_for_each_token(github, clock):
    keys = iter([PEM, "broken"])
    app = Installation("1", "2", lambda: next(keys), github, clock)
    app.token()
    clock.sleep(3000)
    with pytest.raises(AccessError, match="no RSA key"):
        app.token()


@pytest.mark.parametrize("failure", [Response(502), NoAnswer("no answer")], ids=["502", "no answer"])
def test_while_github_fails_a_token_that_is_still_good_is_used(app, github, clock, failure):
    app.token()
    clock.sleep(3000)
    github.instead = [failure, failure, failure]
    assert app.token() == "ghs_1"
    clock.sleep(599)
    assert app.token() == "ghs_1"
    clock.sleep(1)
    with pytest.raises(ReconcilerError) as failed:
        app.token()
    assert failed.value.retry
    assert app.token() == f"ghs_{len(github.asked)}"


def test_a_refusal_is_never_bridged_with_an_old_token(app, github, clock):
    app.token()
    clock.sleep(3000)
    github.instead = [Response(404)]
    with pytest.raises(AccessError):
        app.token()


@pytest.mark.parametrize(
    ("answer", "said", "hint", "retry"),
    [
        (Response(401), "(401)", "private key", False),
        (Response(403), "(403)", "suspended", False),
        (Response(404), "(404)", "installation's id", False),
        (Response(301), "(301)", "root of the API", False),
        (Response(403, {"x-ratelimit-remaining": "0"}), "403", "asked again", True),
        (Response(429), "429", "asked again", True),
        (Response(500), "500", "asked again", True),
        (Response(201, {}, b"<html>"), "no token", "root of the API", True),
        (Response(201, {}, b"[]"), "no token", "root of the API", True),
        (Response(201, {}, b'{"token": 1}'), "no token", "root of the API", True),
        (Response(201, {}, b'{"token": ""}'), "no token", "root of the API", True),
    ],
)
def test_why_there_is_no_token_is_told(app, github, answer, said, hint, retry):
    github.instead = [answer]
    with pytest.raises(ReconcilerError) as failed:
        app.token()
    assert failed.value.where == "GitHub App 1234, installation 5678"
    assert said in failed.value.message
    assert hint in failed.value.hint
    assert failed.value.retry is retry


@pytest.mark.parametrize(
    "key",
    ["", "hunter22", pem(ec.generate_private_key(ec.SECP256R1())), pem(KEY, BestAvailableEncryption(b"x"))],
    ids=["nothing", "no PEM", "no RSA", "with a passphrase"],
)
def test_a_key_that_cannot_sign_is_told_and_not_shown(github, clock, key):
    with pytest.raises(AccessError) as failed:
        Installation("1", "2", lambda: key, github, clock).token()
    assert "no RSA key" in failed.value.message
    assert "hunter22" not in f"{failed.value}{failed.value.hint}{failed.value.__cause__}{failed.value.__context__}"
    assert github.asked == []


def test_many_threads_ask_for_one_token(github, clock):
    gate, entered = threading.Event(), threading.Event()

    def slow(*words, **more):
        entered.set()
        assert gate.wait(10)
        return github(*words, **more)

    app, found = Installation("1", "2", lambda: PEM, slow, clock), []
    threads = [threading.Thread(target=lambda: found.append(app.token())) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    gate.set()
    for thread in threads:
        thread.join(10)
    assert found == ["ghs_1"] * 4
    assert len(github.asked) == 1


def test_nothing_secret_is_in_its_repr(app):
    app.token()
    assert "ghs_" not in repr(app) and "PRIVATE" not in repr(app)
