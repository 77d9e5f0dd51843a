"""Which apps are due: lanes, pauses after failures, the round of all."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.agent.due import FIRST, LONGEST, MOVING, UNHURRIED, Due


class Still(Random):
    """No jitter."""

    def uniform(self, a, b):
        return 0.0


def due(*apps: str, now: float = 0.0, jitter: Random | None = None) -> Due:
    made = Due(300.0, jitter or Still(), now)
    made.know(apps, now)
    return made


def scope(made: Due, now: float = 0.0, room: int = 100) -> tuple[str, ...]:
    return made.scope(now, lambda app: 10, room)


def settled(*apps: str) -> Due:
    """All looked at once, the round begun at 0."""
    made = due(*apps)
    made.begin_round(0.0)
    for app in apps:
        made.rested(app)
    return made


def test_a_new_app_is_due_at_once_and_a_rested_one_with_the_next_round():
    made = settled("a", "b")
    assert scope(made) == ()
    assert made.next() == 300.0
    assert not made.begin_round(299.0)
    assert made.begin_round(300.0)
    assert scope(made, 300.0) == ("a", "b")


def test_what_is_asked_for_goes_before_what_moves_and_that_before_the_round():
    made = settled("asked", "moving", "rest")
    made.begin_round(300.0)
    made.moves("moving", 295.0)
    made.wake(["asked"], 300.0)
    assert scope(made, 300.0, room=30) == ("asked", "moving", "rest")
    assert scope(made, 300.0, room=20) == ("asked", "moving")
    assert scope(made, 300.0, room=10) == ("asked",)


def test_a_round_of_many_never_delays_what_is_asked_for():
    names = [f"app{i:04}" for i in range(1000)]
    made = settled(*names)
    made.begin_round(300.0)
    first = scope(made, 300.0, room=500)
    assert len(first) == 50
    for app in first:
        made.rested(app)
    made.wake(["app0999"], 301.0)
    assert scope(made, 301.0, room=500)[0] == "app0999"


def test_an_app_larger_than_the_room_is_looked_at_all_the_same():
    assert scope(due("huge", "small"), room=5) == ("huge",)


def test_being_woken_ten_times_is_being_due_once():
    made = settled("a")
    for _ in range(10):
        made.wake(["a"], 1.0)
    assert scope(made, 1.0) == ("a",)
    made.rested("a")
    assert scope(made, 1.0) == ()


def test_a_failure_pauses_twice_as_long_each_time_up_to_five_minutes():
    made = due("a")
    pauses = [made.failed("a", 0.0) for _ in range(9)]
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert scope(made, 299.9) == ()
    assert scope(made, 300.0) == ("a",)


def test_pauses_are_jittered():
    made = due("a", jitter=Random(1))
    found = {round(made.failed("a", 0.0) / min(LONGEST, FIRST * 2**i), 3) for i in range(8)}
    assert len(found) > 5
    assert all(0.9 <= it <= 1.1 for it in found)


def test_an_event_does_not_cut_a_pause_short_but_a_new_commit_does():
    made = due("a")
    made.failed("a", 0.0)
    made.failed("a", 0.0)
    made.wake(["a"], 1.0)
    assert scope(made, 1.0) == ()
    made.wake(["a"], 1.0, reset=True)
    assert scope(made, 1.0) == ("a",)
    assert made.failed("a", 1.0) == 5


def test_success_ends_the_pauses():
    made = due("a")
    made.failed("a", 0.0)
    made.failed("a", 0.0)
    made.rested("a")
    assert made.failed("a", 0.0) == 5


def test_a_round_does_not_cut_a_pause_short():
    made = settled("a", "b")
    for _ in range(7):
        made.failed("a", 290.0)
    made.begin_round(300.0)
    assert scope(made, 300.0) == ("b",)


def test_what_failed_is_looked_at_by_itself_and_in_turn_with_the_others():
    made = due("bad", "worse", "good")
    made.failed("bad", 0.0)
    made.failed("worse", 0.0)
    made.wake(["good"], 10.0)
    order = []
    for _ in range(4):
        made.wake(["good"], 10.0)
        order.append(scope(made, 10.0))
        if order[-1] != ("good",):
            made.rested(order[-1][0])
    assert order == [("good",), ("bad",), ("good",), ("worse",)]


def test_what_moves_is_looked_at_often_at_first_and_less_often_once_it_takes_its_time():
    made = settled("a")
    now, gaps = 0.0, []
    made.moves("a", now)
    while now < 120:
        at = made.next()
        gaps.append(at - now)
        now = at
        made.moves("a", now)
    assert gaps[0] == MOVING
    assert gaps[-1] == UNHURRIED


def test_a_look_that_has_its_own_time_keeps_it():
    made = settled("a")
    made.moves("a", 0.0, 30.0)
    assert made.next() == 30.0


@pytest.mark.parametrize("gone", ["a", "b"])
def test_an_app_that_is_gone_is_not_due(gone):
    made = due("a", "b")
    made.know({"a", "b"} - {gone}, 0.0)
    assert scope(made) == tuple({"a", "b"} - {gone})
    made.wake([gone], 0.0)
    made.rested(gone)
    made.moves(gone, 0.0)
    assert made.waiting(0.0) == 1


def test_it_tells_how_many_are_due():
    made = settled("a", "b", "c")
    assert made.waiting(0.0) == 0
    made.wake(None, 0.0)
    assert made.waiting(0.0) == 3


def test_rounds_are_jittered_so_that_many_agents_do_not_go_in_step():
    starts = set()
    for seed in range(10):
        made = due("a", jitter=Random(seed))
        made.begin_round(0.0)
        made.rested("a")
        starts.add(made.next())
        assert 270 <= made.next() <= 330
    assert len(starts) == 10
