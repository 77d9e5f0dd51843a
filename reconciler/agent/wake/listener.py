"""Listens to one queue for as long as the agent lives: whatever goes wrong with it costs latency, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from random import Random
from typing import Final, Protocol

from reconciler.agent.blame import Who
from reconciler.agent.desk import Wake
from reconciler.agent.index import Index
from reconciler.agent.wake.events import Heard, collapsed, hear
from reconciler.aws.queue import A_CALL, LONGEST, Message
from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError

HANDFULS: Final = 20
"""How often a step reaches for more at once, so that two hundred messages about one app are one wake."""
REST: Final = 0.2
"""Seconds between steps that found something: the most that a flood can ask of whoever is woken."""
FIRST, LAST = 1.0, 60.0
"""Seconds of the pause after an error, and of the longest one."""

NOT_OURS: Final = 2.0
"""Seconds between two looks whether an environment has become this replica's."""

Count = Callable[..., None]


class Queue(Protocol):
    """Where messages come from; see aws/queue."""

    def receive(self, wait: int = LONGEST) -> list[Message]: ...

    def delete(self, messages: Sequence[Message]) -> dict[str, str]: ...


class WhileHeld:
    """A queue that is left to the replica whose environment it tells of: another one knows nothing of what it says,
    and would take it away."""

    def __init__(self, queue: Queue, held: Callable[[], bool], clock: Clock) -> None:
        self._queue, self._held, self._clock = queue, held, clock

    def receive(self, wait: int = LONGEST) -> list[Message]:
        if self._held():
            return self._queue.receive(wait)
        self._clock.sleep(NOT_OURS)
        return []

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        return self._queue.delete(messages)


class Listener:
    """A thread of its own. ``wake`` and ``told_who`` must not block; ``count`` is Board.count.

    A message is deleted once what it says has been passed on: one that is not comes again. ``ourselves`` are the ARNs
    of our own callers.
    """

    def __init__(
        self,
        queue: Queue,
        index: Index,
        wake: Callable[[Wake], None],
        told_who: Callable[[Who], None],
        clock: Clock,
        *,
        ourselves: Collection[str] = (),
        count: Count = lambda name, **labels: None,
        jitter: Random | None = None,
    ) -> None:
        self._queue, self._index, self._wake, self._told_who = queue, index, wake, told_who
        self._clock, self._ourselves, self._count = clock, ourselves, count
        self._jitter = jitter or Random()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._errors = 0
        self.problem: Exception | None = None
        """What is wrong with the queue; None: nothing."""
        self.answered: datetime | None = None
        """When it last answered, by this machine's clock."""

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def stop(self, wait: float = 0.0) -> None:
        """Say that it ends. A poll under way is not waited for longer than ``wait`` seconds: what it brings is left
        in the queue for whoever listens next."""
        self._stopped.set()
        if self._thread is not None and wait > 0:
            self._thread.join(wait)

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def step(self, wait: int = LONGEST) -> float:
        """Receive, pass on, delete; the seconds until the next step. Raises nothing of AWS's."""
        messages: list[Message] = []
        try:
            self._receive(wait, messages)
            failed = None
        except ReconcilerError as error:
            failed = error
        if self._stopped.is_set():
            return 0.0
        try:
            self._pass_on(messages)
            undeleted = self._queue.delete(messages) if messages else {}
        except ReconcilerError as error:
            failed, undeleted = error, {}
        if undeleted:
            self._count("reconciler_events_undeleted_total", by=float(len(undeleted)))
        return self._pause(failed, found=bool(messages))

    def _receive(self, wait: int, messages: list[Message]) -> None:
        """What there is, as far as a step reaches; what came before an error counts."""
        for handful in range(HANDFULS):
            found = self._queue.receive(0 if handful else wait)
            messages += found
            if len(found) < A_CALL or self._stopped.is_set():
                return

    def _pass_on(self, messages: Sequence[Message]) -> None:
        heard = [hear(message.body, self._index, self._ourselves) for message in messages]
        for one in heard:
            self._counted(one)
            for told in one.who:
                self._told_who(told)
        for wake in collapsed(heard):
            self._wake(wake)

    def _counted(self, one: Heard) -> None:
        self._count("reconciler_events_total", type=one.type or "none", ignored=one.ignored)

    def _pause(self, failed: Exception | None, *, found: bool) -> float:
        self.problem = failed
        if failed is None:
            self._errors, self.answered = 0, self._clock.now()
            return REST if found else 0.0
        self._count("reconciler_events_errors_total")
        self._errors += 1
        longest = min(LAST, FIRST * 2.0 ** min(self._errors - 1, 10))
        return longest * self._jitter.uniform(0.5, 1.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                pause = self.step()
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not make the agent deaf
                pause = self._pause(error, found=False)
            self._stopped.wait(pause)
