"""The verbs that ask an agent: the same words, without repository and AWS; sync, healthcheck; and an agent that is none."""

import http.server
import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.agent.board import Look, Pulse
from reconciler.agent.server.serving import Serving
from reconciler.model.errors import InvalidManifests, LeaseHeld, ReconcilerError, UsageError
from reconciler.model.record import Said
from reconciler.model.status import Condition, Status
from tests.agent.server.asgi import ALICE, AT, HEAD, OLD, PROBLEM, READER, SHOP_CI, Agent, look_at, web
from tests.cli.test_program import loaded_by


@pytest.fixture
def agent():
    found = Agent()
    found.board.drop("production")
    serving = Serving(found.app, "127.0.0.1:0")
    found.serving, found.url = serving, "http://{}:{}".format(*serving.start())
    yield found
    serving.stop()


@pytest.fixture
def ask(empty, agent):
    """Run a verb through the agent in a folder with nothing in it."""

    def run(*words, token=ALICE, code=0, stdin=None, **env):
        empty.environ["RECONCILER_AGENT_TOKEN"] = token
        done = empty.run(*words, "--agent", agent.url, here=True, env=env or None, stdin=stdin)
        assert done.exit_code == code, done.output
        assert empty.simulator.calls == []
        return done

    return run


# status


def test_status_is_shown_as_if_it_had_been_looked_at_here(agent, ask):
    from reconciler.report.status_text import status_text

    status = Status("staging", HEAD, (web("shop", ready=False), web("billing")))
    agent.board.put(look_at("staging", status=status))
    for wide, words in ((False, []), (True, ["-o", "wide"])):
        done = ask("status", *words, token=READER, code=3)
        assert done.stdout == status_text(status, wide=wide, now=AT)
        assert done.stderr == ""


def test_status_as_json_is_the_agents_document(agent, ask):
    told = json.loads(ask("status", "-o", "json").stdout)
    assert told == agent.get("/api/v1/status?environment=staging").json
    assert {it["app"] for it in json.loads(ask("status", "shop", "-o", "json").stdout)["resources"]} == {"shop"}


def test_the_variables_name_an_agent_and_a_file_holds_the_token(agent, empty, tmp_path):
    (tmp_path / "token").write_text(f"{READER}\n")
    given = {"RECONCILER_AGENT": agent.url, "RECONCILER_AGENT_TOKEN_FILE": str(tmp_path / "token")}
    assert "staging at" in empty.run("status", here=True, env=given).stdout
    empty.environ["RECONCILER_AGENT_TOKEN"] = "another"
    assert empty.run("status", here=True, env=given).exit_code == 0


def test_of_several_environments_one_has_to_be_said(agent, ask):
    agent.board.put(look_at("production"))
    done = ask("status", code=64)
    assert "which environment? There are production, staging" in done.stderr
    assert "-e production" in done.stderr
    assert "production at" in ask("status", "-e", "production").stdout
    assert "choose one with -e" in ask("suspend", "shop", code=64).stderr
    assert ask("suspend", "shop", "-e", "production").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["status", "-e", "stagin"], "did you mean 'staging'?"),
        (["status", "shpo"], "did you mean 'shop'?"),
        (["status", "--revision", "HEAD"], "--revision and --agent cannot both be meant"),
        (["status", "--worktree"], "--worktree and --agent cannot both be meant"),
        (["retry", "shop", "Job/x", "--done"], "--done and --agent cannot both be meant"),
    ],
)
def test_what_is_wrong_on_the_line_is_64(ask, words, told):
    assert told in ask(*words, code=64).stderr


def test_an_agent_without_environments_says_so(agent, ask):
    agent.board.drop("staging")
    assert "the agent has no environment yet" in ask("status", code=1).stderr


def test_what_stands_between_repository_and_status_is_told_on_stderr(agent, ask):
    source = Condition("SourceVerified", "False", "RenderFailed", "no such member", AT)
    agent.board.put(look_at("staging", commit=OLD, source=source, problems=(PROBLEM,), held=False, writer="agent-2"))
    done = ask("status", code=65)
    assert "RenderFailed: no such member" in done.stderr
    assert "desiredCuont is no member" in done.stderr
    assert "agent-2 is" in done.stderr
    assert "Service/web" in done.stdout


