"""``rollback``: put an app's services back on an earlier revision, and keep them there until the repository changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import agent, common, option, word
from reconciler.cli.options import app as app_argument
from reconciler.cli.runtime import current


@click.command(short_help="Put an app's services back on an earlier revision.")
@app_argument
@option("--to", metavar="COMMIT|REVISION", help="A commit, web:7 or an ARN. Default: the last known good revision.")
@option("--yes", is_flag=True, help="Do not ask.")
@word
@agent
@common(verb=True)
def command(app: str, to: str | None, yes: bool, by: str | None, why: str, **given: Any) -> int:
    """Put the services of APP back on an earlier revision.

    They stay on it until what the repository wants of them changes, or `reconciler retry APP` says to go forward;
    an unrelated commit changes nothing. Plan, status and history say who pinned them, when and why.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli import through_agent

        return through_agent.rollback(run, app, to, by, why, yes=yes)
    from reconciler.cli.exits import Exit
    from reconciler.cli.place import in_git
    from reconciler.cli.saying import place, then
    from reconciler.cli.saying import word as said
    from reconciler.cli.telling import confirmed
    from reconciler.engine.rollback import roll_back
    from reconciler.model.errors import UsageError
    from reconciler.model.history import Revision
    from reconciler.report.cells import safe
    from reconciler.source.git import ancestors

    terminal = run.terminal
    if not yes and not terminal.interactive:
        raise UsageError("rollback asks before it says anything, and here is nobody to ask", hint="say --yes")
    with place(run, app, whole=True) as here:
        known = in_git(Path(here.root))
        word = said(run, by, why)
        found = roll_back(
            here.target, here.wish, app, to, word, lambda commit: ancestors(here.root, commit) if known else ()
        )
        for back in found.services:
            if back.to is None:
                terminal.out(safe(f"stays: {back.key}: {back.why}"))
            else:
                commit = f" (commit {back.to.commit[:12]})" if back.to.commit else ""
                terminal.out(safe(f"goes back: {back.key} from {Revision(back.at).name} to {back.to.name}{commit}"))
        if not yes and not confirmed(f"Pin them there in {here.wish.environment.name}? Type yes"):
            terminal.err("not confirmed; nothing was written")
            return Exit.NOT_CONVERGED
        assert here.target.records is not None
        here.target.records.said(here.target.scope, app, found.record)
    number = sum(back.to is not None for back in found.services)
    terminal.out(safe(f"pinned {number} service{'s' * (number != 1)} of {app} {word}"))
    terminal.note(then(run, app), f"go forward again by a commit that changes them, or: reconciler retry {app}")
    return Exit.DONE
