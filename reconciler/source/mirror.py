"""A bare mirror of the branch that is watched: fetched into by one thread, read by others while it is.

All of the history is fetched, and what is pushed away by force is kept under refs of ours: the commit in force, and
those that apps were last synced at, must be readable long after the branch has left them. There is one ref for each
such commit, and none for what the branch still holds. A blob-less or shallow mirror would ask the remote while reading.

The folder is a cache: what is broken in it is thrown away and fetched anew. The head moves only to a commit whose
manifests have been read, so a fetch that was cut short is never seen.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reconciler.model.agent import Repository
from reconciler.model.errors import ReconcilerError, SourceError, UsageError
from reconciler.source.bare import FETCHED, Bare, is_id, remove
from reconciler.source.bounded import Bounded
from reconciler.source.credentials import Credentials
from reconciler.source.fetching import Place, command, environment, tidying
from reconciler.source.refusals import Puzzling, Unreachable, hung, refusal
from reconciler.source.remote import remote
from reconciler.source.revision import Revision

_ANEW: Final = 10
"""A first fetch brings all of the history: it may take so many times as long."""
_BAD_BRANCH: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-./]|[./]$|^@$")


class Mirror:
    """``credentials`` is asked before each fetch. Raises UsageError for a URL or a branch that cannot be one.

    One thread fetches; all else is for any. ``environ``: where what is passed on to git is taken from (default: ours).
    """

    def __init__(
        self,
        folder: Path,
        repository: Repository,
        credentials: Callable[[], Credentials | None] = lambda: None,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        if repository.branch and _BAD_BRANCH.search(repository.branch):
            raise UsageError(f"{repository.branch!r} cannot be the name of a branch", where="repository.branch")
        self.remote = remote(repository.url)
        self.repository = repository
        self.folder = folder.absolute()
        named = hashlib.sha256(f"{self.remote.url}\n{repository.branch}".encode()).hexdigest()[:16]
        self._bare = Bare(self.folder / f"{named}.git", repository.folder)
        self._place = Place(self.folder)
        self._credentials = credentials
        self._environ = os.environ if environ is None else environ
        self._runs = Bounded(self.folder)
        self._doubted = self._tidy = False
        self._newest: Revision | None = None
        self._wanted: frozenset[str] = frozenset()
        self._refused: set[str] = set()

    @property
    def root(self) -> Path:
        """Where the objects are, for ``read_git`` and ``ancestors``."""
        return self._bare.root

    def fetch(self) -> str:
        """The full id of the branch's newest commit, which can now be read. Raises SourceError.

        ``retry`` of the error says whether it may pass by itself. It ends within the repository's timeout, or ten
        times that when the mirror is made; after an error the mirror is as it was.
        """
        try:
            with self._alone():
                who = self._credentials()
                head = self._fetch(who)
                self._bring(who)
                return head
        except SourceError:
            raise
        except ReconcilerError as error:
            failed = (Unreachable if error.retry else SourceError)(error.message, where=error.where, hint=error.hint)
        except OSError as error:
            failed = Unreachable(
                f"the mirror cannot be written: {error.strerror or type(error).__name__}",
                where=error.filename or self.folder,
                hint="make room, or set repository.mirror to a folder that may be written to",
            )
        raise failed

    def head(self) -> str | None:
        """The commit that was last fetched, by an earlier process too; None: none yet, or it cannot be read."""
        return self._bare.head() if self._bare.usable() else None

    def read(self, commit: str) -> Revision:
        """The manifests at a commit. Raises SourceError; the next fetch then looks whether the mirror is broken."""
        newest = self._newest
        if newest is not None and newest.commit == commit:
            return newest
        try:
            return self._bare.read(commit)
        except SourceError:
            self._doubted = True
            raise

    def want(self, commits: Iterable[str]) -> None:
        """From now on try to have these too, by their full ids: a remote often still has what no branch holds."""
        self._wanted = frozenset(commit for commit in commits if is_id(commit))

    def stop(self) -> None:
        """End a fetch that is under way, with all its processes, and let no other begin."""
        self._runs.stop()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process fetches into the folder. What one that was killed has left is cleared away."""
        self._place.prepare()
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Unreachable(
                    "another process fetches into it", where=self.folder, hint="give each agent a mirror of its own"
                ) from None
            if not self._tidy:
                self._bare.clear()
            self._tidy = False
            yield
            self._tidy = True

    def _fetch(self, who: Credentials | None) -> str:
        self._doubted = not self._bare.usable() or (self._doubted and not self._bare.sound())
        if not self._doubted:
            try:
                return self._update(self._bare, who, self.repository.timeout)
            except Puzzling:
                if self._bare.sound():
                    raise
        return self._anew(who)

    def _update(self, bare: Bare, who: Credentials | None, patience: float) -> str:
        branch = self.repository.branch
        self._run(bare, f"+{f'refs/heads/{branch}' if branch else 'HEAD'}:{FETCHED}", who, patience)
        new = bare.fetched()
        if new is None:
            raise Puzzling("what was fetched is no commit", where=self.remote)
        if self._newest is None or new != self._newest.commit:
            try:
                revision = bare.read(new)
            except SourceError as error:
                raise Puzzling(f"what was fetched cannot be read: {error.message}", where=bare.root) from None
            self._newest = revision if bare is self._bare else None  # it knows its folder, and a fresh one will move
        if new != bare.head():
            bare.move(new)
            # Months of small fetches leave thousands of files. It only saves room, so it may fail.
            self._runs.run(tidying(bare.root), env=self._environment(None), timeout=self.repository.timeout)
        return new

    def _bring(self, who: Credentials | None) -> None:
        """Commits that are wanted and not there. One that the remote does not give is not asked for again."""
        for commit in sorted(self._wanted - self._refused):
            if not self._bare.has(commit):
                try:
                    self._run(self._bare, f"+{commit}:{self._bare.next_past()}", who, self.repository.timeout)
                except SourceError as error:
                    if error.retry and not isinstance(error, Puzzling):
                        return
                    self._refused.add(commit)

    def _run(self, bare: Bare, refspec: str, who: Credentials | None, patience: float) -> None:
        arguments = command(bare.root, self.remote, [refspec], self._place, who, stall=self.repository.timeout)
        try:
            ended = self._runs.run(arguments, env=self._environment(who), timeout=patience)
        except FileNotFoundError:
            raise SourceError("git is not installed, or not on PATH", where=self.remote) from None
        if self._runs.stopped:
            raise Unreachable("the fetch was stopped", where=self.remote)
        if ended.code is None:
            raise hung(self.remote, patience)
        if ended.code:
            raise refusal(ended.said, self.remote, self.repository.branch, who)

    def _environment(self, who: Credentials | None) -> dict[str, str]:
        return environment(self.remote, self._place, who, self._environ)

    def _anew(self, who: Credentials | None) -> str:
        """Fetch everything beside what is there, and put it in its place when it is whole."""
        fresh, old = Bare(self.folder / "fresh.git", self.repository.folder), self.folder / "old.git"
        for leftover in (fresh.root, old):
            remove(leftover)
        try:
            fresh.make()
            head = self._update(fresh, who, self.repository.timeout * _ANEW)
        except SourceError:
            remove(fresh.root)
            raise
        if self.root.exists():
            self.root.rename(old)
        fresh.root.rename(self.root)
        remove(old)
        self._doubted = False
        return head
