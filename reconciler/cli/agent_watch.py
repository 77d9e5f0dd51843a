"""``status --agent --watch``: the agent tells what changes; on a terminal a picture that moves, elsewhere lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reconciler.agent.waking import Waking
from reconciler.cli.asking import Agent, NoAgent, Stream
from reconciler.cli.following import Documents, Lines, View, picture
from reconciler.cli.interrupts import Stop
from reconciler.cli.runtime import Runtime
from reconciler.cli.through_agent import tell, understood

PING = 1
"""Seconds between two signs of life: so often a picture's ages move on."""

SILENCE = 30.0
AGAIN, MOST = 2.0, 30
"""Seconds between two attempts to find an agent that has gone, and how many there are."""


def watched(run: Runtime, asked: Agent, environment: str, apps: Sequence[str], output: str) -> dict[str, Any]:
    """The last document, when somebody asked to stop or nobody reads any more.

    Raises NoAgent for an agent that was never there, or stays away; one that is replaced is found again.
    """
    reading: list[Stream] = []

    def heard(_text: str) -> None:
        for stream in reading:
            stream.end()

    stop = Stop(heard)
    with stop.listening(), _view(run, output) as view:
        clock = Waking(run.clock, stop, view.beat)
        last: dict[str, Any] | None = None
        gone = 0
        while True:
            try:
                with asked.stream(SILENCE, environment=environment, app=apps, ping=str(PING)) as stream:
                    reading[:] = [stream]
                    for document in stream:
                        gone = 0
                        if stop():
                            break
                        if document is None:
                            view.beat()
                            continue
                        if last is None:
                            tell(run, asked, document)
                        last = document
                        if not view.saw(understood(asked, document)) or stop():
                            return last
            except NoAgent:
                if last is None or gone >= MOST:
                    raise
            if stop():
                return last if last is not None else {}
            if gone >= MOST:
                raise NoAgent("the agent ends the stream again and again", where=asked.url)
            gone += 1
            clock.sleep(AGAIN)


@contextmanager
def _view(run: Runtime, output: str) -> Iterator[View]:
    terminal = run.terminal
    if output == "json":
        yield Documents(terminal)
    elif not terminal.draws:
        yield Lines(terminal, run.clock)
    else:
        with picture(terminal, run.clock, wide=output == "wide") as view:
            yield view
