"""Showing an apply at work: on a terminal a table that moves, elsewhere lines for what happens and what is awaited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.cli.terminal import Terminal
from reconciler.model.clock import Clock
from reconciler.model.key import Key
from reconciler.model.plan import Call, Change
from reconciler.model.status import ResourceStatus, Result, Status
from reconciler.report import progress


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    key: Key
    operation: str


@dataclass(frozen=True)
class Told:
    """When something was last said of a resource, what it was but for its numbers, and how soon to say it again."""

    at: float
    news: str = ""
    pause: float = progress.EVERY


_NUMBERS = re.compile(r"\d+|\(.*?\)$")


class Watch:
    """What is told between a call and the end. ``made`` and ``saw`` are handed to the engine, ``beat`` to its sleep."""

    def __init__(self, terminal: Terminal, clock: Clock, *, quiet: bool = False) -> None:
        self.calls: list[Made] = []
        self.last: Result | None = None
        self._terminal, self._clock, self._quiet = terminal, clock, quiet
        self._began = clock.monotonic()
        self._since: dict[Key, float] = {}
        self._moved: set[Key] = set()
        self._told: dict[Key, Told] = {}
        self._live: Any = None

    @property
    def elapsed(self) -> float:
        """Seconds since the watch began."""
        return self._clock.monotonic() - self._began

    def made(self, change: Change, call: Call) -> None:
        """A call was made and answered."""
        self.calls.append(Made(change.key, call.operation))
        self._since.setdefault(change.key, self._clock.monotonic())
        self._moved.add(change.key)
        self._say(progress.call_line(change.key, call.operation))
        self.beat()

    def saw(self, result: Result) -> None:
        """A tick ended: tell what became ready, what failed, and from when on the rest is waited for."""
        self.last = result
        now = self._clock.monotonic()
        for resource in result.status.resources:
            began = self._since.get(resource.key)
            if resource.ready or resource.stalled:
                if resource.key in self._moved:
                    took = now - began if began is not None else None
                    self._say(progress.outcome_line(resource, took, color=self._terminal.err_color))
                    self._moved.discard(resource.key)
                self._since.pop(resource.key, None)
            else:
                self._since.setdefault(resource.key, now)
                self._moved.add(resource.key)
        self.beat()

    def beat(self) -> None:
        """Time has passed."""
        if self._live is not None:
            self._live.update(self._table())
            return
        if self.last is None:
            return
        now = self._clock.monotonic()
        for resource in _moving(self.last.status):
            told = self._told.get(resource.key) or Told(self._since.get(resource.key, now))
            line = progress.waiting_line(resource, now - self._since.get(resource.key, now))
            news = _NUMBERS.sub("", line)
            pause = told.pause if news == told.news else progress.EVERY
            if now - told.at >= pause:
                self._told[resource.key] = Told(now, news, min(2 * pause, progress.SELDOM))
                self._say(line)

    @contextmanager
    def shown(self) -> Iterator[Watch]:
        """Draw the table in place while this lasts, where stderr is a terminal."""
        if self._quiet or not self._terminal.live:
            yield self
            return
        from reconciler.cli.live import live_table

        with live_table(self._terminal) as live:
            self._live = live
            try:
                yield self
            finally:
                live.clear()
                self._live = None

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        if self._live is not None:
            self._live.say(line)
        else:
            self._terminal.err(line)

    def _table(self) -> list[progress.Row]:
        if self.last is None:
            return []
        now = self._clock.now()
        status = self.last.status
        moving = Status(status.environment, status.revision, tuple(_moving(status)))
        return progress.rows(moving, self._times(now), now)

    def _times(self, now: datetime) -> dict[Key, datetime]:
        from datetime import timedelta

        mono = self._clock.monotonic()
        return {key: now - timedelta(seconds=mono - began) for key, began in self._since.items()}


def _moving(status: Status) -> list[ResourceStatus]:
    return [resource for resource in status.resources if not resource.ready and not resource.stalled]
