"""The files of a repository at one moment, however they were read: only manifests, only so much of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.model.errors import Position, Problem
from reconciler.source.beside import FILE_BYTES, Among, Shelf, read_beside

FOLDERS = ("apps", "environments")
DATA = ("vars", "secrets")
SUFFIXES = (".yaml", ".yml", ".json")
TOTAL_BYTES = 64 << 20
FILES = 20_000


@dataclass(frozen=True)
class Revision:
    """``files``: path from the repository's root → content, manifests under apps/ and environments/ alone.

    ``commit`` is None where the files were read as they lie. ``root`` is where they came from, for messages. ``shelf``
    holds what else lies there, of which only what a manifest names is read.
    """

    commit: str | None
    files: Mapping[str, bytes]
    problems: tuple[Problem, ...] = ()
    root: str = ""
    shelf: Shelf = field(default_factory=Among, compare=False, repr=False)

    def beside(self, path: str) -> bytes:
        """The content of any file by its path from the root. Raises BesideError where it cannot be had."""
        return read_beside(path, (Among(self.files), self.shelf))


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


def is_data(path: str) -> bool:
    """Whether a path lies in a folder for what manifests name, and so is no manifest: apps/<app>/vars/, say."""
    steps = path.split("/")
    depth = 2 if steps[0] == "apps" else 1
    return len(steps) > depth + 1 and steps[depth] in DATA


def app_of(path: str) -> str | None:
    """The app in whose folder a path lies."""
    steps = path.split("/")
    return steps[1] if steps[0] == "apps" and len(steps) > 2 else None


def printable(path: str) -> str:
    """A path that may be shown, whatever bytes its name has."""
    return path.encode("utf-8", "backslashreplace").decode()
