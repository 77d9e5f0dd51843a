"""``validate``: every mistake in the manifests, of every environment, in one run and without asking AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from reconciler.cli.exits import of_problems
from reconciler.cli.options import apps as apps_argument
from reconciler.cli.options import common, output
from reconciler.cli.runtime import current
from reconciler.model.errors import InvalidManifests, Problem
from reconciler.model.suggest import listing

FORMAT_VERSION = "1.0"


@click.command(short_help="Look for mistakes in the manifests; asks nobody.")
@apps_argument
@output("text", "json", "github")
@common(verb=True)
def command(apps: tuple[str, ...], output: str, **given: Any) -> int:
    """Look for mistakes in the manifests as they lie, in every environment or in one (-e).

    Nothing of AWS is asked. Exits 65 when something is wrong; warnings are no failure.
    """
    run = current()
    run.take(given)
    from reconciler.cli.reading import lying

    revision = lying(run)
    chosen, resources, problems = _look(run, revision, apps)
    terminal = run.terminal
    from reconciler.report.problems import draw_all, github, to_json

    match output:
        case "json":
            body = {
                "formatVersion": FORMAT_VERSION,
                "valid": not of_problems(problems),
                "environments": list(chosen),
                "problems": to_json(problems),
            }
            terminal.out(json.dumps(body, indent=2, ensure_ascii=False))
        case "github":
            terminal.out(github(problems))
        case _:
            terminal.out(draw_all(problems, terminal.color))
            if not of_problems(problems):
                counted = f"{resources} resource{'s' * (resources != 1)} in {listing(chosen)}"
                terminal.out(f"valid: {counted}")
    return of_problems(problems)


def _look(run: Any, revision: Any, apps: Sequence[str]) -> tuple[tuple[str, ...], int, list[Problem]]:
    """The environments looked at, how many resources they have together, and what is wrong."""
    from reconciler.cli.reading import choose, nowhere, wish_for
    from reconciler.kinds import KINDS
    from reconciler.source.render import environments
    from reconciler.source.repository import read_repository

    chosen = (choose(run, revision),) if run.options.environment else environments(revision)
    if not chosen:
        return (), 0, [*read_repository(revision, KINDS.keys()).problems, nowhere()]
    found: list[tuple[str, Problem]] = []
    resources = 0
    for name in chosen:
        try:
            wish = wish_for(revision, name, apps)
        except InvalidManifests as error:
            found += [(name, problem) for problem in error.problems]
            continue
        resources += len(wish.desired)
        found += [(name, problem) for problem in wish.problems if not apps or problem.app in (None, *apps)]
    return chosen, resources, once(found, chosen)


def once(found: Iterable[tuple[str, Problem]], environments: Sequence[str]) -> list[Problem]:
    """Each problem once; one that only some of several environments have says which."""
    where: dict[Problem, list[str]] = {}
    for name, problem in found:
        where.setdefault(problem, []).append(name)
    told = []
    for problem, names in where.items():
        if len(set(names)) < len(environments):
            problem = replace(problem, message=f"{problem.message} (in {listing(dict.fromkeys(names))})")
        told.append(problem)
    return sorted(told, key=lambda it: (it.at is None, it.at, it.message) if it.at else (True,))
