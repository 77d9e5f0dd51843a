"""``run``: one task for a person, now: a job, or any command in a task definition of the repository."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import Duration, common, option
from reconciler.cli.runtime import current


@click.command(
    short_help="Run a job or a command as one task, now.", context_settings={"allow_interspersed_args": True}
)
@click.argument("target", metavar="Job/NAME|TaskDefinition/NAME")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@option("--app", metavar="APP", help="The app, where several have one of this name.")
@option("--cluster", metavar="NAME", help="Where it runs.")
@option("--subnets", metavar="ID,…", help="Its subnets.")
@option("--security-groups", metavar="ID,…", help="Its security groups.")
@option("--public-ip", is_flag=True, help="With a public IP address.")
@option("--launch-type", type=click.Choice(["EC2", "FARGATE", "EXTERNAL"]), help="On what it runs.")
@option("--capacity-provider", metavar="NAME", help="On what it runs.")
@option("--cpu", metavar="UNITS", help="CPU units of the task.")
@option("--memory", metavar="MIB", help="MiB of the task.")
@option("--env", "env", env=False, multiple=True, metavar="NAME=VALUE", help="A variable; may be said several times.")
@option("--container", metavar="NAME", help="Whose command and variables are meant, and whose exit code counts.")
@option("--detach", is_flag=True, help="Start it, print its ARN, and do not wait.")
@option("--timeout", type=Duration(), metavar="TIME", help="Stop it when it runs longer. Default: 1h.")
@common(verb=True)
def command(target: str, words: tuple[str, ...], **given: Any) -> int:
    """Run a job, or a command in a task definition, as one task, now.

    Its log lines go to stdout, all else to stderr; the exit code is the container's, 125 where there is none, and 130
    after Ctrl-C, which stops the task. Where flags do not say, a job runs as its manifest says, and a task definition
    like a service of its app that runs it.

    A job runs whatever its run key says. Such a run is recorded nowhere: what waits for the job goes on waiting for a
    run of its own. No two runs of a job go on at once.
    """
    run = current()
    run.take(given)
    from reconciler.cli.running import Running

    return Running(run, target, words, given).run()
