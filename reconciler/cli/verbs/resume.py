"""``resume``: let a suspended app go on."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import agent, common
from reconciler.cli.options import app as app_argument
from reconciler.cli.runtime import current


@click.command(short_help="Let a suspended app go on.")
@app_argument
@agent
@common(verb=True)
def command(app: str, **given: Any) -> int:
    """Let APP go on after `reconciler suspend`. Exits 3 when its manifest still suspends it."""
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli import through_agent

        return through_agent.resume(run, app)
    from reconciler.cli.exits import Exit
    from reconciler.cli.saying import place, then
    from reconciler.engine.people import resume
    from reconciler.report.cells import safe

    with place(run, app, whole=False) as here:
        before = resume(here.records, here.target.scope, app)
        in_manifest = app in here.wish.suspended
    terminal = run.terminal
    terminal.out(safe(f"{app} is resumed; it was suspended {before}" if before else f"nobody has suspended {app}"))
    if in_manifest:
        terminal.note(f"the App manifest of {app} says suspend: true", "change that, and commit it")
        return Exit.NOT_CONVERGED
    if before:
        terminal.note(then(run, app))
    return Exit.DONE
