"""When changes may be made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Opens at each time of ``schedule`` (five fields of cron, in ``time_zone``) for ``duration`` seconds.

    ``deny``: it is the time when nothing may be changed. Of several an open one that denies wins; where there is one
    that allows, something must be open.
    """

    schedule: str
    duration: float
    time_zone: str = "UTC"
    deny: bool = False

    def __str__(self) -> str:
        return f"{'deny' if self.deny else 'allow'} {self.schedule} ({self.time_zone})"
