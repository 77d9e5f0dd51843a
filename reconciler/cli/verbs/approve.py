"""``approve``: agree to an app's plan, where the repository says that a person has to."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli.options import agent, asked, common, option, word
from reconciler.cli.options import app as app_argument
from reconciler.cli.runtime import current


@click.command(short_help="Agree to an app's plan, where the repository asks for that.")
@app_argument
@click.argument("digest", required=False)
@option("--yes", is_flag=True, help="Do not ask.")
@word
@asked
@agent
@common(verb=True)
def command(app: str, digest: str | None, yes: bool, by: str | None, why: str, **given: Any) -> int:
    """Agree to what is to be done to APP, where the repository says `approve: true`.

    Shows the plan and asks, unless the DIGEST that a plan was shown with is given (at least 8 digits of it): then the
    plan has to be that one still, or it exits 5. It holds for that plan's calls until they are made, and for no others.
    """
    run = current()
    run.take(given)
    if run.options.agent is not None:
        from reconciler.cli import through_agent

        return through_agent.approve(run, app, digest, by, why, yes=yes)
    from reconciler.cli.exits import Exit
    from reconciler.cli.saying import place, then
    from reconciler.cli.saying import word as said
    from reconciler.cli.telling import confirmed
    from reconciler.cli.working import asked_options
    from reconciler.engine.people import approve, propose
    from reconciler.model.errors import UsageError
    from reconciler.model.record import short
    from reconciler.model.suggest import did_you_mean
    from reconciler.report.cells import safe
    from reconciler.report.plan_text import plan_text

    terminal, options = run.terminal, asked_options(run, (app,), given)
    if digest is None and not yes and not terminal.interactive:
        hint = "give the plan's digest, which `reconciler plan` shows, or say --yes"
        raise UsageError("approve asks before it says anything, and here is nobody to ask", hint=hint)
    with place(run, app, whole=True, gone=True, asked=options) as here:
        proposal = propose(here.target, here.wish, app)
        known = sorted(here.apps)
        if app not in known and proposal.plan.empty:
            where = here.wish.environment.name
            raise UsageError(f"there is no app '{app}' in environment {where}", hint=did_you_mean(app, known))
        terms = proposal.terms
        if terms is not None and not proposal.covered:
            terminal.out(plan_text(proposal.plan, color=terminal.color, verbose=run.verbose))
            terminal.out(f"Digest of the plan of {safe(app)}: {short(terms.digest)}")
            question = f"Approve this in {here.wish.environment.name}? Type yes"
            if digest is None and not yes and not confirmed(question):
                terminal.err("not confirmed; nothing was written")
                return Exit.NOT_CONVERGED
        agreed = approve(here.target, proposal, said(run, by, why), digest)
    if agreed is None:
        without = "its changes need no approval" if proposal.plan.terms.get(app) else "nothing is to be done to it"
        terminal.out(safe(f"there is nothing to approve of {app}: {without}"))
        return Exit.DONE
    terminal.out(safe(f"{'already ' if agreed is proposal.before else ''}approved: the plan of {app}, {agreed}"))
    terminal.note(then(run, app))
    return Exit.DONE
