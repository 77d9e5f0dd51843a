"""One look at everything that is declared and live: what a plan would look at before a write, without any write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.reconcile import reconcile
from reconciler.model.errors import AwsError, Denied, Problem, Severity
from reconciler.model.key import Key
from reconciler.model.plan import Plan, Preflight
from reconciler.model.status import Memory


@dataclass(frozen=True)
class Finding:
    """One piece of news, and every resource it is about; the problem is that of the first."""

    problem: Problem
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Examination:
    """What a look found.

    account   whose credentials these are, and as whom; None when that may not be asked
    findings  errors first
    lacking   IAM actions without which something could not be looked at
    looked    how many declared resources there are
    blind     of these, how many could not be read for want of a permission
    """

    account: str | None
    caller: str | None
    findings: tuple[Finding, ...]
    lacking: tuple[str, ...]
    looked: int
    blind: int

    @property
    def well(self) -> bool:
        return not any(finding.problem.severity is Severity.ERROR for finding in self.findings)


def examine(target: Target, wish: Wish) -> Examination:
    """Look at everything the wish declares. Raises AccessError when there are no usable credentials."""
    account = caller = None
    denied = []
    try:
        who = target.read.one("sts:GetCallerIdentity", {})
        account, caller = str(who["Account"]), str(who["Arn"])
    except Denied as error:
        denied.append(error)
    plan = reconcile(replace(target, write=None, preflight=Preflight.ALL), wish, Memory()).plan
    unread = [seen.error for change in plan.changes if (seen := change.observed) and seen.error]
    denied += [error for error in unread if isinstance(error, Denied)]
    problems = [*_of_changes(plan), *plan.warnings]
    hints = [problem.hint for problem in problems if problem.code in ("not-checked", "inventory-not-read")]
    return Examination(
        account,
        caller,
        tuple(_grouped(problems)),
        tuple(sorted({*(error.action for error in denied), *filter(None, map(_action, hints))})),
        len(plan.unchanged) + sum(change.desired is not None for change in plan.changes),
        sum(isinstance(error, Denied) for error in unread),
    )


def _of_changes(plan: Plan) -> Iterable[Problem]:
    """What stands in the way of changes, and what could not be read. What is only waited for is no news here."""
    for change in plan.changes:
        error: AwsError | None = change.observed.error if change.observed else None
        if change.blocked is not None:
            yield change.blocked
        elif error is not None:
            message = f"it could not be read: {error.message}"
            yield Problem("ObserveFailed", message, None, change.key, hint=error.hint, app=change.key.app)


def _grouped(problems: Iterable[Problem]) -> list[Finding]:
    """Each piece of news once, the worst first; a refusal of a plan says again what the look has said."""
    groups: dict[tuple[str, str, str], tuple[Problem, dict[Key, None]]] = {}
    for problem in problems:
        found = groups.setdefault((problem.code, problem.message, problem.hint), (problem, {}))
        if problem.key is not None:
            found[1][problem.key] = None
    worst = list(Severity)
    rows = [Finding(problem, tuple(keys)) for problem, keys in groups.values()]
    return sorted(rows, key=lambda row: (worst.index(row.problem.severity), row.problem.code))


def _action(hint: str) -> str:
    """The IAM action that an error's hint asks for."""
    return hint.removeprefix("allow ").removesuffix(" to this role") if hint.startswith("allow ") else ""
