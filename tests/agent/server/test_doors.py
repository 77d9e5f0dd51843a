"""Who is let in: tokens, what they reach, guesses, and what of them is told."""

import pytest

from reconciler.agent.server.doors import FAILURES_EVERY, MOST_FAILURES, Who
from reconciler.model.agent import Kept, Server, Token
from tests.agent.server.asgi import ALICE, READER, SHOP_CI, TOKENS, Agent, bearer, call

STATUS = "/api/v1/status"
READS = [STATUS, "/api/v1/plan", "/api/v1/news", "/api/v1/stream", "/metrics"]
WORDS = ["sync", "suspend", "resume", "approve", "retry", "rollback"]


@pytest.fixture
def agent():
    return Agent()


@pytest.mark.parametrize("path", READS)
def test_nothing_is_shown_to_strangers(agent, path):
    told = agent.get(path, None)
    assert (told.status, told.code, told.header("www-authenticate")) == (401, "no-token", 'Bearer realm="reconciler"')
    assert agent.get(path, "guess").code == "unknown-token"


@pytest.mark.parametrize("path", READS[:3])
def test_who_may_write_may_read(agent, path):
    assert [agent.get(path, token).status for token in (READER, ALICE)] == [200, 200]


@pytest.mark.parametrize("verb", WORDS)
def test_strangers_say_nothing_and_readers_neither(agent, verb):
    body = {"environment": "staging", "app": "shop"}
    assert agent.post(f"/api/v1/{verb}", body, None).status == 401
    assert agent.post(f"/api/v1/{verb}", body, "guess").status == 401
    told = agent.post(f"/api/v1/{verb}", body, READER)
    assert (told.status, told.code) == (403, "read-only")
    assert agent.desk.said == []
    [news] = agent.board.news()
    assert (news.kind, news.by, news.severity) == ("audit", "reader", "error")


@pytest.mark.parametrize("verb", WORDS)
def test_anybody_sees_where_settings_say_so_but_says_nothing(verb):
    agent = Agent(Server(anonymous=True, tokens=TOKENS))
    assert agent.get(STATUS, None).status == 200
    assert agent.get("/metrics", None).status == 200
    assert agent.post(f"/api/v1/{verb}", {"environment": "staging", "app": "shop"}, None).status == 401
    assert agent.desk.said == []


def test_a_wrong_token_is_told_even_where_none_is_needed():
    assert Agent(Server(anonymous=True, tokens=TOKENS)).get(STATUS, "guess").status == 401


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", f"Basic {ALICE}", ALICE, f"Bearer {ALICE}x", f"Bearer {ALICE[:-1]}", f"Bearer{ALICE}",
     f"Bearer {ALICE.upper()}", f"Bearer {ALICE} {ALICE}", "Bearer \xff\xfe\x00", "Bearer " + "x" * 10_000,
     f"Token {ALICE}", f"Bearer {ALICE}, Bearer {READER}"],
)  # fmt: skip
def test_what_is_no_token_of_anybody(agent, value):
    assert call(agent.app, "GET", STATUS, headers=[("authorization", value)]).status == 401


@pytest.mark.parametrize("value", [f"bearer {ALICE}", f"BEARER {ALICE}", f"Bearer  {ALICE} "])
def test_the_word_bearer_may_be_written_in_any_case(agent, value):
    assert call(agent.app, "GET", STATUS, headers=[("authorization", value)]).status == 200


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_tokens_neither_counts(agent, order):
    both = [("authorization", f"Bearer {ALICE}"), ("Authorization", "Bearer guess")][::order]
    assert call(agent.app, "GET", STATUS, headers=both).status == 401


def test_a_token_in_the_address_is_none(agent):
    assert agent.get(f"{STATUS}?token={ALICE}", None).status == 401
    assert agent.get(f"{STATUS}?access_token={ALICE}").status == 400


def test_every_token_is_compared_whichever_it_is(agent, monkeypatch):
    import hmac

    seen, real = [], hmac.compare_digest

    def counted(one, other):
        seen.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr("hmac.compare_digest", counted)
    for token in (READER, SHOP_CI, "x", "y" * 5000):
        seen.clear()
        agent.get(STATUS, token)
        assert seen == [(32, 32)] * len(TOKENS)


@pytest.mark.parametrize("secret", ["", " ", "\n", None])
def test_an_empty_or_unreadable_secret_lets_nobody_in_and_the_others_all_the_same(agent, secret, caplog):
    if secret is None:
        del agent.secrets["READER"]
    else:
        agent.secrets["READER"] = secret
    for value in ("Bearer", "Bearer ", "Bearer  "):
        assert call(agent.app, "GET", STATUS, headers=[("authorization", value)]).status == 401
    assert agent.get(STATUS, ALICE).status == 200
    assert ("the secret of the token reader cannot be read" in caplog.text) == (secret is None)


def test_a_newline_at_the_end_of_the_file_is_no_part_of_a_secret(agent):
    agent.secrets["READER"] = f"{READER}\n"
    assert agent.get(STATUS, READER).status == 200


def test_a_token_is_read_anew_each_time(agent):
    agent.secrets["ALICE"] = "rotated"
    assert agent.get(STATUS, ALICE).status == 401
    assert agent.get(STATUS, "rotated").status == 200


# Guesses


def guess(agent, **more):
    return call(agent.app, "GET", STATUS, headers=bearer("guess"), **more)


