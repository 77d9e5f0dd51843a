"""`plan --post` against a forge on this machine: one comment, written anew, and exit codes that stay what they are."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.agent import http
from reconciler.report.plan_markdown import marker

SECRET = "ghp_hunter2swordfish"


class Forge(ThreadingHTTPServer):
    """GitHub, as far as comments on pull requests go."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments, self.asked, self.refuse = [], [], 0


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(403 if self.path == "/user" else 200, self.server.comments)

    def do_POST(self):
        made = {"id": len(self.server.comments) + 1, "user": {"type": "Bot", "id": 1}, **self.said()}
        self.server.comments.append(made)
        self.answer(201, made)

    def do_PATCH(self):
        [found] = [it for it in self.server.comments if self.path.endswith(f"/{it['id']}")]
        found.update(self.said())
        self.answer(200, found)

    def said(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status, body):
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        text = json.dumps(body).encode()
        self.send_response(self.server.refuse or status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def _serving():
    server = Forge()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        http._pool("").clear()
        http._pool.cache_clear()


@pytest.fixture
def forge(world, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _serving() as server:
        world.environ.update(
            GITHUB_REPOSITORY="acme/deploy",
            GITHUB_REF="refs/pull/7/merge",
            GITHUB_TOKEN=SECRET,
            GITHUB_API_URL=f"http://127.0.0.1:{server.server_port}",
        )
        yield server


def test_the_plan_is_one_comment_that_is_written_anew(world, forge):
    first = world.run("plan", "-o", "markdown", "--post")
    assert first.exit_code == 0
    assert "the plan is a comment on acme/deploy#7" in first.stderr
    [comment] = forge.comments
    assert comment["body"] == first.stdout
    assert comment["body"].startswith(marker("test"))
    assert "Plan: 3 to create" in comment["body"]
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    done = world.run("plan", "-o", "markdown", "--post")
    assert "is written anew" in done.stderr
    [comment] = forge.comments
    assert comment["body"] == done.stdout
    assert "says so already" in world.run("plan", "--post").stderr
    assert world.writes == []
    assert {token for _, _, token in forge.asked} == {f"Bearer {SECRET}"}


def test_the_token_is_shown_nowhere(world, forge):
    for status in (0, 401, 500):
        forge.refuse = status
        done = world.run("plan", "-v", "--post")
        assert SECRET not in done.output


def test_what_is_shown_on_the_terminal_is_as_asked_for(world, forge):
    done = world.run("plan", "-o", "json", "--post")
    assert json.loads(done.stdout)["environment"] == "test"
    assert forge.comments[0]["body"].startswith(marker("test"))


def test_plans_of_different_places_are_comments_of_their_own(world, forge):
    world.run("plan", "--post")
    world.run("plan", "--post", "--installation", "blue")
    world.run("plan", "platform", "--post")
    world.run("plan", "platform", "--post")
    bodies = [it["body"].partition("\n")[0] for it in forge.comments]
    assert bodies == [
        marker("test"),
        marker("test", installation="blue"),
        marker("test", apps=["platform"]),
    ]


def test_the_exit_code_stays_that_of_the_plan(world, forge):
    assert world.run("plan", "--detailed-exitcode", "--post").exit_code == 2
    world.applied()
    assert world.run("plan", "--detailed-exitcode", "--post").exit_code == 0
    world.simulator.faults.deny("DescribeServices")
    assert world.run("plan", "--detailed-exitcode", "--post").exit_code == 4
    assert len(forge.comments) == 1


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 4), (404, 4), (422, 1), (500, 1)])
def test_what_the_forge_says_is_the_exit_code(world, forge, status, code):
    forge.refuse = status
    done = world.run("plan", "--post")
    assert done.exit_code == code
    assert "Plan: 3 to create" in done.stdout
    assert f"answered {status}" in done.stderr


def test_a_forge_that_is_not_there(world, forge):
    world.environ["GITHUB_API_URL"] = "http://127.0.0.1:1"
    done = world.run("plan", "--post")
    assert done.exit_code == 1
    assert "127.0.0.1" in done.stderr


def test_without_a_pull_request_nothing_is_planned(world, forge):
    world.environ["GITHUB_REF"] = "refs/heads/main"
    done = world.run("plan", "--post")
    assert (done.exit_code, done.stdout) == (64, "")
    assert "not the job of a pull request" in done.stderr
    assert world.simulator.calls == []


def test_without_a_token_nothing_is_planned(world, forge):
    del world.environ["GITHUB_TOKEN"]
    done = world.run("plan", "--post")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "GITHUB_TOKEN is not set" in done.stderr
    assert world.simulator.calls == []


def test_manifests_that_are_wrong_are_said_and_nothing_is_posted(world, forge):
    world.edit("apps/shop/web.yaml", "desiredCount", "desiredCuont")
    assert world.run("plan", "--post").exit_code == 65
    assert forge.asked == []


def test_without_post_nobody_is_asked(world, forge):
    world.run("plan", "-o", "markdown")
    assert forge.asked == []
