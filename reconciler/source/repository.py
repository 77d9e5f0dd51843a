"""The documents of a revision, sorted: environments, what apps say for one environment, apps, resources."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from reconciler.model.errors import Position, Problem
from reconciler.model.suggest import did_you_mean, listing
from reconciler.source.formats import API_VERSION, is_sops, recognise
from reconciler.source.load import Loaded, load
from reconciler.source.nodes import List, Map, Mark, Node, Scalar, Source, get, plain
from reconciler.source.revision import Revision, app_of, is_data
from reconciler.source.telling import Teller

ENVIRONMENT, APP = "Environment", "App"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_STRAY = re.compile(rb"(?:^|[{,])[ \t\"']*apiVersion[\"']?[ \t]*:[ \t]*[\"']?reconciler/", re.MULTILINE)
_ENVELOPE = ("apiVersion", "kind", "metadata", "spec")


@dataclass(frozen=True)
class Raw:
    """A document as written, of a kind that is known.

    ``flawed``: it is not what was written; ``broken``: it breaks off, so nothing can be said of what is not in it.
    """

    node: Map
    kind: str
    file: str
    flawed: bool = False
    broken: bool = False

    @property
    def folder(self) -> str | None:
        """The app in whose folder it lies."""
        return app_of(self.file)

    @property
    def name(self) -> str | None:
        """``metadata.name`` when it is usable text."""
        found = get(self.node, "metadata", "name")
        value = found.value if isinstance(found, Scalar) else None
        return str(value) if isinstance(value, str | int) and NAME.fullmatch(str(value)) else None

    @property
    def start(self) -> Mark:
        return self.node.keys.get("kind", self.node.at)


@dataclass
class Repository:
    """``overlays``: app → environment → what the app says for it."""

    environments: dict[str, Raw] = field(default_factory=dict)
    overlays: dict[str, dict[str, Raw]] = field(default_factory=dict)
    apps: dict[str, Raw | None] = field(default_factory=dict)
    resources: list[Raw] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True

    @property
    def app_names(self) -> tuple[str, ...]:
        """The apps that have a folder, and those that only ``metadata.app`` names, sorted."""
        found = set(self.apps)
        for raw in self.resources:
            app = get(raw.node, "metadata", "app")
            if isinstance(app, Scalar) and isinstance(app.value, str) and "${{" not in app.value:
                found.add(app.value)
        return tuple(sorted(found))


def environment_names(revision: Revision) -> tuple[str, ...]:
    """The names of the environments of a revision, sorted: those of the files right in environments/."""
    named = {}
    for path, content in revision.files.items():
        place = PurePosixPath(path)
        if place.parts[0] == "environments" and len(place.parts) == 2 and not _written_by_sops(path, content):
            named[place.stem] = path
    return tuple(sorted(named))


def read_repository(revision: Revision, kinds: Collection[str]) -> Repository:
    """Read every file. What is wrong is among the problems, and nothing of one file hinders another."""
    made = Repository(problems=list(revision.problems))
    for path in sorted(revision.files):
        content = revision.files[path]
        if _written_by_sops(path, content) or (is_data(path) and not _STRAY.search(content)):
            continue
        loaded = load(path, content)
        made.problems.extend(loaded.problems)
        made.whole = made.whole and not loaded.problems
        tell = Teller(made.problems, app_of(path))
        if (app := app_of(path)) is not None:
            made.apps.setdefault(app, None)
        if is_data(path):
            folder = PurePosixPath(path).parent
            message = f"a manifest does not lie in {folder}/, where only what manifests name is looked for"
            tell.error("misplaced", message, Mark(Source(path, ""), 0, 0), "move it out of this folder")
            continue
        raws = list(_documents(path, loaded, kinds, tell))
        _place(path, raws, made, tell, readable=not loaded.problems, empty=not loaded.documents)
    if not made.apps and not any(raw.kind not in (ENVIRONMENT, APP) for raw in made.resources) and not made.problems:
        where = f" in {revision.root}" if revision.root else ""
        message = f"there is no manifest in an apps/ folder{where}"
        made.problems.append(Problem("no-apps", message, hint="an app is a folder: apps/<name>/*.yaml"))
    return made


def _written_by_sops(path: str, content: bytes) -> bool:
    if b"sops" not in content:
        return False
    documents = load(path, content).documents
    return bool(documents) and all(is_sops(plain(node)) for node in documents)


def _documents(path: str, loaded: Loaded, kinds: Collection[str], tell: Teller) -> Iterator[Raw]:
    for index, node in enumerate(loaded.documents):
        flawed, broken = index in loaded.flawed, index == loaded.broken
        if isinstance(node, Map) and "sops" in node.members and is_sops(plain(node)):
            continue
        if not isinstance(node, Map) or "kind" not in node.members or _foreign(node):
            if not flawed:
                _refuse(node, tell)
            continue
        kind = get(node, "kind")
        name = kind.value if isinstance(kind, Scalar) else None
        if not broken:
            _check_envelope(node, tell)
        if name in kinds or name in (ENVIRONMENT, APP):
            yield Raw(node, str(name), path, flawed, broken)
            continue
        known = [*kinds, APP, ENVIRONMENT]
        hint = did_you_mean(str(name), known, otherwise=f"kinds are: {listing(sorted(known), most=30)}")
        shown = f"'{str(name)[:40]}'" if name is not None else "what stands here"
        tell.error("unknown-kind", f"{shown} is not a kind", kind.at if kind else node.at, hint)


def _foreign(node: Map) -> bool:
    version = get(node, "apiVersion")
    said = version.value if isinstance(version, Scalar) else None
    return isinstance(said, str) and not said.startswith("reconciler/") and recognise(plain(node)) is not None


def _refuse(node: Node, tell: Teller) -> None:
    known = recognise(plain(node))
    if known is not None:
        what, hint = known
        tell.error("foreign-format", f"this is {what}, not a manifest", node.at, hint)
    elif isinstance(node, Map):
        meant = next((it for it in node.members if it.lower() == "kind"), None)
        hint = (
            f"write 'kind' for '{meant}'"
            if meant
            else "a manifest has apiVersion, kind, metadata and spec; keep other files out of apps/"
        )
        tell.error("missing-member", "'kind' is missing: this is not a manifest", node.at, hint)
    else:
        what = "a list" if isinstance(node, List) else "plain text"
        tell.error("wrong-type", f"{what} where a manifest has to be an object", node.at)


def _check_envelope(node: Map, tell: Teller) -> None:
    for name, mark in node.keys.items():
        if name not in _ENVELOPE:
            hint = did_you_mean(name, _ENVELOPE, otherwise="what AWS's API takes belongs under 'spec'")
            tell.error("unknown-member", f"'{name}' is not a member of a manifest", mark, hint)
    version = get(node, "apiVersion")
    if version is None:
        tell.error("missing-member", "'apiVersion' is missing", node.at, f"write apiVersion: {API_VERSION}")
    elif plain(version) != API_VERSION:
        tell.error("unknown-value", f"'apiVersion' has to be {API_VERSION}", version.at)


def _place(path: str, raws: list[Raw], made: Repository, tell: Teller, *, readable: bool, empty: bool) -> None:
    steps = PurePosixPath(path).parts
    if steps[0] == "environments" or (len(steps) == 4 and steps[2] == "environments"):
        name = PurePosixPath(path).stem
        shelf = made.environments if steps[0] == "environments" else made.overlays.setdefault(steps[1], {})
        if steps[0] == "environments" and len(steps) > 2:
            message = "an environment is a file right in environments/, not in a folder of it"
            tell.error("misplaced", message, Mark(Source(path, ""), 0, 0), f"move it to environments/{name}.yaml")
            return
        _environment(path, name, raws, shelf, tell, readable=readable, empty=empty)
        return
    for raw in raws:
        if raw.kind == ENVIRONMENT:
            message = "an Environment lies in environments/, or in apps/<app>/environments/ for one app"
            tell.error("misplaced", message, raw.start)
        elif raw.kind != APP:
            made.resources.append(raw)
        elif raw.folder is None:
            tell.error("misplaced", "an App lies in the folder of the app: apps/<app>/", raw.start)
        elif (first := made.apps.get(raw.folder)) is not None:
            related = [(first.start, "first given here")]
            tell.error("duplicate", f"the app {raw.folder} is described twice", raw.start, "keep one", related=related)
        else:
            made.apps[raw.folder] = raw


def _environment(
    path: str, name: str, raws: list[Raw], shelf: dict[str, Raw], tell: Teller, *, readable: bool, empty: bool
) -> None:
    start = Mark(Source(path, ""), 0, 0)
    found = None
    for raw in raws:
        if raw.kind != ENVIRONMENT:
            tell.error("misplaced", f"a {raw.kind} lies under apps/<app>/, not here", raw.start)
        elif found is not None:
            tell.error("duplicate", "a file of environments/ holds one Environment", raw.start)
            found = replace(found, flawed=True)
        else:
            found = raw
    if found is None:
        if readable and empty:
            hint = f"write apiVersion: {API_VERSION}, kind: Environment"
            tell.error("missing-member", "the file says nothing of the environment", start, hint)
        found = Raw(Map({}, {}, start), ENVIRONMENT, path, flawed=True)
    if (first := shelf.get(name)) is not None:
        related = [(first.start, "first given here")]
        tell.error("duplicate", f"the environment {name} is described by two files", found.start, related=related)
        shelf[name] = replace(first, flawed=True)
        return
    shelf[name] = found


def by_place(problems: list[Problem]) -> tuple[Problem, ...]:
    """Problems sorted by file and line, those without a place first, each once."""
    nowhere = Position("", 0, 0)
    return tuple(sorted(dict.fromkeys(problems), key=lambda it: (it.at or nowhere, it.code, it.message)))


__all__ = ["APP", "ENVIRONMENT", "NAME", "Raw", "Repository", "by_place", "environment_names", "read_repository"]
