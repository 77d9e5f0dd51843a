"""``secret``: seal values into the repository, edit, rotate and reveal them; take back a secret's deletion."""

from __future__ import annotations

import json
from typing import Any

import click

from reconciler.cli.options import common, option, output
from reconciler.cli.runtime import Runtime, current


@click.group(short_help="Seal, edit, rotate and reveal values.", subcommand_metavar="VERB [ARGS]...")
def command() -> None:
    """Values of secrets and parameters, sealed in the repository.

    NAME is that of a Secret or Parameter manifest, or Kind/name, or app/Kind/name. Files of the working tree are
    changed; committing and applying is yours.
    """


def _keys(function: Any) -> Any:
    """With what to seal, where the environment's own ``sealing`` is not meant."""
    for decorator in (
        option("--age", multiple=True, metavar="RECIPIENT", help="Seal for this recipient of age; may be repeated."),
        option("--kms", metavar="KEY", help="Seal with this KMS key: ARN, id or alias."),
    ):
        function = decorator(function)
    return function


@command.command("seal")
@click.argument("name")
@_keys
@option("--raw", is_flag=True, help="Keep a newline at the end of stdin.")
@common(verb=True)
def seal(name: str, kms: str | None, age: tuple[str, ...], raw: bool, **given: Any) -> int:
    """Seal the value on stdin, or one that you write in your editor, and put it into the environment's file.

    The value that is there already changes nothing. A newline at the end of stdin is left out.
    """
    run = _ran(given)
    from reconciler.cli.sealing import Sealer, from_stdin

    with Sealer(run, name) as here:
        value = here.edited("") if run.terminal.interactive else from_stdin(raw)
        return here.put(value, kms, age)


@command.command("edit")
@click.argument("name")
@_keys
@common(verb=True)
def edit(name: str, kms: str | None, age: tuple[str, ...], **given: Any) -> int:
    """Open the value in your editor, and seal what you make of it. Left as it is, nothing changes."""
    run = _ran(given)
    from reconciler.cli.sealing import Sealer

    with Sealer(run, name) as here:
        return here.put(here.edited(here.opened()), kms, age)


@command.command("rotate")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_keys
@common(verb=True)
def rotate(names: tuple[str, ...], kms: str | None, age: tuple[str, ...], **given: Any) -> int:
    """Seal values anew, with a new data key and the environment's key. They stay the same values: nothing rolls.

    Without NAME all values of the environment that are sealed here; what SOPS or yaml_vault encrypted is left alone.
    """
    run = _ran(given)
    from reconciler.cli.sealing import rotated

    return rotated(run, names, kms, age)


@command.command("reveal")
@click.argument("name")
@option("--yes", is_flag=True, help="Print it although stdout is no terminal.")
@common(verb=True)
def reveal(name: str, yes: bool, **given: Any) -> int:
    """Print a value. Only to a terminal, unless --yes says that it may go anywhere."""
    run = _ran(given)
    from reconciler.cli.sealing import Sealer
    from reconciler.model.errors import UsageError

    if not yes and not run.terminal.draws:
        raise UsageError("a value is revealed to a terminal, and stdout is none", hint="say --yes if it may be kept")
    with Sealer(run, name) as here:
        run.terminal.out(here.opened())
    return 0


@command.command("list")
@output("text", "json")
@common(verb=True)
def list_(output: str, **given: Any) -> int:
    """Show what is sealed in an environment, with which key, and where it stands. Opens nothing and asks nobody."""
    run = _ran(given)
    from reconciler.cli.sealing import listed
    from reconciler.report.sealed import sealed_json, sealed_text

    environment, lines = listed(run)
    if output == "json":
        run.terminal.out(json.dumps(sealed_json(environment, lines), indent=2, ensure_ascii=False))
    else:
        run.terminal.out(sealed_text(lines, color=run.terminal.color))
    return 0


@command.command("restore")
@click.argument("name")
@common(verb=True)
def restore(name: str, **given: Any) -> int:
    """Take back the scheduled deletion of a secret that is ours, or that nobody owns. Its value comes back with it."""
    run = _ran(given)
    from reconciler.cli.sealing import restored

    return restored(run, name)


def _ran(given: dict[str, Any]) -> Runtime:
    run = current()
    run.take(given)
    return run
