"""``explain``: a kind and its members, in AWS's own words and ours."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import completing
from reconciler.cli.options import common
from reconciler.cli.runtime import current


@click.command(short_help="Explain a kind and its members.")
@click.argument("path", required=False, metavar="[KIND[.MEMBER]...]", shell_complete=completing.kinds)
@common(verb=True, repository=False)
def command(path: str | None, **given: Any) -> int:
    """Explain a kind, or a member of it: `reconciler explain Service.deploymentConfiguration`."""
    run = current()
    run.take(given)
    from reconciler.cli.explaining import explain, kinds

    terminal = run.terminal
    terminal.out(explain(path, color=terminal.color) if path else kinds(color=terminal.color))
    return 0
