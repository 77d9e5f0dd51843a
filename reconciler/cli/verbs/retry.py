"""``retry``: release what is held after a failure, and what was pinned by a rollback."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import agent, common, option
from reconciler.cli.options import app as app_argument
from reconciler.cli.runtime import current


@click.command(short_help="Release what is held after a failure or a rollback.")
@app_argument
@click.argument("names", nargs=-1, metavar="[KIND/NAME]...")
@option("--done", is_flag=True, help="Of a job by name: its run has ended well, do not run it again.")
@agent
@common(verb=True)
def command(app: str, names: tuple[str, ...], done: bool, **given: Any) -> int:
    """Release what is held of APP, or of the resources named: failed rollouts are tried once more, pins are lifted.

    What fails again is held again. A deployment of somebody else that is under way is overtaken only when its service
    is named.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli import through_agent

        return through_agent.retry(run, app, names, done=done)
    from reconciler.cli.saying import place, then
    from reconciler.engine.people import retry
    from reconciler.report.cells import safe

    with place(run, app, whole=True) as here:
        released = retry(here.target, here.wish, app, names, done=done)
    terminal = run.terminal
    for item in released:
        terminal.out(safe(f"released: {item.key}: {item.what}"))
    if released:
        terminal.note(then(run, app))
    else:
        terminal.out(f"nothing of {', '.join(names) or app} is held")
    return 0
