"""Where people and messages come to the agent: what they may ask for. The loop stands behind it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from reconciler.engine.people import Released
from reconciler.model.record import Said


@dataclass(frozen=True, slots=True)
class Wake:
    """A hint that something may have changed; it carries no state, and losing it costs latency only.

    ``git``: fetch the repository now. Otherwise look at these apps of an environment (None: at all of them).
    ``why`` is for the log. ``reset``: their back-off begins anew.
    """

    git: bool = False
    environment: str | None = None
    apps: frozenset[str] | None = None
    why: str = ""
    reset: bool = False


class Desk(Protocol):
    """Thread-safe. All but ``wake`` raise UsageError for an environment or app that is not there, and AwsError.

    What is said is written to the app's record at once, by the thread that asks; the loop then looks at the app.
    """

    def wake(self, wake: Wake) -> None:
        """Look soon. Never blocks, never fails."""
        ...

    def sync(self, environment: str, app: str | None, said: Said) -> str | None:
        """Fetch, then make everything of an app (None: of all) as the repository says, drift too; the head commit."""
        ...

    def suspend(self, environment: str, app: str, said: Said) -> Said | None:
        """Who had suspended it before."""
        ...

    def resume(self, environment: str, app: str, said: Said) -> Said | None:
        """Who had suspended it; None: nobody."""
        ...

    def approve(self, environment: str, app: str, digest: str, said: Said) -> str:
        """Agree to the plan with this digest (or a beginning of it); the whole digest. UsageError: it is another."""
        ...

    def retry(self, environment: str, app: str, names: Collection[str], said: Said) -> list[Released]:
        """What was released."""
        ...

    def rollback(self, environment: str, app: str, to: str | None, said: Said) -> list[str]:
        """Pin an app's services to an earlier revision (a name, an ARN or a commit; None: the last known good one).

        A line for each service.
        """
        ...
