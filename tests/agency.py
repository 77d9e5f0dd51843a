"""An agent's controller on the simulator's virtual clock: commits in memory, turns in the place of threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from reconciler.agent.board import Board, Look
from reconciler.agent.controller import Controller, Ends
from reconciler.agent.desk import Wake
from reconciler.agent.source import Reading
from reconciler.engine.apply import Target
from reconciler.engine.bases import Bases
from reconciler.engine.remembering import Remembering
from reconciler.model.desired import Environment
from reconciler.model.errors import ReconcilerError, SourceError
from reconciler.model.key import Scope
from reconciler.model.lease import Begun, Older, by_time
from reconciler.source.revision import Revision
from tests.lab import Lab


@dataclass
class MemorySource:
    """What was committed last. ``error``: the remote does not answer."""

    lab: Lab
    number: int = 0
    now: Reading = field(default_factory=Reading)
    commits: dict[str, Revision] = field(default_factory=dict)

    def commit(self, *, trusted: bool = True) -> str:
        """Commit the laboratory's files as they are."""
        self.number += 1
        head = f"{self.number:040x}"
        files = {path: text.encode() for path, text in self.lab.files.items()}
        self.commits[head] = Revision(head, files)
        self.now = Reading(self.commits[head], head, None, trusted, True)
        return head

    def fail(self, error: ReconcilerError | None) -> None:
        self.now = Reading(self.now.revision, self.now.head, error, error is None, self.now.fetched)

    def reading(self) -> Reading:
        return self.now

    def refresh(self) -> bool:
        return self.now.error is None

    def poke(self) -> None:
        pass

    def begun(self, commit: str) -> Begun:
        if commit not in self.commits:
            raise SourceError("no such commit")
        return Begun(commit, datetime.fromtimestamp(int(commit, 16), UTC))

    @property
    def older(self) -> Older:
        return by_time

    def at(self, commit: str) -> Revision | None:
        return self.commits.get(commit)

    def read(self, commit: str) -> Revision:
        if commit not in self.commits:
            raise SourceError("no such commit")
        return self.commits[commit]

    def before(self, commit: str) -> list[str]:
        return [known for known in reversed(self.commits) if known < commit]

    def history(self, commit: str) -> list[str]:
        return [commit, *self.before(commit)]


@dataclass
class Agency:
    """One controller of one laboratory. ``lines`` is its log."""

    lab: Lab
    change: Callable[[Target], Target] = lambda target: target
    resync: float = 300.0
    lease: Any = None

    def __post_init__(self) -> None:
        self.source = MemorySource(self.lab)
        self.board = Board()
        self.lines: list[dict[str, Any]] = []
        self.connected = 0
        self.refuse: ReconcilerError | None = None
        self.controller = self.fresh()

    def fresh(self) -> Controller:
        """A controller that remembers nothing, as after a kill."""
        self.controller = Controller(
            "staging",
            self.source,
            self._connect,
            self.lab.clock,
            self.board,
            lambda event, **fields: self.lines.append({"event": event, **fields}),
            self.resync,
            Random(0),
        )
        return self.controller

    def _connect(self, environment: Environment) -> Ends:
        if self.refuse is not None:
            raise self.refuse
        self.connected += 1
        both = self.lab.connect()
        base, remembering = Bases(self.source.read, "staging"), Remembering(both.read, Scope("default", "staging"))

        def target() -> Target:
            return self.change(replace(self.lab.target(), base=base, remembering=remembering))

        return Ends(both.read, both.lookups, target, lease=self.lease, forget=remembering.forget_apps)

    def run(self, seconds: float) -> None:
        """Let this much time pass, with a turn whenever the controller wants one."""
        end = self.lab.clock.monotonic() + seconds
        while (left := end - self.lab.clock.monotonic()) >= 0:
            pause = self.controller.turn()
            self.lab.clock.sleep(min(max(pause, 0.001), left + 0.001))

    def until_ready(self, most: float = 3600) -> float:
        """Seconds until everything is Ready."""
        began = self.lab.clock.monotonic()
        while not self.ready:
            assert self.lab.clock.monotonic() - began < most, self.look
            self.run(1)
        return self.lab.clock.monotonic() - began

    def commit(self) -> str:
        """Commit, and tell the controller as a webhook would."""
        head = self.source.commit()
        self.controller.wake(Wake(git=True, why="push"))
        return head

    @property
    def look(self) -> Look:
        return self.board.looks()["staging"]

    @property
    def ready(self) -> bool:
        look = self.look if self.board.looks() else None
        current = look is not None and look.commit == self.source.now.head and look.status is not None
        return bool(current and look and look.status and look.status.resources and look.status.ready and look.plan and look.plan.empty)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]


__all__ = ["Agency", "MemorySource", "replace"]
