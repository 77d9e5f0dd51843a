"""Results to stdout, everything else to stderr; colour where it is wanted; a reader that left is no error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TextIO

ColorMode = Literal["auto", "always", "never"]

_NARROWEST = 40
"""Columns below which wrapping helps nobody."""


def wants_color(mode: ColorMode, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour a stream. The flag wins; then NO_COLOR, FORCE_COLOR, TERM=dumb, and last whether it is a TTY.

    Sources: no-color.org, force-color.org; an empty NO_COLOR counts for nothing.
    """
    if mode != "auto":
        return mode == "always"
    if stream is None or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return environ["FORCE_COLOR"] not in ("0", "false")
    return environ.get("TERM") != "dumb" and stream.isatty()


@dataclass
class Terminal:
    """The two streams of a run. Made after options are known, so that tests may exchange sys.stdout."""

    mode: ColorMode = "auto"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def color(self) -> bool:
        """Whether results are coloured."""
        return wants_color(self.mode, sys.stdout, self.environ)

    @property
    def err_color(self) -> bool:
        """Whether messages are coloured."""
        return wants_color(self.mode, sys.stderr, self.environ)

    @property
    def live(self) -> bool:
        """Whether progress may be redrawn in place."""
        return _tty(sys.stderr) and self.environ.get("TERM") != "dumb"

    @property
    def draws(self) -> bool:
        """Whether results may be redrawn in place."""
        return _tty(sys.stdout) and self.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """How wide results may be; None where nobody says, as in a pipe."""
        return max(_NARROWEST, shutil.get_terminal_size().columns) if _tty(sys.stdout) else None

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return _tty(sys.stdin) and _tty(sys.stderr)

    def out(self, text: str) -> bool:
        """A result; a newline is added where it lacks one. Whether somebody still reads."""
        return write(sys.stdout, text)

    def err(self, text: str) -> None:
        """A message, progress, a question."""
        write(sys.stderr, text)

    def note(self, text: str, hint: str = "") -> None:
        """Something to know, which is not wrong."""
        from reconciler.report.style import paint

        color = self.err_color
        more = f"\n  {paint('=', 'blue', color, bold=True)} {hint}" if hint else ""
        self.err(f"{paint('note', 'cyan', color, bold=True)}: {text}{more}")


def write(stream: TextIO | None, text: str) -> bool:
    """Write what the reader still wants; what its encoding lacks is spelled out. A closed stream is None.

    False when the reader has just left. Raises OSError where a result cannot be written; of a message nobody could be
    told.
    """
    if not text or stream is None:
        return True
    if not text.endswith("\n"):
        text += "\n"
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        to_nowhere(stream)
        return False
    except OSError:
        to_nowhere(stream)
        if stream is not sys.stderr:
            raise
        return False
    return True


def _tty(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def to_nowhere(stream: TextIO) -> None:
    """Who read this has left, or has no room: an apply goes on, and Python's last flush must not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
