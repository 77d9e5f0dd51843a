"""What every handler is handed: the board, the desk, who is at the door, and the time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.agent.board import Board
from reconciler.agent.desk import Desk
from reconciler.agent.server.apart import Apart
from reconciler.agent.server.bells import Bell
from reconciler.agent.server.doors import Doors
from reconciler.agent.server.refusals import Refused
from reconciler.model.agent import Kept, Server
from reconciler.model.clock import Clock


def in_a_while(seconds: float, act: Callable[[], None]) -> None:
    """Do something later, as long as the server runs."""
    asyncio.get_running_loop().call_later(seconds, act)


@dataclass(repr=False)
class Handed:
    """``secret`` reads what is kept in a variable or a file; it may raise a ReconcilerError.

    ``interval``: seconds between two turns of the loop, at most. ``later`` does something after so many seconds.
    ``stopping`` is set from another thread when the server is to end.
    """

    board: Board
    desk: Desk
    server: Server
    clock: Clock
    secret: Callable[[Kept], str]
    interval: float
    later: Callable[[float, Callable[[], None]], None] = in_a_while
    stopping: threading.Event = field(default_factory=threading.Event)
    looking: Apart = field(default_factory=lambda: Apart(16))
    saying: Apart = field(default_factory=lambda: Apart(8))
    streams: int = 0

    def __post_init__(self) -> None:
        self.doors = Doors(self.server, self.secret, self.clock)
        self.bells: Mapping[str, Bell] = {hook.name: Bell(hook) for hook in self.server.hooks}
        self.began = self.clock.monotonic()

    @property
    def ending(self) -> bool:
        return self.stopping.is_set() or self.board.pulse.stopping

    def still_here(self) -> None:
        """Raises Refused once the agent is told to stop."""
        if self.ending:
            raise Refused(503, "stopping", "the agent is stopping", "ask again, another one may start", wait=5.0)
