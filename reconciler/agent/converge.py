"""Tick after tick until nothing is left to do, or time is up: what ``apply`` and ``wait`` do, and the agent's core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.reconcile import reconcile
from reconciler.model.clock import Clock
from reconciler.model.status import Memory, Result


class Ending(StrEnum):
    CONVERGED = "converged"
    AT_REST = "at rest"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Outcome:
    """How it ended and what the last tick found.

    CONVERGED: everything is Ready (or, without waiting, everything is as the repository says). AT_REST: what is left
    will not get better by waiting. TIMED_OUT: it still moves. STOPPED: somebody asked.
    """

    ending: Ending
    last: Result


def converge(
    target: Target,
    wish: Wish,
    clock: Clock,
    *,
    timeout: float,
    wait: bool = True,
    watch: Callable[[Result], None] = lambda result: None,
) -> Outcome:
    """Tick until everything is Ready; ``timeout`` (seconds) is one deadline for all of it, calls included."""
    deadline = clock.monotonic() + timeout
    memory = Memory()
    while True:
        result = reconcile(target, wish, memory)
        memory = result.memory
        watch(result)
        if target.stop():
            return Outcome(Ending.STOPPED, result)
        if result.plan.empty and (result.status.ready or not wait):
            return Outcome(Ending.CONVERGED, result)
        if (
            result.again is None
            or not result.moves
            or (not wait and not any(error.retry for error in result.failures.values()))
        ):
            return Outcome(Ending.AT_REST, result)
        if clock.monotonic() + result.again > deadline:
            return Outcome(Ending.TIMED_OUT, result)
        clock.sleep(result.again)
