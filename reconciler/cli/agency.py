"""The verb ``agent``: settings from file and flags, signals, the log."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from reconciler.agent import http
from reconciler.agent.assemble import Parts, run
from reconciler.cli.place import find_root, in_git, is_bare
from reconciler.cli.runtime import Runtime
from reconciler.cli.working import no_core_dumps
from reconciler.model.agent import AgentSettings, Repository
from reconciler.model.errors import UsageError
from reconciler.report import log
from reconciler.source.agent_settings import read_settings
from reconciler.source.git import top_level

CONFIG: Final = "RECONCILER_AGENT_CONFIG"
"""The variable that holds settings whole, where there is no file to put them: a task of ECS."""

_OF_REPOSITORY = {"branch": "branch", "folder": "folder", "mirror": "mirror", "poll": "poll"}


def agent(ran: Runtime, form: str | None, given: Mapping[str, Any]) -> int:
    """Run until told to stop: 0."""
    settings = settings_of(ran, given)
    no_core_dumps()
    log.configure(json=(form or ("text" if sys.stderr.isatty() else "json")) == "json")
    parts = Parts(
        ran.clock,
        log.log,
        http.ask,
        ran.environ,
        _cache(ran.environ, settings.repository.url),
        f"agent on {socket.gethostname()}",
        ran.session,
    )
    with _told_to_stop() as stop:
        log.log("started", repository=settings.repository.url, environments=settings.environments or "all")
        run(settings, parts, stop, lambda address: log.log("listening", address=address))
        log.log("stopped")
    return 0


def settings_of(ran: Runtime, given: Mapping[str, Any]) -> AgentSettings:
    """The settings of the file, else of the variable, and over them what flags say. Raises UsageError,
    InvalidManifests."""
    file, held = given.get("settings"), ran.environ.get(CONFIG)
    settings = _from_file(file) if file is not None else read_settings(CONFIG, held.encode()) if held else None
    url, options = given.get("repository"), ran.options
    if settings is None:
        repository = Repository(url) if url is not None else _here(ran)
        settings = AgentSettings(repository)
    elif url is not None:
        settings = replace(settings, repository=replace(settings.repository, url=url))
    flags = {member: given[flag] for flag, member in _OF_REPOSITORY.items() if given.get(flag) is not None}
    repository = replace(settings.repository, **flags)
    if options.worktree:
        repository = replace(repository, worktree=True)
    if options.revision is not None:
        raise UsageError("an agent follows a branch, not one commit", hint="leave out --revision, or say --branch")
    listen = given.get("listen")
    return replace(
        settings,
        repository=repository,
        installation=options.installation or settings.installation,
        environments=(options.environment,) if options.environment is not None else settings.environments,
        resync=given.get("resync") or settings.resync,
        server=replace(settings.server, listen=listen) if listen is not None else settings.server,
    )


def _from_file(name: str) -> AgentSettings:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"the settings cannot be read: {error.strerror}", where=name) from None
    return read_settings(name, data)


def _here(ran: Runtime) -> Repository:
    """The repository that the command line is in: its commits, or its files where it is no git repository."""
    root = find_root(ran.options.directory)
    if is_bare(root):
        return Repository(str(root.resolve()))
    if ran.options.worktree or not in_git(root):
        return Repository(str(root.resolve()), worktree=True)
    top, folder = top_level(root)
    return Repository(str(top), folder=folder)


def _cache(environ: Mapping[str, str], url: str) -> Path:
    """Where the mirror of a repository is kept where nobody says."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or "/tmp", ".cache")
    return Path(base) / "reconciler" / hashlib.sha256(url.encode()).hexdigest()[:16]


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set; the second time the process ends at once."""
    stop = threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
