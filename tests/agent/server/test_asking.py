"""Status, plan and news as the API shows them: the documents of the command line, and what only an agent knows."""

import json

import jsonschema
import pytest

from reconciler.agent.board import Look, News
from reconciler.model.errors import Problem, Severity
from reconciler.model.status import Condition
from reconciler.report.plan_json import plan_json
from reconciler.report.schema import AGENT_STATUS, PLAN, STATUS
from reconciler.report.status import status_json
from tests.agent.server.asgi import AT, HEAD, OLD, PROBLEM, READER, Agent, call, look_at

STATUS_PATH, PLAN_PATH = "/api/v1/status", "/api/v1/plan"


@pytest.fixture
def agent():
    return Agent()


def test_the_status_of_an_environment_is_that_of_the_command_line_and_more(agent):
    told = agent.get(f"{STATUS_PATH}?environment=staging").json
    look = agent.board.looks()["staging"]
    assert {name: told[name] for name in status_json(look.status)} == status_json(look.status)
    jsonschema.validate(told, STATUS)
    jsonschema.validate(told, AGENT_STATUS)
    more = {name: value for name, value in told.items() if name not in status_json(look.status)}
    assert more == {
        "commit": HEAD,
        "head": HEAD,
        "source": {
            "type": "SourceVerified",
            "status": "True",
            "reason": "Verified",
            "message": "",
            "lastTransitionTime": "2026-01-05T09:00:00Z",
        },
        "held": True,
        "writer": "agent-1",
        "lookedAt": "2026-01-05T09:00:00Z",
        "waiting": 3,
        "problems": [],
    }


def test_the_plan_of_an_environment_is_that_of_the_command_line_with_digests(agent):
    told = agent.get(f"{PLAN_PATH}?environment=staging").json
    look = agent.board.looks()["staging"]
    shown = plan_json(look.plan) | {"planDigests": told["planDigests"]}
    assert {name: told[name] for name in shown} == shown
    jsonschema.validate(told, PLAN)
    assert told["planDigests"] == {"billing": "2" * 64, "shop": "1" * 64}


@pytest.mark.parametrize("path", [STATUS_PATH, PLAN_PATH])
def test_all_environments_are_a_list_of_the_same_documents(agent, path):
    whole = agent.get(path).json
    assert whole["formatVersion"] == "1.0"
    assert whole["environments"] == [agent.get(f"{path}?environment={it}").json for it in ("production", "staging")]


def test_some_apps_are_shown_alone_and_counted_alone(agent):
    agent.board.put(look_at("staging", ready=False, problems=(PROBLEM, Problem("lease", "held by another"))))
    billing = agent.get(f"{STATUS_PATH}?environment=staging&app=billing").json
    assert {it["app"] for it in billing["resources"]} == {"billing"}
    assert billing["ready"] is True
    assert [it["code"] for it in billing["problems"]] == ["lease"]
    shop = agent.get(f"{STATUS_PATH}?environment=staging&app=shop").json
    assert (shop["ready"], [it["code"] for it in shop["problems"]]) == (False, ["unknown-member", "lease"])
    both = agent.get(f"{STATUS_PATH}?environment=staging&app=shop&app=billing").json
    assert {it["app"] for it in both["resources"]} == {"shop", "billing"}
    plan = agent.get(f"{PLAN_PATH}?environment=staging&app=billing").json
    assert (plan["summary"]["update"], plan["summary"]["unchanged"]) == (1, 0)
    assert list(plan["planDigests"]) == ["billing"]


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("environment=stagging", 404, "unknown-environment", "did you mean 'staging'?"),
        ("environment=", 404, "unknown-environment", "environments are: production, staging"),
        ("environment=staging&app=shpo", 404, "unknown-app", "did you mean 'shop'?"),
        ("environment=staging&environment=production", 400, "two-environments", ""),
        ("enviroment=staging", 400, "unknown-parameter", "did you mean 'environment'?"),
        ("environment=%00%1b[2J", 404, "unknown-environment", "environments are: production, staging"),
        ("environment=" + "x" * 5000, 404, "unknown-environment", "environments are: production, staging"),
    ],
)
@pytest.mark.parametrize("path", [STATUS_PATH, PLAN_PATH, "/api/v1/news", "/api/v1/stream"])
def test_what_is_not_there(agent, path, query, status, code, hint):
    told = agent.get(f"{path}?{query}")
    assert (told.status, told.code, told.json["error"]["hint"]) == (status, code, hint)
    assert len(told.body) < 500


def test_an_environment_nobody_has_looked_at_is_not_ready_and_has_no_plan(agent):
    agent.board.put(Look("staging", commit=HEAD))
    told = agent.get(f"{STATUS_PATH}?environment=staging&app=anything").json
    assert (told["ready"], told["phase"], told["health"]) == (False, "Unknown", "Unknown")
    assert (told["resources"], told["lookedAt"]) == ([], None)
    jsonschema.validate(told, AGENT_STATUS)
    assert agent.get(f"{PLAN_PATH}?environment=staging").code == "no-look-yet"
    [first, second] = agent.get(PLAN_PATH).json["environments"]
    assert (first["lookedAt"] is None, second["lookedAt"] is None) == (False, True)


