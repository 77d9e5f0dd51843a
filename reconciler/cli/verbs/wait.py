"""``wait``: until everything is Ready, whoever makes it so; nothing is written."""

from __future__ import annotations

import json
from typing import Any

import click

from reconciler.cli.options import Duration, common, option, output
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.runtime import current


@click.command(short_help="Wait until everything is Ready; writes nothing.")
@apps_argument
@output("text", "json")
@option("--timeout", type=Duration(), metavar="TIME", help="How long to wait. Default: 20m.")
@common(verb=True)
def command(apps: tuple[str, ...], output: str, timeout: float | None, **given: Any) -> int:
    """Wait until everything, or everything of APPS, is Ready as the repository says; an agent or somebody else works.

    Exits 0 then, and 3 when time is up or waiting will not help any more.
    """
    run = current()
    run.take(given)
    from reconciler.agent.converge import Ending, converge
    from reconciler.agent.waking import Waking
    from reconciler.cli import telling
    from reconciler.cli.applying import TIMEOUT
    from reconciler.cli.exits import of_status
    from reconciler.cli.interrupts import Stop
    from reconciler.cli.reading import choose, committed, draft_for, settled
    from reconciler.cli.watching import Watch
    from reconciler.cli.working import connected, target_for
    from reconciler.model.errors import InvalidManifests

    revision = committed(run)
    made = draft_for(revision, choose(run, revision), apps)
    if made.wish.errors:
        raise InvalidManifests(made.wish.problems)
    terminal, text, limit = run.terminal, output == "text", timeout or TIMEOUT
    watch, stop = Watch(terminal, run.clock, quiet=not text), Stop(terminal.err)
    with connected(run, made.wish) as both:
        wish = settled(run, made, both)
        with stop.listening(), watch.shown():
            clock = Waking(run.clock, stop, watch.beat)
            outcome = converge(target_for(run, wish, both, {}), wish, clock, timeout=limit, watch=watch.saw)
    if text:
        terminal.out(telling.waited(outcome, watch.elapsed, limit, color=terminal.color))
    else:
        how = outcome.ending.value.replace(" ", "-")
        terminal.out(json.dumps(telling.outcome_json(how, outcome.last, []), indent=2, ensure_ascii=False))
    return stop.code if outcome.ending is Ending.STOPPED else of_status(outcome.last.status, outcome.last.plan)