def test_what_nobody_has_looked_at_is_not_shown_as_nothing(agent, ask):
    agent.board.put(Look("staging"))
    done = ask("status", code=3)
    assert "has not looked at it yet" in done.stderr
    assert done.stdout == ""


# words


def test_suspend_and_resume(agent, ask):
    done = ask("suspend", "shop", "--why", "a sale", "--by", "bob")
    assert done.stdout == "shop is suspended by alice for bob at 2026-01-05 09:00 UTC: a sale\n"
    agent.desk.before = Said("carol", AT, "holiday")
    assert "suspended already by carol at 2026-01-05 09:00 UTC: holiday" in ask("suspend", "shop").stderr
    assert ask("resume", "shop").stdout == "shop is resumed; it was suspended by carol at 2026-01-05 09:00 UTC: holiday\n"
    agent.desk.before = None
    assert ask("resume", "shop").stdout == "nobody has suspended shop\n"
    assert [it[0] for it in agent.desk.said] == ["suspend", "suspend", "resume", "resume"]


def test_retry(agent, ask):
    assert ask("retry", "shop", "Service/web").stdout == "released: shop/Service/web: its failed deployment\n"
    assert agent.desk.said[0][:4] == ("retry", "staging", "shop", ("Service/web",))
    agent.desk.retry = lambda *_: []
    assert ask("retry", "shop").stdout == "nothing of shop is held\n"


def test_rollback_asks_and_then_says_it(agent, ask):
    assert "--yes" in ask("rollback", "shop", code=64).stderr
    assert agent.desk.said == []
    done = ask("rollback", "shop", "--to", "web:1", "--yes", "--by", "bob", "--why", "slow")
    assert "goes back: shop/Service/web from web:2 to web:1" in done.stdout
    assert "pinned services of shop by alice for bob at 2026-01-05 09:00 UTC: slow" in done.stdout
    assert "reconciler retry shop" in done.stderr
    assert agent.desk.said[0][:4] == ("rollback", "staging", "shop", "web:1")


@pytest.mark.parametrize(("typed", "said"), [("yes\n", 1), ("y\n", 0), ("\n", 0)])
def test_only_yes_is_yes(agent, ask, monkeypatch, typed, said):
    from reconciler.cli.terminal import Terminal

    monkeypatch.setattr(Terminal, "interactive", True)
    ask("rollback", "shop", stdin=typed, code=0 if said else 3)
    assert len(agent.desk.said) == said


@pytest.fixture
def approve(agent, empty, capsys):
    from reconciler.cli.runtime import Options, Runtime
    from reconciler.cli.through_agent import approve

    def run(app, digest, *, yes=False):
        told = Runtime(empty.clock, None, {"RECONCILER_AGENT_TOKEN": ALICE}, Options(agent=agent.url))
        return approve(told, app, digest, "bob", "fine", yes=yes), capsys.readouterr().out

    return run


def test_approve_by_digest(agent, approve):
    assert approve("shop", "1234") == (0, "approved: the plan 1234ffffffff of shop by alice for bob at 2026-01-05 09:00 UTC: fine\n")
    assert agent.desk.said[0][:4] == ("approve", "staging", "shop", "1234")


def test_approve_without_a_digest_shows_what_it_is_and_asks(agent, approve, monkeypatch):
    from reconciler.cli.terminal import Terminal

    with pytest.raises(UsageError, match="nobody to ask"):
        approve("shop", None)
    monkeypatch.setattr(Terminal, "interactive", True)
    for typed, code in (("no", 3), ("yes", 0)):
        monkeypatch.setattr("click.prompt", lambda *_, typed=typed, **__: typed)
        ended, shown = approve("shop", None)
        assert ended == code
        assert shown.startswith("update shop/Service/web\nDigest of the plan of shop: 111111111111\n")
    assert [it[3] for it in agent.desk.said] == ["1" * 64]
    assert approve("shop", None, yes=True)[0] == 0


