"""From the files of a revision to what one environment wants, with everything that is wrong with them.

One file, one app that is wrong holds back only itself: its problems name the app. Problems that name none hold back
the environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.desired import App, Document, Environment, Rendered
from reconciler.model.errors import InvalidManifests, Problem
from reconciler.model.key import Key
from reconciler.model.kind import Kinds
from reconciler.model.lookup import Lookup, Values
from reconciler.model.policy import join
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.environment import AppSaid, Layer, read_app, read_environment, read_overlay
from reconciler.source.lookups import Lookups
from reconciler.source.manifest import Made, Setting, key_of, render_manifest
from reconciler.source.nodes import Map, Mark, Scalar, Source
from reconciler.source.patches import PatchLog
from reconciler.source.repository import Repository, by_place, environment_names, read_repository
from reconciler.source.revision import Revision
from reconciler.source.telling import Teller
from reconciler.source.variables import Variables, merge_vars

NOWHERE = Mark(Source("", ""), 0, 0)


def environments(revision: Revision) -> tuple[str, ...]:
    """The names of the environments a revision describes, sorted."""
    return environment_names(revision)


def render(revision: Revision, environment_name: str, kinds: Kinds, values: Values | None = None) -> Rendered:
    """What an environment wants at a revision. Raises InvalidManifests only when there is no such environment.

    ``values`` are what has been looked up so far: what is named and not among them is left unread, and told of by
    ``Rendered.needs`` alone.
    """
    repository = read_repository(revision, kinds.keys())
    if environment_name not in repository.environments:
        raise InvalidManifests([_no_such_environment(environment_name, environments(revision)), *repository.problems])
    return _Rendering(revision, environment_name, kinds, repository, values or {}).rendered()


@dataclass
class _Rendering:
    """The work on one environment. ``unknown``: apps whose variables could not all be read."""

    revision: Revision
    name: str
    kinds: Kinds
    repository: Repository
    values: Values
    needs: dict[Lookup, set[Key]] = field(default_factory=dict)
    made: dict[Key, Made] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    log: PatchLog = field(default_factory=PatchLog)
    unknown: set[str] = field(default_factory=set)

    def rendered(self) -> Rendered:
        tell = Teller(self.repository.problems)
        before = tell.so_far
        raw = self.repository.environments[self.name]
        names = self.repository.app_names
        reading = Teller() if raw.broken else tell
        environment, layer = read_environment(raw, self.name, names, self.kinds.keys(), self.revision.beside, reading)
        usable = not tell.wrong_since(before) and not raw.flawed
        chosen = set(names if environment.apps is None else environment.apps)
        settings = {}
        for app in sorted(chosen):
            settings[app] = self._setting(app, environment, layer, names, tell.of(app=app), silent=not usable)
        self._overlays_of_nowhere(tell)
        self._manifests(settings, self._variables(environment, [layer.vars] if layer.vars else [], silent=True), tell)
        self._former_names(tell)
        whole = self.repository.whole and usable
        self.log.tell(layer.patches, tell, whole=whole)
        problems = [it for it in self.repository.problems if it.app is None or it.app in chosen or it.app not in names]
        known = [it for it in self.made.values() if usable and it.key.app not in self.unknown]
        documents = [it.document for it in known if it.document is not None]
        there = {document.key for document in documents}
        return Rendered(
            environment=environment,
            commit=self.revision.commit,
            apps=self.apps,
            documents=tuple(sorted(documents, key=_by_key)),
            problems=by_place(problems),
            failed=frozenset(self.made.keys() - there),
            needs={lookup: frozenset(keys) for lookup, keys in self.needs.items()},
        )

    def _setting(
        self, app: str, environment: Environment, layer: Layer, names: Sequence[str], tell: Teller, *, silent: bool
    ) -> Setting:
        """What surrounds the manifests of an app, widest first: environment, App, the app's own environment."""
        raw = self.repository.apps.get(app)
        kinds, beside = self.kinds.keys(), self.revision.beside
        said = read_app(raw, app, names, kinds, beside, tell) if raw else AppSaid()
        over = self.repository.overlays.get(app, {}).get(self.name)
        own = read_overlay(over, self.name, app, kinds, beside, tell) if over else Layer()
        layers = (layer, said.layer, own)
        policies = [it.policy for it in layers]
        depends_on = tuple(other for other, _ in said.depends_on)
        windows, approve = (*said.layer.windows, *own.windows), any(it.approve for it in layers)
        self.apps[app] = App(app, depends_on, said.suspend, join(policies), windows, approve)
        if not all(it.whole for it in layers):
            self.unknown.add(app)
        silent = silent or app in self.unknown or any(it is not None and it.flawed for it in (raw, over))
        patches = (*layer.patches, *own.patches)
        variables = self._variables(environment, [it.vars for it in layers if it.vars], silent=silent)
        lookups = Lookups(own.tfstate or layer.tfstate, self.values, self.needs, silent)
        variables = replace(variables, lookups=lookups)
        return Setting(environment, variables, patches, policies, layer.marks, self.log, beside)

    def _variables(self, environment: Environment, levels: list[Map], *, silent: bool) -> Variables:
        commit = self.revision.commit
        env = {
            "name": environment.name,
            "region": environment.region,
            "accountId": environment.account_id,
            "cluster": environment.cluster,
        }
        git = {"sha": commit, "shortSha": commit and commit[:7]}
        missing = {
            f"env.{name}": f"environment {environment.name} does not say its {name}"
            for name, value in env.items()
            if value is None
        }
        if commit is None:
            why = "the directory is read as it lies, not at a commit"
            missing |= {f"git.{name}": why for name in git}
        values = {"vars": merge_vars(levels) or _map({}), "env": _map(env), "git": _map(git)}
        return Variables(values, missing, silent=silent)

    def _overlays_of_nowhere(self, tell: Teller) -> None:
        """An app's file for an environment that does not exist would never be read: most often a slip of the pen."""
        known = list(self.repository.environments)
        for app, overlays in self.repository.overlays.items():
            for name, raw in overlays.items():
                if name not in known:
                    hint = did_you_mean(name, known, otherwise=f"environments are: {listing(sorted(known))}")
                    message = f"there is no environment '{name}' in environments/"
                    tell.of(app=app).error("unknown-environment", message, raw.start, hint)

    def _manifests(self, settings: dict[str, Setting], outside: Variables, tell: Teller) -> None:
        """Each manifest in its app's setting; ``outside`` are the variables of a manifest in no app's folder."""
        for raw in self.repository.resources:
            there = tell.of(app=raw.folder)
            around = settings.get(raw.folder or "")
            variables = around.variables if around else outside
            found = key_of(raw, replace(variables, lookups=None), Teller() if raw.broken else there)
            if found is None:
                continue
            key, name_at = found
            setting = settings.get(key.app)
            if setting is None:
                continue
            if raw.broken:
                self.made.setdefault(key, Made(key, name_at))
                continue
            narrow = tell.of(app=key.app, key=key)
            if (first := self.made.get(key)) is not None:
                message = f"{key.kind}/{key.name} is given twice in app {key.app}"
                narrow.error("duplicate", message, name_at, "rename one", related=[(first.at, "first given here")])
                self.made[key] = Made(key, first.at)
                continue
            self.made[key] = render_manifest(raw, key, name_at, setting, self.kinds, narrow)

    def _former_names(self, tell: Teller) -> None:
        claimed: dict[Key, Made] = {}
        for made in list(self.made.values()):
            if made.formerly is None:
                continue
            former, at = made.formerly
            narrow = tell.of(app=made.key.app, key=made.key)
            if former in self.made:
                message = f"'formerly' names {former.kind}/{former.name}, which is still here"
                narrow.error("wrong-value", message, at, related=[(self.made[former].at, "it is given here")])
            elif former in claimed:
                message = f"two manifests were formerly {former.kind}/{former.name}"
                narrow.error("wrong-value", message, at, related=[(claimed[former].at, "the other one")])
            else:
                claimed[former] = made
                continue
            self.made[made.key] = Made(made.key, made.at)


def _map(values: dict[str, str | None]) -> Map:
    members = {name: Scalar(value, NOWHERE, value) for name, value in values.items() if value is not None}
    return Map(members, {}, NOWHERE)


def _by_key(document: Document) -> Key:
    return document.key


def _no_such_environment(name: str, known: Sequence[str]) -> Problem:
    others = f"environments are: {listing(known)}" if known else "write environments/<name>.yaml"
    message = f"there is no environment '{name}'"
    return Problem("unknown-environment", message, hint=did_you_mean(name, known, otherwise=others))
