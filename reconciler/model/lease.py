"""Who may write in an environment: what a lease holds, and where it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

SHORTEST, LONGEST = 1.0, 3600.0
"""Seconds that a lease may last: what is kept elsewhere is no lease of ours."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A commit that something was to be written for, and when it was committed: its committer's word."""

    commit: str
    at: datetime


Older = Callable[[Begun, Begun], bool]
"""Whether the first is older than the second: what it would take back."""


def by_time(one: Begun, other: Begun) -> bool:
    """What is older where no history can be asked."""
    return one.at < other.at


@dataclass(frozen=True, slots=True)
class Tenure:
    """A lease as it is kept.

    version   random, another one with every write: nobody writes but over the version that was seen
    fence     grows by one with every taking
    duration  seconds for which a version must have stood before somebody else may take it, by the other's own clock
    holder    who has it, for people; empty: it is free
    since     when it was taken, by the holder's time of day: shown, and never reckoned with
    begun     the newest commit that a holder has begun to write for; it outlives the holder
    """

    version: str
    fence: int
    duration: float
    holder: str = ""
    since: datetime | None = None
    begun: Begun | None = None

    @property
    def free(self) -> bool:
        return not self.holder


class LeaseStore(Protocol):
    """Keeps the lease of one environment. Thread-safe; both calls end within seconds."""

    @property
    def where(self) -> str:
        """For people: ``dynamodb:reconciler in eu-west-1``."""
        ...

    def read(self) -> Tenure | None:
        """As it stands now, not as it stood; None: nobody ever had it. Raises ReconcilerError."""
        ...

    def put(self, tenure: Tenure, over: str | None) -> bool:
        """Write it in the place of the version that was seen (None: of nothing); False: it is another one by now.

        Raises OutcomeUnknown when it may have been written, now or in a moment, any other ReconcilerError when it was
        not.
        """
        ...


def moment_text(at: datetime) -> str:
    """A time as a store keeps it, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def moment(text: str) -> datetime:
    """A time from what a store keeps. Raises TypeError, ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
