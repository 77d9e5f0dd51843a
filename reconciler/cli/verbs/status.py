"""``status``: how everything fares, as AWS says it right now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from reconciler.cli.exits import of_problems, of_status, worst
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.options import common, output
from reconciler.cli.runtime import current
from reconciler.model.status import Status


@click.command(short_help="Show how everything fares.")
@apps_argument
@output("text", "wide", "json")
@common(verb=True)
def command(apps: tuple[str, ...], output: str, **given: Any) -> int:
    """Show how everything fares. Exits 0 when all of it is Ready, else 3."""
    run = current()
    run.take(given)
    from reconciler.cli.reading import choose, committed, wish_for, without_broken
    from reconciler.cli.working import connected, target_for
    from reconciler.engine.reconcile import reconcile
    from reconciler.model.status import Memory
    from reconciler.report.problems import draw_all
    from reconciler.report.status import status_json, status_text

    revision = committed(run)
    wish = wish_for(revision, choose(run, revision), apps)
    problems = wish.problems
    terminal = run.terminal
    if wish.errors:
        wish, _ = without_broken(wish, apps)
    if problems:
        terminal.err(draw_all(problems, terminal.err_color) + "\n\n")
    with connected(run, wish) as both:
        found = reconcile(target_for(run, wish, both, {}), wish, Memory())
    if found.notes:
        terminal.err(draw_all(found.notes, terminal.err_color) + "\n\n")
    if output == "json":
        terminal.out(json.dumps(status_json(found.status), indent=2, ensure_ascii=False))
    else:
        terminal.out(status_text(_timeless(found.status), color=terminal.color, wide=output == "wide"))
    return worst([of_problems(problems), of_status(found.status, found.plan)])


def _timeless(status: Status) -> Status:
    """Without times: one look cannot tell since when anything is so, only that it is so now."""
    resources = (
        replace(it, conditions=tuple(replace(condition, since=None) for condition in it.conditions))
        for it in status.resources
    )
    return replace(status, resources=tuple(resources))