def test_there_may_be_nothing_to_approve(agent, approve):
    agent.board.put(look_at("staging", digests={}))
    assert approve("shop", None, yes=True) == (0, "there is nothing to approve of shop: nothing is to be done to it\n")
    assert agent.desk.said == []


# what an agent refuses


@pytest.mark.parametrize(
    ("token", "words", "told"),
    [
        ("", ["status"], "a token is needed"), ("guess", ["status"], "this token is not known"),
        (READER, ["suspend", "shop"], "may only read"), (SHOP_CI, ["suspend", "billing"], "is not for this app"),
    ],
)  # fmt: skip
def test_who_is_not_let_in_is_told_with_4(ask, token, words, told):
    done = ask(*words, token=token, code=4)
    assert told.lower() in done.stderr.lower()
    assert not token or token == "guess" or token not in done.output


def test_without_a_token_it_is_said_where_one_is_put(ask):
    assert "RECONCILER_AGENT_TOKEN" in ask("status", token="", code=4).stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UsageError("there is no Service/x in the app shop", hint="say Kind/name"), 64, "say Kind/name"),
        (InvalidManifests([PROBLEM]), 65, "desiredCuont is no member"),
        (LeaseHeld("held by another"), 5, "held by another"),
        (ReconcilerError("there is no revision web:9"), 1, "there is no revision web:9"),
        (RuntimeError("x"), 1, "this is a bug in reconciler"),
    ],
)
def test_what_fails_at_the_agent_ends_as_it_would_here(agent, ask, error, code, told):
    agent.desk.fails = error
    assert told in ask("retry", "shop", code=code).stderr


def test_a_stopping_agent_is_one_to_ask_again(agent, ask):
    agent.board.beat(Pulse(stopping=True))
    assert "the agent is stopping" in ask("suspend", "shop", code=1).stderr


# what is no agent


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8080", "ftp://x", "http://", "http://x:y", "http://x:99999", "http://u:hunter2@x", "http://x?y", "http://x#y",
     "http://x y", "http://x\n", "http://[::1", "file:///etc/passwd"],
)  # fmt: skip
def test_an_address_that_is_none(empty, url):
    done = empty.run("status", f"--agent={url}", here=True)
    assert done.exit_code == 64, done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize("content", [None, b"\xff", b"a\nb", b"a\x00b"])
def test_a_token_that_is_none(empty, tmp_path, content):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    done = empty.run("status", "--agent", "http://127.0.0.1:1", "--agent-token-file", str(tmp_path / "token"), here=True)
    assert done.exit_code == 64
    assert "token" in done.stderr


def test_nobody_there(empty):
    done = empty.run("status", "--agent", "http://127.0.0.1:1", here=True)
    assert done.exit_code == 1
    assert "the agent does not answer: Connection refused" in done.stderr
    assert "without --agent" in done.stderr
    assert "nowhere.invalid" in empty.run("status", "--agent", "http://nowhere.invalid", here=True).stderr


