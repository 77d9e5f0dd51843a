"""``suspend``: change nothing of an app until it is resumed; observing goes on."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import agent, common, word
from reconciler.cli.options import app as app_argument
from reconciler.cli.runtime import current


@click.command(short_help="Change nothing of an app until it is resumed.")
@app_argument
@word
@agent
@common(verb=True)
def command(app: str, by: str | None, why: str, **given: Any) -> int:
    """Change nothing of APP until it is resumed. It goes on being observed, and status says who suspended it and why.

    Works at once, also while an agent works. What rolls out already goes on by itself.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli import through_agent

        return through_agent.suspend(run, app, by, why)
    from reconciler.cli.saying import place
    from reconciler.cli.saying import word as said
    from reconciler.engine.people import suspend
    from reconciler.report.cells import safe

    with place(run, app, whole=False) as here:
        word = said(run, by, why)
        instead = bool(by or why)
        before = suspend(here.records, here.target.scope, app, word, instead=instead)
    run.terminal.out(safe(f"{app} is suspended {word if before is None or instead else before}"))
    if before is not None and instead:
        run.terminal.note(safe(f"it was suspended already {before}"))
    return 0
