"""Files as they lie in a directory, read one by one; no link is followed on the way, nothing outside is reached."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.source.beside import FILE_BYTES, BesideError, not_a_file, too_large

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class DirectoryShelf:
    """The files below ``root``. Each folder is opened from the one around it, so none can be exchanged for a link."""

    root: Path

    def read(self, path: str) -> bytes | None:
        folder, _, name = path.rpartition("/")
        try:
            with opened(self.root, folder) as around:
                mode = os.stat(name, dir_fd=around, follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    raise not_a_file(path, what_is(mode))
                with os.fdopen(os.open(name, _FILE, dir_fd=around), "rb") as file:
                    found = os.fstat(file.fileno())
                    if not stat.S_ISREG(found.st_mode):
                        raise not_a_file(path, what_is(found.st_mode))
                    if found.st_size > FILE_BYTES:
                        raise too_large(path, found.st_size)
                    return file.read(FILE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BesideError(f"the file cannot be read: {error.strerror}", where=path) from None

    def names(self, folder: str) -> Collection[str]:
        try:
            with opened(self.root, folder) as around, os.scandir(around) as entries:
                return [f"{folder}/{it.name}".lstrip("/") for it in entries if it.is_file(follow_symlinks=False)]
        except (OSError, BesideError):
            return []


@contextmanager
def opened(root: Path, folder: str) -> Iterator[int]:
    """The descriptor of a folder below ``root``. Raises FileNotFoundError, BesideError where a step is no folder."""
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        way = ""
        for step in folder.split("/") if folder else ():
            way = f"{way}/{step}".lstrip("/")
            mode = os.stat(step, dir_fd=at, follow_symlinks=False).st_mode
            if stat.S_ISREG(mode):
                raise FileNotFoundError(way)
            if not stat.S_ISDIR(mode):
                raise not_a_file(way, what_is(mode))
            inner = os.open(step, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
            if _is_submodule(at):
                raise not_a_file(way, "a submodule")
        yield at
    finally:
        os.close(at)


def what_is(mode: int) -> str:
    """What stands where something else has to."""
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISREG, "a plain file"),
    )
    return next((name for test, name in kinds if test(mode)), "a device")


def _is_submodule(folder: int) -> bool:
    try:
        return stat.S_ISREG(os.stat(".git", dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
