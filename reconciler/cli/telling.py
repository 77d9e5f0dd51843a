"""What an apply says besides its plan: the question, the refusal, the end. Pure but for the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from reconciler.agent.converge import Ending, Outcome
from reconciler.cli.exits import obstacles
from reconciler.cli.watching import Made
from reconciler.engine.saved_plan import SavedPlan
from reconciler.model.plan import Plan
from reconciler.model.status import Result, Status
from reconciler.report import progress
from reconciler.report.durations import duration
from reconciler.report.plan_words import revision_words, summary
from reconciler.report.status import status_json, status_text

FORMAT_VERSION = "1.0"


def asked(plan: Plan) -> bool:
    """Ask; only the whole word is taken for it."""
    said = click.prompt(
        f"Make these changes to {plan.environment}? Type yes",
        default="",
        show_default=False,
        err=True,
        prompt_suffix=": ",
    )
    return str(said).strip() == "yes"


def taken_up(saved: SavedPlan, plan: Plan) -> str:
    """A saved plan that still holds."""
    return f"The saved plan for {saved.environment} at {revision_words(saved.revision)} still holds. {summary(plan)}\n"


def refusal(plan: Plan) -> str:
    """Why nothing is written at all."""
    blocked = [str(change.key) for change in plan.changes if change.blocked]
    unseen = [str(change.key) for change in obstacles(plan) if not change.blocked]
    said = [f"{', '.join(blocked)} {'is' if len(blocked) == 1 else 'are'} blocked"] if blocked else []
    said += [f"{', '.join(unseen)} could not be read"] if unseen else []
    free = any(not change.blocked and change.calls for change in plan.changes)
    hint = "\n  = put that right, or do what can be done with --keep-going" if free else ""
    return f"nothing was written: {'; '.join(said)}, as said above{hint}"


def conclusion(outcome: Outcome, calls: Sequence[Made], seconds: float, *, color: bool = False) -> str:
    """The last words on stdout: what was made and, unless all is well, how each resource that is not Ready fares."""
    status = outcome.last.status
    lines = progress.finished_line(status, len(calls), seconds) + "\n"
    unready = tuple(resource for resource in status.resources if not resource.ready)
    if outcome.ending is Ending.CONVERGED or not unready:
        return lines
    table = status_text(Status(status.environment, status.revision, unready), color=color)
    return lines + "\n" + "\n".join(table.split("\n")[2:-3]) + "\n"


def next_step(outcome: Outcome, calls: Sequence[Made], timeout: float, environment: str | None) -> str:
    """What to do now, for whoever it did not end well for; nothing otherwise."""
    chosen = f" -e {environment}" if environment else ""
    left = len([change for change in outcome.last.plan.changes if change.calls and not change.blocked])
    rest = f"{left} change{'s' * (left != 1)} left to make; " if left else ""
    match outcome.ending:
        case Ending.STOPPED:
            made = (
                f"{len(calls)} call{'s were' if len(calls) != 1 else ' was'} made" if calls else "nothing was written"
            )
            goes_on = (
                "what rolls out goes on by itself; "
                if any(not it.ready for it in outcome.last.status.resources)
                else ""
            )
            return f"stopped: {made}; {rest}{goes_on}go on with: reconciler apply{chosen}"
        case Ending.TIMED_OUT:
            return (
                f"timed out after {duration(timeout)}: {rest}what rolls out goes on by itself"
                f"\n  = look again with: reconciler status{chosen}; go on with: reconciler apply{chosen}"
            )
        case Ending.AT_REST if left and not outcome.last.failures and not outcome.last.plan.blocked:
            return f"{rest}they wait for others to be Ready\n  = go on with: reconciler apply{chosen}"
    return ""


def cut_short(calls: Sequence[Made]) -> str:
    """What was made before an error ended it; nothing when nothing was."""
    if not calls:
        return ""
    names = ", ".join(f"{call.operation} for {call.key}" for call in calls[-3:])
    number = f"{len(calls)} call{'s were' if len(calls) != 1 else ' was'} made"
    return f"{number} before the following error, {'the last ones ' if len(calls) > 3 else ''}{names}"


def outcome_json(how: str, last: Result, calls: Sequence[Made]) -> dict[str, Any]:
    """``outcome``: converged, at-rest, timed-out, stopped, refused, declined, or failed where an error ended it."""
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": last.plan.environment,
        "revision": last.plan.revision,
        "outcome": how,
        "calls": [{"key": str(call.key), "operation": call.operation} for call in calls],
        "status": status_json(last.status),
    }