def test_who_guesses_too_often_is_not_listened_to_for_a_while(agent):
    assert [guess(agent).status for _ in range(MOST_FAILURES)] == [401] * MOST_FAILURES
    told = guess(agent)
    assert (told.status, told.code, told.header("retry-after")) == (429, "too-many", str(int(FAILURES_EVERY)))
    assert agent.get(STATUS, ALICE).status == 429
    assert call(agent.app, "GET", STATUS, headers=bearer(ALICE), peer="192.0.2.8").status == 200
    agent.clock.sleep(FAILURES_EVERY)
    assert agent.get(STATUS, ALICE).status == 200


def test_probes_and_webhooks_answer_whoever_has_guessed(agent):
    for _ in range(MOST_FAILURES + 1):
        guess(agent)
    assert call(agent.app, "GET", "/healthz").status == 200
    assert call(agent.app, "POST", "/hooks/github").status == 401


def test_a_header_does_not_make_another_peer(agent):
    for number in range(MOST_FAILURES):
        call(agent.app, "GET", STATUS, headers=[*bearer("guess"), ("x-forwarded-for", f"10.0.0.{number}")])
    assert guess(agent).status == 429


def test_of_peers_no_more_than_so_many_are_remembered(agent):
    for number in range(3000):
        agent.app.handed.doors._failures.of(str(number))
    assert len(agent.app.handed.doors._failures._of) == 1024


def test_a_failed_login_is_told_without_the_token(agent, caplog):
    call(agent.app, "GET", STATUS, headers=bearer("hunter-hunter-2"))
    assert "a login was refused: GET /api/v1/status from 192.0.2.7" in caplog.text
    assert "hunter" not in caplog.text
    for _ in range(MOST_FAILURES * 3):
        guess(agent)
    assert len(caplog.records) == MOST_FAILURES
    assert "no more of them" in caplog.records[-1].getMessage()


# What they reach


@pytest.mark.parametrize(
    ("apps", "one", "every", "some"),
    [
        (("*",), True, True, True),
        (("staging/shop",), True, False, True),
        (("staging/*",), True, True, True),
        (("*/shop",), True, False, True),
        (("stag*",), True, True, True),
        (("staging/s*",), True, False, True),
        (("staging/????",), True, False, True),
        (("staging/billing",), False, False, True),
        (("production/*",), False, False, False),
        (("stagin",), False, False, False),
        (("staging",), False, False, True),
        ((), False, False, False),
        (("production/*", "staging/shop"), True, False, True),
        (("Staging/shop",), False, False, False),
    ],
)
def test_what_a_token_reaches(apps, one, every, some):
    who = Who("x", "write", apps)
    assert who.about("staging", "shop") is one
    assert who.about_all("staging") is every
    assert who.about_some("staging") is some


def test_who_is_for_one_app_sees_that_one(agent):
    told = agent.get(STATUS, SHOP_CI).json
    assert [it["environment"] for it in told["environments"]] == ["staging"]
    assert {it["app"] for it in told["environments"][0]["resources"]} == {"shop"}
    plan = agent.get("/api/v1/plan?environment=staging", SHOP_CI).json
    assert {it["app"] for it in plan["changes"]} == {"shop"}
    assert set(plan["planDigests"]) == {"shop"}
    assert agent.get("/metrics", SHOP_CI).status == 403


@pytest.mark.parametrize(
    "query",
    ["environment=production", "environment=nowhere", "environment=staging&app=billing", "environment=staging&app=nothing",
     "environment=staging&app=shop&app=billing"],
)  # fmt: skip
def test_what_it_does_not_reach_is_refused_whether_or_not_it_is_there(agent, query):
    told = agent.get(f"{STATUS}?{query}", SHOP_CI)
    assert (told.status, told.code) == (403, "out-of-reach")


@pytest.mark.parametrize("verb", WORDS)
@pytest.mark.parametrize(
    "where", [("production", "shop"), ("staging", "billing"), ("nowhere", "shop"), ("staging", "shop/../billing"), ("staging", "*")]
)
def test_a_word_on_a_foreign_app_is_refused_and_told(agent, verb, where):
    more = {"approve": {"digest": "1" * 64}}.get(verb, {})
    told = agent.post(f"/api/v1/{verb}", {"environment": where[0], "app": where[1], **more}, SHOP_CI)
    assert (told.status, told.code) == (403, "out-of-reach")
    assert agent.desk.said == []
    [news] = agent.board.news()
    assert (news.kind, news.environment, news.app, news.by, news.severity) == ("audit", *where, "shop-ci", "error")
    assert "refused" in news.message


def test_who_is_for_one_app_does_not_sync_them_all(agent):
    assert agent.post("/api/v1/sync", {"environment": "staging"}, SHOP_CI).code == "out-of-reach"
    assert agent.post("/api/v1/sync", {"environment": "staging", "app": "shop"}, SHOP_CI).status == 200
    assert agent.post("/api/v1/sync", {"environment": "staging"}, ALICE).status == 200


def test_two_names_with_one_secret_are_one_door(agent):
    agent = Agent(Server(tokens=(Token("a", Kept("X"), "read"), Token("b", Kept("X"), "write"))), {"X": "same"})
    assert agent.post("/api/v1/suspend", {"environment": "staging", "app": "shop"}, "same").status == 403
