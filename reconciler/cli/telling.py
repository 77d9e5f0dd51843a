"""What an apply says besides its plan: the question, the refusal, the end. Pure but for the question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

from reconciler.agent.converge import Ending, Outcome
from reconciler.cli.exits import obstacles
from reconciler.cli.watching import Made
from reconciler.engine.saved_plan import SavedPlan
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import Result
from reconciler.model.suggest import listing
from reconciler.report import progress
from reconciler.report.durations import duration
from reconciler.report.plan_words import revision_words, summary
from reconciler.report.status import status_json, totals
from reconciler.report.status_text import resource_lines
from reconciler.report.status_tree import Look

FORMAT_VERSION = "1.0"
_MOST = 5


def asked(plan: Plan) -> bool:
    """Ask whether to make a plan."""
    return confirmed(f"Make these changes to {plan.environment}? Type yes")


def confirmed(question: str) -> bool:
    """Ask; only the whole word is taken for it."""
    said = click.prompt(question, default="", show_default=False, err=True, prompt_suffix=": ")
    return str(said).strip() == "yes"


def taken_up(saved: SavedPlan, plan: Plan) -> str:
    """A saved plan that still holds."""
    return f"The saved plan for {saved.environment} at {revision_words(saved.revision)} still holds. {summary(plan)}\n"


def waits_outside(plan: Plan, apps: Collection[str]) -> dict[Key, list[Key]]:
    """Changes that wait for resources of apps that were not named, and these; none where no app was named."""
    found = {
        change.key: [key for key in change.waits_on if key.app not in apps]
        for change in plan.changes
        if apps and not change.blocked
    }
    return {key: others for key, others in found.items() if others}


def outside_words(outside: Mapping[Key, Sequence[Key]]) -> str:
    """Which changes wait for what of which apps."""
    said = [
        f"{key} waits for {listing([str(other) for other in others])} of app {listing(apps_of({key: others}))}"
        for key, others in outside.items()
    ]
    which = "which is" if len(apps_of(outside)) == 1 else "which are"
    more = f" (so do {len(said) - _MOST} more)" if len(said) > _MOST else ""
    return f"{'; '.join(said[:_MOST])}, {which} not among the apps named{more}"


def apps_of(outside: Mapping[Key, Sequence[Key]]) -> list[str]:
    """The apps that were not named, and are waited for."""
    return sorted({other.app for others in outside.values() for other in others})


def refusal(plan: Plan, outside: Mapping[Key, Sequence[Key]], along: str) -> str:
    """Why nothing is written at all; ``along`` is the command that takes the apps waited for along."""
    blocked = [str(change.key) for change in plan.changes if change.blocked]
    unseen = [str(change.key) for change in obstacles(plan) if not change.blocked]
    said = [f"{', '.join(blocked)} {'is' if len(blocked) == 1 else 'are'} blocked"] if blocked else []
    said += [f"{', '.join(unseen)} could not be read"] if unseen else []
    above = ", as said above" if said else ""
    said += [outside_words(outside)] if outside else []
    free = any(not change.blocked and change.calls for change in plan.changes)
    hints = [f"take along what is waited for: {along}"] if outside else []
    hints += ["put that right"] if above else []
    hints += ["do what can be done with --keep-going"] if free else []
    hint = f"\n  = {', or '.join(hints)}" if free or outside else ""
    return f"nothing was written: {'; '.join(said)}{above}{hint}"


def conclusion(outcome: Outcome, calls: Sequence[Made], seconds: float, *, color: bool = False) -> str:
    """The last words on stdout: what was made and, unless all is well, how each resource that is not Ready fares."""
    line = progress.finished_line(outcome.last.status, len(calls), seconds)
    return _with_unready(outcome, f"{line}\n", color=color)


def waited(outcome: Outcome, seconds: float, timeout: float, *, color: bool = False) -> str:
    """The last words of who only waited."""
    how = (
        f"Timed out after {duration(timeout)}" if outcome.ending is Ending.TIMED_OUT else f"Waited {duration(seconds)}"
    )
    return _with_unready(outcome, f"{how}. {totals(outcome.last.status)}\n", color=color)


def _with_unready(outcome: Outcome, lines: str, *, color: bool) -> str:
    status = outcome.last.status
    unready = tuple(resource for resource in status.resources if not resource.ready)
    if outcome.ending is Ending.CONVERGED or not unready:
        return lines
    return lines + "\n" + "\n".join(resource_lines(unready, Look(color, at=status.read))) + "\n"


def next_step(outcome: Outcome, calls: Sequence[Made], timeout: float, again: str, look: str) -> str:
    """What to do now, for whoever it did not end well for; nothing otherwise.

    ``again`` is the command that goes on, ``look`` the one that shows how things fare.
    """
    left = len([change for change in outcome.last.plan.changes if change.calls and not change.blocked])
    rest = f"{left} change{'s' * (left != 1)} left to make; " if left else ""
    moves = bool(calls) and any(not it.ready for it in outcome.last.status.resources)
    match outcome.ending:
        case Ending.STOPPED:
            made = (
                f"{len(calls)} call{'s were' if len(calls) != 1 else ' was'} made" if calls else "nothing was written"
            )
            goes_on = "what rolls out goes on by itself; " if moves else ""
            return f"stopped: {made}; {rest}{goes_on}go on with: {again}"
        case Ending.TIMED_OUT:
            so_far = "what rolls out goes on by itself" if calls else "nothing was written"
            return (
                f"timed out after {duration(timeout)}: {rest}{so_far}\n  = look again with: {look}; go on with: {again}"
            )
        case Ending.AT_REST if left and not outcome.last.failures and not outcome.last.plan.blocked:
            return f"{rest}they wait for others to be Ready\n  = go on with: {again}"
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
