"""Manifests at a commit, read from git's objects: never from a checkout, so nothing of the tree is followed or run.

Git is told to ask nobody, to run no hook or helper, to fetch nothing, and to take no setting of the machine's or the
user's; of the repository's own settings none matters to the commands used here.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.errors import SourceError
from reconciler.source.directory import read_directory
from reconciler.source.revision import FOLDERS, Gathering, Revision, printable, wanted

_TIMEOUT = 60.0
_MOST_COMMITS = 10_000
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    "protocol.ext.allow=never",
    "protocol.file.allow=never",
    "safe.directory=*",  # objects are data: who owns the folder does not matter to what is done here
)
_ODD_MODES = {"120000": "a symbolic link", "160000": "a submodule"}


def read_git(root: Path | str, revision: str = "HEAD", *, prefix: str | None = None) -> Revision:
    """The manifests at a revision. ``root`` may be a folder inside the repository; of a bare one ``prefix`` is it.

    Raises SourceError: git missing, not a repository, no commit yet, unknown revision.
    """
    root = Path(root)
    commit = resolve(root, revision)
    if prefix is None:
        prefix = _text(root, "rev-parse", "--show-prefix").rstrip("\n")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    listing = _git(root, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *(prefix + it for it in FOLDERS))
    gathering = Gathering()
    chosen: list[tuple[str, str]] = []
    for entry in listing.split(b"\0"):
        if not entry:
            continue
        described, _, name = entry.partition(b"\t")
        mode, _type, oid, size = described.decode().split()
        path = os.fsdecode(name)[len(prefix) :]
        if mode in _ODD_MODES:
            gathering.refuse("not-a-file", path, f"{printable(path)} is {_ODD_MODES[mode]}; only plain files are read")
        elif wanted(path) and _named_in_utf8(path, gathering) and gathering.room_for(path, int(size)):
            gathering.files[path] = b""
            chosen.append((path, oid))
    for (path, _), content in zip(chosen, _contents(root, [oid for _, oid in chosen]), strict=True):
        gathering.files[path] = content
    return Revision(commit, gathering.files, tuple(gathering.problems), str(root))


def resolve(root: Path | str, revision: str = "HEAD") -> str:
    """The full id of the commit a revision means; SourceError when there is none."""
    root = Path(root)
    if not root.is_dir():
        raise SourceError("there is no such directory", where=root)
    inside = _run(root, "rev-parse", "--git-dir")
    if inside.returncode:
        raise SourceError("this is not a git repository", where=root, hint="run git init, or read it as a directory")
    found = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    if revision == "HEAD":
        raise SourceError("the repository has no commit yet", where=root, hint="commit the manifests first")
    raise SourceError(f"there is no commit {revision!r} in this repository", where=root, hint="is it fetched?")


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
    answer = _git(Path(root), "cat-file", "--batch", stdin="".join(f"{id}\n" for id in asked).encode())
    found, start = {}, 0
    for id in asked:
        end = answer.index(b"\n", start)
        head = answer[start:end].decode().split()
        start = end + 1
        if len(head) != 3:  # missing
            continue
        size = int(head[2])
        if head[1] == "commit":
            found[id] = _commit(id, answer[start : start + size].decode(errors="replace"))
        start += size + 1
    return found


def _commit(id: str, text: str) -> Commit:
    headers, _, message = text.partition("\n\n")
    author = next((line[7:] for line in headers.splitlines() if line.startswith("author ")), "")
    return Commit(id, author.partition(" <")[0].strip(), message.strip().partition("\n")[0])


def ancestors(root: Path | str, commit: str) -> tuple[str, ...]:
    """A commit and those before it, newest first; none where the repository does not know it."""
    done = _run(Path(root), "rev-list", f"--max-count={_MOST_COMMITS}", "--end-of-options", commit, "--")
    return tuple(done.stdout.decode().split()) if done.returncode == 0 else ()


def dirty(root: Path | str, revision: Revision | None = None) -> tuple[str, ...]:
    """The manifests whose content in the work tree is not that of the revision (default: HEAD), sorted.

    Compared byte by byte but for line endings, without git's own status: that would run the repository's filters.
    """
    committed = (revision or read_git(root)).files
    lying = read_directory(root).files
    return tuple(
        sorted(path for path in committed.keys() | lying.keys() if _unix(committed, path) != _unix(lying, path))
    )


def _unix(files: object, path: str) -> bytes | None:
    content = files.get(path)  # type: ignore[attr-defined]
    return content if content is None else content.replace(b"\r\n", b"\n")


def _named_in_utf8(path: str, gathering: Gathering) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        gathering.refuse("unreadable-name", path, "the file's name is not UTF-8")
        return False
    return True


def _contents(root: Path, oids: Sequence[str]) -> list[bytes]:
    if not oids:
        return []
    answer = _git(root, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode())
    contents, start = [], 0
    for oid in oids:
        end = answer.index(b"\n", start)
        head = answer[start:end].decode().split()
        if len(head) != 3:
            raise SourceError(f"git has no object {oid}", where=root, hint="fetch the repository in full")
        size = int(head[2])
        contents.append(answer[end + 1 : end + 1 + size])
        start = end + size + 2
    return contents


def _text(root: Path, *arguments: str) -> str:
    return os.fsdecode(_git(root, *arguments))


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = _run(root, *arguments, stdin=stdin)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise SourceError(f"git {arguments[0]} failed: {said[-1] if said else done.returncode}", where=root)
    return done.stdout


def _run(root: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        return subprocess.run(
            ["git", *settings, "-C", str(root), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=environment(),
            timeout=_TIMEOUT,
        )
    except FileNotFoundError:
        raise SourceError("git is not installed, or not on PATH", where=root) from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"git {arguments[0]} took more than {_TIMEOUT:.0f} s", where=root) from None


def environment() -> dict[str, str]:
    """The process's environment without what would point git elsewhere or let it ask, fetch or run something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "LC_", "LANG"))}
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
