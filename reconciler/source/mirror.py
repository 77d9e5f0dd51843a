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
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reconciler.model.agent import Repository
from reconciler.model.errors import ReconcilerError, SourceError, UsageError
from reconciler.source.bounded import Bounded
from reconciler.source.credentials import Credentials
from reconciler.source.fetching import Place, command, environment, tidying
from reconciler.source.git import read_git
from reconciler.source.git_process import run, text
from reconciler.source.refusals import Puzzling, Unreachable, hung, refusal
from reconciler.source.remote import remote
from reconciler.source.revision import Revision

_HEAD: Final = "refs/reconciler/head"
_FETCHED: Final = "refs/reconciler/fetched"
_PAST: Final = "refs/reconciler/past"
_MOST_PAST: Final = 500
_ANEW: Final = 10
"""A first fetch brings all of the history: it may take so many times as long."""


class Mirror:
    """``credentials`` is asked before each fetch. Raises UsageError for a URL or a branch that cannot be one.

    One thread fetches; ``root`` and ``read`` are for any. ``environ``: what of this process's environment is passed on.
    """

    def __init__(
        self,
        folder: Path,
        repository: Repository,
        credentials: Callable[[], Credentials | None] = lambda: None,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.remote = remote(repository.url)
        self.repository = repository
        named = hashlib.sha256(f"{self.remote.url}\n{repository.branch}".encode()).hexdigest()[:16]
        self.folder = folder.absolute()
        self.root = self.folder / f"{named}.git"
        self._place = Place(self.folder)
        self._credentials = credentials
        self._environ = environ
        self._runs = Bounded(self.folder)
        self._doubted = False
        self._tidy = False
        self._read: str | None = None
        _check_branch(repository.branch)

    def fetch(self) -> str:
        """The full id of the branch's newest commit, which can now be read. Raises SourceError.

        ``retry`` of the error says whether it may pass by itself. It ends within the repository's timeout, or ten
        times that when the mirror is made; after an error the mirror is as it was.
        """
        try:
            with self._alone():
                who = self._credentials()
                self._doubted = not self._usable() or (self._doubted and not self._sound())
                if self._doubted:
                    return self._anew(who)
                try:
                    return self._update(self.root, who, self.repository.timeout)
                except Puzzling:
                    if self._sound():
                        raise
                    return self._anew(who)
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
        return self._points(self.root, _HEAD) if self._usable() else None

    def read(self, commit: str) -> Revision:
        """The manifests at a commit. Raises SourceError; the next fetch then looks whether the mirror is broken."""
        try:
            return read_git(self.root, commit, prefix=self.repository.folder)
        except SourceError:
            self._doubted = True
            raise

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
                _clear(self.root)
            self._tidy = False
            yield
            self._tidy = True

    def _update(self, root: Path, who: Credentials | None, patience: float) -> str:
        branch = self.repository.branch
        wanted = f"refs/heads/{branch}" if branch else "HEAD"
        self._run(root, f"+{wanted}:{_FETCHED}", who, patience)
        new, old = self._points(root, _FETCHED), self._points(root, _HEAD)
        if new is None:
            raise Puzzling("what was fetched is no commit", where=self.remote)
        if new != self._read:
            try:
                read_git(root, new, prefix=self.repository.folder)
            except SourceError as error:
                raise Puzzling(f"what was fetched cannot be read: {error.message}", where=root) from None
        if new != old:
            if old is not None and run(root, "merge-base", "--is-ancestor", old, new).returncode:
                self._keep(root, old)
            self._local(root, "update-ref", _HEAD, new)
            self._save_room(root)
        self._read = new
        return new

    def _save_room(self, root: Path) -> None:
        """Months of small fetches leave thousands of files. Nothing that a ref holds goes; it may fail."""
        environ = self._environment(None)
        self._runs.run(tidying(root), env=environ, timeout=self.repository.timeout)

    def _run(self, root: Path, refspec: str, who: Credentials | None, patience: float) -> None:
        arguments = command(root, self.remote, [refspec], self._place, who, stall=self.repository.timeout)
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
        return environment(self.remote, self._place, who, os.environ if self._environ is None else self._environ)

    @staticmethod
    def _local(root: Path, *arguments: str) -> str:
        """What git says of the mirror itself; where it fails, the mirror is in question."""
        try:
            return text(root, *arguments)
        except SourceError as error:
            raise Puzzling(error.message, where=root, hint=error.hint) from None

    def _anew(self, who: Credentials | None) -> str:
        """Fetch everything beside what is there, and put it in its place when it is whole."""
        fresh, old = self.folder / "fresh.git", self.folder / "old.git"
        for leftover in (fresh, old):
            _remove(leftover)
        self._local(self.folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=none", str(fresh))
        try:
            self._read = None
            head = self._update(fresh, who, self.repository.timeout * _ANEW)
        except SourceError:
            _remove(fresh)
            raise
        if self.root.exists():
            self.root.rename(old)
        fresh.rename(self.root)
        _remove(old)
        self._doubted = False
        return head

    def _keep(self, root: Path, commit: str) -> None:
        """A ref for a commit that the branch has left; the oldest of many is let go."""
        kept = self._local(root, "for-each-ref", "--format=%(refname)", _PAST).split()
        number = int(kept[-1].rpartition("/")[2]) + 1 if kept else 1
        self._local(root, "update-ref", f"{_PAST}/{number:08}", commit)
        for name in kept[: max(0, len(kept) + 1 - _MOST_PAST)]:
            self._local(root, "update-ref", "-d", name)

    def _usable(self) -> bool:
        """Whether the folder is a repository of its own: git would else find one that it lies in."""
        if not self.root.is_dir():
            return False
        found = run(self.root, "rev-parse", "--absolute-git-dir")
        if found.returncode or Path(os.fsdecode(found.stdout.rstrip(b"\n"))).resolve() != self.root.resolve():
            return False
        return self._points(self.root, _HEAD) is not None

    def _sound(self) -> bool:
        """Whether everything that is reachable is there, and the head can be read; a look too long proves nothing."""
        try:
            head = self._points(self.root, _HEAD)
            if head is None or run(self.root, "fsck", "--connectivity-only", "--no-dangling").returncode:
                return False
        except SourceError:
            return True
        try:
            read_git(self.root, head, prefix=self.repository.folder)
        except SourceError:
            return False
        return True

    @staticmethod
    def _points(root: Path, ref: str) -> str | None:
        found = run(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return found.stdout.decode().strip() if found.returncode == 0 else None


def _check_branch(branch: str) -> None:
    """By git's own rules for names of refs."""
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-./]|[./]$", branch)
    if branch and (bad or branch == "@"):
        raise UsageError(f"{branch!r} cannot be the name of a branch", where="repository.branch")


def _clear(root: Path) -> None:
    """Locks and half-written objects; the one who made them is gone."""
    for pattern in ("*.lock", "tmp_*", "gc.pid"):
        for left in root.rglob(pattern):
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
