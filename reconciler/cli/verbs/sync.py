"""``sync``: make everything as the repository says now, by the agent that is asked, or as an agent would."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import Duration, agent, common, option, output
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.runtime import current


@click.command(short_help="Make everything as the repository says, now.")
@apps_argument
@output("text", "json")
@option("--no-wait", is_flag=True, help="Do not wait until everything is Ready.")
@option("--timeout", type=Duration(), metavar="TIME", help="How long all of it may take. Default: 20m.")
@option("--why", default="", metavar="TEXT", help="The reason; an agent keeps it with who said so.")
@agent
@common(verb=True)
def command(apps: tuple[str, ...], output: str, no_wait: bool, timeout: float | None, why: str, **given: Any) -> int:
    """Make everything, or everything of APPS, as the repository says, and wait until it is Ready; drift is corrected.

    With --agent the agent fetches its repository and does it. Without, it is done here and now as by `apply --yes`.
    Exits 0 once all is Ready, and 3 when time is up or waiting will not help.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli.agent_sync import sync

        return sync(run, apps, why, output, timeout, no_wait=no_wait)
    from reconciler.cli.applying import Apply, Wanted
    from reconciler.cli.working import asked_options

    options = asked_options(run, apps, {})
    wanted = Wanted(apps, options, output, yes=True, no_wait=no_wait, timeout=timeout, file=False)
    return Apply(run, wanted).run()
