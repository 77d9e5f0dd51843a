"""A secret value in the person's own editor: in a folder for them alone, in memory where that can be had, and gone
afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from reconciler.cli.exits import Exit
from reconciler.engine.sealing import text_of
from reconciler.model.errors import UsageError

IN_MEMORY = Path("/dev/shm")


def edited(value: str) -> str | None:
    """The value as the person leaves it; None when the editor ended without saving. Raises UsageError.

    A newline that the editor puts behind the last line is left out. Whatever ends the edit, the file is gone.
    """
    with _private_file(value) as file:
        before = file.stat().st_mtime_ns
        try:
            click.edit(filename=str(file))
        except click.ClickException as error:
            hint = "set EDITOR to one that waits until you are done, or write the value to stdin"
            raise UsageError(error.format_message().rstrip("."), hint=hint) from None
        if not file.exists():
            return None
        text = text_of(file.read_bytes())
        if text is None:
            raise UsageError("the value is not UTF-8", hint="save it as UTF-8")
        if not value.endswith("\n"):  # editors end the last line, whether or not it was
            text = text.removesuffix("\n").removesuffix("\r")
        return text if file.stat().st_mtime_ns != before or text != value else None


class _Signals:
    """Signals end an edit in the ordinary way, by which its file is removed. Ctrl-C is the editor's own business.

    ``deaf``: nothing may be disturbed now; who was not heard is heard at the end.
    """

    def __init__(self) -> None:
        self.deaf = False
        self._ended = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # A handler for Ctrl-C too: to be ignored would be inherited by the editor.
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        before = {number: signal.signal(number, self._heard) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._ended:
            raise click.exceptions.Exit(Exit.TERMINATED)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT or self._ended:
            return
        self._ended = True
        if not self.deaf:
            raise click.exceptions.Exit(Exit.TERMINATED)


@contextmanager
def _private_file(value: str) -> Iterator[Path]:
    signals = _Signals()
    with signals.listening():
        folder = Path(tempfile.mkdtemp(prefix="reconciler-", dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None))
        try:
            file = folder / "value"
            file.touch(mode=0o600)
            file.write_text(value, encoding="utf-8", newline="")
            yield file
        finally:
            signals.deaf = True
            for left in sorted(folder.rglob("*")):  # the editor's backups too
                _overwrite(left)
            shutil.rmtree(folder, ignore_errors=True)


def _overwrite(file: Path) -> None:
    with suppress(OSError):
        if file.is_file() and not file.is_symlink():
            file.chmod(0o600)  # backups may be read-only
            with file.open("r+b") as open_file:
                open_file.write(b"\0" * file.stat().st_size)
                open_file.flush()
                os.fsync(open_file.fileno())
