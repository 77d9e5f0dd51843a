"""``sync --agent``: an agent is told to make things as the repository says, and watched until it has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from reconciler.agent.converge import Ending, Outcome
from reconciler.agent.waking import Waking
from reconciler.cli import telling
from reconciler.cli.applying import TIMEOUT
from reconciler.cli.asking import Agent, agent
from reconciler.cli.exits import Exit
from reconciler.cli.interrupts import Stop
from reconciler.cli.myself import me
from reconciler.cli.runtime import Runtime
from reconciler.cli.through_agent import environment, of_document, tell, understood
from reconciler.cli.watching import Watch
from reconciler.model.errors import Problem, UsageError
from reconciler.model.plan import Plan
from reconciler.model.status import Memory, Result, Status
from reconciler.report.cells import safe
from reconciler.report.plan_words import revision_words
from reconciler.report.status_reading import read_problems

EVERY = 2.0
"""Seconds between two questions."""


@dataclass
class Following:
    """Whether a status tells of what was asked for, or still of what was before.

    ``at`` is when the agent heard it, by its own clock; a reading carries AWS's. Where the two differ, the second new
    reading is new enough: a look that was under way when the agent heard it can only be the first.
    """

    before: str | None
    head: str | None
    at: datetime
    read: datetime | None
    looks: int = field(default=0)

    def fresh(self, document: dict[str, Any], status: Status) -> bool:
        """Whether what is in force is what was asked for, and was looked at since."""
        if status.read is not None and status.read != self.read:
            self.looks, self.read = self.looks + 1, status.read
        looked = self.looks >= 2 or (status.read is not None and status.read >= self.at) or not status.resources
        return bool(document.get("lookedAt")) and looked and self._in_force(document)

    def refused(self, document: dict[str, Any]) -> bool:
        """Whether the newest commit was looked at, and is not put into force."""
        source = document.get("source") or {}
        return source.get("status") == "False" and self._seen(document.get("head"))

    def _in_force(self, document: dict[str, Any]) -> bool:
        head = document.get("head")
        return self._seen(head) and document.get("commit") == head

    def _seen(self, head: str | None) -> bool:
        """Whether the agent has come as far as the commit that was asked for: it shows that one, or a newer one."""
        return self.head is None or head == self.head or head != self.before


def sync(run: Runtime, apps: Sequence[str], why: str, output: str, timeout: float | None, *, no_wait: bool) -> int:
    """The exit codes are those of ``wait``."""
    asked = agent(run)
    where = environment(run, asked)
    before = _looked(asked, where, apps)
    status = understood(asked, before) if before else Status(where, None)
    told = [asked.say("sync", environment=where, app=app, why=why, **{"for": me()}) for app in (apps or [""])]
    head, said = told[-1].get("head"), told[-1]["said"]["at"]
    if output == "text":
        what = ", ".join(apps) or "everything"
        run.terminal.err(safe(f"the agent is to sync {what} in {where} at {revision_words(head)}"))
    if no_wait:
        if output != "text":
            _shown(run, "asked", _result(status))
        return Exit.DONE
    at = datetime.fromisoformat(said) - timedelta(seconds=1)  # times are told in whole seconds
    following = Following(before.get("head") if before else None, head, at, status.read)
    return _followed(run, asked, where, apps, following, output, timeout or TIMEOUT)


def _followed(
    run: Runtime, asked: Agent, where: str, apps: Sequence[str], following: Following, output: str, limit: float
) -> int:
    terminal, text = run.terminal, output == "text"
    watch, stop = Watch(terminal, run.clock, quiet=not text), Stop(terminal.err)
    with stop.listening(), watch.shown():
        clock = Waking(run.clock, stop, watch.beat)
        ending, document, result = _until_rest(asked, where, apps, following, clock, watch, stop, limit)
    tell(run, asked, document)
    if text:
        terminal.out(telling.waited(Outcome(ending, result), watch.elapsed, limit, color=terminal.color))
    else:
        _shown(run, ending.value.replace(" ", "-"), result)
    if ending is Ending.STOPPED:
        return stop.code
    return of_document({**document, "ready": ending is Ending.CONVERGED})


def _until_rest(
    asked: Agent,
    where: str,
    apps: Sequence[str],
    following: Following,
    clock: Waking,
    watch: Watch,
    stop: Stop,
    limit: float,
) -> tuple[Ending, dict[str, Any], Result]:
    """Ask until all is Ready, nothing moves any more, or time is up."""
    deadline = clock.monotonic() + limit
    while True:
        document = _looked(asked, where, apps) or {"problems": ()}
        status = understood(asked, document) if "resources" in document else Status(where, None)
        result = _result(status)
        watch.saw(result)
        if stop():
            return Ending.STOPPED, document, result
        if following.refused(document):
            return Ending.AT_REST, document, result
        if following.fresh(document, status):
            if document.get("ready"):
                return Ending.CONVERGED, document, result
            if _at_rest(status) or _broken(document):
                return Ending.AT_REST, document, result
        if clock.monotonic() + EVERY > deadline:
            return Ending.TIMED_OUT, document, result
        clock.sleep(EVERY)


def _looked(asked: Agent, where: str, apps: Sequence[str]) -> dict[str, Any] | None:
    """The status of these apps; None while the agent does not know one of them: it may be as new as its commit."""
    try:
        return asked.get("/api/v1/status", environment=where, app=apps)
    except UsageError:
        return None


def _at_rest(status: Status) -> bool:
    """Whether whatever is not Ready is stalled: it will not get better by waiting."""
    return bool(status.resources) and all(it.ready or it.stalled for it in status.resources)


def _broken(document: dict[str, Any]) -> bool:
    """Whether the manifests that were asked for are wrong, so that some of it is never going to be."""
    problems: tuple[Problem, ...] = read_problems(document.get("problems", ()))
    return not document.get("resources") and any(it.severity == "error" for it in problems)


def _result(status: Status) -> Result:
    """A status as the end of a tick would tell it; what an agent plans is not asked for."""
    return Result(Plan(status.environment, status.revision), status, Memory(), EVERY)


def _shown(run: Runtime, how: str, result: Result) -> None:
    run.terminal.out(json.dumps(telling.outcome_json(how, result, []), indent=2, ensure_ascii=False))
