"""What rich redraws in place: the table of an apply, with lines that scroll above it, and the tree of a status."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reconciler.cli.terminal import Terminal
from reconciler.report.progress import Row


class LiveTable:
    """Rows as they are now, at most as many as the terminal has lines for."""

    def __init__(self, live: Live, console: Console) -> None:
        self._live, self._console = live, console

    def update(self, rows: Sequence[Row]) -> None:
        """Show these rows."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        room = max(1, self._console.size.height - 3)
        for row in rows[:room]:
            style = "" if row.tone == "plain" else row.tone
            table.add_row(
                Text(row.key), Text(row.phase, style=style), Text(row.elapsed), Text(row.message, style="dim")
            )
        if len(rows) > room:
            table.add_row(Text(f"and {len(rows) - room} more", style="dim"))
        self._live.update(table, refresh=True)

    def say(self, line: str) -> None:
        """A line that stays, above the table."""
        self._console.print(Text.from_ansi(line), soft_wrap=True)

    def clear(self) -> None:
        """Leave nothing of the table behind."""
        self._live.update(Text(""), refresh=True)


@contextmanager
def live_table(terminal: Terminal) -> Iterator[LiveTable]:
    """A table on stderr for as long as this lasts."""
    console = Console(
        file=sys.stderr,
        force_terminal=True,
        no_color=not terminal.err_color,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with Live(Text(""), console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        yield LiveTable(live, console)


class LiveText:
    """A text as it is now, at most as many lines as the terminal has; what is most urgent stands first."""

    def __init__(self, live: Live, console: Console) -> None:
        self._live, self._console = live, console

    def show(self, text: str) -> None:
        """Show this in place of what was."""
        lines = text.rstrip("\n").split("\n")
        room = max(2, self._console.size.height - 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], f"and {len(lines) - room + 1} more lines"]
        self._live.update(Text.from_ansi("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)

    def clear(self) -> None:
        """Leave nothing behind."""
        self._live.update(Text(""), refresh=True)


@contextmanager
def live_text(terminal: Terminal) -> Iterator[LiveText]:
    """A text on stdout for as long as this lasts."""
    console = Console(
        file=sys.stdout, force_terminal=True, no_color=not terminal.color, highlight=False, markup=False, emoji=False
    )
    with Live(Text(""), console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        yield LiveText(live, console)
