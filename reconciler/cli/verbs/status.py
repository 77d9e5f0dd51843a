"""``status``: how everything fares, as AWS says it right now, once or for as long as somebody watches."""

from __future__ import annotations

import json
from typing import Any

import click

from reconciler.cli.exits import of_problems, of_status, worst
from reconciler.cli.options import Duration, agent, common, option, output
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.runtime import Runtime, current

_ADAPTIVE = "auto"
"""What ``--watch`` without a value stands for: as often as it is worth it."""


class _Every(Duration):
    """Seconds between two looks, at least one; 0 for as often as it is worth it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value == _ADAPTIVE:
            return 0.0
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a time: write 10s; an app is named before --watch", param, ctx)


@click.command(short_help="Show how everything fares.")
@apps_argument
@output("text", "wide", "json")
@option(
    "-w",
    "--watch",
    type=_Every(),
    is_flag=False,
    flag_value=_ADAPTIVE,
    default=None,
    metavar="[TIME]",
    help="Go on looking: every 5s while something moves, else every 30s, or as often as said. Ctrl-C ends it.",
)
@agent
@common(verb=True)
def command(apps: tuple[str, ...], output: str, watch: float | None, **given: Any) -> int:
    """Show how everything fares. Exits 0 when all of it is Ready, else 3.

    With --agent an agent tells what it saw last; watched, it tells of each change.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli.through_agent import status

        return status(run, apps, output, watch=watch is not None)
    from reconciler.cli.following import Seen
    from reconciler.cli.reading import choose, committed, draft_for, settled, tell, without_broken
    from reconciler.cli.working import connected, target_for
    from reconciler.engine.reconcile import reconcile
    from reconciler.model.status import Memory, Result
    from reconciler.report.problems import draw_all
    from reconciler.report.status import status_json
    from reconciler.report.status_text import status_text

    revision = committed(run)
    made = draft_for(revision, choose(run, revision), apps)
    without_broken(made.wish, apps)
    terminal = run.terminal
    tell(run, made.wish.problems)
    with connected(run, made.wish) as both:
        wish = settled(run, made, both, keep_going=True)
        problems = wish.problems
        if wish.errors:
            wish, _ = without_broken(wish, apps)
        target = target_for(run, wish, both, {})

        def look(memory: Memory) -> Result:
            return reconcile(target, wish, memory)

        found = look(Memory()) if watch is None else _watched(run, look, output, watch or None)
    if found.notes:
        terminal.err(draw_all(found.notes, terminal.err_color) + "\n\n")
    if watch is not None:
        pass
    elif output == "json":
        terminal.out(json.dumps(status_json(found.status), indent=2, ensure_ascii=False))
    else:
        shown = Seen().timed(found.status)
        wide, now = output == "wide", shown.read
        terminal.out(status_text(shown, color=terminal.color, wide=wide, now=now, columns=terminal.columns))
    return worst([of_problems(problems), of_status(found.status, found.plan)])


def _watched(run: Runtime, look: Any, output: str, every: float | None) -> Any:
    """The last look, when somebody asked to stop or nobody reads any more."""
    from reconciler.cli.following import Documents, Lines, follow, picture
    from reconciler.cli.interrupts import Stop

    terminal, stop = run.terminal, Stop()
    with stop.listening():
        if output == "json":
            return follow(look, Documents(terminal), run.clock, stop, every)
        if not terminal.draws:
            return follow(look, Lines(terminal, run.clock), run.clock, stop, every)
        with picture(terminal, run.clock, wide=output == "wide") as view:
            return follow(look, view, run.clock, stop, every)
