"""The agent as a process: a thread for each environment, one for the repository, and an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.agent.board import Board, Pulse
from reconciler.agent.controller import Controller
from reconciler.agent.desk import Wake
from reconciler.agent.intent import Log
from reconciler.agent.source import Source
from reconciler.model.clock import Clock
from reconciler.source.render import environments

STALLED = 900.0
"""Seconds without any sign of life after which a worker counts as stalled: far longer than any call may take."""

LONGEST_WAIT = 30.0
"""Seconds between two turns at the most, so that a worker shows that it lives."""

PATIENCE = 5.0
"""Seconds that a stop waits for calls in flight. ECS kills a container 30 s after SIGTERM, people want it sooner."""


@dataclass
class Worker:
    """The thread of one controller."""

    controller: Controller
    clock: Clock
    stop: Callable[[], bool]
    beat: float = 0.0
    _wake: threading.Event = field(default_factory=threading.Event)
    _gone: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self.beat = self.clock.monotonic()
        self.controller.nudge = self._wake.set
        self._thread = threading.Thread(target=self._run, name=f"agent-{self.controller.name}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """No further turn; the one that is under way ends by itself."""
        self._gone = True
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Whether it has ended."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))
        return self._thread is None or not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not (self._gone or self.stop()):
                self._wake.clear()
                pause = self.controller.turn()
                self.beat = self.clock.monotonic()
                if pause > 0:
                    self._wake.wait(min(pause, LONGEST_WAIT))
        finally:
            self.controller.close()


@dataclass
class Agent:
    """Runs until told to stop. ``make`` makes the controller of an environment, ``chosen`` says which are worked on."""

    source: Source
    make: Callable[[str], Controller]
    chosen: Callable[[str], bool]
    clock: Clock
    board: Board
    log: Log
    stop: threading.Event = field(default_factory=threading.Event)
    workers: dict[str, Worker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changed = threading.Event()
        self._lock = threading.Lock()

    def controllers(self) -> Mapping[str, Controller]:
        """Those that there are now."""
        with self._lock:
            return {name: worker.controller for name, worker in self.workers.items()}

    def wake(self, wake: Wake) -> None:
        """Hand a hint on; called from any thread."""
        if wake.git:
            self._changed.set()
        with self._lock:
            workers = dict(self.workers)
        for name, worker in workers.items():
            if wake.environment in (None, name):
                worker.controller.wake(wake)

    def run(self) -> None:
        """Work until told to stop; then end in order, leases first."""
        try:
            while not self.stop.is_set():
                self._changed.clear()
                self._staff()
                self._pulse()
                self._changed.wait(1.0)
        finally:
            self.end()

    def end(self) -> None:
        """Let the calls in flight end, and give the leases back."""
        self.stop.set()
        self.board.beat(Pulse(self.clock.monotonic(), self.source.reading().fetched, True))
        with self._lock:
            workers = list(self.workers.values())
        for worker in workers:
            worker.end()
        until = self.clock.monotonic() + PATIENCE
        late = [worker for worker in workers if not worker.join(until - self.clock.monotonic())]
        for worker in late:
            self.log("call in flight", environment=worker.controller.name)

    def _staff(self) -> None:
        """A worker for each environment of the newest revision that can be read; those that are gone end."""
        revision = self.source.reading().revision
        if revision is None:
            return
        wanted = {name for name in environments(revision) if self.chosen(name)}
        with self._lock:
            gone = [self.workers.pop(name) for name in self.workers.keys() - wanted]
            fresh = sorted(wanted - self.workers.keys())
            new = [Worker(self.make(name), self.clock, self.stop.is_set) for name in fresh]
            self.workers |= {worker.controller.name: worker for worker in new}
        for worker in gone:
            self.log("environment gone", environment=worker.controller.name)
            worker.end()
            self.board.drop(worker.controller.name)
        for worker in new:
            self.log("environment", environment=worker.controller.name)
            worker.start()

    def _pulse(self) -> None:
        now = self.clock.monotonic()
        with self._lock:
            oldest = min((worker.beat for worker in self.workers.values()), default=now)
        beat = now if now - oldest < STALLED else oldest
        self.board.beat(Pulse(beat, self.source.reading().fetched, self.stop.is_set()))
