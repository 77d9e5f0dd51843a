"""The poller: what it tells, how it waits, and that a remote that hangs holds up nobody else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from reconciler.agent.desk import Wake
from reconciler.agent.wake.poller import Overdue, Poller, Seen
from reconciler.model.errors import SourceError

START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE = 10
GONE = SourceError("gone", where="git@host:x", hint="is it there?")


class HandClock:
    def __init__(self) -> None:
        self.at = 0.0

    def now(self):
        return START + timedelta(seconds=self.at)

    def monotonic(self):
        return self.at

    def sleep(self, seconds):
        self.at += seconds


class Even(Random):
    """No jitter."""

    def uniform(self, a, b):
        return (a + b) / 2


class Remote:
    """Answers what it is told to; the last answer stays. ``held`` fetches wait until they are let go."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.began = threading.Semaphore(0)
        self.let = None

    def __call__(self):
        self.asked += 1
        self.began.release()
        if self.let is not None:
            assert self.let.acquire(timeout=PATIENCE)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, BaseException):
            raise found
        return found

    def hang(self):
        self.let = threading.Semaphore(0)
        return self.let


@pytest.fixture
def poller():
    """Make pollers; those that were started are stopped. Gives the poller and the list of its wakes."""
    made = []

    def make(remote, every=60.0, jitter=None, clock=None):
        wakes: list[Wake] = []
        it = Poller(remote, clock or HandClock(), wakes.append, every, jitter or Even())
        made.append((it, remote))
        return it, wakes

    yield make
    for it, remote in made:
        if remote.let is not None:
            remote.let.release(100)
        assert it.stop(PATIENCE)


def test_before_the_first_fetch_nothing_is_known(poller):
    assert poller(Remote("a"))[0].seen() == Seen(None, None, None, False)


def test_the_first_commit_wakes(poller):
    it, wakes = poller(Remote("a"))
    it.step()
    assert it.seen() == Seen("a", None, START, True)
    assert wakes == [Wake(git=True, why="commit a")]


def test_only_another_commit_wakes_again(poller):
    it, wakes = poller(Remote("a", "a", "b", "b", "a"))
    for _ in range(5):
        it.step()
    assert [wake.why for wake in wakes] == ["commit a", "commit b", "commit a"]


def test_an_error_wakes_once_and_its_end_wakes_again(poller):
    clock = HandClock()
    it, wakes = poller(Remote("a", GONE, GONE, "a"), clock=clock)
    it.step()
    clock.at = 60
    it.step()
    assert it.seen() == Seen("a", GONE, START + timedelta(seconds=60), True)
    it.step()
    it.step()
    assert it.seen().error is None
    assert [wake.why for wake in wakes] == [
        "commit a", "the repository cannot be fetched", "the repository can be fetched again",
    ]  # fmt: skip
    assert all(wake.git for wake in wakes)


def test_another_error_wakes_too(poller):
    it, wakes = poller(Remote(GONE, SourceError("refused"), SourceError("refused")))
    for _ in range(3):
        it.step()
    assert len(wakes) == 2
    assert it.seen().fetched_ever is False


def test_a_commit_after_an_error_wakes_once(poller):
    it, wakes = poller(Remote("a", GONE, "b"))
    for _ in range(3):
        it.step()
    assert [wake.why for wake in wakes][2:] == ["commit b"]


def test_a_mistake_in_the_program_is_an_error_like_others_and_shows_nothing(poller):
    it, _ = poller(Remote(RuntimeError("hunter22"), "a"))
    it.step()
    error = it.seen().error
    assert "RuntimeError" in str(error)
    assert "hunter22" not in f"{error}{error.hint}"
    it.step()
    assert it.seen().commit == "a"


def test_an_error_that_is_kept_holds_no_frames(poller):
    def fetch():
        try:
            raise ValueError("cause")
        except ValueError as error:
            raise SourceError("gone") from error

    it = Poller(fetch, HandClock(), lambda wake: None, 60, Even())
    it.step()
    error = it.seen().error
    assert error.__traceback__ is error.__cause__ is error.__context__ is None


def test_errors_are_tried_again_after_twice_as_long_each_time_up_to_five_minutes(poller):
    it, _ = poller(Remote(GONE, GONE, GONE, GONE, GONE, "a", "a", GONE))
    assert [it.step() for _ in range(8)] == [120, 240, 300, 300, 300, 60, 60, 120]


