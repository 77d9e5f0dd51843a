"""``status --watch``: one look after the other with one memory; on a terminal a picture that moves, elsewhere lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from reconciler.agent.waking import Waking
from reconciler.cli.interrupts import Stop
from reconciler.cli.terminal import Terminal
from reconciler.model.clock import Clock
from reconciler.model.key import Key
from reconciler.model.status import Memory, ResourceStatus, Result, Status
from reconciler.report import progress
from reconciler.report.status import status_json
from reconciler.report.status_text import status_text

MOVING, AT_REST = 5.0, 30.0
"""Seconds between two looks, where nobody says how many."""


class View(Protocol):
    """What shows a look."""

    def saw(self, status: Status) -> bool:
        """Show it; False when nobody looks any more."""
        ...

    def beat(self) -> None:
        """Time has passed."""
        ...


def follow(look: Callable[[Memory], Result], view: View, clock: Clock, stop: Stop, every: float | None) -> Result:
    """Look until somebody asks to stop or nobody reads any more; the last look. ``every`` is in seconds."""
    waking, memory = Waking(clock, stop, view.beat), Memory()
    while True:
        result = look(memory)
        memory = result.memory
        if not view.saw(result.status) or stop():
            return result
        waking.sleep(every or (MOVING if result.again is not None else AT_REST))
        if stop():
            return result


@dataclass
class Seen:
    """When each resource was first looked at: what is only known since then, is not known to have begun then."""

    first: dict[Key, datetime] = field(default_factory=dict)

    def timed(self, status: Status) -> Status:
        """The status with only those times that say since when something is so."""
        return replace(status, resources=tuple(self._timed(it) for it in status.resources))

    def _timed(self, resource: ResourceStatus) -> ResourceStatus:
        if resource.read is not None:
            self.first.setdefault(resource.key, resource.read)
        first = self.first.get(resource.key)
        told = tuple(replace(it, since=None) if it.since == first else it for it in resource.conditions)
        return replace(resource, conditions=told)


class Lines:
    """A line for each resource at first, then for each that changes its phase or a condition."""

    def __init__(self, terminal: Terminal, clock: Clock) -> None:
        self._terminal, self._clock = terminal, clock
        self._last: dict[Key, Any] = {}

    def saw(self, status: Status) -> bool:
        now = status.read or self._clock.now()
        shown = {resource.key: _standing(resource) for resource in status.resources}
        lines = [
            progress.status_line(resource, now, color=self._terminal.color)
            for resource in status.resources
            if self._last.get(resource.key) != shown[resource.key]
        ]
        lines += [progress.gone_line(key, now) for key in self._last if key not in shown]
        self._last = shown
        return self._terminal.out("\n".join(lines))

    def beat(self) -> None:
        """Nothing changes between two looks."""


class Documents:
    """A JSON document a line, whenever the phase or a condition of something has changed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last: list[Any] | None = None

    def saw(self, status: Status) -> bool:
        shown = [(resource.key, _standing(resource)) for resource in status.resources]
        if shown == self._last:
            return True
        self._last = shown
        return self._terminal.out(json.dumps(status_json(status), ensure_ascii=False))

    def beat(self) -> None:
        """Nothing changes between two looks."""


class Picture:
    """The tree, drawn anew in place; ages go on between two looks, from AWS's own time of the last one."""

    def __init__(self, screen: Any, terminal: Terminal, clock: Clock, *, wide: bool) -> None:
        self._screen, self._terminal, self._clock, self._wide = screen, terminal, clock, wide
        self._seen = Seen()
        self._status: Status | None = None
        self._looked = 0.0
        self._drawn = ""

    def saw(self, status: Status) -> bool:
        self._status, self._looked = self._seen.timed(status), self._clock.monotonic()
        self.beat()
        return True

    def beat(self) -> None:
        """Draw what has become another picture."""
        text = self.text()
        if text != self._drawn:
            self._drawn = text
            self._screen.show(text)

    def text(self) -> str:
        """As it is now."""
        if self._status is None:
            return ""
        passed = timedelta(seconds=self._clock.monotonic() - self._looked)
        return status_text(
            self._status,
            color=self._terminal.color,
            wide=self._wide,
            now=self._status.read + passed if self._status.read else None,
            columns=self._terminal.columns,
        )


@contextmanager
def picture(terminal: Terminal, clock: Clock, *, wide: bool) -> Iterator[Picture]:
    """A picture on the terminal for as long as this lasts; the last one stays, whole."""
    from reconciler.cli.live import live_text

    with live_text(terminal) as screen:
        drawn = Picture(screen, terminal, clock, wide=wide)
        try:
            yield drawn
        finally:
            screen.clear()
    terminal.out(drawn.text())


def _standing(resource: ResourceStatus) -> Any:
    """What makes a line: phase and conditions, not their messages and times."""
    return str(resource.phase), [(it.type, it.status, it.reason) for it in resource.conditions]
