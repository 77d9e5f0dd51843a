"""A secret value in the person's own editor: in a folder for them alone, in memory where that can be had, and gone
afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from reconciler.cli.interrupts import Stop
from reconciler.model.errors import UsageError

IN_MEMORY = Path("/dev/shm")


def edited(value: str) -> str | None:
    """The value as the person leaves it; None when the editor ended without saving. Raises UsageError.

    A newline that the editor puts behind the last line is left out.

    The first Ctrl-C and SIGTERM are kept until the file is gone.
    """
    with Stop().listening(), _private_file(value) as file:
        before = file.stat().st_mtime_ns
        try:
            click.edit(filename=str(file))
        except click.ClickException as error:
            hint = "set EDITOR to one that waits until you are done, or write the value to stdin"
            raise UsageError(error.format_message().rstrip("."), hint=hint) from None
        if not file.exists():
            return None
        try:
            text = file.read_bytes().decode()
        except UnicodeDecodeError:
            raise UsageError("the value is not UTF-8", hint="save it as UTF-8") from None
        if not value.endswith("\n"):  # editors end the last line, whether or not it was
            text = text.removesuffix("\n").removesuffix("\r")
        return text if file.stat().st_mtime_ns != before or text != value else None


@contextmanager
def _private_file(value: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reconciler-", dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None))
    try:
        file = folder / "value"
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8", newline="")
        yield file
    finally:
        for left in sorted(folder.rglob("*")):  # the editor's backups too
            _overwrite(left)
        shutil.rmtree(folder, ignore_errors=True)


def _overwrite(file: Path) -> None:
    with suppress(OSError):
        if file.is_file() and not file.is_symlink():
            size = file.stat().st_size
            with file.open("r+b") as open_file:
                open_file.write(b"\0" * size)
                open_file.flush()
                os.fsync(open_file.fileno())
