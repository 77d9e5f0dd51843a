"""What the verbs with which people say something have in common: who speaks, of which app, and what to type then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from reconciler.cli.commands import command
from reconciler.cli.myself import me
from reconciler.cli.reading import choose, committed, draft_for, settled
from reconciler.cli.runtime import Runtime
from reconciler.cli.working import connected, target_for
from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.settle import draft
from reconciler.kinds import KINDS
from reconciler.model.errors import InvalidManifests
from reconciler.model.record import Records, Said


@dataclass(frozen=True)
class Place:
    """Where something is said, of which apps. The target has no Writer: a word changes nothing but a record."""

    wish: Wish
    target: Target
    records: Records
    root: str
    apps: frozenset[str]


@contextmanager
def place(
    run: Runtime, app: str, *, whole: bool, gone: bool = False, asked: Mapping[str, Any] | None = None
) -> Iterator[Place]:
    """Connected to where an app runs. ``whole``: what it wants has to be known, so its manifests must be valid.

    ``gone``: it may be one that is not declared any more. ``asked``: what a plan is made with.
    """
    revision = committed(run)
    environment = choose(run, revision)
    made = draft(revision, environment, KINDS, [app]) if gone else draft_for(revision, environment, [app])
    wish = made.wish
    if whole:
        _valid(wish, app)
    with connected(run, wish) as both:
        if whole:
            wish = settled(run, made, both, keep_going=True)
            _valid(wish, app)
        yield Place(
            wish, target_for(run, wish, both, asked or {}), both.records, revision.root, frozenset(made.rendered.apps)
        )


def _valid(wish: Wish, app: str) -> None:
    if [problem for problem in wish.errors if (problem.app or app) == app]:
        raise InvalidManifests(wish.problems)


def word(run: Runtime, by: str | None, why: str) -> Said:
    """A person's word, said now."""
    return Said(by or me(), run.clock.now(), " ".join(why.split()))


def then(run: Runtime, app: str) -> str:
    """What brings about what was said; nobody here can know whether an agent runs."""
    return f"an agent acts on it at its next look; where none runs: {command('apply', run.options, [app])}"
