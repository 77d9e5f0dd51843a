"""What is in force: the newest commit app by app, and of an app that is broken there the last state that was good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from graphlib import CycleError

from reconciler.core.order import in_order
from reconciler.engine.lookup import Wish
from reconciler.model.desired import Desired
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import Key


@dataclass(frozen=True)
class InForce:
    """``wish`` is what is worked for. ``held`` are the apps that stay at their last good state, ``broken`` says of all
    of it that the new commit cannot be used; both are empty when the newest commit is in force as it is."""

    wish: Wish
    held: frozenset[str] = frozenset()
    broken: tuple[Problem, ...] = ()


def in_force(new: Wish, last: Wish | None) -> InForce | None:
    """Join a new wish with the last good one; None when there is neither.

    A problem that names no app makes nothing of the new commit usable. An app that had no good state yet is left out of
    what is changed: its keys are invalid, as in any plan.
    """
    whole = broken_as_a_whole(new.problems)
    if whole:
        return InForce(replace(last, problems=new.problems, whole=False), broken=whole) if last else None
    held = frozenset(app for problem in new.errors if (app := app_of(problem)) is not None)
    kept = {key: item for key, item in last.desired.items() if key.app in held} if last else {}
    if not kept:
        return InForce(new, held)
    again = {key.app for key in kept}
    desired = {key: item for key, item in new.desired.items() if key.app not in again} | kept
    invalid = frozenset(key for key in new.invalid if key.app not in again)
    assert last is not None
    externals = (
        *(item for item in new.externals if any(key.app not in again for key, _ in item.named_by)),
        *(item for item in last.externals if any(key.app in again for key, _ in item.named_by)),
    )
    joined = replace(new, desired=_ordered(desired), invalid=invalid, externals=externals, whole=False)
    return InForce(joined, held)


def broken_as_a_whole(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The errors that are no app's own: with one of them nothing can be said of any app."""
    return tuple(it for it in problems if it.severity is Severity.ERROR and app_of(it) is None)


def app_of(problem: Problem) -> str | None:
    """The app that a problem holds back; None: all of them."""
    return problem.app or (problem.key.app if problem.key else None)


def changed_apps(old: Wish | None, new: Wish) -> frozenset[str]:
    """The apps of which something else is wanted than before: all others need no new plan."""
    if old is None:
        return apps_of(new)
    keys = old.desired.keys() | new.desired.keys()
    changed = {key.app for key in keys if not _alike(old.desired.get(key), new.desired.get(key))}
    changed |= {key.app for key in old.invalid ^ new.invalid}
    changed |= (old.suspended ^ new.suspended) | (old.approve ^ new.approve)
    changed |= {app for app in old.windows.keys() | new.windows.keys() if old.windows.get(app) != new.windows.get(app)}
    return apps_of(new) | changed if old.environment != new.environment else frozenset(changed)


def apps_of(wish: Wish) -> frozenset[str]:
    """The apps that declare something, well or not."""
    return frozenset(key.app for key in (*wish.desired, *wish.invalid))


def _alike(old: Desired | None, new: Desired | None) -> bool:
    """Whether one resource is wanted as before; where in a file it is written says nothing."""
    if old is None or new is None or old.digest != new.digest:
        return old is new
    before, after = old.document, new.document
    return (
        (old.policy, before.own_policy, old.needs, old.needs_ready, before.formerly, before.pinned)
        == (new.policy, after.own_policy, new.needs, new.needs_ready, after.formerly, after.pinned)
        and old.external == new.external
        and old.spec == new.spec
    )


def _ordered(desired: dict[Key, Desired]) -> dict[Key, Desired]:
    """In an order that converges; states of two commits may need each other in a circle, which then is cut."""
    graph: dict[Key, Iterable[Key]] = {key: item.needs | item.needs_ready for key, item in desired.items()}
    while True:
        try:
            return {key: desired[key] for key in in_order(graph)}
        except CycleError as error:
            first = error.args[1][0]
            graph = {**graph, first: set(graph[first]) - set(error.args[1])}
