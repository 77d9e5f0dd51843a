"""The repository as the agent has it: read once for all environments, the last good state for as long as there is no
better one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.model.agent import Repository
from reconciler.model.errors import ReconcilerError, SourceError
from reconciler.model.lease import Begun, Older
from reconciler.source.directory import read_directory
from reconciler.source.git import ancestors
from reconciler.source.lineage import begun_at, older_in
from reconciler.source.revision import Revision

_EARLIER = 50
"""Commits that are looked at for a good one, when the newest is broken and nothing is remembered."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What there is to work by.

    revision  the files of the newest commit that could be read and is signed as it must be; None: there is none yet
    head      the newest commit that was seen, usable or not
    error     why what is newest cannot be had, or not be used
    trusted   the newest commit follows from the one before: where it does not (a rewind, a force-push), or an error
              stands, nothing is deleted because it is not declared any more
    fetched   whether the repository was ever read
    """

    revision: Revision | None = None
    head: str | None = None
    error: ReconcilerError | None = None
    trusted: bool = True
    fetched: bool = False


class Source(Protocol):
    """Thread-safe. The same Reading is given for as long as nothing has changed."""

    def reading(self) -> Reading:
        """What is newest; never waits for a remote."""
        ...

    def refresh(self) -> bool:
        """Ask the remote, and wait for its answer as long as a remote is waited for; whether it came."""
        ...

    def poke(self) -> None:
        """Have the remote asked soon."""
        ...

    def begun(self, commit: str) -> Begun:
        """A commit with its time. Raises SourceError where it is not known."""
        ...

    @property
    def older(self) -> Older:
        """Which of two commits is the older one."""
        ...

    def at(self, commit: str) -> Revision | None:
        """The files of an earlier commit; None where they cannot be had, or it is not signed as it must be."""
        ...

    def before(self, commit: str) -> Sequence[str]:
        """The commits before one, newest first, as many as are worth a look."""
        ...

    def history(self, commit: str) -> Sequence[str]:
        """A commit and those before it, newest first; none where it is not known."""
        ...


class Seen(Protocol):
    """What a poller has seen."""

    @property
    def commit(self) -> str | None: ...

    @property
    def error(self) -> ReconcilerError | None: ...


class Kept(Protocol):
    """A mirror: what was fetched of a remote."""

    @property
    def root(self) -> Path: ...

    def head(self) -> str | None: ...

    def read(self, commit: str) -> Revision: ...


class GitSource:
    """A mirror that a poller fetches into. ``check`` raises SourceError for a commit that is not signed as it must be.

    ``seen`` is what the poller has seen last, ``fetch_now`` waits for a fetch that begins after it is called.
    """

    def __init__(
        self,
        mirror: Kept,
        seen: Callable[[], Seen],
        *,
        fetch_now: Callable[[], Seen],
        poke: Callable[[], None],
        check: Callable[[str], object] = lambda commit: None,
    ) -> None:
        self._mirror, self._seen = mirror, seen
        self._fetch_now, self._poke, self._check = fetch_now, poke, check
        self._lock = threading.Lock()
        self._reading = Reading()

    def reading(self) -> Reading:
        with self._lock:
            seen, last = self._seen(), self._reading
            # a remote that is down at the very start leaves what an earlier process has fetched
            commit = seen.commit or (self._mirror.head() if seen.error is not None else None)
            if commit is not None and commit != last.head:
                self._reading = last = self._read(commit, last)
            if _said(seen.error) != _said(last.error) and (seen.error is not None or self._is_fetching(last)):
                self._reading = self._after(seen.error, last)
            return self._reading

    def refresh(self) -> bool:
        return self._fetch_now().error is None

    def poke(self) -> None:
        self._poke()

    def begun(self, commit: str) -> Begun:
        return begun_at(self._mirror.root, commit)

    @property
    def older(self) -> Older:
        return older_in(self._mirror.root)

    def at(self, commit: str) -> Revision | None:
        try:
            self._check(commit)
            return self._mirror.read(commit)
        except SourceError:
            return None

    def before(self, commit: str) -> Sequence[str]:
        return self.history(commit)[1:_EARLIER]

    def history(self, commit: str) -> Sequence[str]:
        return ancestors(self._mirror.root, commit)

    def _read(self, commit: str, last: Reading) -> Reading:
        """The files of a commit, or the last ones with the reason why these cannot be had."""
        try:
            self._check(commit)
            revision = self._mirror.read(commit)
        except SourceError as error:
            return Reading(last.revision, commit, error, False, True)
        follows = last.revision is None or last.revision.commit in ancestors(self._mirror.root, commit)
        return Reading(revision, commit, None, follows, True)

    def _after(self, error: ReconcilerError | None, last: Reading) -> Reading:
        return Reading(last.revision, last.head, error, error is None, last.fetched)

    @staticmethod
    def _is_fetching(last: Reading) -> bool:
        """Whether the error that stands is the remote's, which has answered since, and not that of the commit."""
        return last.error is not None and (last.revision is None or last.revision.commit == last.head)


class FolderSource:
    """A folder that is read as it lies. ``changed`` says whether something may have changed since it was last asked."""

    def __init__(self, root: Path, repository: Repository, changed: Callable[[], bool]) -> None:
        self._root = root / repository.folder if repository.folder else root
        self._changed = changed
        self._lock = threading.Lock()
        self._reading = Reading()

    def reading(self) -> Reading:
        with self._lock:
            if not self._reading.fetched or self._changed():
                self._reading = self._read()
            return self._reading

    def refresh(self) -> bool:
        """There is no remote."""
        return True

    def poke(self) -> None:
        """There is no remote."""

    def begun(self, commit: str) -> Begun:
        raise SourceError("a folder has no commits", where=self._root)

    @property
    def older(self) -> Older:
        return lambda one, other: False

    def at(self, commit: str) -> Revision | None:
        return None

    def before(self, commit: str) -> Sequence[str]:
        return ()

    def history(self, commit: str) -> Sequence[str]:
        return ()

    def _read(self) -> Reading:
        last = self._reading
        try:
            revision = read_directory(self._root)
        except ReconcilerError as error:
            return Reading(last.revision, None, error, False, last.fetched)
        same = last.revision is not None and _files(last.revision) == _files(revision) and last.error is None
        return last if same else Reading(revision, None, None, True, True)


def _files(revision: Revision) -> Mapping[str, bytes]:
    return revision.files


def _said(error: ReconcilerError | None) -> str:
    return str(error) if error is not None else ""
