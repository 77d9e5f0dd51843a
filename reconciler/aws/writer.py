"""The Writer: sends a call that changes something once, and never again what may have happened."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random
from typing import Any, Protocol

from reconciler.aws.backoff import Backoff
from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.last_word import Check as Lease
from reconciler.aws.operations import is_read
from reconciler.aws.rates import group_of
from reconciler.aws.wire import ask
from reconciler.model.clock import Clock
from reconciler.model.errors import LeaseHeld, ReconcilerError, Throttled
from reconciler.model.kind import Answer
from reconciler.model.plan import Call
from reconciler.model.sealed import Content, Sealed
from reconciler.model.tree import Path, Tree, holds_pending, leaves, map_leaves


class Opener(Protocol):
    """Opens what is sealed."""

    def open(self, content: Content) -> str:
        """The value; raises AwsError, which says that nothing was sent."""
        ...


class AwsWriter:
    """The only way to change anything. What only reads never makes one.

    ``lease`` is called before every request, and again when it is about to leave, and raises LeaseHeld when the
    environment is no longer ours; it should ask that the lease last for ``clients.connection.longest_call`` more.
    ``keys`` opens sealed values, after the lease was asked and for this one request alone. ``patience`` is how many
    seconds a call that AWS throttles, which has no effect, may be asked again before it is left to the next tick.
    """

    def __init__(
        self,
        clients: Clients,
        budget: Budget,
        clock: Clock,
        lease: Lease | None = None,
        *,
        keys: Opener | None = None,
        patience: float = 10.0,
        backoff: Backoff | None = None,
        jitter: Random | None = None,
    ) -> None:
        self.region = clients.region
        self.calls: Counter[str] = Counter()
        self._clients = clients
        self._budget = budget
        self._clock = clock
        self._lease = lease
        self._keys = keys
        self._patience = patience
        self._backoff = backoff or Backoff()
        self._jitter = jitter or Random()
        self._lock = threading.Lock()

    def send(self, call: Call, *, region: str | None = None) -> Answer:
        """Make one call.

        Raises OutcomeUnknown when no answer came: read, then decide. Throttled, Unavailable (nothing was sent) and
        every other AwsError mean that nothing was done; Throttled also when our own budget is used up, without any
        request. LeaseHeld and AccessError: nothing was sent either. ValueError for a Pending value or a read.
        """
        operation, where = call.operation, region or self.region
        if is_read(operation):
            raise ValueError(f"{operation}: a Writer does not read")
        self._clients.model(operation)
        if holds_pending(call.params):
            raise ValueError(f"{operation}: a value that is not known yet cannot be sent")
        deadline = self._clock.monotonic() + self._patience
        tried = 0
        while True:
            if not self._budget.try_take(operation, where):
                raise Throttled(
                    f"no calls left for {group_of(operation)} in {where}",
                    operation=operation,
                    hint="nothing was sent; it is left to the next tick",
                )
            if self._lease is not None:
                self._lease()
            tried += 1
            try:
                return self._counted(call, where)
            except Throttled:
                self._budget.throttled(operation, where)
                pause = self._backoff.after(tried, self._jitter, throttled=True)
                if pause is not None:
                    pause = max(pause, self._budget.due_in(operation, where))
                if pause is None or self._clock.monotonic() + pause > deadline:
                    raise
            self._clock.sleep(pause)

    def _counted(self, call: Call, where: str) -> Answer:
        """Send it, and count it unless it was stopped at the door."""
        sent = True
        try:
            return self._ask(call, where)
        except LeaseHeld:
            sent = False
            raise
        finally:
            if sent:
                with self._lock:
                    self.calls[call.operation] += 1

    def _ask(self, call: Call, where: str) -> Answer:
        """Send it, with what is sealed opened."""
        sealed = [leaf for _, leaf in leaves(call.params) if isinstance(leaf, Sealed)]
        if not sealed:
            return self._sent(call, call.params, where)
        shut = next((leaf for leaf in sealed if self._keys is None or leaf.content is None), None)
        if shut is not None:
            raise ValueError(f"{shut}: a value that cannot be opened here cannot be sent")
        answer = self._ask_opened(call, where)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask_opened(self, call: Call, where: str) -> Answer | Exception:
        """The answer, or what to raise. No error leaves with the frames it came through: they hold the value. Of a bug
        only its type is told: its text may quote what was sent.
        """
        try:
            params = map_leaves(call.params, self._opened)
            return self._sent(call, params, where)
        except ReconcilerError as error:
            error.__cause__ = error.__context__ = None
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may quote what was sent
            return RuntimeError(f"{call.operation}: {type(error).__name__} while a sealed value was open")

    def _sent(self, call: Call, params: Tree, where: str) -> Answer:
        return ask(self._clients, self._clock, call.operation, params, region=where, write=True, check=self._lease)

    def _opened(self, _path: Path, leaf: Any) -> Any:
        if not isinstance(leaf, Sealed):
            return leaf
        assert self._keys is not None and leaf.content is not None
        return self._keys.open(leaf.content)
