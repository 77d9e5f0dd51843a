"""``plan``: what would change, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.exits import of_plan
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.options import asked, common, option, output
from reconciler.cli.runtime import Runtime, current

if TYPE_CHECKING:
    from reconciler.cli.pull_request import PullRequest
    from reconciler.model.plan import Plan


@click.command(short_help="Show what would change; writes nothing.")
@apps_argument
@output("text", "json", "markdown")
@option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@option(
    "--out", type=click.Path(dir_okay=False), metavar="FILE", help="Save the plan; `reconciler apply FILE` makes it."
)
@option(
    "--post",
    is_flag=True,
    help="In CI: write the plan as a comment on the pull request, one for each environment, written anew each time.",
)
@asked
@common(verb=True)
def command(
    apps: tuple[str, ...], output: str, detailed_exitcode: bool, out: str | None, post: bool, **given: Any
) -> int:
    """Show what would change, resource by resource; nothing is written.

    Of a git repository the commit is read (--revision, HEAD), or with --worktree the files as they lie.
    """
    run = current()
    run.take(given)
    from reconciler.cli.commands import command as again
    from reconciler.cli.reading import choose, committed, draft_for, settled, tell
    from reconciler.cli.telling import apps_of, outside_words, waits_outside
    from reconciler.cli.working import asked_options, connected, target_for
    from reconciler.engine.reconcile import reconcile
    from reconciler.model.errors import InvalidManifests
    from reconciler.model.status import Memory

    options = asked_options(run, apps, given)
    to = None
    if post:
        from reconciler.cli.pull_request import pull_request

        to = pull_request(run.environ)  # before anything else: a plan that nobody can be shown was made for nothing
    revision = committed(run)
    made = draft_for(revision, choose(run, revision), apps)
    if made.wish.errors:
        raise InvalidManifests(made.wish.problems)
    terminal = run.terminal
    tell(run, made.wish.problems)
    with connected(run, made.wish) as both:
        wish = settled(run, made, both)
        plan = reconcile(target_for(run, wish, both, options), wish, Memory()).plan
    match output:
        case "json":
            from reconciler.report.plan_json import plan_json

            terminal.out(json.dumps(plan_json(plan), indent=2, ensure_ascii=False))
        case "markdown":
            from reconciler.report.plan_markdown import plan_markdown

            terminal.out(plan_markdown(plan))
        case _:
            from reconciler.report.plan_text import plan_text

            terminal.out(plan_text(plan, color=terminal.color, verbose=run.verbose))
    if outside := waits_outside(plan, apps):
        more = dict.fromkeys([*apps, *apps_of(outside)])
        terminal.note(
            outside_words(outside), f"take along what is waited for: {again('plan', run.options, more, options)}"
        )
    if out is not None:
        from reconciler.cli.files import write_private
        from reconciler.engine.saved_plan import to_json

        write_private(Path(out), json.dumps(to_json(plan, options), indent=2, ensure_ascii=False) + "\n")
        terminal.note(f"the plan is saved in {out}", f"make it with: reconciler apply {out}")
    if to is not None:
        _post(run, to, plan, apps)
    return of_plan(plan, detailed=detailed_exitcode)


def _post(run: Runtime, to: PullRequest, plan: Plan, apps: tuple[str, ...]) -> None:
    from reconciler.agent.http import ask
    from reconciler.cli import posting
    from reconciler.cli.place import find_root
    from reconciler.report.plan_markdown import marker, plan_markdown

    folder = posting.folder_of(find_root(run.options.directory))
    first = marker(plan.environment, installation=run.installation, folder=folder, apps=apps)
    body = plan_markdown(plan, limit=posting.limit(to), first=first)
    run.terminal.note(posting.post(to, body, ask, run.clock))
