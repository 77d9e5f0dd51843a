"""The table of exit codes, line by line."""

import pytest

from reconciler.cli.exits import Exit, of_blocked, of_error, of_plan, of_problems, of_result, of_status, worst
from reconciler.model.errors import (
    AccessError,
    Denied,
    InvalidManifests,
    LeaseHeld,
    NotFound,
    OutcomeUnknown,
    Problem,
    Rejected,
    Severity,
    SourceError,
    StalePlan,
    Throttled,
    Unavailable,
    Unopenable,
    UsageError,
)
from reconciler.model.key import Key
from reconciler.model.lookup import DENIED, UNANSWERED
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.status import Condition, Memory, ResourceStatus, Result, Status

KEY = Key("shop", "Service", "web")
ERRORS = {
    UsageError("x"): 64,
    InvalidManifests([Problem("a", "b")]): 65,
    InvalidManifests([]): 65,
    InvalidManifests([Problem(DENIED, "b")]): 4,
    InvalidManifests([Problem(UNANSWERED, "b")]): 1,
    InvalidManifests([Problem(UNANSWERED, "b"), Problem(DENIED, "b")]): 4,
    InvalidManifests([Problem(DENIED, "b"), Problem("a", "b"), Problem(UNANSWERED, "b")]): 65,
    AccessError("x"): 4,
    Denied("x", operation="ecs:UpdateService", action="ecs:UpdateService"): 4,
    StalePlan("x"): 5,
    LeaseHeld("x"): 5,
    SourceError("x"): 1,
    Throttled("x", operation="o"): 1,
    NotFound("x", operation="o"): 1,
    Rejected("x", operation="o"): 1,
    Unopenable("x", where="sealed value 1"): 1,
    Unavailable("x", operation="o"): 1,
    OutcomeUnknown("x", operation="o"): 1,
}
DENIED = Denied("no", operation="ecs:DescribeServices", action="ecs:DescribeServices")
GONE = Unavailable("no", operation="ecs:DescribeServices")
IMMUTABLE = Problem("ImmutableFieldChange", "no")
PROBLEM = Problem("ObserveFailed", "no")


def change(blocked=None, error=None):
    seen = Observed.failed(KEY, error) if error else None
    return Change(KEY, Action.HOLD, Action.HOLD, blocked=blocked, observed=seen)


def plan(*changes):
    return Plan("test", None, changes)


def status(ready):
    word = "True" if ready else "False"
    return Status("test", None, (ResourceStatus(KEY, "Ready", (Condition("Ready", word, "R", ""),)),))


@pytest.mark.parametrize(("error", "code"), ERRORS.items(), ids=lambda it: type(it).__name__)
def test_every_error_has_its_code(error, code):
    assert of_error(error) == code


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([], 0),
        ([0], 0),
        ([3, 1], 1),
        ([1, 5], 5),
        ([5, 4], 4),
        ([4, 65], 65),
        ([3, 1, 5, 4, 65, 0], 65),
        ([3, 0], 3),
    ],
)
def test_of_several_the_first_of_the_list_is_said(codes, said):
    assert worst(Exit(code) for code in codes) == said


def test_warnings_are_no_failure():
    assert of_problems([]) == 0
    assert of_problems([Problem("a", "b", severity=Severity.WARNING), Problem("a", "b", severity=Severity.NOTE)]) == 0
    assert of_problems([Problem("a", "b", severity=Severity.WARNING), Problem("a", "b")]) == 65


def test_a_change_that_may_not_be_looked_at_is_a_matter_of_access():
    assert of_blocked(change(PROBLEM, DENIED)) == 4
    assert of_blocked(change(PROBLEM, GONE)) == 3
    assert of_blocked(change(IMMUTABLE)) == 3


@pytest.mark.parametrize(
    ("changes", "detailed", "code"),
    [
        ([], False, 0),
        ([], True, 0),
        ([change()], False, 0),
        ([change()], True, 2),
        ([change(IMMUTABLE)], False, 0),
        ([change(IMMUTABLE)], True, 2),
        ([change(PROBLEM, GONE)], True, 1),
        ([change(PROBLEM, DENIED)], True, 4),
        ([change(PROBLEM, DENIED), change(PROBLEM, GONE), change()], False, 4),
    ],
)
def test_a_plan_says_changes_only_when_asked_and_when_it_saw_everything(changes, detailed, code):
    assert of_plan(plan(*changes), detailed=detailed) == code


def test_status_is_ready_or_not():
    assert of_status(status(True), plan()) == 0
    assert of_status(status(False), plan(change())) == 3
    assert of_status(status(False), plan(change(PROBLEM, DENIED))) == 4


@pytest.mark.parametrize(
    ("changes", "failures", "code"),
    [
        ([], [], 3),
        ([change(IMMUTABLE)], [], 3),
        ([], [Rejected("x", operation="o")], 1),
        ([], [Throttled("x", operation="o")], 3),
        ([], [DENIED], 4),
        ([change(IMMUTABLE)], [Rejected("x", operation="o")], 1),
        ([change(PROBLEM, DENIED)], [Rejected("x", operation="o")], 4),
    ],
)
def test_an_apply_that_did_not_converge_says_why(changes, failures, code):
    keyed = {Key("shop", "Service", str(number)): error for number, error in enumerate(failures)}
    result = Result(plan(*changes), status(False), Memory(), None, keyed)
    assert of_result(result, converged=False) == code
    assert of_result(result, converged=True) == 0
