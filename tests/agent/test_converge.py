"""Tick after tick: how it ends, what one tick tells the next, and one deadline for all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.agent import converge as module
from reconciler.agent.converge import Ending, converge
from reconciler.engine.apply import Target
from reconciler.model.errors import Denied, Throttled
from reconciler.model.plan import Plan
from reconciler.model.status import Condition, Memory, Past, ResourceStatus, Result, Status
from tests.builders import AT, SCOPE, FakeReader, change, k

CHANGED = (change("Thing/web"),)
SLOW = {k("Thing/web"): Throttled("slow", operation="x")}
NO = {k("Thing/web"): Denied("no", operation="x", action="x")}


class HandClock:
    """Moves when slept on, and by what a tick is said to take."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def result(changes=(), *, ready=False, again=5.0, failures=None, memory=None):
    condition = Condition("Ready", "True" if ready else "False", "x", "")
    status = Status("staging", None, (ResourceStatus(k("Thing/web"), "x", (condition,)),))
    return Result(Plan("staging", None, tuple(changes)), status, memory or Memory(), again, failures or {})


DONE = result(ready=True, again=None)


@pytest.fixture
def run(monkeypatch):
    """Converge over scripted ticks; the last one repeats. Gives the outcome, the clock, and the memories handed in."""

    def run(*ticks, timeout=3600.0, wait=True, stop=lambda: False, takes=0.0, watch=lambda result: None):
        clock, script, memories = HandClock(), list(ticks), []

        def tick(target, wish, memory):
            memories.append(memory)
            clock.at += takes
            return script.pop(0) if len(script) > 1 else script[0]

        monkeypatch.setattr(module, "reconcile", tick)
        target = Target(SCOPE, FakeReader(), stop=stop)
        return converge(target, None, clock, timeout=timeout, wait=wait, watch=watch), clock, memories

    return run


@pytest.mark.parametrize(
    ("ticks", "wait", "ending", "looks"),
    [
        ([DONE], True, Ending.CONVERGED, 1),
        ([DONE], False, Ending.CONVERGED, 1),
        ([result(), result(), DONE], True, Ending.CONVERGED, 3),
        ([result(CHANGED), result(), DONE], True, Ending.CONVERGED, 3),
        ([result()], False, Ending.CONVERGED, 1),
        ([result(again=None)], True, Ending.AT_REST, 1),
        ([result(CHANGED, again=None)], True, Ending.AT_REST, 1),
        ([result(CHANGED, ready=True, again=None)], True, Ending.AT_REST, 1),
        ([result(CHANGED)], False, Ending.AT_REST, 1),
        ([result(CHANGED, failures=NO)], False, Ending.AT_REST, 1),
        ([result(CHANGED, failures=SLOW), result()], False, Ending.CONVERGED, 2),
        ([result(CHANGED, failures=SLOW), result(CHANGED)], False, Ending.AT_REST, 2),
        ([result(CHANGED, failures=NO), DONE], True, Ending.CONVERGED, 2),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_how_it_ends(run, ticks, wait, ending, looks):
    outcome, clock, memories = run(*ticks, wait=wait)
    assert outcome.ending is ending
    assert outcome.last == ticks[-1]
    assert len(memories) == looks
    assert len(clock.slept) == looks - 1


def test_what_still_moves_when_time_is_up_has_timed_out(run):
    outcome, clock, memories = run(result(again=5.0), timeout=12)
    assert outcome.ending is Ending.TIMED_OUT
    assert clock.slept == [5.0, 5.0]  # a third look would be past the deadline
    assert len(memories) == 3


def test_a_look_just_at_the_deadline_is_taken(run):
    _, clock, _ = run(result(again=5.0), timeout=10)
    assert clock.slept == [5.0, 5.0]


def test_the_deadline_counts_what_the_calls_take_and_not_only_the_sleeps(run):
    outcome, clock, memories = run(result(again=5.0), timeout=20, takes=10)
    assert outcome.ending is Ending.TIMED_OUT
    assert clock.slept == [5.0]
    assert len(memories) == 2


def test_without_time_one_look_is_taken_all_the_same(run):
    assert run(DONE, timeout=0)[0].ending is Ending.CONVERGED
    assert run(result(), timeout=0)[0].ending is Ending.TIMED_OUT


def test_it_waits_as_long_as_each_tick_says(run):
    assert run(result(again=2.0), result(again=30.0), DONE)[1].slept == [2.0, 30.0]


def test_each_tick_is_told_what_the_one_before_remembers(run):
    first, second = Memory(past={k("Thing/web"): Past(DONE.status.resources[0])}), Memory()
    _, _, memories = run(result(memory=first), result(memory=second), DONE)
    assert memories[0] == Memory()
    assert memories[1] is first
    assert memories[2] is second


def test_told_to_stop_it_ends_after_the_tick_and_says_so(run):
    outcome, clock, _ = run(result(CHANGED), stop=lambda: True)
    assert outcome.ending is Ending.STOPPED
    assert clock.slept == []


def test_told_to_stop_while_it_waits_it_ends_after_the_next_look(run):
    looks = []
    outcome, _, memories = run(result(), stop=lambda: len(looks) == 2, watch=looks.append)
    assert outcome.ending is Ending.STOPPED
    assert len(memories) == 2


def test_every_look_is_shown(run):
    shown = []
    moving = result()
    run(moving, replace(moving), DONE, watch=shown.append)
    assert shown == [moving, moving, DONE]
