"""A bare repository that is a cache: where its head is, what is kept in it, and whether it is still whole."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.model.errors import SourceError
from reconciler.source.git import read_git
from reconciler.source.git_process import run, text
from reconciler.source.refusals import Puzzling
from reconciler.source.revision import Revision

_HEAD: Final = "refs/reconciler/head"
FETCHED: Final = "refs/reconciler/fetched"
_PAST: Final = "refs/reconciler/past"
_MOST_PAST: Final = 500
_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Bare:
    """``prefix`` is the folder in its commits that holds the manifests. What it cannot do raises Puzzling."""

    root: Path
    prefix: str = ""

    def make(self) -> None:
        """An empty one, with nothing of any template in it."""
        _text(self.root.parent, "init", "--quiet", "--bare", "--template=", "--initial-branch=none", str(self.root))

    def head(self) -> str | None:
        """The commit that was last found good; None where there is none, or it is not there."""
        return self._points(_HEAD)

    def fetched(self) -> str | None:
        """The commit that a fetch has left."""
        return self._points(FETCHED)

    def has(self, commit: str) -> bool:
        return is_id(commit) and self._points(commit) is not None

    def read(self, commit: str) -> Revision:
        """Its manifests. Raises SourceError."""
        return read_git(self.root, commit, prefix=self.prefix)

    def move(self, new: str) -> None:
        """Let the head be there; what it leaves by that, and is no ancestor, is kept."""
        old = self.head()
        if old is not None and run(self.root, "merge-base", "--is-ancestor", old, new).returncode:
            _text(self.root, "update-ref", self.next_past(), old)
        _text(self.root, "update-ref", _HEAD, new)

    def next_past(self) -> str:
        """A name for one more commit that is kept; the oldest of many is let go."""
        kept = _text(self.root, "for-each-ref", "--format=%(refname)", _PAST).split()
        for name in kept[: max(0, len(kept) + 1 - _MOST_PAST)]:
            _text(self.root, "update-ref", "-d", name)
        return f"{_PAST}/{int(kept[-1].rpartition('/')[2]) + 1 if kept else 1:08}"

    def usable(self) -> bool:
        """Whether it is a repository of its own, with a head: git would else find one that it lies in."""
        if not self.root.is_dir():
            return False
        found = run(self.root, "rev-parse", "--absolute-git-dir")
        if found.returncode or Path(os.fsdecode(found.stdout.rstrip(b"\n"))).resolve() != self.root.resolve():
            return False
        return self.head() is not None

    def sound(self) -> bool:
        """Whether all that it should hold is there, and the head can be read; a look too long proves nothing."""
        try:
            head = self.head()
            if head is None or run(self.root, "fsck", "--connectivity-only", "--no-dangling").returncode:
                return False
        except SourceError:
            return True
        try:
            self.read(head)
        except SourceError:
            return False
        return True

    def clear(self) -> None:
        """Remove locks and half-written objects: whoever made them is gone."""
        for pattern in ("*.lock", "tmp_*", "gc.pid"):
            for left in self.root.rglob(pattern):
                remove(left)

    def _points(self, name: str) -> str | None:
        found = run(self.root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return found.stdout.decode().strip() if found.returncode == 0 else None


def is_id(text: str) -> bool:
    """Whether it is a full id, and no name that means something else later."""
    return _ID.fullmatch(text) is not None


def remove(path: Path) -> None:
    """Whatever it is, and if it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _text(root: Path, *arguments: str) -> str:
    """What git says; where it fails, the repository is in question."""
    try:
        return text(root, *arguments)
    except SourceError as error:
        raise Puzzling(error.message, where=root, hint=error.hint) from None
