"""The table of an apply, redrawn in place by rich; lines said meanwhile scroll above it."""

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
