"""No secret of the agent's gets out: not in an answer, a log line, a repr, or what is told of an error."""

import logging
from random import Random

import pytest

from reconciler.model.agent import Kept, Server, Token
from tests.agent.server.asgi import HOOKS, TOKENS, Agent, bearer, call
from tests.leaks import leaks, made

PATHS = ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/plan", "/api/v1/news", "/nothing", "/api/v1/status?x=1"]


@pytest.mark.parametrize("shape", ["plain", "quotes", "URL", "base64", "accents"])
def test_nothing_gives_a_secret_away(shape, caplog):
    caplog.set_level(logging.DEBUG)
    random = Random(7)
    canaries = {name: made(random, shape) for name in ("READER", "ALICE", "SHOP", "GITHUB", "GITLAB", "GENERIC", "GUESS")}
    agent = Agent(Server(tokens=TOKENS, hooks=HOOKS), {name: it.value for name, it in canaries.items() if name != "GUESS"})
    values = {name: it.value.encode().decode("latin-1") for name, it in canaries.items()}
    told = []
    for token in (values["READER"], values["ALICE"], values["GUESS"], None):
        told += [agent.get(path, token) for path in PATHS]
        for verb in ("sync", "suspend", "approve", "rollback"):
            told.append(agent.post(f"/api/v1/{verb}", {"environment": "staging", "app": "shop"}, token))
            told.append(agent.post(f"/api/v1/{verb}", b"{", token))
    for value in values.values():
        for hook, header in (("github", "x-hub-signature-256"), ("gitlab", "x-gitlab-token"), ("any", "x-reconciler-signature")):
            told.append(call(agent.app, "POST", f"/hooks/{hook}", headers=[(header, value), ("x-gitlab-event", "Push Hook")]))
    assert {it.status for it in told} >= {200, 202, 400, 401, 403, 404}
    agent.desk.fails = RuntimeError(canaries["ALICE"].value)
    told.append(agent.post("/api/v1/suspend", {"environment": "staging", "app": "shop"}, values["ALICE"]))
    assert told[-1].status == 500
    text = "\n".join(
        [
            *(f"{it.headers} {it.body!r} {it.body.decode()}" for it in told),
            *(it.getMessage() for it in caplog.records),
            *map(repr, (agent.app, agent.app.handed, agent.app.handed.doors, agent.server, agent.board.news(), agent.board.counts())),
        ]
    )
    assert leaks(text, canaries.values()) == []


def test_a_secret_that_cannot_be_read_is_told_by_where_it_is_kept(caplog):
    agent = Agent(Server(tokens=(Token("a", Kept(file="/run/secrets/a")),)), {})
    assert agent.get("/api/v1/status", "x").status == 401
    assert "the secret of the token a cannot be read: the file /run/secrets/a is not set" in caplog.text


def test_a_token_in_the_address_is_not_logged_with_it(caplog):
    agent = Agent()
    call(agent.app, "GET", "/api/v1/status?token=hunter-hunter-2", headers=bearer("guess"))
    assert "a login was refused" in caplog.text
    assert "hunter" not in caplog.text
