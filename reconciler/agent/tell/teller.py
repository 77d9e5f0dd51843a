"""Tells people what came about: reads looks and news on a thread of its own, and sends from one thread a channel."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.agent.board import Board, Look, News
from reconciler.agent.http import Ask
from reconciler.agent.tell.channels import Publish, SecretOf, batch_of, sender, wants
from reconciler.agent.tell.forges import Headers, Marking, Statuses
from reconciler.agent.tell.lane import Lane
from reconciler.agent.tell.memory import Told
from reconciler.agent.tell.outcome import TRIGGERS, Outcome
from reconciler.agent.tell.outcomes import QUIET, outcomes
from reconciler.agent.tell.statuses import Mark, Marked, marks
from reconciler.model.agent import AgentSettings, Channel, Forge
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError

_MOST_NEWS: Final = 500
_A_DAY: Final = 86_400.0
_OF_NEWS: Final = {"trouble": "on-sync-status-unknown"}

log = logging.getLogger(__name__)


class Teller:
    """``saw`` and ``heard`` never block and never fail. Raises UsageError for a channel whose settings do not work.

    ``headers`` says who marks commits; without it the forge's own login is used where that is a token. Of an
    environment only the newest look waits to be read: what lies between is not told. An environment whose one writer
    is another replica is told of by that one.
    """

    def __init__(
        self,
        settings: AgentSettings,
        ask: Ask,
        publish: Publish,
        secret_of: SecretOf,
        clock: Clock,
        *,
        board: Board | None = None,
        headers: Headers | None = None,
    ) -> None:
        board, self._settings, self._clock = board or Board(), settings, clock
        self._looks: dict[str, Look] = {}
        self._news: deque[News] = deque(maxlen=_MOST_NEWS)
        self._told: dict[str, Told] = {}
        self._marked: dict[str, Marked] = {}
        self._news_told: dict[tuple[str, str, str, str, str | None], datetime] = {}
        self._other: dict[tuple[str, str, str], tuple[str, datetime]] = {}
        self._wake = threading.Condition()
        self._stopping = self._read_out = False
        self._threads: list[threading.Thread] = []
        self.channels: list[tuple[Channel, Lane[Outcome]]] = []
        for channel in settings.channels:
            send = sender(channel, settings.url, ask=ask, publish=publish, secret_of=secret_of, clock=clock)
            self.channels.append((channel, Lane(channel.name, send, clock, board, batch=batch_of(channel))))
        self.forge: Lane[Mark] | None = None
        if settings.forge is not None:
            who = headers if headers is not None else _token(settings.forge, secret_of)
            marking = Marking(Statuses(settings.forge, ask, who, clock, settings.url))
            self.forge = Lane(
                settings.forge.kind,
                lambda found: _each(marking.mark, found),
                clock,
                board,
                same=lambda mark: (mark.sha, mark.context),
                lifetime=_A_DAY,
            )

    @property
    def lanes(self) -> list[Lane[Any]]:
        """All of them; each is stepped by one thread alone."""
        return [*(lane for _, lane in self.channels), *([self.forge] if self.forge is not None else [])]

    def saw(self, look: Look) -> None:
        """An environment as it is now."""
        with self._wake:
            self._looks[look.environment] = look
            self._wake.notify_all()

    def heard(self, news: News) -> None:
        """Something that happened: told if it is a trigger by its kind, or if somebody said it."""
        with self._wake:
            self._news.append(news)
            self._wake.notify_all()

    def step(self) -> None:
        """Read what was seen and heard, and put what is to be told of it into the lanes. Sends nothing."""
        with self._wake:
            looks, news = list(self._looks.values()), list(self._news)
            self._looks.clear()
            self._news.clear()
        now = self._clock.now()
        for look in looks:
            try:
                self._read(look, now)
            except Exception as error:  # noqa: BLE001 - a look that is not understood must not end the telling
                log.error("a bug in reconciler while telling: %s", type(error).__name__)
        for item in news:
            outcome = _outcome(item)
            if outcome is not None and not self._repeats(outcome, now):
                self._tell(outcome, "news", now)

    def _read(self, look: Look, now: datetime) -> None:
        name = look.environment
        if not look.held:
            self._told.pop(name, None)
            self._marked.pop(name, None)
            return
        self._told[name], found = outcomes(self._told.get(name, Told()), look, now)
        for outcome in found:
            self._tell(outcome, "look", now)
        if self.forge is not None:
            known = self._marked.get(name, Marked())
            self._marked[name], new = marks(known, look, self._told[name], self._settings.installation)
            for mark in new:
                self.forge.put(mark)

    def _repeats(self, outcome: Outcome, now: datetime) -> bool:
        """Whether the loop said the same a moment ago, or says it of an environment that nobody has looked at yet."""
        if outcome.trigger == "on-said":
            return False
        if outcome.trigger == "on-sync-status-unknown" and not self._told.get(outcome.environment, Told()).begun:
            return True
        self._news_told = {key: at for key, at in self._news_told.items() if now - at < QUIET}
        key = (outcome.environment, outcome.app, outcome.trigger, outcome.message, outcome.commit)
        repeats = key in self._news_told
        self._news_told.setdefault(key, now)
        return repeats

    def _tell(self, outcome: Outcome, source: str, now: datetime) -> None:
        """Put it before every channel that wants it. What both a look and the loop's news tell is told by the first."""
        if outcome.trigger != "on-said":
            about = (outcome.environment, outcome.app, outcome.trigger)
            self._other = {key: (who, at) for key, (who, at) in self._other.items() if now - at < QUIET}
            if self._other.setdefault(about, (source, now))[0] != source:
                return
        for channel, lane in self.channels:
            if wants(channel, outcome):
                lane.put(outcome)

    def start(self) -> None:
        """Begin to read and to send."""
        reading = threading.Thread(target=self._reads, name="tell", daemon=True)
        sending = [
            threading.Thread(target=self._sends, args=(lane,), name=f"tell-{lane.name}", daemon=True)
            for lane in self.lanes
        ]
        self._threads = [reading, *sending]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Read what is left, send what can be sent at once, and end; after ``timeout`` seconds what is left is lost."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        until = self._clock.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - self._clock.monotonic()))

    def _reads(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._looks or self._news or self._stopping)
                last = self._stopping
            self.step()
            with self._wake:
                self._read_out = last
                self._wake.notify_all()
            if last:
                return

    def _sends(self, lane: Lane[Any]) -> None:
        while True:
            pause = lane.step()
            if pause == 0.0:
                continue
            with self._wake:
                if pause is None and lane.waiting:
                    continue  # it was put there before anybody waited to be woken
                if self._read_out:
                    return
                self._wake.wait(pause)


def _each(mark: Callable[[Mark], None], found: Sequence[Mark]) -> None:
    for it in found:
        mark(it)


def _outcome(news: News) -> Outcome | None:
    named = _OF_NEWS.get(news.kind, f"on-{news.kind}")
    trigger = named if named in TRIGGERS else "on-said" if news.by else ""
    if not trigger:
        return None
    words = {"message": news.message or news.kind, "by": news.by, "version": f"{news.kind} {news.at.isoformat()}"}
    return Outcome(trigger, news.environment, news.at, news.app, commit=news.commit, **words)


def _token(forge: Forge, secret_of: SecretOf) -> Headers:
    if forge.login.how != "token":
        hint = "how: token"
        raise UsageError(f"commits cannot be marked with a login by {forge.login.how}", where="forge", hint=hint)

    def headers() -> Mapping[str, str]:
        token = secret_of(forge.login.secret).strip()
        return {"Authorization": f"Bearer {token}"} if forge.kind == "github" else {"PRIVATE-TOKEN": token}

    return headers
