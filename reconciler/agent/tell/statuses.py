"""What the commits of a repository are to be marked with: one state a commit and environment, and a few by app. Pure.

A commit's state only ever gets better known: pending, then how it ended. What fails later, of what was deployed well,
is no matter of the commit. A commit that another one overtook before it was deployed is marked so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from reconciler.agent.board import Look
from reconciler.agent.tell import reading
from reconciler.agent.tell.memory import Told
from reconciler.model.errors import Problem, Severity
from reconciler.model.status import Condition, ResourceStatus
from reconciler.report import redact
from reconciler.report.cells import safe
from reconciler.report.plan_words import short

MOST_APPS: Final = 5
"""So many apps that a commit changes are marked each for itself; of more only the environment is."""
LONGEST: Final = 140
"""Characters of a description; GitHub takes no more."""
_HELD: Final = reading.OF_PEOPLE | {"DriftDetected", "InvalidManifest"}


class State(IntEnum):
    """A later one takes the place of an earlier one, never the other way round."""

    PENDING = 0
    RUNNING = 1
    SUPERSEDED = 2
    ERROR = 3
    FAILURE = 4
    SUCCESS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """One status of one commit."""

    sha: str
    context: str
    state: State
    description: str


@dataclass(frozen=True)
class Marked:
    """Of one environment, what was asked for of the commits that count: (commit, context) → state."""

    states: Mapping[tuple[str, str], State] = field(default_factory=dict)


def context_of(installation: str, environment: str, app: str = "") -> str:
    """``reconciler/production`` or ``reconciler/production/shop``; other installations say which they are."""
    whose = "reconciler" if installation == "default" else f"reconciler:{installation}"
    return "/".join(filter(None, (whose, environment, app)))


def marks(marked: Marked, look: Look, told: Told, installation: str) -> tuple[Marked, tuple[Mark, ...]]:
    """What is to be written now, and what is to be remembered. ``told`` says which apps the commit changes."""
    live = {look.commit, look.head}
    found = {(it.sha, it.context): it for it in _wanted(look, told, installation, marked)}
    for sha, context in marked.states:
        if sha not in live:
            found[sha, context] = superseded(sha, context, look.head or look.commit or "")
    new = tuple(it for at, it in found.items() if it.state > marked.states.get(at, -1))
    states = {at: state for at, state in marked.states.items() if at[0] in live}
    return Marked(states | {(it.sha, it.context): it.state for it in new if it.sha in live}), new


def superseded(sha: str, context: str, by: str) -> Mark:
    return Mark(sha, context, State.SUPERSEDED, _cut(f"overtaken by {short(by)} before all of it was Ready"))


def _wanted(look: Look, told: Told, installation: str, marked: Marked) -> Iterator[Mark]:
    whole = context_of(installation, look.environment)
    ahead = look.head is not None and look.head != look.commit
    if look.head is not None and ahead:
        yield Mark(look.head, whole, *_of_head(look.source))
        # what is wrong then is wrong with the head, and not with what is in force
        look = replace(look, problems=())
    if look.commit is None:
        return
    status = look.status
    if status is None or status.revision != look.commit:
        errors = _errors(look.problems, None)
        yield Mark(look.commit, whole, *(_broken(errors) if errors else (State.PENDING, "waits to be looked at")))
        return
    yield Mark(look.commit, whole, *_verdict(look, status.resources, None, told))
    apps = [app for app in status.apps if (known := told.apps.get(app.name)) and known.commit == look.commit]
    before = {context for sha, context in marked.states if sha == look.commit}
    for app in apps:
        context = context_of(installation, look.environment, app.name)
        if len(apps) <= MOST_APPS or context in before:
            yield Mark(look.commit, context, *_verdict(look, app.resources, app.name, told))


def _of_head(source: Condition | None) -> tuple[State, str]:
    """A commit that is not in force: it cannot be, or is not yet."""
    if source is None or source.status == "True" or source.reason == "NotRead":
        return State.PENDING, "waits to be rendered"
    return State.ERROR, _cut(f"{source.reason}: {source.message}")


def _verdict(look: Look, resources: Sequence[ResourceStatus], app: str | None, told: Told) -> tuple[State, str]:
    """How a commit fares by these resources; the first that holds."""
    if errors := _errors(look.problems, app):
        return _broken(errors)
    stuck = [(it, why) for it in resources if (why := _stuck(it)) is not None]
    if stuck:
        return State.FAILURE, _of(stuck)
    if waits := [(it, why) for it in resources if (why := reading.awaiting(it)) is not None]:
        return State.PENDING, _of(waits)
    if held := [(it, why) for it in resources if (why := it.condition("Stalled")) is not None]:
        return State.PENDING, _of(held)
    ready = sum(it.ready for it in resources)
    number = f"{ready} of {len(resources)} resources {'is' if ready == 1 else 'are'} Ready"
    left = look.plan is None or any(app in (None, change.key.app) for change in look.plan.changes)
    if ready == len(resources) and not left and (app is not None or not look.waiting):
        return State.SUCCESS, number
    deployed = {it.key: known.deployed for it in resources if (known := told.resources.get(it.key))}
    first = next((it for it in resources if reading.moving(it, deployed.get(it.key, ""))), None)
    if first is None:
        return State.PENDING, number
    return State.RUNNING, _cut(f"{number}; {reading.name_of(first)} {first.phase}")


def _stuck(it: ResourceStatus) -> Condition | None:
    """Why it will not come about, unless because somebody wants it so, or has changed it by hand."""
    stalled = it.condition("Stalled")
    return stalled if stalled is not None and stalled.reason not in _HELD else None


def _errors(problems: Sequence[Problem], app: str | None) -> list[Problem]:
    found = [it for it in problems if it.severity is Severity.ERROR]
    if app is None:
        return found
    return [it for it in found if app == (it.app or (it.key.app if it.key else app))]


def _broken(errors: Sequence[Problem]) -> tuple[State, str]:
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    at = f"{errors[0].at.file}:{errors[0].at.line}: " if errors[0].at else ""
    return State.ERROR, _cut(f"{at}{errors[0].message}", more)


def _of(found: Sequence[tuple[ResourceStatus, Condition]]) -> str:
    it, why = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return _cut(f"{it.key.app}/{reading.name_of(it)}: {why.reason}: {why.message}", more)


def _cut(text: str, more: str = "") -> str:
    text, room = safe(redact.text(text)), LONGEST - len(more)
    return (text if len(text) <= room else f"{text[: room - 1]}…") + more
