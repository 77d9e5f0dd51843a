"""Work that may block, in a thread of its own: the server goes on, and its end waits for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from reconciler.agent.server.refusals import Refused

T = TypeVar("T")


class Apart:
    """At most so many at a time. The threads are daemons: a call to AWS that hangs holds up no exit."""

    def __init__(self, most: int) -> None:
        self._most, self._busy = most, 0

    async def do(self, work: Callable[[], T]) -> T:
        """What the work returns, or raises. Raises Refused where as many are at work already."""
        if self._busy >= self._most:
            raise Refused(503, "busy", "as much is being asked for as can be answered at a time", wait=1.0)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._busy += 1

        def ended(result: Callable[[], None]) -> None:
            self._busy -= 1
            if not done.done():
                result()

        def body() -> None:
            try:
                found = work()
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                failed = error
                tell = lambda: ended(lambda: done.set_exception(failed))  # noqa: E731
            else:
                tell = lambda: ended(lambda: done.set_result(found))  # noqa: E731
            with suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(tell)

        threading.Thread(target=body, name="agent-request", daemon=True).start()
        return await done
