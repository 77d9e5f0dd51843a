"""Manifests of a plain directory, as they lie. Links, pipes and devices are refused, and nothing outside is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reconciler.model.errors import SourceError
from reconciler.source.beside import FILE_BYTES
from reconciler.source.directory_shelf import DirectoryShelf, what_is
from reconciler.source.revision import FOLDERS, Gathering, Revision, printable, wanted

_DEPTH = 32


def read_directory(root: Path | str) -> Revision:
    """The manifests under a directory, without a commit. Raises SourceError when it is no directory."""
    root = Path(root)
    if not root.is_dir():
        raise SourceError("there is no such directory", where=root)
    gathering = Gathering()
    for folder in FOLDERS:
        mode = _mode(root / folder)
        if mode is None:
            continue
        if stat.S_ISDIR(mode):
            _walk(root, folder, gathering, 1)
        else:
            gathering.refuse("not-a-file", folder, f"{folder} is {what_is(mode)}; it has to be a folder")
    return Revision(None, gathering.files, tuple(gathering.problems), str(root), DirectoryShelf(root))


def _walk(root: Path, folder: str, gathering: Gathering, depth: int) -> None:
    try:
        names = sorted(os.listdir(root / folder))
    except OSError as error:
        gathering.refuse("unreadable", folder, f"the folder cannot be read: {error.strerror}")
        return
    if stat.S_ISREG(_mode(root / folder / ".git") or 0):
        gathering.refuse("not-a-file", folder, f"{printable(folder)} is a submodule; only plain files are read")
        return
    for name in names:
        path = f"{folder}/{name}"
        mode = _mode(root / path)
        if mode is None or name.startswith("."):
            continue
        if stat.S_ISDIR(mode):
            if depth >= _DEPTH:
                gathering.refuse("too-deep", path, f"folders are nested more than {_DEPTH} deep")
            else:
                _walk(root, path, gathering, depth + 1)
        elif not stat.S_ISREG(mode):
            shown = printable(path)
            gathering.refuse("not-a-file", path, f"{shown} is {what_is(mode)}; only plain files are read")
        elif wanted(path):
            _read(root, path, gathering)


def _read(root: Path, path: str, gathering: Gathering) -> None:
    """Open without following a link and without waiting for a pipe's other end: the file may have been exchanged."""
    try:
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and gathering.room_for(path, found.st_size):
                gathering.files[path] = file.read(FILE_BYTES)
        path.encode()
    except OSError as error:
        gathering.refuse("unreadable", path, f"the file cannot be read: {error.strerror}")
    except UnicodeEncodeError:
        gathering.files.pop(path, None)
        gathering.refuse("unreadable-name", path, "the file's name is not UTF-8")


def _mode(path: Path) -> int | None:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return None
