"""Webhooks at the door: how much is read, what wakes the loop, what is heard once, and too much of it."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from reconciler.agent.board import Pulse
from reconciler.agent.desk import Wake
from reconciler.agent.server.bells import CALLS_EVERY, MOST_CALLS
from reconciler.agent.server.hooks import MOST_BYTES
from tests.agent.server.asgi import SECRETS, Agent, call


@pytest.fixture
def agent():
    return Agent()


def sign(secret, body):
    return "sha256=" + hmac.new(SECRETS[secret].encode(), body, hashlib.sha256).hexdigest()


def push(agent, body=b'{"ref": "refs/heads/main"}', *, delivery="1", event="push", headers=(), chunks=None, read=None, sign_as=None):
    given = [
        ("x-hub-signature-256", sign_as or sign("GITHUB", body)),
        ("x-github-event", event),
        ("x-github-delivery", delivery),
        *headers,
    ]
    return call(agent.app, "POST", "/hooks/github", headers=given, body=chunks or [body], read=read)


def anyone(agent, body=b"", *, at=None):
    timestamp = str(int((at or agent.clock.now()).timestamp()))
    signature = sign("GENERIC", timestamp.encode() + b"." + body)
    headers = [("x-reconciler-timestamp", timestamp), ("x-reconciler-signature", signature)]
    return call(agent.app, "POST", "/hooks/any", headers=headers, body=[body])


def results(agent):
    return {dict(labels)["result"]: int(n) for (name, labels), n in agent.board.counts().items() if "webhooks" in name}


def test_a_push_wakes_and_resets_back_off(agent):
    told = push(agent)
    assert (told.status, told.json) == (202, {"result": "woken"})
    assert agent.desk.wakes == [Wake(git=True, why="push to refs/heads/main by webhook github", reset=True)]


def test_gitlab_and_anyone_wake_too(agent):
    headers = [("x-gitlab-token", SECRETS["GITLAB"]), ("x-gitlab-event", "Push Hook")]
    assert call(agent.app, "POST", "/hooks/gitlab", headers=headers, body=[b"{}"]).status == 202
    assert anyone(agent).status == 202
    assert [wake.why for wake in agent.desk.wakes] == ["push by webhook gitlab", "push by webhook any"]
    assert all(wake.git and wake.environment is None and wake.apps is None for wake in agent.desk.wakes)


def test_what_a_body_says_names_nothing_but_the_reason(agent):
    body = json.dumps({"ref": "refs/heads/\x1b[2J\n\u202eevil", "repository": {"clone_url": "https://evil"}}).encode()
    assert push(agent, body).status == 202
    [wake] = agent.desk.wakes
    assert wake.why == "push to refs/heads/\\x1b[2J\\n\\u202eevil by webhook github"
    assert wake == Wake(git=True, why=wake.why, reset=True)


def test_a_ping_is_answered_and_other_events_are_ignored(agent):
    assert (push(agent, event="ping").status, push(agent, event="issues").status) == (200, 202)
    assert agent.desk.wakes == []


def test_a_bad_signature_is_401_and_wakes_nobody(agent):
    told = push(agent, sign_as="sha256=" + "0" * 64)
    assert (told.status, told.code) == (401, "signature")
    assert agent.desk.wakes == []
    assert results(agent) == {"signature": 1}


def test_an_unknown_webhook_is_404_and_another_method_405(agent):
    assert call(agent.app, "POST", "/hooks/nothing", body=[b"x"]).code == "unknown-hook"
    told = call(agent.app, "GET", "/hooks/github")
    assert (told.status, told.code, told.header("allow")) == (405, "method-not-allowed", "POST")


def test_one_webhooks_secret_does_not_open_another(agent):
    body = b"{}"
    told = push(agent, body, sign_as=sign("GENERIC", body))
    assert told.status == 401


@pytest.mark.parametrize("secret", [None, "", "  \n"])
def test_without_a_secret_nobody_is_known(agent, secret):
    if secret is None:
        del agent.secrets["GITHUB"]
    else:
        agent.secrets["GITHUB"] = secret
    empty = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    told = push(agent, b"{}", sign_as=empty)
    assert (told.status, told.code) == (503, "no-secret")
    assert agent.desk.wakes == []


def test_a_secret_is_read_anew_each_time(agent):
    assert push(agent).status == 202
    agent.secrets["GITHUB"] = "another"
    assert push(agent, delivery="2").status == 401


def test_a_stopping_agent_hears_no_more(agent):
    agent.board.beat(Pulse(1, fetched=True, stopping=True))
    assert push(agent).status == 503


# How much is read


def test_a_body_that_is_said_to_be_too_large_is_not_read_at_all(agent):
    read = []
    told = push(agent, headers=[("content-length", str(MOST_BYTES + 1))], read=read)
    assert (told.status, told.code) == (413, "too-large")
    assert read == []


def test_a_body_that_turns_out_too_large_is_read_no_further(agent):
    read = []
    chunks = [b"x" * 65536] * 100
    told = push(agent, chunks=chunks, read=read)
    assert told.status == 413
    assert sum(map(len, read)) <= MOST_BYTES + 65536
    assert agent.desk.wakes == []


def test_a_body_that_says_less_than_it_is_is_read_no_further_either(agent):
    assert push(agent, chunks=[b"x" * 65536] * 17, headers=[("content-length", "2")]).status == 413


def test_a_body_as_large_as_it_may_be_is_taken(agent):
    body = b" " * (MOST_BYTES - 2) + b"{}"
    assert push(agent, body, headers=[("content-length", str(MOST_BYTES))]).status == 202


@pytest.mark.parametrize("length", ["-1", "+5", "abc", "1e3", "", " 5", "5, 5", "0x5", "9" * 30])
def test_a_length_that_is_none_is_refused(agent, length):
    assert push(agent, headers=[("content-length", length)]).code == "content-length"


def test_two_lengths_are_refused(agent):
    assert push(agent, headers=[("content-length", "26"), ("content-length", "27")]).status == 400


def test_a_body_that_never_comes_is_waited_for_no_longer_than_that(agent, monkeypatch):
    monkeypatch.setattr("reconciler.agent.server.bodies.body_of.__defaults__", (0.0,))

    async def never(scope, receive, send):
        import asyncio

        async def silent():
            await asyncio.Event().wait()

        await agent.app(scope, silent, send)

    assert call(never, "POST", "/hooks/github").code == "too-slow"


# Once


def test_a_delivery_is_heard_once(agent):
    assert push(agent).json == {"result": "woken"}
    assert push(agent).json == {"result": "heard-before"}
    assert push(agent, delivery="2").json == {"result": "woken"}
    assert len(agent.desk.wakes) == 2


def test_a_stranger_cannot_use_up_a_delivery(agent):
    assert push(agent, sign_as="sha256=" + "0" * 64).status == 401
    assert push(agent).json == {"result": "woken"}


def test_a_generic_call_is_heard_once_within_the_window(agent):
    at = agent.clock.now()
    assert anyone(agent, at=at).json == {"result": "woken"}
    agent.clock.sleep(299)
    assert anyone(agent, at=at).json == {"result": "heard-before"}
    agent.clock.sleep(2)
    assert anyone(agent, at=at).status == 401
    assert anyone(agent, at=at + timedelta(seconds=300)).json == {"result": "woken"}


def test_what_has_been_heard_is_forgotten_in_the_end(agent):
    for number in range(5000):
        agent.app.handed.bells["github"].heard.first(number)
    assert len(agent.app.handed.bells["github"].heard._seen) == 4096


# Too much


def flood(agent):
    return [push(agent, delivery=str(number)) for number in range(MOST_CALLS + 5)]


def test_too_many_calls_are_refused_and_one_late_wake_stands_for_all(agent):
    told = flood(agent)
    assert [it.status for it in told] == [202] * MOST_CALLS + [429] * 5
    assert told[-1].header("retry-after") == str(int(CALLS_EVERY))
    assert told[-1].code == "too-many"
    assert len(agent.desk.wakes) == MOST_CALLS
    [(seconds, act)] = agent.later
    assert 0 < seconds <= CALLS_EVERY
    agent.clock.sleep(seconds)
    act()
    assert agent.desk.wakes[MOST_CALLS:] == [Wake(git=True, why="several pushes by webhook github", reset=True)]
    assert push(agent, delivery="again").status == 429
    assert len(agent.later) == 2


def test_with_time_calls_are_heard_again(agent):
    flood(agent)
    agent.clock.sleep(CALLS_EVERY * 2)
    assert push(agent, delivery="later").status == 202


def test_one_webhooks_flood_is_not_anothers(agent):
    flood(agent)
    assert anyone(agent).status == 202


def test_strangers_use_up_nothing(agent):
    for number in range(100):
        push(agent, delivery=str(number), sign_as="sha256=" + "0" * 64)
    assert push(agent).status == 202


def test_what_became_of_each_call_is_counted(agent):
    flood(agent)
    push(agent, event="ping")
    assert results(agent) == {"woken": MOST_CALLS, "too-many": 5, "pong": 1}


def test_a_flood_of_strangers_is_not_a_flood_of_log_lines(agent, caplog):
    for _ in range(100):
        push(agent, sign_as="sha256=" + "0" * 64)
    assert len([it for it in caplog.records if "webhook github was refused" in it.getMessage()]) == 5
