"""``apply``: make what runs equal to the repository, or make exactly what a saved plan says."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import Duration, asked, common, option, output
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.runtime import current


@click.command(short_help="Make what runs equal to the repository.")
@apps_argument
@output("text", "json")
@option("--yes", is_flag=True, help="Do not ask.")
@option("--keep-going", is_flag=True, help="App by app: do what can be done, report the rest.")
@option("--no-wait", is_flag=True, help="Do not wait until everything is Ready.")
@option(
    "--timeout",
    type=Duration(),
    metavar="TIME",
    help="How long all of it may take. Default: 20m, or what its rollouts and jobs may take.",
)
@option(
    "--restart",
    multiple=True,
    metavar="Service/NAME",
    help="Begin a new deployment of it even when nothing differs; once, but again by a run that is repeated.",
)
@option(
    "--lease-timeout",
    type=Duration(),
    metavar="TIME",
    help="How long to wait while another writer has the environment's lease. Default: 1m.",
)
@option("--older", is_flag=True, help="Make it so even where a newer commit has been applied: to go back is meant.")
@asked
@common(verb=True)
def command(apps: tuple[str, ...], **given: Any) -> int:
    """Make what runs equal to the repository, and wait until it is Ready.

    Shows the plan and asks before it writes; with --yes it does not ask. APPS may be a FILE that `reconciler plan
    --out FILE` made: then exactly the calls of that plan are made, or none.
    """
    run = current()
    run.take(given)
    from reconciler.cli.applying import Apply, Wanted
    from reconciler.cli.working import asked_options

    options = asked_options(run, apps, given)
    return Apply(run, Wanted(apps, options, **given)).run()


command.params[0].make_metavar = lambda ctx: "[APPS]...|FILE"  # type: ignore[method-assign]
