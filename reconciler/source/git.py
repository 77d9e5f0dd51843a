"""Manifests at a commit, read from git's objects: never from a checkout, so nothing of the tree is followed or run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.errors import SourceError
from reconciler.source.beside import BesideError
from reconciler.source.directory import read_directory
from reconciler.source.git_process import contents, git, run, size, text
from reconciler.source.git_shelf import ODD_MODES, GitShelf
from reconciler.source.named import files_named_in
from reconciler.source.revision import FOLDERS, Gathering, Revision, printable, wanted

_MOST_COMMITS = 10_000


def read_git(root: Path | str, revision: str = "HEAD", *, prefix: str | None = None) -> Revision:
    """The manifests at a revision. ``root`` may be a folder inside the repository; of a bare one ``prefix`` is it.

    Raises SourceError: git missing, not a repository, no commit yet, unknown revision.
    """
    root = Path(root)
    commit = resolve(root, revision)
    if prefix is None:
        prefix = text(root, "rev-parse", "--show-prefix").rstrip("\n")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    listing = git(root, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *(prefix + it for it in FOLDERS))
    gathering = Gathering()
    chosen: list[tuple[str, str]] = []
    for entry in listing.split(b"\0"):
        if not entry:
            continue
        described, _, name = entry.partition(b"\t")
        mode, _type, oid, told = described.decode().split()
        path = os.fsdecode(name)[len(prefix) :]
        if mode in ODD_MODES:
            gathering.refuse("not-a-file", path, f"{printable(path)} is {ODD_MODES[mode]}; only plain files are read")
        elif wanted(path) and _named_in_utf8(path, gathering) and gathering.room_for(path, size(root, oid, told)):
            gathering.files[path] = b""
            chosen.append((path, oid))
    for (path, _), content in zip(chosen, contents(root, [oid for _, oid in chosen]), strict=True):
        gathering.files[path] = content
    return Revision(commit, gathering.files, tuple(gathering.problems), str(root), GitShelf(root, commit, prefix))


def resolve(root: Path | str, revision: str = "HEAD") -> str:
    """The full id of the commit a revision means; SourceError when there is none."""
    root = Path(root)
    if not root.is_dir():
        raise SourceError("there is no such directory", where=root)
    inside = run(root, "rev-parse", "--git-dir")
    if inside.returncode:
        raise SourceError("this is not a git repository", where=root, hint="run git init, or read it as a directory")
    found = run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    if revision == "HEAD":
        raise SourceError("the repository has no commit yet", where=root, hint="commit the manifests first")
    raise SourceError(f"there is no commit {revision!r} in this repository", where=root, hint="is it fetched?")


def top_level(root: Path | str) -> tuple[Path, str]:
    """The work tree that a folder lies in, and the folder's path in it. Raises SourceError where it is in none."""
    top, prefix = text(Path(root), "rev-parse", "--show-toplevel", "--show-prefix").split("\n")[:2]
    return Path(top), prefix.strip("/")


@dataclass(frozen=True, slots=True)
class Commit:
    """Who made a commit, and the first line of what it says."""

    id: str
    author: str
    subject: str


def commits(root: Path | str, ids: Iterable[str]) -> dict[str, Commit]:
    """Those of these full ids that the repository has; raises SourceError when it is none."""
    asked = sorted({id for id in ids if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", id)})
    if not asked:
        return {}
    answer = git(Path(root), "cat-file", "--batch", stdin="".join(f"{id}\n" for id in asked).encode())
    found, start = {}, 0
    for id in asked:
        end = answer.index(b"\n", start)
        head = answer[start:end].decode().split()
        start = end + 1
        if len(head) != 3:  # missing
            continue
        length = int(head[2])
        if head[1] == "commit":
            found[id] = _commit(id, answer[start : start + length].decode(errors="replace"))
        start += length + 1
    return found


def _commit(id: str, text: str) -> Commit:
    headers, _, message = text.partition("\n\n")
    author = next((line[7:] for line in headers.splitlines() if line.startswith("author ")), "")
    return Commit(id, author.partition(" <")[0].strip(), message.strip().partition("\n")[0])


def ancestors(root: Path | str, commit: str) -> tuple[str, ...]:
    """A commit and those before it, newest first; none where the repository does not know it."""
    done = run(Path(root), "rev-list", f"--max-count={_MOST_COMMITS}", "--end-of-options", commit, "--")
    return tuple(done.stdout.decode().split()) if done.returncode == 0 else ()


def dirty(root: Path | str, revision: Revision | None = None) -> tuple[str, ...]:
    """What in the work tree is not as in the revision (default: HEAD): manifests and the files they name, sorted.

    Compared byte by byte but for line endings, without git's own status: that would run the repository's filters.
    """
    committed = revision or read_git(root)
    lying = read_directory(root)
    paths = committed.files.keys() | lying.files.keys()
    changed = {path for path in paths if _unix(committed.files.get(path)) != _unix(lying.files.get(path))}
    named = files_named_in(committed) - paths
    changed |= {path for path in named if _unix(_beside(committed, path)) != _unix(_beside(lying, path))}
    return tuple(sorted(changed))


def _beside(revision: Revision, path: str) -> bytes | None:
    try:
        return revision.beside(path)
    except BesideError:
        return None


def _unix(content: bytes | None) -> bytes | None:
    return content if content is None else content.replace(b"\r\n", b"\n")


def _named_in_utf8(path: str, gathering: Gathering) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        gathering.refuse("unreadable-name", path, "the file's name is not UTF-8")
        return False
    return True
