"""A table of leases in memory that fails when told to, and a clock that is moved by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.agent.lease.lease import Lease
from reconciler.model.errors import OutcomeUnknown, ReconcilerError, Throttled, Unavailable
from reconciler.model.lease import Begun, Tenure

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LONGEST_CALL = 10.0


class Hand:
    """``wall`` is how wrong the time of day is, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.wall = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.at + self.wall)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += max(0.0, seconds)


def throttled() -> ReconcilerError:
    return Throttled("slow down", operation="x:Put")


def silent() -> ReconcilerError:
    return Unavailable("nothing was sent", operation="x:Get")


def gone() -> ReconcilerError:
    return ReconcilerError("there is no table")


@dataclass
class Table:
    """A store. ``faults`` are for the calls to come, in turn: None, an error for what is refused, or for a put ``lost``
    (done, and nobody was told), ``never`` (not done, and nobody was told) or ``late`` (done when ``arrive`` says so).
    """

    tenure: Tenure | None = None
    faults: list[Any] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    under_way: list[Callable[[], None]] = field(default_factory=list)
    where: str = "table"

    def read(self) -> Tenure | None:
        fault = self._called("read")
        if fault is not None:
            raise fault
        return self.tenure

    def put(self, tenure: Tenure, over: str | None) -> bool:
        fault = self._called("put")
        if isinstance(fault, ReconcilerError):
            raise fault
        if fault == "lost":
            self._write(tenure, over)
        elif fault == "late":
            self.under_way.append(lambda: void(self._write(tenure, over)))
        if fault is not None:
            raise OutcomeUnknown("no answer", operation="x:Put")
        return self._write(tenure, over)

    def arrive(self) -> None:
        """What was under way arrives."""
        while self.under_way:
            self.under_way.pop(0)()

    def _called(self, what: str) -> Any:
        self.calls.append(what)
        return self.faults.pop(0) if self.faults else None

    def _write(self, tenure: Tenure, over: str | None) -> bool:
        if (self.tenure.version if self.tenure else None) != over:
            return False
        self.tenure = tenure
        return True


def void(_: object) -> None:
    return None


_versions = itertools.count(1)


def lease(store: Any, clock: Any, holder: str = "one", **more: Any) -> Lease:
    """A lease as real writers have it, with versions that can be told apart."""
    return Lease(store, holder, clock, longest_call=LONGEST_CALL, unique=lambda: f"v{next(_versions)}", **more)


def commit(number: int) -> Begun:
    """The n-th commit of a history that is a line."""
    return Begun(f"{number:040x}", START + timedelta(minutes=number))
