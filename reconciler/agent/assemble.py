"""From settings to a running agent: every part made, handed to those that need it, started, and ended in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from reconciler.agent.blame import Blame
from reconciler.agent.board import Board
from reconciler.agent.controller import Controller
from reconciler.agent.desk import Wake
from reconciler.agent.ends import Connecting
from reconciler.agent.http import Ask
from reconciler.agent.index import Index
from reconciler.agent.intent import Log
from reconciler.agent.login.credentials import credentials_for, token_for
from reconciler.agent.login.secrets import read_secret
from reconciler.agent.office import Office
from reconciler.agent.running import Agent
from reconciler.agent.source import FolderSource, GitSource, Source
from reconciler.agent.wake.folder import FolderWatcher
from reconciler.agent.wake.listener import Listener, WhileHeld
from reconciler.agent.wake.poller import Poller
from reconciler.agent.waking import Waking
from reconciler.aws.clients import Clients
from reconciler.aws.queue import AwsQueue
from reconciler.aws.session import sdk_session
from reconciler.model.agent import AgentSettings
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import SourceError
from reconciler.source.mirror import Mirror
from reconciler.source.revision import Revision
from reconciler.source.signed import signer

SOON = 1.0
"""Seconds that each part which only reads or tells is given to end."""


@dataclass(frozen=True)
class Parts:
    """What an agent is made of besides its settings: the world outside of the process.

    ``mirror`` is where the repository's objects are kept where the settings do not say, ``holder`` how this replica is
    called, ``session`` makes boto3 sessions (None: the SDK's own chain).
    """

    clock: Clock
    log: Log
    ask: Ask
    environ: Mapping[str, str]
    mirror: Path
    holder: str
    session: Any = None


def run(settings: AgentSettings, parts: Parts, stop: threading.Event, serving: Callable[[str], None]) -> None:
    """Work until ``stop``; ``serving`` is told at which address the API listens. Raises UsageError at the start."""
    board, clock = Board(), Waking(parts.clock, stop.is_set)
    bell = _Bell()
    with ExitStack() as running:
        source = _folder(settings, parts, bell, running) if settings.repository.worktree else None
        source = source or _mirror(settings, parts, bell, running)
        connecting = _connecting(settings, parts, board, clock, source, bell)
        make = _maker(settings, parts, board, clock, source, stop, connecting)
        connecting.listen(Environment(""), running, lambda: True)
        agent = Agent(source, make, _chosen(settings), parts.clock, board, parts.log, stop)
        office = Office(agent.controllers, source, source.history)
        _tell(settings, parts, board, running)
        serving(_serve(settings, parts, board, office, running))
        bell.rings = agent.wake
        agent.run()


class _Bell:
    """Rings for whoever is there by then."""

    def __init__(self) -> None:
        self.rings: Callable[[Wake], None] = lambda wake: None

    def __call__(self, wake: Wake) -> None:
        self.rings(wake)


def _chosen(settings: AgentSettings) -> Callable[[str], bool]:
    named = settings.environments
    return lambda name: named is None or any(fnmatchcase(name, pattern) for pattern in named)


def _maker(
    settings: AgentSettings,
    parts: Parts,
    board: Board,
    clock: Clock,
    source: Source,
    stop: threading.Event,
    connecting: Connecting,
) -> Callable[[str], Controller]:
    def room() -> bool:
        held = sum(look.held for look in board.looks().values())
        return settings.most is None or held < settings.most

    def make(name: str) -> Controller:
        allow = tuple(it for pattern, it in settings.allow.items() if fnmatchcase(name, pattern))
        return Controller(
            name,
            source,
            connecting,
            clock,
            board,
            parts.log,
            settings.resync,
            Random(),
            stop.is_set,
            allow=allow,
            room=room,
        )

    return make


def _connecting(
    settings: AgentSettings, parts: Parts, board: Board, clock: Clock, source: Source, bell: _Bell
) -> Connecting:
    index, blame = Index(), Blame(parts.clock)

    def read(commit: str) -> Revision:
        found = source.at(commit)
        if found is None:
            raise SourceError("the commit cannot be read", where=commit[:12])
        return found

    def listen(environment: Environment, running: ExitStack, held: Callable[[], bool]) -> None:
        """To the queues that lie in the account of an environment, for as long as it is this replica's; to those that
        name none once, for as long as the agent runs."""
        for queue in settings.queues:
            if queue.environment != environment.name:
                continue
            clients = Clients(environment, session=parts.session)
            messages = WhileHeld(AwsQueue(clients, parts.clock, queue.url), held, clock)
            listener = Listener(messages, index, bell, blame.tell, parts.clock, count=board.count)
            running.callback(listener.stop)
            listener.start()

    return Connecting(
        settings.installation,
        parts.holder,
        settings.share,
        clock,
        parts.log,
        read,
        index,
        blame,
        listen,
        parts.session,
        parts.environ,
    )


def _mirror(settings: AgentSettings, parts: Parts, bell: _Bell, running: ExitStack) -> Source:
    """A git repository, fetched into a mirror by a thread of its own."""
    repository = settings.repository
    credentials = credentials_for(
        repository.login, repository.url, parts.ask, parts.clock, parts.environ, lambda: sdk_session(parts.session)
    )
    folder = Path(repository.mirror) if repository.mirror else parts.mirror
    mirror = Mirror(folder, repository, credentials, environ=parts.environ)
    poller = Poller(mirror.fetch, parts.clock, bell, repository.poll, Random())
    running.callback(poller.stop, SOON)
    running.callback(mirror.stop)
    signers = repository.signers
    poller.start()
    return GitSource(
        mirror,
        poller.seen,
        fetch_now=lambda: poller.fetch_now(repository.timeout),
        poke=poller.poke,
        check=(lambda commit: signer(mirror.root, commit, signers)) if signers else lambda commit: None,
    )


def _folder(settings: AgentSettings, parts: Parts, bell: _Bell, running: ExitStack) -> Source:
    """A folder that is read as it lies: when it has changed, and every so often in any case."""
    changed, clock, every = threading.Event(), parts.clock, settings.repository.poll
    looked = [clock.monotonic()]

    def ring(wake: Wake) -> None:
        changed.set()
        bell(wake)

    def may_have_changed() -> bool:
        if not changed.is_set() and clock.monotonic() - looked[0] < every:
            return False
        changed.clear()
        looked[0] = clock.monotonic()
        return True

    watcher = FolderWatcher(Path(settings.repository.url), ring)
    running.callback(watcher.stop, SOON)
    watcher.start()
    return FolderSource(Path(settings.repository.url), settings.repository, may_have_changed)


def _tell(settings: AgentSettings, parts: Parts, board: Board, running: ExitStack) -> None:
    """Channels and commit statuses, where settings name any."""
    if not settings.channels and settings.forge is None:
        return
    from reconciler.agent.tell.teller import Teller
    from reconciler.aws.topic import Topics

    headers = None
    if settings.forge is not None and settings.forge.login.how == "github-app":
        token = token_for(settings.forge.login, parts.ask, parts.clock, parts.environ, api=settings.forge.api)
        headers = partial(_bearer, token)
    teller = Teller(
        settings,
        parts.ask,
        Topics(parts.clock, parts.session).publish,
        lambda kept: read_secret(kept, parts.environ),
        parts.clock,
        board=board,
        headers=headers,
    )
    board.listen(teller.saw, teller.heard)
    running.callback(teller.stop, SOON)
    teller.start()


def _bearer(token: Callable[[], str]) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token()}"}


def _serve(settings: AgentSettings, parts: Parts, board: Board, office: Office, running: ExitStack) -> str:
    """The API; the address it listens at."""
    from reconciler.agent.server.app import build
    from reconciler.agent.server.serving import Serving

    app = build(board, office, settings.server, parts.clock, lambda kept: read_secret(kept, parts.environ))
    serving = Serving(app, settings.server.listen)
    running.callback(serving.stop)
    host, port = serving.start()
    return f"{host}:{port}"
