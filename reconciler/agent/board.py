"""What the agent knows, for whoever asks: written by the loop, read by the server, by notifications, by tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.model.errors import Problem
from reconciler.model.plan import Plan
from reconciler.model.status import Condition, Status


@dataclass(frozen=True)
class Look:
    """One environment as the agent last saw it.

    commit    the commit that is in force: the last good one
    head      the newest commit that was seen, in force or not; None: none yet
    source    whether what is in force is what the repository says: condition SourceVerified
    status    of everything in it, each resource as last looked at; None: no look yet
    plan      what was left to do, all apps together; None: no look yet
    digests   app → what stands for its plan, as ``approve`` wants it; apps with nothing to do are not in it
    at        when the last tick ended, by this machine's clock
    held      whether this replica is the one writer; ``writer`` says who is
    problems  what is wrong with the manifests, the credentials, the lease
    waiting   how many apps are due
    """

    environment: str
    commit: str | None = None
    head: str | None = None
    source: Condition | None = None
    status: Status | None = None
    plan: Plan | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    held: bool = False
    writer: str = ""
    problems: tuple[Problem, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether the agent is alive: of its loop, of its source. Seconds by the monotonic clock.

    ``beat``: when the loop last turned; ``fetched``: whether the repository was ever read; ``stopping``: it is told to.
    """

    beat: float | None = None
    fetched: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, told once: who did it, to what, and when.

    ``kind`` is one of KINDS_OF_NEWS; ``app`` is empty where all are meant, ``by`` where nobody asked.
    """

    kind: str
    environment: str
    at: datetime
    app: str = ""
    message: str = ""
    by: str = ""
    commit: str | None = None
    severity: Literal["info", "error"] = "info"


_MOST_NEWS = 500


class Board:
    """Thread-safe. Looks and news are frozen, so whoever has one may keep it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, Look] = {}
        self._news: list[News] = []
        self._pulse = Pulse()
        self._counts: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._seen: list[Callable[[Look], None]] = []
        self._heard: list[Callable[[News], None]] = []

    def listen(self, saw: Callable[[Look], None], heard: Callable[[News], None]) -> None:
        """Hand every look and all news on, by the thread that brings them: neither may block or fail."""
        with self._lock:
            self._seen.append(saw)
            self._heard.append(heard)

    def put(self, look: Look) -> None:
        """Show an environment as it is now."""
        with self._lock:
            self._looks[look.environment] = look
            seen = tuple(self._seen)
        for saw in seen:
            saw(look)

    def drop(self, environment: str) -> None:
        """Forget an environment that is not worked on any more."""
        with self._lock:
            self._looks.pop(environment, None)

    def looks(self) -> dict[str, Look]:
        """Every environment by name."""
        with self._lock:
            return dict(self._looks)

    def beat(self, pulse: Pulse) -> None:
        with self._lock:
            self._pulse = pulse

    @property
    def pulse(self) -> Pulse:
        with self._lock:
            return self._pulse

    def tell(self, news: News) -> None:
        """Keep the newest few hundred."""
        with self._lock:
            self._news.append(news)
            del self._news[:-_MOST_NEWS]
            listeners = tuple(self._heard)
        for heard in listeners:
            heard(news)

    def news(self) -> tuple[News, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(self._news)

    def count(self, name: str, by: float = 1.0, **labels: str) -> None:
        """Add to a counter that metrics show: ``reconciler_heal_total``."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._counts[key] = self._counts.get(key, 0.0) + by

    def counts(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """(name, labels) → how much."""
        with self._lock:
            return dict(self._counts)
