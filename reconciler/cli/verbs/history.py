"""``history``: what was deployed of an app, when, by whom, and how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import app as app_argument
from reconciler.cli.options import common, option, output
from reconciler.cli.runtime import current


@click.command(short_help="Show what was deployed, by whom, and how it ended.")
@app_argument
@click.argument("names", nargs=-1, metavar="[Service/NAME]...")
@output("text", "json")
@option("-n", "--number", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the newest.")
@common(verb=True)
def command(app: str, names: tuple[str, ...], output: str, number: int, **given: Any) -> int:
    """Show what was deployed of APP, newest first: from ECS's own memory, the revisions' tags, and git.

    ECS remembers 90 days. A commit that this repository does not have is shown without author and subject.
    """
    run = current()
    run.take(given)
    from reconciler.cli.place import in_git
    from reconciler.cli.saying import place
    from reconciler.engine.history import history
    from reconciler.report.history import Line, history_json, history_text
    from reconciler.report.problems import draw_all
    from reconciler.source.git import commits

    terminal = run.terminal
    with place(run, app, whole=True) as here:
        found = history(here.target, here.wish, app, names, number)
    if found.notes:
        terminal.err(draw_all(found.notes, terminal.err_color) + "\n\n")
    ids = [entry.deployed.revision.commit for entry in found.entries if entry.deployed.revision.commit]
    known = commits(here.root, ids) if in_git(Path(here.root)) else {}
    lines = []
    for entry in found.entries:
        made = known.get(entry.deployed.revision.commit or "")
        lines.append(
            Line(entry.key, entry.deployed, entry.pin, made.author if made else "", made.subject if made else "")
        )
    if output == "json":
        body = history_json(here.wish.environment.name, app, lines)
        terminal.out(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        terminal.out(history_text(lines, color=terminal.color))
    return 0
