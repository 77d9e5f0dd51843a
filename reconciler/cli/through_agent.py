"""The verbs as an agent answers them: the same words on the terminal, without a repository and without AWS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from reconciler.cli.asking import Agent, NoAgent, agent
from reconciler.cli.exits import Exit, of_problems, worst
from reconciler.cli.myself import me
from reconciler.cli.runtime import Runtime
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.record import short
from reconciler.model.status import Status
from reconciler.model.suggest import listing
from reconciler.report.cells import safe
from reconciler.report.plan_brief import brief
from reconciler.report.plan_words import revision_words
from reconciler.report.problems import draw_all
from reconciler.report.status_reading import read_problems, read_status
from reconciler.report.status_text import status_text


def environment(run: Runtime, asked: Agent) -> str:
    """The environment that is meant. Raises UsageError when it has to be said."""
    if run.options.environment is not None:
        return run.options.environment
    names = [str(it["environment"]) for it in asked.get("/api/v1/environments")["environments"]]
    if len(names) == 1:
        return names[0]
    if not names:
        raise ReconcilerError("the agent has no environment yet", where=asked.url, hint="its log says why")
    raise UsageError(f"which environment? There are {listing(names)}", hint=f"choose one with -e {names[0]}")


def status(run: Runtime, apps: Sequence[str], output: str, *, watch: bool) -> int:
    """Everything that is not told by the status itself goes to stderr. 0 when all is Ready, else 3."""
    asked = agent(run)
    where = environment(run, asked)
    if watch:
        from reconciler.cli.agent_watch import watched

        document = watched(run, asked, where, apps, output)
    else:
        document = asked.get("/api/v1/status", environment=where, app=apps)
        shown = understood(asked, document)
        tell(run, asked, document)
        if output == "json":
            run.terminal.out(json.dumps(document, indent=2, ensure_ascii=False))
        elif document.get("lookedAt"):
            terminal, wide, now = run.terminal, output == "wide", run.clock.now()
            terminal.out(status_text(shown, color=terminal.color, wide=wide, now=now, columns=terminal.columns))
    return of_document(document)


def suspend(run: Runtime, app: str, by: str | None, why: str) -> int:
    told = _say(run, "suspend", app, by, why)
    run.terminal.out(safe(f"{app} is suspended {_said(told['said'])}"))
    if told.get("before"):
        run.terminal.note(safe(f"it was suspended already {_said(told['before'])}"))
    return Exit.DONE


def resume(run: Runtime, app: str) -> int:
    told = _say(run, "resume", app)
    before = told.get("before")
    run.terminal.out(
        safe(f"{app} is resumed; it was suspended {_said(before)}" if before else f"nobody has suspended {app}")
    )
    return Exit.DONE


def approve(run: Runtime, app: str, digest: str | None, by: str | None, why: str, *, yes: bool) -> int:
    """Of a plan whose digest is not said, what it changes is shown, and it is asked whether to."""
    from reconciler.cli.telling import confirmed

    asked, terminal = agent(run), run.terminal
    if digest is None and not yes and not terminal.interactive:
        hint = "give the plan's digest, or say --yes"
        raise UsageError("approve asks before it says anything, and here is nobody to ask", hint=hint)
    where = environment(run, asked)
    if digest is None:
        plan = asked.get("/api/v1/plan", environment=where, app=[app])
        digest = plan.get("planDigests", {}).get(app)
        if digest is None:
            terminal.out(safe(f"there is nothing to approve of {app}: nothing is to be done to it"))
            return Exit.DONE
        terminal.out("\n".join(brief(plan)))
        terminal.out(safe(f"Digest of the plan of {app}: {short(digest)}"))
        if not yes and not confirmed(f"Approve this in {where}? Type yes"):
            terminal.err("not confirmed; nothing was written")
            return Exit.NOT_CONVERGED
    told = _say(run, "approve", app, by, why, environment=where, digest=digest)
    terminal.out(safe(f"approved: the plan {short(str(told['digest']))} of {app} {_said(told['said'])}"))
    return Exit.DONE


def retry(run: Runtime, app: str, names: Sequence[str], *, done: bool) -> int:
    """Raises UsageError for a run that is to count as done: an agent does not take that word."""
    if done:
        raise UsageError("--done and --agent cannot both be meant", hint="say it to AWS itself, without --agent")
    told = _say(run, "retry", app, names=list(names))
    for item in told["released"]:
        run.terminal.out(safe(f"released: {item['key']}: {item['what']}"))
    if not told["released"]:
        run.terminal.out(safe(f"nothing of {', '.join(names) or app} is held"))
    return Exit.DONE


def rollback(run: Runtime, app: str, to: str | None, by: str | None, why: str, *, yes: bool) -> int:
    """Asks before it is said: the agent says what goes where once it is so."""
    from reconciler.cli.telling import confirmed

    asked, terminal = agent(run), run.terminal
    if not yes and not terminal.interactive:
        raise UsageError("rollback asks before it says anything, and here is nobody to ask", hint="say --yes")
    where = environment(run, asked)
    back = f"to {to}" if to else "to the last known good revision"
    if not yes and not confirmed(f"Put the services of {app} in {where} back {back}? Type yes"):
        terminal.err("not confirmed; nothing was written")
        return Exit.NOT_CONVERGED
    told = _say(run, "rollback", app, by, why, environment=where, to=to)
    for line in told["services"]:
        terminal.out(safe(str(line)))
    terminal.out(safe(f"pinned services of {app} {_said(told['said'])}"))
    terminal.note(f"go forward again by a commit that changes them, or: reconciler retry {app}")
    return Exit.DONE


def understood(asked: Agent, document: dict[str, Any]) -> Status:
    """The status in a document. Raises NoAgent where there is none in it."""
    try:
        return read_status(document)
    except ValueError as error:
        raise NoAgent(f"the agent's answer is not understood: {error}", where=asked.url) from None


def tell(run: Runtime, asked: Agent, document: dict[str, Any]) -> None:
    """What stands between the repository and what is shown: on stderr."""
    terminal = run.terminal
    if found := read_problems(document.get("problems", ())):
        terminal.err(draw_all(found, terminal.err_color) + "\n\n")
    source = document.get("source")
    if source and source.get("status") != "True":
        head, force = (revision_words(document.get(name)) for name in ("head", "commit"))
        terminal.note(safe(f"{source['reason']}: {source['message']}"), f"newest: {head}; in force: {force}")
    if not document.get("lookedAt"):
        terminal.note(f"the agent at {asked.url} has not looked at it yet", "ask again in a moment")
    elif not document.get("held"):
        writer = document.get("writer") or "nobody"
        terminal.note(safe(f"the agent at {asked.url} is not the one that writes here: {writer} is"))


def of_document(document: dict[str, Any]) -> Exit:
    """The exit code of a status that an agent tells."""
    found = of_problems(read_problems(document.get("problems", ())))
    return worst([found, Exit.DONE if document.get("ready") else Exit.NOT_CONVERGED])


def _say(run: Runtime, verb: str, app: str, by: str | None = None, why: str = "", **more: Any) -> dict[str, Any]:
    """A word; the agent says it in the name of the token, and adds whose it is."""
    members = {"environment": run.options.environment, "app": app, "for": by or me(), "why": why, **more}
    return agent(run).say(verb, **members)


def _said(said: Any) -> str:
    """As ``Said`` is written."""
    why = f": {said['why']}" if said.get("why") else ""
    return f"by {said['by']} at {str(said['at'])[:16].replace('T', ' ')} UTC{why}"