def test_who_polls_seldom_never_polls_more_often_after_an_error(poller):
    it, _ = poller(Remote("a", GONE, GONE), every=900.0)
    assert [it.step() for _ in range(3)] == [900, 900, 900]


def test_a_thousand_errors_do_not_overflow(poller):
    it, _ = poller(Remote(GONE), every=1.0)
    assert [it.step() for _ in range(2000)][-1] == 300


def test_the_pause_varies_by_a_tenth(poller):
    it, _ = poller(Remote("a"), every=100.0, jitter=Random(1))
    pauses = [it.step() for _ in range(500)]
    assert 90 <= min(pauses) < 92
    assert 108 < max(pauses) <= 110


def test_started_it_fetches_at_once_and_a_poke_fetches_again(poller):
    remote = Remote("a")
    it, _ = poller(remote, every=1e6)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    it.poke()
    assert remote.began.acquire(timeout=PATIENCE)
    assert not remote.began.acquire(blocking=False)


def test_it_goes_on_after_the_pause(poller):
    remote = Remote("a")
    it, _ = poller(remote, every=0.001)
    it.start()
    for _ in range(5):
        assert remote.began.acquire(timeout=PATIENCE)


def test_pokes_during_a_fetch_are_one_more_fetch_after_it(poller):
    remote = Remote("a", "b", "c")
    let = remote.hang()
    it, _ = poller(remote, every=1e6)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    for _ in range(20):
        it.poke()
    let.release()
    assert remote.began.acquire(timeout=PATIENCE)
    let.release(5)
    assert it.fetch_now(PATIENCE).commit == "c"  # the third: there was no other between
    assert remote.asked == 3


def test_a_poke_ends_the_pause_after_an_error(poller):
    remote = Remote(GONE, "a")
    it, _ = poller(remote, every=1e6)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    it.poke()
    assert remote.began.acquire(timeout=PATIENCE)


def test_fetch_now_waits_for_a_fetch_that_began_after_the_call(poller):
    remote, waits, found = Remote("old", "new"), threading.Event(), []

    class Told(threading.Condition):
        def wait_for(self, predicate, timeout=None):
            waits.set()
            return super().wait_for(predicate, timeout)

    let = remote.hang()
    it, _ = poller(remote, every=1e6)
    it._changed = Told()
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    thread = threading.Thread(target=lambda: found.append(it.fetch_now(PATIENCE)))
    thread.start()
    assert waits.wait(PATIENCE)  # the poller itself is in its fetch
    let.release()
    assert remote.began.acquire(timeout=PATIENCE)
    assert found == []
    assert it.seen().commit == "old"
    let.release()
    thread.join(PATIENCE)
    assert found == [Seen("new", None, START, True)]


def test_fetch_now_tells_an_error_of_that_fetch(poller):
    remote = Remote("a", GONE)
    it, _ = poller(remote, every=1e6)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    seen = it.fetch_now(PATIENCE)
    assert (seen.commit, seen.error) == ("a", GONE)


def test_fetch_now_does_not_wait_longer_than_it_was_told_to(poller):
    remote = Remote("a", "b")
    it, _ = poller(remote, every=1e6)
    it.step()
    remote.hang()
    it.start()
    seen = it.fetch_now(0.01)
    assert seen.commit == "a" and seen.fetched_ever
    assert isinstance(seen.error, Overdue)
    assert seen.error.retry
    assert "within 0.01 s" in str(seen.error)
    assert it.seen().error is None  # what is late is no failure yet


def test_a_fetch_that_hangs_holds_up_nobody(poller):
    remote = Remote("a")
    remote.hang()
    it, _ = poller(remote)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    it.poke()
    assert it.seen() == Seen()
    assert it.stop(0.01) is False
    assert it._thread.daemon


def test_stopped_it_ends_at_once_though_it_pauses(poller):
    remote = Remote("a")
    it, _ = poller(remote, every=1e6)
    it.start()
    assert remote.began.acquire(timeout=PATIENCE)
    assert it.stop(PATIENCE)
    assert not remote.began.acquire(blocking=False)


def test_stopped_it_lets_nobody_wait(poller):
    remote = Remote("a")
    it, _ = poller(remote, every=1e6)
    it.start()
    assert it.stop(PATIENCE)
    seen = it.fetch_now(PATIENCE)
    assert "stopping" in str(seen.error)


def test_never_started_it_is_stopped_all_the_same(poller):
    it, _ = poller(Remote("a"))
    assert it.stop(0)
