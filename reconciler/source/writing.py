"""A file of the work tree is written over, or made: whole or not at all, with its mode, and never through a link."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from reconciler.model.errors import SourceError
from reconciler.source.directory_shelf import DirectoryShelf, opened, what_is


def write_over(root: Path, path: str, before: bytes | None, after: bytes) -> None:
    """Put ``after`` in place of ``before``; None: the file is to be made, with the folders around it.

    Raises SourceError where the file is another by now, or no plain file.
    """
    folder, _, name = path.rpartition("/")
    try:
        if DirectoryShelf(root).read(path) != before:
            raise SourceError("the file has been changed meanwhile", where=path, hint="try again")
        if before is None:
            _make(root, folder, name, after)
            return
        with opened(root, folder) as around:
            mode = os.stat(name, dir_fd=around, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode):
                raise SourceError(f"this is {what_is(mode)}; only plain files are written", where=path)
            _exchange(around, name, after, stat.S_IMODE(mode))
    except OSError as error:
        raise SourceError(f"the file cannot be written: {error.strerror}", where=path) from None


def _make(root: Path, folder: str, name: str, content: bytes) -> None:
    way = ""
    for step in folder.split("/") if folder else ():
        with opened(root, way) as around, suppress(FileExistsError):
            os.mkdir(step, dir_fd=around)
        way = f"{way}/{step}".lstrip("/")
    with opened(root, folder) as around:
        mask = os.umask(0)
        os.umask(mask)
        _exchange(around, name, content, 0o666 & ~mask)


def _exchange(folder: int, name: str, content: bytes, mode: int) -> None:
    new = f".{name[:200]}.{secrets.token_hex(4)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(new, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(new, dir_fd=folder)
        raise