@pytest.fixture
def another(request):
    """A server that is no agent; it keeps what it was asked with."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append((self.path, self.headers.get("Authorization")))
            status, headers, body = request.param
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "another",
    [
        (200, {"Content-Type": "text/html"}, b"<html>"), (200, {}, b"[]"), (200, {}, b"["  * 100_000), (404, {}, b"not found"),
        (502, {}, b""), (401, {}, b'{"error": "no"}'), (200, {}, b'{"resources": 5, "environment": "x", "revision": null}'),
        (302, {"Location": "http://127.0.0.1:1/api/v1/status"}, b""),
    ],
    indirect=True, ids=range(8),
)  # fmt: skip
def test_what_answers_and_is_no_agent_is_told(empty, another):
    url, heard = another
    empty.environ["RECONCILER_AGENT_TOKEN"] = "hunter2hunter2"
    done = empty.run("status", "-e", "x", "--agent", f"{url}/below", here=True)
    assert done.exit_code == 1, done.output
    assert "agent" in done.stderr
    assert "hunter2" not in done.output
    assert heard == [("/below/api/v1/status?environment=x", "Bearer hunter2hunter2")]


# watching


def test_watch_tells_each_change_and_ends_when_asked(agent, ask, monkeypatch):
    """The reader leaves after the second document, as a pipe does that is closed."""
    from reconciler.cli.following import Documents

    seen, real = [], Documents.saw

    def saw(self, status):
        real(self, status)
        seen.append(status)
        agent.board.put(look_at("staging", ready=False))
        return len(seen) < 2

    monkeypatch.setattr(Documents, "saw", saw)
    done = ask("status", "shop", "--watch", "-o", "json", code=3)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["ready"], second["ready"]) == (True, False)
    assert {it["app"] for it in second["resources"]} == {"shop"}


def test_watch_as_lines_and_ctrl_c_in_the_midst_of_waiting(agent, ask, monkeypatch):
    import os
    import signal

    from reconciler.cli.asking import Stream
    from reconciler.cli.following import Lines

    real, ended, end = Lines.beat, [], Stream.end
    monkeypatch.setattr(Stream, "end", lambda self: ended.append(self) or end(self))

    def beat(self):
        os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    monkeypatch.setattr(Lines, "beat", beat)
    ticking = threading.Event()

    def go_on():
        while not ticking.wait(0.05):
            agent.clock.sleep(1)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        done = ask("status", "--watch")
    finally:
        ticking.set()
        thread.join()
    assert "shop/Service/web Ready" in done.stdout
    assert len(ended) == 1


def test_a_stream_that_is_silent_ends_when_somebody_here_ends_it(agent):
    from reconciler.cli.asking import Agent as Asked

    host, port = agent.url.removeprefix("http://").split(":")
    with Asked(agent.url, False, host, int(port), "", READER).stream(30.0, environment="staging") as stream:
        events = iter(stream)
        assert next(events)["environment"] == "staging"
        threading.Timer(0.05, stream.end).start()
        assert list(events) == []


def test_an_agent_that_falls_silent_is_told(agent):
    from reconciler.cli.asking import Agent as Asked
    from reconciler.cli.asking import NoAgent

    host, port = agent.url.removeprefix("http://").split(":")
    with Asked(agent.url, False, host, int(port), "", READER).stream(0.2, environment="staging") as stream:
        events = iter(stream)
        next(events)
        with pytest.raises(NoAgent, match="fell silent"):
            next(events)


def test_watch_finds_an_agent_again_that_was_replaced(agent, ask, empty, monkeypatch):
    from reconciler.cli.following import Documents

    seen, real = [], Documents.saw
    again = Agent()
    again.board.put(look_at("staging", ready=False))
    another = Serving(again.app, agent.url.removeprefix("http://"))

    def saw(self, status):
        seen.append(status)
        if len(seen) == 1:
            agent.serving.stop()
        return real(self, status) and len(seen) < 2

    slices = []

    def asleep():
        slices.append(None)
        if len(slices) == 20:  # in the third attempt to find it
            another.start()

    monkeypatch.setattr(Documents, "saw", saw)
    empty.clock.while_asleep = asleep
    try:
        ask("status", "--watch", "-o", "json", code=3)
    finally:
        another.stop()
    assert [it.ready for it in seen] == [True, False]


def test_watch_on_a_terminal_draws_the_tree(agent, ask, monkeypatch):
    from reconciler.cli.following import Picture
    from reconciler.cli.terminal import Terminal

    monkeypatch.setattr(Terminal, "draws", True)
    monkeypatch.setattr(Picture, "saw", lambda self, status, real=Picture.saw: real(self, status) and False)
    shown = ask("status", "--watch").stdout
    assert "staging at revision aaaaaaaaaaaa" in shown
    assert "2 resources: 2 ready." in shown


def test_watch_of_an_agent_that_stays_away_ends_with_1(agent, ask, monkeypatch):
    from reconciler.cli.following import Documents

    def saw(self, status):
        agent.app.stopping.set()
        return True

    monkeypatch.setattr(Documents, "saw", saw)
    assert "the agent is stopping" in ask("status", "--watch", "-o", "json", code=1).stderr


def test_watch_of_an_agent_that_was_never_there(empty):
    done = empty.run("status", "--watch", "-e", "x", "--agent", "http://127.0.0.1:1", here=True)
    assert done.exit_code == 1
    assert "does not answer" in done.stderr


# sync


def moving(agent, empty, looks):
    """What the agent's looks are, one after the other, each time the command line sleeps for two seconds."""
    left, asleep = iter(looks), [0]

    def while_asleep():
        asleep[0] += 1
        if asleep[0] % 8 == 0 and (look := next(left, None)) is not None:
            agent.board.put(look)

    empty.clock.while_asleep = while_asleep


