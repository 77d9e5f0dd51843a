"""From looks and news to what is sent: step by step without threads, and then with them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.agent.board import Board, News
from reconciler.agent.http import NoAnswer
from reconciler.agent.tell.lane import COUNTER
from reconciler.agent.tell.teller import Teller
from reconciler.model.agent import AgentSettings, Channel, Forge, Kept, Login, Repository
from reconciler.model.errors import UsageError
from tests.agent.tell.looks import AT, ONE, TWO, failed, held, look, resource, rolling
from tests.agent.tell.receivers import FakeAsk, HandClock, answer
from tests.agent.tell.test_channels import HOOK, Topics
from tests.agent.tell.test_templates import outcome

PATIENCE = 30
SLACK = Channel("ops", "slack", to=Kept(variable="SLACK"))
FAILURES = Channel("failures", "webhook", to=Kept(variable="HOOK"), when=("on-sync-failed",))
TOPIC = Channel("topic", "sns", topic="arn:aws:sns:eu-west-1:1:deploys", apps=("blog",))
GITHUB = Forge("github", "acme/deploy", "https://api.github.com", Login("token", Kept(variable="TOKEN")))
SECRETS = {"SLACK": HOOK, "HOOK": "https://hook.example/x", "TOKEN": "hunter2\n"}


class World:
    def __init__(self, *channels, forge=None, answers=None, **settings):
        self.ask, self.topics, self.clock, self.board = FakeAsk(answers or {}), Topics(), HandClock(), Board()
        made = AgentSettings(Repository("x"), channels=channels, forge=forge, **settings)
        self.teller = Teller(
            made, self.ask, self.topics, lambda kept: SECRETS[kept.variable], self.clock, board=self.board
        )

    def saw(self, *looks):
        """What is sent of it."""
        before = len(self.ask.asked)
        for it in looks:
            self.teller.saw(it)
        self.teller.step()
        self.send()
        return [it for it in self.ask.asked[before:] if it.method == "POST"]

    def send(self):
        for lane in self.teller.lanes:
            while lane.step() == 0.0:
                pass

    def texts(self, requests):
        return [block["text"]["text"] for it in requests for block in it.json.get("blocks", [])]


def news(kind, by="alice", app="shop", minutes=0.0, **more):
    return News(kind, "staging", AT + timedelta(minutes=minutes), app, by=by, **more)


def test_a_look_is_told_to_the_channels_that_want_it():
    world = World(SLACK, FAILURES, TOPIC)
    assert world.saw(look(resource(), resource("blog/Service/blog", "blog:1"))) == []
    told = world.saw(look(failed(), resource("blog/Service/blog", "blog:2"), commit=TWO))
    assert {it.url for it in told} == {HOOK, SECRETS["HOOK"]}
    assert [it.json["trigger"] for it in told if it.url != HOOK] == ["on-sync-failed"]
    assert [subject for _, subject, *_ in world.topics.sent] == [
        "deployed: blog/Service/blog in staging",
        "sync-succeeded: blog in staging",
    ]
    assert len(world.texts(told)) == 3
    assert world.board.counts()[COUNTER, (("channel", "ops"), ("result", "sent"))] == 3


def test_of_looks_that_queue_up_the_newest_is_read():
    world = World(SLACK)
    world.saw(look(resource()))
    assert len(world.texts(world.saw(look(rolling(), commit=TWO), look(resource(revision="web:2"), commit=TWO)))) == 2


def test_environments_are_told_apart():
    world = World(SLACK)
    assert world.saw(look(resource()), look(resource(), environment="qa")) == []
    told = world.texts(world.saw(look(failed()), look(resource(), environment="qa")))
    assert len(told) == 1
    assert " in staging " in told[0]


def test_an_environment_that_another_replica_writes_is_told_of_by_that_one():
    world = World(SLACK, forge=GITHUB)
    world.saw(look(resource()))
    assert world.saw(held(look(failed()))) == []
    assert world.texts(world.saw(look(failed(), commit=TWO))) == []


def test_what_a_person_said_is_told_each_time():
    world = World(SLACK)
    world.teller.heard(news("suspended", message="suspended shop: too slow"))
    world.teller.heard(news("resumed", message="resumed shop", minutes=1))
    assert world.texts(world.saw()) == [
        "alice: suspended shop: too slow (shop in staging)",
        "alice: resumed shop (shop in staging)",
    ]


def test_an_account_that_denies_everything_is_told_once_in_half_an_hour_and_not_at_the_start():
    world = World(SLACK)
    trouble = news("trouble", by="", app="", message="credentials are of another account", severity="error")
    world.teller.heard(trouble)
    assert world.saw() == []
    world.saw(look(resource()))
    told = []
    for _ in range(7):
        world.clock.sleep(600)
        world.teller.heard(trouble)
        world.teller.heard(trouble)
        told += world.texts(world.saw())
    assert told == ["UNKNOWN: staging in staging cannot be read: credentials are of another account"] * 3


def test_news_of_nobody_that_is_no_trigger_is_not_told():
    world = World(SLACK)
    world.teller.heard(news("fetched", by=""))
    assert world.saw() == []


@pytest.mark.parametrize("first", ["look", "news"])
def test_what_both_a_look_and_the_loops_news_tell_is_told_once(first):
    world = World(SLACK)
    world.saw(look(resource()))
    world.clock.sleep(60)
    drift = look(resource(synced="DriftDetected", stalled="DriftDetected"))
    told = []
    for number in (0, 1, 0, 1):
        if (number == 0) is (first == "look"):
            told += world.texts(world.saw(drift))
        else:
            world.teller.heard(news("drift", by="", message="healed"))
            told += world.texts(world.saw())
    assert sum("DRIFT" in text for text in told) == 1


def test_commits_are_marked_with_the_forges_own_token():
    world = World(forge=GITHUB, answers={"GET": answer(200, []), "POST": answer(201, {})})
    told = world.saw(look(resource()))
    assert [(it.url, it.json["state"]) for it in told] == [
        (f"https://api.github.com/repos/acme/deploy/statuses/{ONE}", "success")
    ]
    assert told[0].headers["Authorization"] == "Bearer hunter2"
    assert world.saw(look(resource())) == []


def test_a_key_of_an_app_is_never_sent_as_a_token():
    with pytest.raises(UsageError, match="login by github-app"):
        World(forge=replace(GITHUB, login=Login("github-app", Kept(variable="TOKEN"))))


def test_only_the_newest_state_of_a_commit_waits_for_a_forge_that_does_not_answer():
    world = World(forge=GITHUB, answers={"GET": NoAnswer("no"), "POST": answer(201, {})})
    world.saw(look(resource()))
    for _ in range(5):
        world.saw(look(rolling(), commit=TWO))
        world.saw(look(failed(), commit=TWO))
    assert world.teller.forge.waiting == 3
    world.ask.answers["GET"] = answer(200, [])
    world.clock.sleep(400)
    told = world.saw()
    assert [it.json["state"] for it in told if TWO in it.url] == ["failure", "failure"]


def test_a_channel_that_cannot_work_is_said_at_the_start():
    with pytest.raises(UsageError, match="line 1"):
        World(replace(SLACK, template="{{ nothing }}"))
    with pytest.raises(UsageError, match="no trigger"):
        World(replace(SLACK, when=("deployed",)))


def test_a_secret_that_is_not_there_costs_the_notification_and_nothing_else(caplog):
    world = World(replace(SLACK, to=Kept(variable="GONE")), FAILURES)
    world.saw(look(resource()))
    assert len(world.saw(look(failed()))) == 1
    assert "channel ops" in caplog.text


class Blocking(FakeAsk):
    """Answers a host only when it is let."""

    def __init__(self, host):
        super().__init__()
        self.host, self.let, self.came, self.sent = host, threading.Event(), threading.Event(), threading.Event()

    def __call__(self, method, url, **more):
        if self.host in url:
            self.came.set()
            assert self.let.wait(PATIENCE)
        found = super().__call__(method, url, **more)
        if self.host not in url:
            self.sent.set()
        return found


@pytest.fixture
def blocked():
    world = World(SLACK, FAILURES)
    world.ask = Blocking("hooks.slack.com")
    world.teller = Teller(
        AgentSettings(Repository("x"), channels=(SLACK, FAILURES)),
        world.ask,
        world.topics,
        lambda kept: SECRETS[kept.variable],
        world.clock,
        board=world.board,
    )
    world.teller.saw(look(resource()))
    world.teller.step()
    world.teller.start()
    yield world
    world.ask.let.set()
    world.teller.stop(PATIENCE)


def test_a_channel_that_hangs_holds_up_neither_the_loop_nor_another_channel(blocked):
    blocked.teller.saw(look(failed()))
    assert blocked.ask.came.wait(PATIENCE)
    assert blocked.ask.sent.wait(PATIENCE)
    blocked.ask.sent.clear()
    for number in range(50):
        blocked.teller.saw(look(rolling(), commit=f"{number:040}"))
        blocked.teller.heard(news("retry", minutes=number))
    blocked.teller.saw(look(failed(id="again")))
    blocked.ask.let.set()
    blocked.teller.stop(PATIENCE)
    assert not any(thread.is_alive() for thread in blocked.teller._threads)
    texts = blocked.texts([it for it in blocked.ask.asked if it.url == HOOK])
    assert sum("alice" in text for text in texts) == 50


def test_what_was_seen_before_the_end_is_told_before_it(blocked):
    blocked.ask.let.set()
    blocked.teller.saw(look(failed()))
    blocked.teller.stop(PATIENCE)
    assert {it.url for it in blocked.ask.asked} == {HOOK, SECRETS["HOOK"]}


def test_a_channel_that_hangs_does_not_hold_up_the_end(blocked):
    blocked.teller.saw(look(failed()))
    assert blocked.ask.came.wait(PATIENCE)
    assert blocked.ask.sent.wait(PATIENCE)
    blocked.teller.stop(0.01)
    alive = [thread.name for thread in blocked.teller._threads if thread.is_alive()]
    assert "tell-ops" in alive


def test_a_teller_that_was_never_started_stops():
    World(SLACK).teller.stop(0)


def test_a_look_that_is_not_understood_does_not_end_the_telling(blocked, caplog):
    blocked.ask.let.set()
    blocked.teller.saw(replace(look(), status=object()))
    blocked.teller.heard(news("retry"))
    blocked.teller.stop(PATIENCE)
    assert "a bug in reconciler while telling: AttributeError" in caplog.text
    assert "alice" in str([it.json for it in blocked.ask.asked])


def test_what_is_put_before_a_sender_waits_to_be_woken_is_sent():
    world = World(SLACK)
    [(_, lane)] = world.teller.channels
    stepped, sent, step = [], threading.Event(), lane.step

    def late():
        found = step()
        if not stepped:
            stepped.append(found)
            lane.put(outcome())  # nobody is woken by this
        elif found == 0.0:
            sent.set()
        return found

    lane.step = late
    world.teller.start()
    try:
        assert sent.wait(PATIENCE)
    finally:
        world.teller.stop(PATIENCE)
    assert stepped == [None]
    assert len(world.ask.asked) == 1