def test_a_source_that_is_not_verified_is_told(agent):
    source = Condition("SourceVerified", "False", "RenderFailed", "apps/shop/web.yaml:3: no member", AT)
    agent.board.put(look_at("staging", commit=OLD, source=source))
    told = agent.get(f"{STATUS_PATH}?environment=staging").json
    assert (told["commit"], told["head"], told["source"]["reason"]) == (OLD, HEAD, "RenderFailed")


def test_an_agent_without_environments_shows_none(agent):
    agent.board.drop("staging")
    agent.board.drop("production")
    assert agent.get(STATUS_PATH).json == {"formatVersion": "1.0", "environments": []}


def test_what_looks_like_a_secret_is_masked(agent):
    problem = Problem("x", "postgres://app:hunter2@db", severity=Severity.WARNING)
    agent.board.put(look_at("staging", problems=(problem,)))
    agent.board.tell(News("audit", "staging", AT, "shop", "suspend: PASSWORD=hunter2", "alice"))
    for path in (STATUS_PATH, PLAN_PATH, "/api/v1/news"):
        assert b"hunter2" not in agent.get(path).body


def test_news_are_told_oldest_first_and_narrowed_like_all_else(agent):
    for number, (environment, app) in enumerate([("staging", "shop"), ("production", "shop"), ("staging", "billing"), ("staging", "")]):
        agent.board.tell(News("deployed", environment, AT, app, f"number {number}", "", HEAD))
    assert [it["message"] for it in agent.get("/api/v1/news").json["news"]] == [f"number {it}" for it in range(4)]
    assert [it["message"] for it in agent.get("/api/v1/news?environment=staging").json["news"]] == ["number 0", "number 2", "number 3"]
    assert [it["app"] for it in agent.get("/api/v1/news?environment=staging&app=billing").json["news"]] == ["billing"]
    assert agent.get("/api/v1/news").json["news"][0] == {
        "kind": "deployed",
        "environment": "staging",
        "app": "shop",
        "at": "2026-01-05T09:00:00Z",
        "message": "number 0",
        "by": "",
        "commit": HEAD,
        "severity": "info",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/nothing", 404), ("GET", "/api/v1/status/", 404), ("GET", "/hooks/", 404),
        ("POST", "/api/v1/status", 405), ("DELETE", "/api/v1/sync", 405), ("GET", "/api/v1/suspend", 405),
        ("PUT", "/healthz", 405), ("OPTIONS", "/api/v1/status", 405), ("TRACE", "/", 404), ("GET", "//evil.example/", 404),
    ],
)  # fmt: skip
def test_paths_and_methods_that_are_none(agent, method, path, status):
    told = call(agent.app, method, path)
    assert told.status == status
    assert set(told.json["error"]) == {"code", "message", "hint"}
    assert told.header("location") is None


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [("GET", STATUS_PATH, READER), ("GET", STATUS_PATH, None), ("GET", "/healthz", None), ("GET", "/metrics", READER),
     ("GET", "/nothing", None), ("POST", "/hooks/github", None), ("POST", "/api/v1/sync", READER)],
)  # fmt: skip
def test_every_answer_carries_the_headers_of_safety(agent, method, path, token):
    told = agent.get(path, token) if method == "GET" else call(agent.app, method, path)
    assert told.header("x-content-type-options") == "nosniff"
    assert told.header("cache-control") == "no-store"
    assert told.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"
    assert told.header("x-frame-options") == "DENY"
    assert told.header("access-control-allow-origin") is None


def test_a_bug_is_told_in_the_log_and_nowhere_else(agent, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("-".join(["hunter", "2"]))

    monkeypatch.setattr("reconciler.agent.server.asking.status_document", broken)
    told = agent.get(STATUS_PATH)
    assert (told.status, told.code) == (500, "bug")
    assert told.header("x-content-type-options") == "nosniff"
    assert b"RuntimeError" not in told.body
    assert "RuntimeError" in caplog.text
    assert "hunter-2" not in caplog.text + told.body.decode()


def test_no_more_is_shown_at_a_time_than_can_be(agent):
    agent.app.handed.looking._busy = 16
    told = agent.get(STATUS_PATH)
    assert (told.status, told.code, told.header("retry-after")) == (503, "busy", "1")
    agent.app.handed.looking._busy = 0
    for _ in range(40):
        assert agent.get(STATUS_PATH).status == 200
    assert agent.app.handed.looking._busy == 0


def test_letters_of_any_alphabet_come_through(agent):
    agent.board.put(look_at("staging", writer="Zoë-日本-\ud800"))
    assert json.loads(agent.get(f"{STATUS_PATH}?environment=staging").body)["writer"].startswith("Zoë-日本-")
