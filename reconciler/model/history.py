"""What was deployed of a resource, when, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    STOPPED = "stopped"
    ROLLING_BACK = "rolling back"
    IN_PROGRESS = "in progress"


BADLY = (Outcome.ROLLED_BACK, Outcome.FAILED, Outcome.STOPPED)
"""How a deployment ends that is not tried again."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What can be run: its ARN, the commit it was made of when a tag says so, whether it may still be run."""

    arn: str
    commit: str | None = None
    usable: bool = True

    @property
    def name(self) -> str:
        """``web:7``"""
        return self.arn.rpartition("/")[2]

    @property
    def family(self) -> str:
        """``web``"""
        return self.name.rpartition(":")[0]

    @property
    def number(self) -> int:
        """The 7 of ``web:7``."""
        number = self.name.rpartition(":")[2]
        return int(number) if number.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment; ``id`` tells it apart, ``reason`` is the service's own word on its end."""

    id: str
    outcome: Outcome
    revision: Revision
    began: datetime
    ended: datetime | None = None
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (self.ended - self.began).total_seconds() if self.ended else None
