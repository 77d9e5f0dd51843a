"""``completion``: the script by which a shell completes verbs, flags, environments and apps."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import common
from reconciler.cli.runtime import current

_NAME, _VARIABLE = "reconciler", "_RECONCILER_COMPLETE"


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common(verb=True, repository=False)
def command(shell: str, **given: Any) -> int:
    """Print the completion script of a shell.

    \b
    bash: eval "$(reconciler completion bash)"           in ~/.bashrc
    zsh:  eval "$(reconciler completion zsh)"            in ~/.zshrc
    fish: reconciler completion fish | source            in ~/.config/fish/config.fish
    """
    run = current()
    run.take(given)
    from click.shell_completion import get_completion_class

    from reconciler.cli.program import program

    found = get_completion_class(shell)
    assert found is not None
    made = found(program, {}, _NAME, _VARIABLE)
    run.terminal.out(made.source_template % made.source_vars())
    return 0
