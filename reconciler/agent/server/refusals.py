"""Why a request is not answered as it wants: a status of HTTP, a stable code, a sentence and a hint."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.errors import (
    AccessError,
    AwsError,
    Denied,
    InvalidManifests,
    LeaseHeld,
    Problem,
    ReconcilerError,
    SourceError,
    StalePlan,
    UsageError,
)

RETRY_AFTER = 5.0
"""Seconds after which to ask again what could not be answered just now."""


class Refused(Exception):
    """Raised by a handler. ``wait``: seconds after which to ask again; ``problems`` are those of the manifests."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        *,
        wait: float | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.wait = wait
        self.problems = tuple(problems)


def of_error(error: ReconcilerError) -> Refused:
    """What an error that was raised behind the desk is to whoever asked over HTTP.

    What AWS refuses the agent is no fault of who asks it: that is 503, never 401 or 403.
    """
    status, code, wait = 409, "failed", None
    match error:
        case UsageError():
            status, code = 400, "usage"
        case InvalidManifests():
            code = "invalid-manifests"
        case LeaseHeld():
            code = "lease-held"
        case StalePlan():
            code = "stale-plan"
        case AccessError() | Denied():
            status, code = 503, "agent-denied"
        case SourceError():
            status, code, wait = 503, "source", RETRY_AFTER
        case AwsError():
            status, code, wait = 503, "aws", RETRY_AFTER if error.retry else None
        case _ if error.retry:
            status, code, wait = 503, "unavailable", RETRY_AFTER
    problems = error.problems if isinstance(error, InvalidManifests) else ()
    return Refused(status, code, str(error), error.hint, wait=wait, problems=problems)
