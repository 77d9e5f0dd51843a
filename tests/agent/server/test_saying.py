"""What people say through the API: it reaches the desk with their name, is told to all, and refused where it is wrong."""

import json

import pytest

from reconciler.agent.board import Pulse
from reconciler.model.errors import (
    AccessError,
    AwsError,
    Denied,
    InvalidManifests,
    LeaseHeld,
    ReconcilerError,
    SourceError,
    StalePlan,
    Throttled,
    UsageError,
)
from reconciler.model.record import Said
from tests.agent.server.asgi import ALICE, AT, HEAD, NOT_THERE, PROBLEM, Agent, bearer, call

WHERE = {"environment": "staging", "app": "shop"}
WORDS = {
    "sync": {},
    "suspend": {},
    "resume": {},
    "approve": {"digest": "1" * 64},
    "retry": {"names": ["Service/web"]},
    "rollback": {"to": "web:1"},
}
REACHES = {"approve": ("1" * 64,), "retry": (("Service/web",),), "rollback": ("web:1",)}
COMES = {
    "sync": {"head": HEAD},
    "suspend": {"before": None},
    "resume": {"before": None},
    "approve": {"digest": "1" * 64},
    "retry": {"released": [{"key": "shop/Service/web", "what": "its failed deployment"}]},
    "rollback": {"services": ["goes back: shop/Service/web from web:2 to web:1"]},
}


@pytest.fixture
def agent():
    return Agent()


@pytest.mark.parametrize("verb", WORDS)
def test_a_word_reaches_the_desk_and_is_told_with_who_said_it(agent, verb):
    told = agent.post(f"/api/v1/{verb}", {**WHERE, "why": "the  sale\n", **WORDS[verb]})
    said = Said("alice", AT, "the sale")
    assert agent.desk.said == [(verb, "staging", "shop", *REACHES.get(verb, ()), said)]
    assert told.status == 200
    assert told.json == {
        "formatVersion": "1.0",
        "verb": verb,
        **WHERE,
        "said": {"by": "alice", "at": "2026-01-05T09:00:00Z", "why": "the sale"},
        **COMES[verb],
    }
    [news] = agent.board.news()
    assert (news.kind, news.environment, news.app, news.by, news.at) == ("audit", "staging", "shop", "alice", AT)
    assert news.message.startswith(verb)
    assert news.message.endswith(": the sale")
    assert news.severity == "info"
    assert agent.board.counts() == {("reconciler_words_total", (("result", "done"), ("verb", verb))): 1}


def test_who_it_is_said_for_is_told_beside_the_token(agent):
    agent.post("/api/v1/suspend", {**WHERE, "for": "bob@laptop"})
    assert agent.desk.said[0][-1].by == "alice for bob@laptop"
    assert agent.board.news()[0].by == "alice for bob@laptop"


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_who_had_suspended_it_before_is_told(agent, verb):
    agent.desk.before = Said("carol", AT, "holiday")
    told = agent.post(f"/api/v1/{verb}", WHERE)
    assert told.json["before"] == {"by": "carol", "at": "2026-01-05T09:00:00Z", "why": "holiday"}


def test_what_is_left_out(agent):
    assert agent.post("/api/v1/rollback", WHERE).status == 200
    assert agent.post("/api/v1/retry", {**WHERE, "names": None, "why": None}).status == 200
    assert agent.post("/api/v1/sync", {"environment": "staging"}).status == 200
    assert [it[:4] for it in agent.desk.said[:2]] == [("rollback", "staging", "shop", None), ("retry", "staging", "shop", ())]
    assert agent.desk.said[2][:3] == ("sync", "staging", None)


def test_the_only_environment_need_not_be_said(agent):
    told = agent.post("/api/v1/suspend", {"app": "shop"})
    assert (told.status, told.code) == (400, "which-environment")
    assert "production, staging" in told.json["error"]["message"]
    agent.board.drop("production")
    assert agent.post("/api/v1/suspend", {"app": "shop"}).json["environment"] == "staging"
    agent.board.drop("staging")
    assert agent.post("/api/v1/suspend", {"app": "shop"}).code == "no-environment"


@pytest.mark.parametrize("verb", ["suspend", "resume", "approve", "retry", "rollback"])
def test_all_but_sync_want_an_app(agent, verb):
    assert agent.post(f"/api/v1/{verb}", {"environment": "staging", **WORDS[verb]}).code == "which-app"


def test_an_approval_wants_a_digest(agent):
    assert agent.post("/api/v1/approve", WHERE).code == "which-plan"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]" + b"x", b"\xff\xfe", b"[" * 200_000, b'{"app": NaN}', b'{"app": "a", "app": "b"}', b"nonsense",
     b'{"app": ' + b"9" * 5000 + b"}", b'\xef\xbb\xbf{"app": "shop"}'],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_json(agent, body):
    told = agent.post("/api/v1/suspend", body)
    assert (told.status, told.code) == (413 if len(body) > 65536 else 400, "too-large" if len(body) > 65536 else "no-json")
    assert agent.desk.said == []


def test_deep_json_within_the_cap_is_none_either(agent):
    assert agent.post("/api/v1/suspend", b"[" * 60_000).code == "no-json"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
