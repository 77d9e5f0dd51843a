"""Which of two commits is the older one, as far as a clone knows; a shallow one knows little."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from reconciler.model.errors import SourceError
from reconciler.model.lease import Begun, by_time
from reconciler.source.git_process import git, run, text


def begun_at(root: Path | str, commit: str) -> Begun:
    """A commit with its committer's time. Raises SourceError where the repository does not have it."""
    header, _, _ = git(Path(root), "cat-file", "commit", commit).partition(b"\n\n")
    line = next((it for it in header.split(b"\n") if it.startswith(b"committer ")), b"")
    try:
        seconds, _zone = line.rsplit(b" ", 2)[-2:]
        return Begun(commit, datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError):
        raise SourceError(f"commit {commit} does not say when it was made", where=root) from None


def older_in(root: Path | str) -> Callable[[Begun, Begun], bool]:
    """Whether a commit comes before another one.

    The history decides where it is known: an ancestor is older, a descendant and what lies on another branch is not.
    Where the other commit is not here, or the clone is shallow and does not connect them, their times decide.
    """
    path = Path(root)

    def older(one: Begun, other: Begun) -> bool:
        if one.commit == other.commit:
            return False
        before, after = _ancestor(path, one.commit, other.commit), _ancestor(path, other.commit, one.commit)
        if before or after:
            return bool(before)
        if before is None or _shallow(path):
            return by_time(one, other)
        return False

    return older


def _ancestor(root: Path, one: str, other: str) -> bool | None:
    """Whether one commit is among those before the other; None: it is not known, one of them is not here."""
    code = run(root, "merge-base", "--is-ancestor", one, other).returncode
    return code == 0 if code in (0, 1) else None


def _shallow(root: Path) -> bool:
    return text(root, "rev-parse", "--is-shallow-repository").strip() == "true"
