"""What an app wanted at an earlier commit, rendered when it is asked for, from the repository that it was read from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.core import base
from reconciler.core.order import desire
from reconciler.core.references import link
from reconciler.core.world import World
from reconciler.kinds import KINDS, OUTSIDE
from reconciler.model.desired import Desired
from reconciler.model.errors import InvalidManifests, SourceError
from reconciler.model.key import Key
from reconciler.source.render import render
from reconciler.source.revision import Revision, app_of

MOST = 256
"""Apps at a commit that are kept; a commit that is wanted again is rendered again."""

_REVISIONS = 4

Known = Mapping[Key, Desired] | None

K = TypeVar("K")
V = TypeVar("V")


class Bases:
    """``read`` gives the files of a commit, or raises SourceError. Thread-safe; each (app, commit) is rendered once.

    A commit that the repository has no more, or that no longer renders, is not known: that is no error. Values of other
    tools are not looked up again, and no image is pinned.
    """

    def __init__(self, read: Callable[[str], Revision], environment: str) -> None:
        self._read, self._environment = read, environment
        self._lock = threading.Lock()
        self._revisions: dict[str, Revision | None] = {}
        self._known: dict[tuple[str, str], Known] = {}

    def __call__(self, app: str, commit: str) -> Known:
        """What an app wanted at a commit, by its keys; None where nobody knows any more."""
        with self._lock:
            if (app, commit) not in self._known:
                _make_room(self._known, MOST)
                self._known[app, commit] = self._rendered(app, commit)
            return self._known[app, commit]

    def _rendered(self, app: str, commit: str) -> Known:
        revision = self._revision(commit)
        if revision is None:
            return None
        files = {path: content for path, content in revision.files.items() if app_of(path) in (None, app)}
        try:
            rendered = render(replace(revision, files=files), self._environment, KINDS)
        except InvalidManifests:
            return None
        if not rendered.complete:
            return None
        # what it refers to in other apps is not here, and stays as it is written
        linked, _, _ = link(rendered.documents, rendered.apps, rendered.failed, KINDS, OUTSIDE)
        desired, _ = desire(linked, KINDS)
        return {key: item for key, item in desired.items() if key.app == app}

    def _revision(self, commit: str) -> Revision | None:
        if commit not in self._revisions:
            _make_room(self._revisions, _REVISIONS)
            try:
                self._revisions[commit] = self._read(commit)
            except SourceError:
                self._revisions[commit] = None
        return self._revisions[commit]


def with_bases(world: World, asked: Callable[[str, str], Known]) -> World:
    """The world with what was in force of the apps that want something else now."""
    wanted = base.wanted(world)
    return replace(world, bases={it: asked(*it) for it in sorted(wanted)}) if wanted else world


def _make_room(kept: dict[K, V], most: int) -> None:
    """Forget the oldest."""
    while len(kept) >= most:
        del kept[next(iter(kept))]