def seen_at(seconds, *, ready, stalled=False, commit=HEAD, head=HEAD, **more):
    at = AT + timedelta(seconds=seconds)
    found = [replace(web(app, ready=ready), read=at) for app in ("shop", "billing")]
    if stalled:
        stuck = Condition("Stalled", "True", "CrashLoop", "3 tasks stopped", at)
        found = [replace(it, phase="Failed", conditions=(*it.conditions, stuck)) for it in found]
    return look_at("staging", status=Status("staging", commit, tuple(found)), commit=commit, head=head, at=at, **more)


def test_sync_is_asked_for_and_waited_for(agent, ask, empty):
    agent.board.put(seen_at(-100, ready=True, commit=OLD, head=OLD))
    moving(agent, empty, [seen_at(3, ready=False), seen_at(8, ready=False), seen_at(20, ready=True)])
    done = ask("sync", "shop", "--why", "now")
    assert agent.desk.said[0][:3] == ("sync", "staging", "shop")
    assert agent.desk.said[0][3].why == "now"
    assert "the agent is to sync shop in staging at revision aaaaaaaaaaaa" in done.stderr
    assert "ready: shop/Service/web" in done.stderr
    assert "1 resource: 1 ready." in done.stdout


def test_sync_of_all_apps_is_one_word_and_of_some_is_one_each(agent, ask):
    agent.board.put(seen_at(100, ready=True))
    ask("sync")
    ask("sync", "shop", "billing")
    assert [it[:3] for it in agent.desk.said] == [("sync", "staging", None), ("sync", "staging", "shop"), ("sync", "staging", "billing")]


def test_what_was_ready_before_it_was_asked_for_does_not_count(agent, ask, empty):
    agent.board.put(seen_at(-100, ready=True, commit=OLD, head=OLD))
    stale = [seen_at(-50, ready=True, commit=OLD, head=OLD), seen_at(5, ready=True, commit=OLD, head=HEAD)]
    moving(agent, empty, [*stale, seen_at(30, ready=False, stalled=True)])
    done = ask("sync", code=3)
    assert "CrashLoop: 3 tasks stopped" in done.stdout
    assert "2 resources: 0 ready, 2 stalled." in done.stdout


def test_what_is_stalled_ends_the_waiting_with_3(agent, ask, empty):
    agent.board.put(seen_at(-100, ready=True))
    moving(agent, empty, [seen_at(-1.5, ready=False, stalled=True), seen_at(3, ready=False, stalled=True)])
    told = json.loads(ask("sync", "-o", "json", code=3).stdout)
    assert (told["outcome"], told["status"]["ready"]) == ("at-rest", False)


def test_a_clock_that_differs_from_awss_costs_one_look(agent, ask, empty):
    agent.board.put(seen_at(-1000, ready=True))
    moving(agent, empty, [seen_at(-900, ready=False), seen_at(-800, ready=True)])
    assert json.loads(ask("sync", "-o", "json").stdout)["outcome"] == "converged"


def test_time_that_is_up_ends_it_with_3(agent, ask):
    agent.board.put(seen_at(100, ready=False))
    done = ask("sync", "--timeout", "10s", code=3)
    assert "Timed out after 10s" in done.stdout