def test_json_that_is_no_object(agent, body):
    assert agent.post("/api/v1/suspend", body).code == "no-json"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ap": "shop"}, "unknown-member"), ({"digest": "1"}, "unknown-member"), ({"app": 7}, "wrong-type"),
        ({"app": ["shop"]}, "wrong-type"), ({"app": ""}, "which-app"), ({"app": "  "}, "which-app"),
        ({"app": "x" * 257}, "unreadable"), ({"why": "x" * 1001}, "unreadable"), ({"why": "a\x1b[2Jb"}, "unreadable"),
        ({"why": "\u202eevil"}, "unreadable"), ({"why": "\ud800"}, "unreadable"), ({"for": "a\x00"}, "unreadable"),
        ({"for": {"name": "x"}}, "wrong-type"), ({"environment": False}, "wrong-type"), ({"x" * 5000: 1}, "unknown-member"),
    ],
)  # fmt: skip
def test_members_that_are_wrong(agent, more, code):
    told = agent.post("/api/v1/suspend", {**WHERE, **more})
    assert (told.status, told.code) == (400, code)
    assert len(told.body) < 500
    assert agent.desk.said == []


@pytest.mark.parametrize("names", ["Service/web", [1], [["x"]], {"a": 1}, ["x"] * 1001, ["\x00"], 5])
def test_names_that_are_wrong(agent, names):
    assert agent.post("/api/v1/retry", {**WHERE, "names": names}).status == 400
    assert agent.desk.said == []


@pytest.mark.parametrize(
    "type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json", ""]
)
def test_what_a_page_elsewhere_could_send_is_refused(agent, type):
    headers = [*bearer(ALICE), *([("content-type", type)] if type is not None else [])]
    told = call(agent.app, "POST", "/api/v1/suspend", headers=headers, body=[json.dumps(WHERE).encode()])
    assert (told.status, told.code) == (415, "media-type")
    assert agent.desk.said == []


def test_two_types_are_refused_and_a_charset_is_not(agent):
    body = json.dumps(WHERE).encode()
    for types, status in (
        (["application/json", "text/plain"], 415), (["application/json; charset=utf-8"], 200), (["Application/JSON"], 200)
    ):  # fmt: skip
        headers = [*bearer(ALICE), *(("content-type", type) for type in types)]
        assert call(agent.app, "POST", "/api/v1/suspend", headers=headers, body=[body]).status == status


def test_a_stranger_is_told_so_before_anything_is_read(agent):
    read = []
    headers = [("content-type", "application/json")]
    assert call(agent.app, "POST", "/api/v1/suspend", headers=headers, body=[b"{}"], read=read).status == 401
    assert read == []


def test_a_body_that_is_too_large_is_not_read(agent):
    read = []
    headers = [("content-type", "application/json"), ("content-length", "65537"), *bearer(ALICE)]
    assert call(agent.app, "POST", "/api/v1/suspend", headers=headers, body=[b"{}"], read=read).status == 413
    assert read == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NOT_THERE, 400, "usage"),
        (InvalidManifests([PROBLEM]), 409, "invalid-manifests"),
        (LeaseHeld("held by another"), 409, "lease-held"),
        (StalePlan("the world has moved"), 409, "stale-plan"),
        (ReconcilerError("there is no revision web:9"), 409, "failed"),
        (AccessError("wrong account"), 503, "agent-denied"),
        (Denied("no", operation="ssm:PutParameter", action="ssm:PutParameter"), 503, "agent-denied"),
        (Throttled("slow down", operation="ssm:PutParameter"), 503, "aws"),
        (AwsError("no", operation="ssm:PutParameter"), 503, "aws"),
        (SourceError("the remote hangs"), 503, "source"),
    ],
)
def test_what_fails_behind_the_desk_is_told_with_where_and_what_to_do(agent, error, status, code):
    agent.desk.fails = error
    told = agent.post("/api/v1/suspend", WHERE)
    assert (told.status, told.code) == (status, code)
    assert told.json["error"]["message"] == str(error)
    assert told.json["error"]["hint"] == error.hint
    assert (told.header("retry-after") is not None) == (error.retry or code == "source")
    [news] = agent.board.news()
    assert (news.severity, news.by, news.kind) == ("error", "alice", "audit")
    assert str(error) in news.message


def test_the_problems_of_manifests_are_told_one_by_one(agent):
    agent.desk.fails = InvalidManifests([PROBLEM])
    [problem] = agent.post("/api/v1/retry", WHERE).json["error"]["problems"]
    assert (problem["code"], problem["app"]) == ("unknown-member", "shop")


def test_an_app_that_nobody_knows_is_404_and_a_plan_that_is_another_409(agent):
    agent.desk.fails = UsageError("there is no app 'nowhere'")
    assert agent.post("/api/v1/suspend", {**WHERE, "app": "nowhere"}).code == "unknown-app"
    assert agent.post("/api/v1/suspend", {**WHERE, "environment": "nowhere"}).status == 404
    agent.desk.fails = UsageError("the plan is another one by now")
    told = agent.post("/api/v1/approve", {**WHERE, "digest": "3" * 64})
    assert (told.status, told.code) == (409, "another-plan")


def test_a_bug_behind_the_desk_is_told_to_all_as_not_known(agent, caplog):
    agent.desk.fails = RuntimeError("hunter-2")
    told = agent.post("/api/v1/suspend", WHERE)
    assert (told.status, told.code) == (500, "bug")
    [news] = agent.board.news()
    assert "it is not known what came of it" in news.message
    assert "hunter-2" not in told.body.decode() + news.message + caplog.text


def test_a_stopping_agent_hears_nobody(agent):
    agent.board.beat(Pulse(1, fetched=True, stopping=True))
    assert agent.post("/api/v1/suspend", WHERE).code == "stopping"
    agent.board.beat(Pulse(1, fetched=True))
    agent.app.stopping.set()
    assert agent.post("/api/v1/suspend", WHERE).code == "stopping"
    assert agent.desk.said == []


def test_too_many_at_a_time_are_asked_to_come_again(agent):
    agent.app.handed.saying._busy = 8
    told = agent.post("/api/v1/suspend", WHERE)
    assert (told.status, told.code) == (503, "busy")
    assert agent.desk.said == []
    assert agent.board.news()[0].severity == "error"
