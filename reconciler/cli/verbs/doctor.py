"""``doctor``: what would stand in the way, of everything that is declared and live."""

from __future__ import annotations

import json
from typing import Any

import click

from reconciler.cli.exits import of_examination, of_problems, worst
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.options import common, option, output
from reconciler.cli.runtime import Runtime, current
from reconciler.model.errors import UsageError


@click.command(short_help="Look for what would stand in the way of a rollout; writes nothing.")
@apps_argument
@option("--print-policy", is_flag=True, help="Print the least that IAM has to allow; asks AWS nothing.")
@option("--plan-only", is_flag=True, help="With --print-policy: only what plan and status need.")
@option("--queue-arn", "queues", multiple=True, metavar="ARN", help="With --print-policy: a queue of events, too.")
@output("text", "json")
@common(verb=True)
def command(
    apps: tuple[str, ...], print_policy: bool, plan_only: bool, queues: tuple[str, ...], output: str, **given: Any
) -> int:
    """Look for what would stand in the way of a rollout, of everything declared and live; nothing is written.

    Credentials and account, permissions to look, images, roles, target groups, networks, room on the instances, rules
    and schedules. Exits 0 when nothing is wrong, 3 when something is, 4 when nothing may be looked at.

    With --print-policy nothing is looked at: what the role of an agent needs is told from the manifests, and is printed
    as a policy of IAM.
    """
    run = current()
    run.take(given)
    if print_policy:
        from reconciler.cli.granting import grant

        grant(run, apps, plan_only=plan_only, queues=queues)
        return 0
    if plan_only or queues:
        raise UsageError("--plan-only and --queue-arn say which policy is printed", hint="add --print-policy")
    return _examine(run, apps, output)


def _examine(run: Runtime, apps: tuple[str, ...], output: str) -> int:
    from reconciler.cli.reading import choose, committed, draft_for, settled, tell, without_broken
    from reconciler.cli.working import connected, target_for
    from reconciler.engine.examine import examine
    from reconciler.report.doctor import Shown, doctor_json, doctor_text

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
        found = examine(target_for(run, wish, both, {}), wish)
    shown = Shown(
        wish.environment.name,
        wish.commit,
        found.account,
        found.caller,
        both.read.region,
        [(finding.problem, finding.keys) for finding in found.findings],
        found.lacking,
        found.looked,
        found.well,
    )
    if output == "json":
        terminal.out(json.dumps(doctor_json(shown), indent=2, ensure_ascii=False))
    else:
        terminal.out(doctor_text(shown, color=terminal.color))
    return worst([of_problems(problems), of_examination(well=found.well, looked=found.looked, blind=found.blind)])
