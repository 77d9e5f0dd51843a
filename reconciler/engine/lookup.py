"""From what was rendered to what is desired: references linked, digests taken, every problem of the run in one list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.order import desire
from reconciler.core.references import Linked, link
from reconciler.engine.allowed import barred
from reconciler.kinds import OUTSIDE
from reconciler.model.allow import Allow
from reconciler.model.desired import Desired, Environment, External, Rendered
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import Key
from reconciler.model.kind import Kinds
from reconciler.model.lookup import LookedUp
from reconciler.model.record import EVERY
from reconciler.model.tree import show_path
from reconciler.model.window import Window


@dataclass(frozen=True)
class Wish:
    """Everything one environment wants at one revision.

    ``desired`` is in an order that converges. ``invalid`` keys are declared, but wrong, as ``problems`` tell.
    ``lookups`` is what was read of other tools for it. ``windows`` are the environment's (EVERY) and those of each app
    besides, ``approve`` the apps (EVERY: also those that are gone) of which a person has to approve what is done.
    ``whole``: it is all that the repository says; where it is not, nothing is pruned. ``declared``: how many resources
    there are, those of apps that are not meant included.
    """

    environment: Environment
    commit: str | None
    kinds: Kinds
    desired: dict[Key, Desired]
    invalid: frozenset[Key]
    externals: tuple[External, ...]
    problems: tuple[Problem, ...]
    apps: frozenset[str] | None = None
    suspended: frozenset[str] = frozenset()
    lookups: tuple[LookedUp, ...] = ()
    windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    approve: frozenset[str] = frozenset()
    whole: bool = True
    declared: int = 0

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def complete(self) -> bool:
        """Whether what is not in it may be taken for what is not wanted."""
        return self.whole and not self.errors


def lookup(rendered: Rendered, kinds: Kinds, allow: Sequence[Allow] = ()) -> Wish:
    """Link the documents of an environment; those that are wrong are left out and named in ``invalid``.

    ``allow`` is what may be done there besides what the environment itself says: each has to allow it.
    """
    linked, externals, told = link(rendered.documents, rendered.apps, rendered.failed, kinds, OUTSIDE)
    by_key = {it.document.key: it for it in linked}
    certain = (problem for problem in told if _certain(problem, by_key))
    problems = (*certain, *barred(linked, rendered.environment, allow, kinds))
    desired, cycles = desire(linked, kinds)
    found = (*rendered.problems, *problems, *cycles)
    wrong = {problem.key for problem in (*problems, *cycles) if problem.key and problem.severity is Severity.ERROR}
    declared = {document.key for document in rendered.documents}
    apps = rendered.apps.values()
    good = {key: item for key, item in desired.items() if key not in wrong}
    return Wish(
        rendered.environment,
        rendered.commit,
        kinds,
        good,
        rendered.failed | wrong | (declared - desired.keys()),
        externals,
        tuple(sorted(found, key=lambda problem: (problem.at is None, problem.at, problem.message))),
        suspended=frozenset(app.name for app in apps if app.suspend),
        windows={EVERY: rendered.environment.windows, **{app.name: app.windows for app in apps if app.windows}},
        approve=frozenset(
            [*(app.name for app in apps if app.approve), *([EVERY] if rendered.environment.approve else [])]
        ),
        declared=len(good),
    )


def _certain(problem: Problem, linked: Mapping[Key, Linked]) -> bool:
    """Whether a problem is one whatever values come for what is not read yet."""
    link = linked.get(problem.key) if problem.key else None
    if link is None:
        return True
    if problem.code in ("dangling-reference", "bad-reference"):
        return problem.path not in {show_path(path) for path in link.document.unread}
    return not any(linked[key].document.unread for key in (link.document.key, *link.needs) if key in linked)


def narrowed(wish: Wish, apps: Collection[str]) -> Wish:
    """The same wish with only some apps, and what these need of others."""
    wanted = {key for key in wish.desired if key.app in apps}
    for key in reversed(list(wish.desired)):
        if key in wanted:
            wanted |= wish.desired[key].needs | wish.desired[key].needs_ready
    desired = {key: item for key, item in wish.desired.items() if key in wanted}
    return replace(wish, desired=desired, apps=frozenset(apps))
