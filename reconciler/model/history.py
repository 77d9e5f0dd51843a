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


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment.

    ``id`` tells it apart, ``revision`` is the ARN of what it was to run, ``commit`` the commit that revision was made
    of. ``usable``: the revision is still there to go back to. ``reason`` is the service's own word on its end.
    """

    id: str
    outcome: Outcome
    revision: str
    began: datetime
    ended: datetime | None = None
    commit: str | None = None
    usable: bool = True
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (self.ended - self.began).total_seconds() if self.ended else None
