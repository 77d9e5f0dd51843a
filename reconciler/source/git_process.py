"""One run of git on a repository's objects: it asks nobody, runs no hook or helper, fetches nothing.

It takes no setting of the machine's or the user's; of the repository's own none matters to the commands used here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.model.errors import SourceError

_TIMEOUT = 60.0
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    "protocol.ext.allow=never",
    "protocol.file.allow=never",
    "safe.directory=*",  # objects are data: who owns the folder does not matter to what is done here
)


def contents(root: Path, oids: Sequence[str]) -> list[bytes]:
    """What objects hold, in the order asked. Raises SourceError where one is not here."""
    if not oids:
        return []
    answer = git(root, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode())
    found, start = [], 0
    for oid in oids:
        end = answer.index(b"\n", start)
        head = answer[start:end].decode().split()
        if len(head) != 3:
            raise _lost(root, oid)
        length = int(head[2])
        found.append(answer[end + 1 : end + 1 + length])
        start = end + length + 2
    return found


def size(root: Path, oid: str, told: str) -> int:
    """The size of a blob as a listing tells it. Raises SourceError where git knows of the blob and does not have it."""
    if not told.isdecimal():
        raise _lost(root, oid)
    return int(told)


def _lost(root: Path, oid: str) -> SourceError:
    return SourceError(f"git has no object {oid}", where=root, hint="fetch the repository in full")


def text(root: Path, *arguments: str) -> str:
    """What git answers, as text."""
    return os.fsdecode(git(root, *arguments))


def git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What git answers. Raises SourceError where it fails."""
    done = run(root, *arguments, stdin=stdin)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise SourceError(f"git {arguments[0]} failed: {said[-1] if said else done.returncode}", where=root)
    return done.stdout


def run(
    root: Path,
    *arguments: str,
    stdin: bytes = b"",
    settings: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Git's run, however it ended. Raises SourceError where it cannot be run, or does not end.

    ``settings`` and ``variables`` of its process come on top of those that every run has.
    """
    given = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    try:
        return subprocess.run(
            ["git", *given, "-C", str(root), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env={**environment(), **(variables or {})},
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
        "GIT_LITERAL_PATHSPECS": "1",
    }
