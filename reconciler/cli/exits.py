"""Every exit code, and what ends with which: pure, so that a table can test it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from reconciler.model.errors import (
    AccessError,
    Denied,
    InvalidManifests,
    LeaseHeld,
    Problem,
    ReconcilerError,
    Severity,
    StalePlan,
    UsageError,
)
from reconciler.model.lookup import DENIED, UNANSWERED
from reconciler.model.plan import Change, Plan
from reconciler.model.status import Result, Status


class Exit(IntEnum):
    """What the command line promises."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    NOT_CONVERGED = 3
    ACCESS = 4
    STALE = 5
    USAGE = 64
    INVALID = 65
    INTERRUPTED = 130
    TERMINATED = 143


_FIRST = (Exit.INVALID, Exit.ACCESS, Exit.STALE, Exit.FAILED, Exit.NOT_CONVERGED)

_OF_CODE = {
    DENIED: Exit.ACCESS,
    UNANSWERED: Exit.FAILED,
    # what an agent says of an environment of which nothing can be done, by the error that says why
    **dict.fromkeys(("AccessError", "Denied"), Exit.ACCESS),
    **dict.fromkeys(("LeaseHeld", "StalePlan"), Exit.STALE),
    **dict.fromkeys(
        ("InternalError", "ReconcilerError", "SourceError", "UsageError", "Unavailable", "Throttled", "Rejected",
         "NotFound", "OutcomeUnknown"),
        Exit.FAILED,
    ),
}  # fmt: skip


def worst(codes: Iterable[Exit]) -> Exit:
    """Of several that hold, the one that is said."""
    held = set(codes)
    return next((code for code in _FIRST if code in held), Exit.DONE)


def of_error(error: ReconcilerError) -> Exit:
    """An error that ended the run."""
    match error:
        case UsageError():
            return Exit.USAGE
        case InvalidManifests():
            return of_problems(error.problems) or Exit.INVALID
        case AccessError() | Denied():
            return Exit.ACCESS
        case StalePlan() | LeaseHeld():
            return Exit.STALE
    return Exit.FAILED


def of_problems(problems: Iterable[Problem]) -> Exit:
    """What was found in manifests; warnings are no failure. What could not be looked up is no fault of theirs."""
    return worst(_OF_CODE.get(it.code, Exit.INVALID) for it in problems if it.severity is Severity.ERROR)


def obstacles(plan: Plan) -> tuple[Change, ...]:
    """The changes that are not going to be made, and those of which nobody could see whether they should."""
    return tuple(change for change in plan.changes if change.blocked or _unseen(change))


def _unseen(change: Change) -> bool:
    return change.observed is not None and change.observed.error is not None


def of_blocked(change: Change) -> Exit:
    """A change that is not made: not allowed to look is one thing, everything else another."""
    seen = change.observed.error if change.observed else None
    denied = isinstance(seen, Denied) or (change.blocked is not None and change.blocked.code == "AccessDenied")
    return Exit.ACCESS if denied else Exit.NOT_CONVERGED


def of_plan(plan: Plan, *, detailed: bool = False) -> Exit:
    """A plan that was made. One that could not see everything is not done, whatever else it found."""
    unseen = [change for change in plan.changes if _unseen(change)]
    if unseen:
        return worst(Exit.ACCESS if of_blocked(change) is Exit.ACCESS else Exit.FAILED for change in unseen)
    return Exit.CHANGES if detailed and plan.changes else Exit.DONE


def of_status(status: Status, plan: Plan) -> Exit:
    """How things fare, nothing having been tried."""
    codes = [of_blocked(change) for change in obstacles(plan)]
    return worst([*codes, Exit.DONE if status.ready else Exit.NOT_CONVERGED])


def of_examination(*, well: bool, looked: int, blind: int) -> Exit:
    """A look at everything: one that was allowed to see nothing is a matter of access."""
    if looked and blind == looked:
        return Exit.ACCESS
    return Exit.DONE if well else Exit.NOT_CONVERGED


def of_result(result: Result, *, converged: bool) -> Exit:
    """Where an apply ended: what failed for good counts as failed, what may come yet as not converged."""
    if converged:
        return Exit.DONE
    blocked = [of_blocked(change) for change in obstacles(result.plan)]
    failed = [of_error(error) for error in result.failures.values() if not error.retry]
    return worst([Exit.NOT_CONVERGED, *blocked, *failed])