def test_a_commit_that_is_wrong_is_not_waited_for(agent, ask, empty):
    agent.board.put(seen_at(-100, ready=True, commit=OLD, head=OLD))
    source = Condition("SourceVerified", "False", "RenderFailed", "no such member", AT)
    moving(agent, empty, [seen_at(5, ready=True, commit=OLD, source=source, problems=(PROBLEM,))])
    done = ask("sync", "-o", "json", code=65)
    assert json.loads(done.stdout)["outcome"] == "at-rest"
    assert "RenderFailed: no such member" in done.stderr


def test_a_newer_commit_takes_over(agent, ask, empty):
    agent.board.put(seen_at(-100, ready=True, commit=OLD, head=OLD))
    moving(agent, empty, [seen_at(5, ready=True, commit="c" * 40, head="c" * 40)])
    ask("sync")


def test_an_app_that_is_new_is_waited_for(agent, ask, empty):
    new = replace(seen_at(30, ready=True), status=Status("staging", HEAD, (replace(web("new"), read=AT + timedelta(30)),)))
    moving(agent, empty, [seen_at(5, ready=True), new])
    assert "1 resource: 1 ready." in ask("sync", "new").stdout


def test_sync_without_waiting(agent, ask):
    agent.board.put(seen_at(100, ready=False))
    assert ask("sync", "--no-wait").stdout == ""
    assert json.loads(ask("sync", "--no-wait", "-o", "json").stdout)["outcome"] == "asked"


def test_sync_that_is_refused(agent, ask):
    assert ask("sync", token=READER, code=4).exit_code == 4
    agent.desk.fails = UsageError("there is no app 'nowhere'")
    assert "there is no app 'nowhere'" in ask("sync", "nowhere", code=64).stderr


def test_sync_without_an_agent_is_an_apply_that_does_not_ask(world):
    done = world.run("sync")
    assert done.exit_code == 0, done.output
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]
    again = world.run("sync", "shop", "-o", "json")
    assert (again.exit_code, json.loads(again.stdout)["outcome"]) == (0, "converged")


def test_sync_takes_no_plan_file(world):
    (world.root / "plan.json").write_text("{}")
    done = world.run("sync", str(world.root / "plan.json"))
    assert done.exit_code == 64
    assert "there is no app" in done.stderr


# healthcheck


def test_a_healthy_agent(agent, empty):
    done = empty.run("healthcheck", "--url", agent.url, here=True)
    assert (done.exit_code, done.stdout) == (0, "healthy\n")
    empty.environ["RECONCILER_LISTEN"] = agent.url.removeprefix("http://")
    assert empty.run("healthcheck", here=True).exit_code == 0
    empty.environ["RECONCILER_LISTEN"] = "0.0.0.0:" + agent.url.rpartition(":")[2]
    assert empty.run("healthcheck", here=True).exit_code == 0


def test_a_stalled_agent_and_none_at_all(agent, empty):
    agent.clock.sleep(100)
    done = empty.run("healthcheck", "--url", agent.url, here=True)
    assert (done.exit_code, done.stderr) == (1, "unhealthy: the loop has not turned for 100 seconds\n")
    done = empty.run("healthcheck", "--url", "http://127.0.0.1:1", here=True)
    assert done.exit_code == 1
    assert "Connection refused" in done.stderr


@pytest.mark.parametrize("url", ["https://x", "x", "http://x:y", "http://"])
def test_a_health_check_of_nothing(empty, url):
    assert empty.run("healthcheck", f"--url={url}", here=True).exit_code == 64


@pytest.mark.parametrize("words", [["healthcheck", "--url", "http://127.0.0.1:1"], ["status", "-e", "x", "--agent", "http://127.0.0.1:1"]])
def test_asking_an_agent_loads_nothing_heavy(words, tmp_path):
    assert loaded_by(*words, cwd=tmp_path) == ["1", "[]"]


def test_a_health_check_loads_nothing_that_takes_its_time(agent):
    """It is run every half minute for as long as the agent lives."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", "healthcheck", "--url", agent.url],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    heavy = {"boto3", "botocore", "pydantic", "yaml", "starlette", "uvicorn", "urllib3", "rich", "structlog", "deepdiff"}
    assert not loaded & heavy
