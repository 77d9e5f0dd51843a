"""Where the variables of an environment are given, and which environments read one from the same place."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from reconciler.model.errors import InvalidManifests, Severity
from reconciler.source.environment import AppSaid, Layer, read_app, read_environment, read_overlay
from reconciler.source.nodes import Map, Mark, get
from reconciler.source.repository import Repository, read_repository
from reconciler.source.revision import Revision
from reconciler.source.telling import Teller
from reconciler.source.variables import merge_vars
from reconciler.source.vars_from import named_files


@dataclass(frozen=True)
class Giving:
    """The variables of a revision, environment by environment; each is read once."""

    revision: Revision
    kinds: Collection[str]
    repository: Repository
    _read: dict[tuple[str, str | None], dict[str, Map]] = field(default_factory=dict)

    @classmethod
    def of(cls, revision: Revision, kinds: Collection[str]) -> Giving:
        return cls(revision, kinds, read_repository(revision, kinds))

    def by_app(self, environment: str, app: str | None = None) -> dict[str, Map]:
        """What each app of an environment reads, or one of them; every value knows its place.

        Raises InvalidManifests where something is wrong that may give a variable.
        """
        if (environment, app) not in self._read:
            self._read[environment, app] = self._by_app(environment, app)
        return self._read[environment, app]

    def environments_at(self, name: str, place: Mark) -> tuple[str, ...]:
        """The environments in which a variable comes from a place, sorted."""
        return tuple(sorted(it for it in self.repository.environments if self.apps_at(it, name, place)))

    def apps_at(self, environment: str, name: str, place: Mark) -> tuple[str, ...]:
        """The apps of an environment for which it does, sorted; where that cannot be seen, for which it may."""
        return tuple(app for app in self.repository.app_names if self._reads(environment, app, name, place))

    def _reads(self, environment: str, app: str, name: str, place: Mark) -> bool:
        try:
            node = get(self.by_app(environment, app).get(app), *name.split("."))
        except InvalidManifests:
            return place.source.name in self._files(environment, app)
        return node is not None and same_place(node.at, place)

    def _by_app(self, environment: str, app: str | None) -> dict[str, Map]:
        names, beside = self.repository.app_names, self.revision.beside
        tell = Teller([*self.repository.problems])
        raw = self.repository.environments[environment]
        said, layer = read_environment(raw, environment, names, self.kinds, beside, tell)
        chosen = set(names if said.apps is None else said.apps)
        found = {}
        for name in sorted(chosen if app is None else chosen & {app}):
            there = tell.of(app=name)
            own, over = self.repository.apps.get(name), self.repository.overlays.get(name, {}).get(environment)
            of_app = read_app(own, name, names, self.kinds, beside, there) if own else AppSaid()
            of_both = read_overlay(over, environment, name, self.kinds, beside, there) if over else Layer()
            levels = [it.vars for it in (layer, of_app.layer, of_both) if it.vars]
            found[name] = merge_vars(levels) or Map({}, {}, raw.start)
        wrong = [it for it in tell.problems if it.severity is Severity.ERROR and it.app in (None, *found)]
        if wrong:
            raise InvalidManifests(wrong)
        return found

    def _files(self, environment: str, app: str) -> Iterator[str]:
        """Every file that may give a variable to an app in an environment."""
        raw = self.repository.environments[environment]
        for document in (raw, self.repository.apps.get(app), self.repository.overlays.get(app, {}).get(environment)):
            if document is not None:
                yield document.file
                yield from named_files(document.node)


def same_place(one: Mark, other: Mark) -> bool:
    """Whether two marks are of one place; each reading of a file has a source of its own."""
    return (one.source.name, one.line, one.column) == (other.source.name, other.line, other.column)
