"""The files of a repository at one moment, however they were read: only manifests, only so much of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.model.errors import Position, Problem

FOLDERS = ("apps", "environments")
SUFFIXES = (".yaml", ".yml", ".json")
FILE_BYTES = 1 << 20
TOTAL_BYTES = 64 << 20
FILES = 20_000


@dataclass(frozen=True)
class Revision:
    """``files``: path from the repository's root → content, manifests under apps/ and environments/ alone.

    ``commit`` is None where the files were read as they lie. ``root`` is where they came from, for messages.
    """

    commit: str | None
    files: Mapping[str, bytes]
    problems: tuple[Problem, ...] = ()
    root: str = ""


@dataclass
class Gathering:
    """Takes files one by one within the caps and tells what cannot be taken."""

    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    bytes: int = 0

    def room_for(self, path: str, size: int) -> bool:
        """Whether a file may be read; a file that may not is a problem."""
        if size > FILE_BYTES:
            message = f"the file has {size:,} bytes; a manifest file has at most {FILE_BYTES:,}"
            self.refuse("file-too-large", path, message)
            return False
        if self.bytes + size > TOTAL_BYTES or len(self.files) >= FILES:
            if not any(problem.code == "repository-too-large" for problem in self.problems):
                message = "the manifests of the repository are more than can be read"
                self.refuse("repository-too-large", path, message, all=True)
            return False
        self.bytes += size
        return True

    def refuse(self, code: str, path: str, message: str, hint: str = "", *, all: bool = False) -> None:
        at = Position(printable(path), 1, 1)
        self.problems.append(Problem(code, message, at, hint=hint, app=None if all else app_of(path)))


def wanted(path: str) -> bool:
    """Whether a path is that of a manifest; hidden files and folders are not."""
    steps = PurePosixPath(path).parts
    hidden = any(step.startswith(".") for step in steps)
    return bool(steps) and steps[0] in FOLDERS and len(steps) > 1 and path.endswith(SUFFIXES) and not hidden


def app_of(path: str) -> str | None:
    """The app in whose folder a path lies."""
    steps = path.split("/")
    return steps[1] if steps[0] == "apps" and len(steps) > 2 else None


def printable(path: str) -> str:
    """A path that may be shown, whatever bytes its name has."""
    return path.encode("utf-8", "backslashreplace").decode()
