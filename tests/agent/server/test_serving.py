"""The server on a real loopback socket: it starts, answers, streams, and ends within seconds, whoever still reads."""

import http.client
import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from reconciler.agent.server.serving import GRACE, Serving
from reconciler.agent.server.streaming import MOST_STREAMS
from reconciler.model.errors import UsageError
from tests.agent.server.asgi import ALICE, READER, Agent, look_at

PATIENCE = 30


@pytest.fixture
def agent():
    return Agent()


@contextmanager
def served(agent, listen="127.0.0.1:0"):
    serving = Serving(agent.app, listen)
    try:
        yield serving.start()
    finally:
        serving.stop()


@pytest.fixture
def at(agent):
    with served(agent) as found:
        yield found


class Watcher:
    """Somebody who reads a stream."""

    def __init__(self, at, query="", token=READER):
        self.connection = http.client.HTTPConnection(*at, timeout=PATIENCE)
        self.connection.request("GET", f"/api/v1/stream{query}", headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()

    def event(self):
        """The lines of the next event; none at the end."""
        lines = []
        while line := self.answer.readline().decode().rstrip("\n"):
            lines.append(line)
        return lines

    def document(self):
        event, number, data = self.event()
        assert event == "event: status"
        return number, json.loads(data.removeprefix("data: "))

    def close(self):
        self.answer.close()
        self.connection.close()


def ask(at, method, path, *, token=None, body=None, **headers):
    connection = http.client.HTTPConnection(*at, timeout=PATIENCE)
    given = {"Authorization": f"Bearer {token}"} if token else {}
    connection.request(method, path, body=body, headers={**given, **headers})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_it_answers_at_the_port_it_was_given(agent, at):
    assert at[1] > 0
    status, headers, body = ask(at, "GET", "/healthz")
    assert (status, json.loads(body)) == (200, {"healthy": True})
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in {name.lower() for name in headers}


def test_a_word_over_the_wire_reaches_the_desk(agent, at):
    body = json.dumps({"environment": "staging", "app": "shop"})
    status, _, told = ask(at, "POST", "/api/v1/suspend", token=ALICE, body=body, **{"Content-Type": "application/json"})
    assert (status, json.loads(told)["said"]["by"]) == (200, "alice")
    assert agent.desk.said[0][:3] == ("suspend", "staging", "shop")


def test_an_address_that_is_taken_or_none_is_told(agent, at):
    for listen in (f"127.0.0.1:{at[1]}", "192.0.2.1:0", "nowhere.invalid:0"):
        with pytest.raises(UsageError, match="cannot listen"):
            Serving(agent.app, listen).start()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(at):
    with socket.create_connection(at, timeout=PATIENCE) as wire:
        wire.sendall(b"POST /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_chunks_that_never_end_are_refused(at):
    with socket.create_connection(at, timeout=PATIENCE) as wire:
        wire.sendall(b"POST /hooks/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        told = b""
        try:
            for _ in range(64):
                wire.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass
        try:
            told = wire.recv(65536)
        except ConnectionError:
            return
        assert told.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: x\r\n", b"Content-Length: -1\r\n",
     b"Transfer-Encoding: gzip\r\n", b"X-Hub-Signature-256 : sha256=0\r\n", b"X: a\r\n b\r\n\x00: c\r\n"],
)  # fmt: skip
def test_headers_that_mean_two_things_are_refused_by_the_wire(agent, at, head):
    with socket.create_connection(at, timeout=PATIENCE) as wire:
        wire.sendall(b"POST /hooks/github HTTP/1.1\r\nHost: x\r\n" + head + b"\r\nhello")
        assert wire.recv(65536).split(b" ")[1] in (b"400", b"501")
    assert agent.desk.wakes == []


# Streams


def test_a_stream_begins_with_how_things_are_and_goes_on_with_what_changes(agent, at):
    watcher = Watcher(at)
    assert watcher.answer.getheader("Content-Type").startswith("text/event-stream")
    assert watcher.answer.getheader("X-Accel-Buffering") == "no"
    number, first = watcher.document()
    assert number == "id: 1"
    assert first == json.loads(ask(at, "GET", "/api/v1/status", token=READER)[2])
    agent.board.put(look_at("staging", ready=False))
    number, second = watcher.document()
    assert number == "id: 2"
    assert [it["ready"] for it in second["environments"]] == [True, False]
    watcher.close()


def test_a_stream_of_one_environment_is_silent_about_the_others(agent, at):
    watcher = Watcher(at, "?environment=staging&app=shop")
    assert watcher.document()[1]["environment"] == "staging"
    agent.board.put(look_at("production", ready=False))
    agent.board.put(look_at("staging", waiting=77))
    number, told = watcher.document()
    assert (number, told["waiting"]) == ("id: 2", 77)
    watcher.close()


def test_a_silent_stream_shows_signs_of_life(agent, at):
    watcher = Watcher(at, "?environment=staging")
    watcher.document()
    agent.clock.sleep(14.9)
    agent.clock.sleep(0.1)
    assert watcher.event() == [": still here"]
    watcher.close()
    often = Watcher(at, "?ping=1")
    often.document()
    agent.clock.sleep(1)
    assert often.event() == [": still here"]
    often.close()


@pytest.mark.parametrize("ping", ["0", "16", "-1", "x", "", "1.5", "١"])
def test_a_ping_that_is_none(agent, ping):
    from urllib.parse import quote

    assert agent.get(f"/api/v1/stream?ping={quote(ping)}").code == "ping"


def test_streams_are_for_those_who_may_see(at):
    assert ask(at, "GET", "/api/v1/stream")[0] == 401
    assert ask(at, "GET", "/api/v1/stream?environment=nowhere", token=READER)[0] == 404


def test_there_are_no_more_streams_than_so_many_and_who_leaves_makes_room(agent, at):
    watchers = [Watcher(at) for _ in range(MOST_STREAMS)]
    assert {it.answer.status for it in watchers} == {200}
    for it in watchers:
        it.document()
    status, headers, _ = ask(at, "GET", "/api/v1/stream", token=READER)
    assert (status, headers["retry-after"]) == (503, "10")
    watchers.pop().close()
    again = None
    for _ in range(600):
        again = Watcher(at)
        if again.answer.status == 200:
            break
        again.close()
    assert again.answer.status == 200
    for it in (*watchers, again):
        it.close()


def stopped(serving):
    """Seconds until it has ended."""
    began = time.monotonic()
    serving.stop()
    return time.monotonic() - began


def test_it_ends_with_streams_open_and_cuts_none_of_them_off(agent, caplog):
    serving = Serving(agent.app, "127.0.0.1:0")
    at = serving.start()
    watchers = [Watcher(at) for _ in range(5)]
    for it in watchers:
        it.document()
    assert stopped(serving) < 5
    assert "graceful shutdown exceeded" not in caplog.text
    assert [it.event() for it in watchers] == [[]] * 5
    with pytest.raises(ConnectionError):
        socket.create_connection(at, timeout=PATIENCE)
    for it in watchers:
        it.close()


def test_it_ends_with_a_word_that_hangs_and_a_reader_that_does_not_read(agent):
    begun, let_go = threading.Event(), threading.Event()

    def hang(*_):
        begun.set()
        let_go.wait(PATIENCE)

    agent.desk.suspend = hang
    serving = Serving(agent.app, "127.0.0.1:0")
    at = serving.start()
    body = b'{"environment": "staging", "app": "shop"}'
    with socket.create_connection(at) as wire, socket.create_connection(at) as deaf:
        head = f"POST /api/v1/suspend HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
        wire.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        deaf.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {READER}\r\n\r\n".encode())
        assert begun.wait(PATIENCE)
        assert stopped(serving) < GRACE + 3
    let_go.set()


def test_stopping_what_was_never_started_or_twice_is_nothing(agent):
    serving = Serving(agent.app, "127.0.0.1:0")
    serving.stop()
    again = Agent()
    with served(again):
        pass
    serving = Serving(again.app, "127.0.0.1:0")
    serving.stop()
    serving.stop()


def test_its_thread_is_none_that_an_exit_waits_for(agent):
    with served(agent):
        [thread] = [it for it in threading.enumerate() if it.name == "agent-server"]
        assert thread.daemon
    assert not thread.is_alive()


def test_a_late_wake_comes_by_itself(agent):
    import hashlib
    import hmac

    from reconciler.agent.server.app import build
    from reconciler.agent.server.bells import MOST_CALLS
    from tests.agent.server.asgi import SECRETS

    agent.app = build(agent.board, agent.desk, agent.server, agent.clock, agent.secret)
    woken = threading.Semaphore(0)
    agent.desk.wake = lambda wake: woken.release()
    bell = agent.app.handed.bells["github"]
    signature = "sha256=" + hmac.new(SECRETS["GITHUB"].encode(), b"{}", hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push"}
    with served(agent) as at:
        for number in range(MOST_CALLS):
            assert ask(at, "POST", "/hooks/github", body=b"{}", **headers, **{"X-GitHub-Delivery": str(number)})[0] == 202
        bell.calls._left, bell.calls._every = 0.99, 0.1
        assert ask(at, "POST", "/hooks/github", body=b"{}", **headers, **{"X-GitHub-Delivery": "last"})[0] == 429
        for _ in range(MOST_CALLS + 1):
            assert woken.acquire(timeout=PATIENCE)
