"""Files that lie beside the manifests, read one by one when a manifest names one, and not before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.model.errors import SourceError
from reconciler.model.suggest import did_you_mean

FILE_BYTES = 1 << 20


class BesideError(SourceError):
    """A file that a manifest names cannot be had; ``where`` is its path, ``hint`` what to do."""


class Shelf(Protocol):
    """Where files are read one by one. A path is clean: relative, ``/`` between its steps, no ``..``."""

    def read(self, path: str) -> bytes | None:
        """A file's content; None when there is none. Raises BesideError where it is not to be read."""

    def names(self, folder: str) -> Collection[str]:
        """The paths of the files right in a folder: what may have been meant."""


@dataclass(frozen=True)
class Among:
    """A shelf of files that are in memory already."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        content = self.files.get(path)
        if content is not None and len(content) > FILE_BYTES:
            raise too_large(path, len(content))
        return content

    def names(self, folder: str) -> Collection[str]:
        return [path for path in self.files if path.rpartition("/")[0] == folder]


def read_beside(path: str, shelves: Collection[Shelf]) -> bytes:
    """The file of a path from the repository's root, from the first shelf that has it. Raises BesideError."""
    clean = clean_path(path)
    for shelf in shelves:
        content = shelf.read(clean)
        if content is not None:
            return content
    folder = clean.rpartition("/")[0]
    near = sorted({name for shelf in shelves for name in shelf.names(folder)})
    hint = did_you_mean(clean, near, otherwise="a path begins at the repository's root: apps/<app>/vars/<file>")
    raise BesideError("there is no such file", where=clean, hint=hint)


def clean_path(path: str) -> str:
    """A path in the one form that names its file. Raises BesideError where it leads out of the repository."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if path.startswith("/") or ".." in steps:
        hint = "write it from the repository's root, without '/' before it and without '..'"
        raise BesideError("the path leads out of the repository", where=_shown(path), hint=hint)
    if not steps or not path.isprintable():
        raise BesideError("this is no path of a file", where=_shown(path))
    if ".git" in (step.lower() for step in steps):
        raise BesideError("what git keeps for itself is not read", where=_shown(path))
    return "/".join(steps)


def not_a_file(path: str, what: str) -> BesideError:
    """The refusal of a link, a submodule, a folder, …"""
    return BesideError(f"this is {what}; only plain files are read", where=path)


def too_large(path: str, size: int) -> BesideError:
    return BesideError(f"the file has {size:,} bytes; one that a manifest names has at most {FILE_BYTES:,}", where=path)


def _shown(path: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in path[:200])
