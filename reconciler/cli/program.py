"""The command itself: a group whose verbs are imported when they are called, and the one place where a run ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from reconciler.cli import ending
from reconciler.cli.options import common
from reconciler.cli.runtime import Runtime

VERBS: dict[str, tuple[str, str]] = {
    "validate": ("Look for mistakes in the manifests; asks nobody.", "validate"),
    "plan": ("Show what would change; writes nothing.", "plan"),
    "apply": ("Make what runs equal to the repository.", "apply"),
    "sync": ("Make everything as the repository says, by an agent or here.", "sync"),
    "status": ("Show how everything fares.", "status"),
    "wait": ("Wait until everything is Ready; writes nothing.", "wait"),
    "history": ("Show what was deployed, by whom, and how it ended.", "history"),
    "rollback": ("Put an app's services back on an earlier revision.", "rollback"),
    "retry": ("Release what is held after a failure or a rollback.", "retry"),
    "suspend": ("Change nothing of an app until it is resumed.", "suspend"),
    "resume": ("Let a suspended app go on.", "resume"),
    "approve": ("Agree to an app's plan, where the repository asks for that.", "approve"),
    "set-image": ("Set an image's variable in the files, for one environment.", "set_image"),
    "agent": ("Keep what runs equal to the repository, continuously.", "agent"),
    "doctor": ("Look for what would stand in the way; writes nothing.", "doctor"),
    "run": ("Run a job or a command as one task, now.", "run"),
    "healthcheck": ("Ask the agent on this machine whether it is alive.", "healthcheck"),
    "secret": ("Seal, edit, rotate and reveal values.", "secret"),
    "schema": ("Print the JSON Schema of a manifest, for editors.", "schema"),
    "explain": ("Explain a kind and its members.", "explain"),
    "simulator": ("Run an AWS on this machine to try things with.", "simulator"),
    "demo": ("See it all at work on the embedded AWS.", "demo"),
    "completion": ("Print the completion script of a shell.", "completion"),
}
"""Verb → its line in the help, its module. The line stands here, so that the help imports no verb."""


class Program(click.Group):
    """``main`` is where every run ends, however it does."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"reconciler.cli.verbs.{VERBS[cmd_name][1]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not ctx.resilient_parsing:
            from reconciler.model.suggest import did_you_mean

            hint = did_you_mean(name, VERBS, otherwise=f"verbs are: {', '.join(VERBS)}")
            raise click.UsageError(f"there is no verb {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (line, _) in VERBS.items()])

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *more: Any, **extra: Any) -> Any:
        extra["standalone_mode"] = False
        sys.exit(ending.run(lambda: super(Program, self).main(args, prog_name, *more, **extra)))


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"reconciler {version('ecs-reconciler')}")
        ctx.exit()


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every flag can be set as RECONCILER_<FLAG>; AWS by its own variables: AWS_PROFILE, AWS_ENDPOINT_URL, …",
    subcommand_metavar="VERB [ARGS]...",
)
@common(verb=False)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@click.pass_context
def program(ctx: click.Context, /, **given: Any) -> None:
    """GitOps for Amazon ECS: a repository says what should run, reconciler keeps what does run equal to it."""
    runtime = ctx.ensure_object(Runtime)
    runtime.take(given)
    ending.remember(runtime)
