"""A receiver that is slow, dead or choosy: what is tried again, when, and what is given up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.agent.board import Board
from reconciler.agent.http import NoAnswer, Response
from reconciler.agent.tell import lane as module
from reconciler.agent.tell.answers import Later, Refused, settled
from reconciler.agent.tell.lane import COUNTER, Lane
from tests.agent.tell.looks import AT
from tests.agent.tell.receivers import Always, HandClock


class Receiver:
    """Takes what it gets, or raises what is put into ``errors`` first."""

    def __init__(self, **how):
        self.clock, self.board, self.got, self.errors, self.times = HandClock(), Board(), [], [], []
        self.lane = Lane("ops", self.take, self.clock, self.board, jitter=Always(), **how)

    def take(self, items):
        self.times.append(self.clock.passed)
        if self.errors:
            raise self.errors.pop(0)
        self.got.append(list(items))

    def count(self, result):
        return self.board.counts().get((COUNTER, (("channel", "ops"), ("result", result))), 0)

    def run(self):
        """Step until nothing waits, letting the time pass that it asks for."""
        while (pause := self.lane.step()) is not None:
            self.clock.sleep(pause)


def test_what_is_put_is_sent_in_its_order():
    receiver = Receiver()
    for item in "abc":
        receiver.lane.put(item)
    receiver.run()
    assert receiver.got == [["a"], ["b"], ["c"]]
    assert (receiver.count("sent"), receiver.lane.waiting) == (3, 0)


def test_what_has_queued_up_is_sent_at_once_where_the_receiver_takes_it():
    receiver = Receiver(batch=2)
    for item in "abc":
        receiver.lane.put(item)
    receiver.run()
    assert receiver.got == [["a", "b"], ["c"]]


def test_silence_is_answered_with_more_and_more_patience(caplog):
    receiver = Receiver()
    receiver.errors = [NoAnswer("no answer", where="chat.example") for _ in range(8)]
    receiver.lane.put("a")
    receiver.run()
    assert receiver.got == [["a"]]
    assert receiver.times == [0, 5, 15, 35, 75, 155, 315, 615, 915]
    assert "channel ops: chat.example: no answer; tried again in 5 s" in caplog.text


def test_a_success_ends_the_patience():
    receiver = Receiver()
    receiver.errors = [NoAnswer("no") for _ in range(3)]
    receiver.lane.put("a")
    receiver.run()
    receiver.errors = [NoAnswer("no")]
    receiver.lane.put("b")
    before = receiver.clock.passed
    receiver.run()
    assert receiver.clock.passed - before == 5


def test_how_long_a_receiver_asks_to_be_left_alone_is_kept_to():
    receiver = Receiver()
    receiver.errors = [Later("429", after=90.0), Later("429", after=1.0)]
    receiver.lane.put("a")
    receiver.run()
    assert receiver.times == [0, 90, 100]


def test_while_it_waits_nothing_is_sent_however_often_it_is_stepped():
    receiver = Receiver()
    receiver.errors = [NoAnswer("no")]
    receiver.lane.put("a")
    assert receiver.lane.step() == 5
    receiver.lane.put("b")
    assert receiver.lane.step() == 5
    receiver.clock.sleep(3)
    assert receiver.lane.step() == 2
    assert receiver.times == [0]


def test_what_is_refused_is_dropped_and_the_next_one_sent_at_once(caplog):
    receiver = Receiver()
    receiver.errors = [Refused("answered 404", status=404, where="chat.example")]
    receiver.lane.put("a")
    receiver.lane.put("b")
    receiver.run()
    assert (receiver.got, receiver.times) == ([["b"]], [0, 0])
    assert (receiver.count("sent"), receiver.count("dropped")) == (1, 1)
    assert "channel ops: 1 not sent: chat.example: answered 404" in caplog.text


def test_a_dead_receiver_is_given_up_item_by_item_after_an_hour(caplog):
    receiver = Receiver()
    receiver.lane.put("a")
    receiver.errors = [NoAnswer("no") for _ in range(100)]
    while receiver.lane.step() is not None:
        receiver.clock.sleep(60)
    assert receiver.count("dropped") == 1
    assert 3600 <= receiver.clock.passed < 3900
    assert "could not be sent for 60 minutes" in caplog.text
    receiver.errors.clear()
    receiver.clock.sleep(300)
    receiver.lane.put("b")
    receiver.run()
    assert receiver.got == [["b"]]


def test_what_is_too_much_pushes_out_the_oldest(monkeypatch, caplog):
    monkeypatch.setattr(module, "MOST", 3)
    receiver = Receiver()
    for item in "abcde":
        receiver.lane.put(item)
    assert receiver.lane.waiting == 3
    receiver.run()
    assert receiver.got == [["c"], ["d"], ["e"]]
    assert receiver.count("dropped") == 2
    assert "3 others wait already" in caplog.text


def test_of_the_same_only_the_newest_is_sent_even_if_it_came_while_one_was_sent():
    receiver = Receiver(same=lambda item: item[0])
    receiver.errors = [NoAnswer("no")]
    for item in ("a1", "b1", "a2"):
        receiver.lane.put(item)
    receiver.lane.step()
    receiver.lane.put("a3")
    receiver.clock.sleep(5)
    take = receiver.take

    def slowly(items):
        take(items)
        if items == ["a3"]:
            receiver.lane.put("a4")

    receiver.lane._send = slowly
    receiver.run()
    assert receiver.got == [["a3"], ["a4"], ["b1"]]


def test_a_bug_in_a_sender_costs_one_item_and_tells_no_text(caplog):
    receiver = Receiver()
    receiver.errors = [ValueError("hunter2")]
    receiver.lane.put("a")
    receiver.lane.put("b")
    receiver.run()
    assert receiver.got == [["b"]]
    assert "ValueError" in caplog.text
    assert "hunter2" not in caplog.text


def test_no_step_of_a_lane_that_is_empty_asks_to_be_stepped_again():
    assert Receiver().lane.step() is None


NOW = AT


@pytest.mark.parametrize(("status", "headers", "after"), [
    (429, {"retry-after": "7"}, 7),
    (503, {"retry-after": "Mon, 05 Jan 2026 09:00:30 GMT"}, 30),
    (503, {"retry-after": "Mon, 05 Jan 2026 08:00:30 GMT"}, 0),
    (429, {"retry-after": "86400"}, 300),
    (429, {"retry-after": "soon"}, None),
    (429, {"retry-after": "²"}, None),
    (429, {"retry-after": "Mon, 05 Jan 2026 09:00:30"}, None),
    (500, {}, None),
    (408, {}, None),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)}, 60),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, 300),
    (403, {"retry-after": "30"}, 30),
])  # fmt: skip
def test_what_may_go_well_later(status, headers, after):
    with pytest.raises(Later) as caught:
        settled(Response(status, headers), "h", NOW)
    assert caught.value.after == after


@pytest.mark.parametrize(("status", "headers"), [
    (301, {"location": "https://else"}), (400, {}), (401, {}), (403, {}), (403, {"x-ratelimit-remaining": "12"}),
    (404, {}), (410, {"retry-after": "7"}), (422, {}),
])  # fmt: skip
def test_what_will_not(status, headers):
    with pytest.raises(Refused) as caught:
        settled(Response(status, headers, b"hunter2"), "h", NOW)
    assert caught.value.status == status
    assert "hunter2" not in f"{caught.value} {caught.value!r}"


def test_what_went_well_is_handed_on():
    assert settled(Response(204), "h", datetime(2026, 1, 1, tzinfo=UTC)).status == 204
