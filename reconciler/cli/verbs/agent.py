"""``agent``: keep what runs equal to the repository, for as long as the process lives."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import Duration, common, option
from reconciler.cli.runtime import current


@click.command(short_help="Keep what runs equal to the repository, continuously.")
@option("--settings", type=click.Path(), metavar="FILE", help="Its settings, a file of kind: Agent.")
@option("--repository", metavar="URL", help="What is watched: a git remote, or a path. Default: the repository here.")
@option("--branch", metavar="NAME", help="Which branch. Default: what the remote's HEAD names.")
@option("--folder", metavar="PATH", help="Where in the repository apps/ and environments/ lie.")
@option("--mirror", type=click.Path(), metavar="DIR", help="Where its objects are kept. Default: the cache folder.")
@option("--poll", type=Duration(), metavar="TIME", help="How often the remote is asked. Default: 60s.")
@option("--resync", type=Duration(), metavar="TIME", help="How long nothing may go unlooked-at. Default: 5m.")
@option("--listen", metavar="HOST:PORT", help="Where its API listens. Default: 127.0.0.1:8080.")
@option("--log-format", "form", type=click.Choice(["json", "text"]), help="Default: text on a terminal, else json.")
@common(verb=True)
def command(form: str | None, **given: Any) -> int:
    """Watch a repository and keep its environments equal to it; heal what drifts, and tell how everything fares.

    Runs until SIGTERM or Ctrl-C; then it ends the call in flight, gives its leases back and exits 0. With -e it works
    on that environment alone. Settings are read from a file; flags, and their variables, win over it.
    """
    run = current()
    run.take(given)
    from reconciler.cli.agency import agent

    return agent(run, form, given)
