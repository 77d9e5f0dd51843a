"""The clock of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """The Clock that real runs are handed."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Also the seconds that the machine has slept, where the system tells them: a lease runs out meanwhile."""
        return time.clock_gettime(_AWAKE_OR_NOT) if _AWAKE_OR_NOT is not None else time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)
