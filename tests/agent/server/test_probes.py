"""Whether the agent is alive and ready: its own loop tells, and nothing else."""

import pytest

from reconciler.agent.board import Pulse
from reconciler.agent.server.listening import address, nearby
from reconciler.model.errors import Problem, UsageError
from reconciler.model.status import Condition
from tests.agent.server.asgi import AT, Agent, look_at


@pytest.fixture
def agent():
    return Agent()


def health(agent):
    return agent.get("/healthz", None)


def test_a_loop_that_turns_is_healthy(agent):
    for _ in range(10):
        agent.clock.sleep(29)
        assert health(agent).status == 200
        agent.board.beat(Pulse(agent.clock.monotonic(), fetched=True))


def test_a_loop_that_has_missed_three_turns_is_not(agent):
    agent.clock.sleep(30)
    assert health(agent).status == 200
    agent.clock.sleep(0.1)
    told = health(agent)
    assert (told.status, told.code) == (503, "stalled")
    agent.board.beat(Pulse(agent.clock.monotonic()))
    assert health(agent).json == {"healthy": True}


def test_a_loop_that_never_turned_has_as_long(agent):
    agent.board.beat(Pulse())
    agent.clock.sleep(30)
    assert health(agent).status == 200
    agent.clock.sleep(1)
    assert health(agent).status == 503


def test_an_outage_of_aws_or_of_the_remote_is_no_illness(agent):
    source = Condition("SourceVerified", "Unknown", "FetchFailed", "the remote hangs", AT)
    agent.board.put(look_at("staging", ready=False, source=source, problems=(Problem("aws", "AWS is down"),)))
    agent.board.beat(Pulse(agent.clock.monotonic(), fetched=False))
    assert health(agent).status == 200


def test_it_is_healthy_while_it_stops(agent):
    agent.board.beat(Pulse(agent.clock.monotonic(), fetched=True, stopping=True))
    assert health(agent).status == 200


def test_it_is_ready_once_the_repository_was_read_and_until_it_stops(agent):
    def ready():
        told = agent.get("/readyz", None)
        return told.json.get("error", {}).get("code", told.status)

    agent.board.beat(Pulse(agent.clock.monotonic()))
    assert ready() == "no-repository-yet"
    agent.board.beat(Pulse(agent.clock.monotonic(), fetched=True))
    assert ready() == 200
    agent.board.beat(Pulse(agent.clock.monotonic(), fetched=True, stopping=True))
    assert ready() == "stopping"


def test_probes_show_nothing_of_what_is_watched(agent):
    assert b"staging" not in health(agent).body + agent.get("/readyz", None).body


@pytest.mark.parametrize(
    ("listen", "found", "url"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("0.0.0.0:80", ("0.0.0.0", 80), "http://127.0.0.1:80"),
        (":8080", ("0.0.0.0", 8080), "http://127.0.0.1:8080"),
        ("[::]:8080", ("::", 8080), "http://[::1]:8080"),
        ("[fd00::1]:8080", ("fd00::1", 8080), "http://[fd00::1]:8080"),
        ("localhost:0", ("localhost", 0), "http://localhost:0"),
    ],
)
def test_addresses(listen, found, url):
    assert address(listen) == found
    assert nearby(listen) == url


@pytest.mark.parametrize("listen", ["", "8080", "host", "host:", "host:x", "host:65536", "::1:80", "a:b:1", "h:1 ", "http://h:1", "u@h:\n1"])
def test_what_is_no_address(listen):
    with pytest.raises(UsageError):
        address(listen)
