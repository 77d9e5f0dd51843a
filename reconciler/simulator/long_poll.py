"""Waiting for messages: moto would do it with the simulator's one lock held, and by the clock on the wall."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .wire import Target

if TYPE_CHECKING:
    from .simulator import Simulator

LOOK = 0.02
"""Seconds between two looks at a queue."""


def wait(simulator: Simulator, target: Target | None, account: str) -> None:
    """Until a ReceiveMessage has something to answer, or has waited for long enough by the virtual clock.

    Where time does not pass by itself nothing would come: then it is answered at once.
    """
    if target is None or (target.service, target.operation) != ("sqs", "ReceiveMessage"):
        return
    end: float | None = None
    while simulator.speed:
        with simulator.lock:
            simulator.catch_up()
            queue = _queue(simulator, target, account)
            now = simulator.clock.now
            end = now + _seconds(queue, target) if end is None else end
            if queue is None or queue.messages or now >= end:
                return
        time.sleep(LOOK)


def _queue(simulator: Simulator, target: Target, account: str) -> Any:
    backend = simulator.world.others.backend("sqs", account, target.region)
    name = str(target.params.get("QueueUrl", "")).rpartition("/")[2]
    return backend.queues.get(name) if backend is not None else None


def _seconds(queue: Any, target: Target) -> float:
    said = target.params.get("WaitTimeSeconds")
    try:
        return float(said if said is not None else queue.receive_message_wait_time_seconds)
    except (AttributeError, TypeError, ValueError):
        return 0.0


def correct(_now: Any) -> None:
    """moto answers with what there is."""
    from moto.sqs.models import SQSBackend

    backend: Any = SQSBackend
    receive = backend.receive_message

    def at_once(self: Any, queue_name: str, count: int, _wait: int, *more: Any, **named: Any) -> Any:
        return receive(self, queue_name, count, 0, *more, **named)

    backend.receive_message = at_once
