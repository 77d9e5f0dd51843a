"""The Reader: Describe, List and Get, asked again within a budget, and never what returns a secret."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from types import TracebackType
from typing import Any

from reconciler.aws.backoff import Backoff
from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.operations import refusal
from reconciler.aws.paging import Paging, paging_of
from reconciler.aws.wire import ask
from reconciler.model.clock import Clock
from reconciler.model.errors import AwsError, Throttled, Unavailable
from reconciler.model.kind import Answer, Items
from reconciler.model.tree import Tree, holds_pending


class AwsReader:
    """The Reader that speaks to AWS. Thread-safe; close it, or use it as a context, to end its threads.

    Throttled and unanswered calls are asked again, as often as ``backoff`` says. ValueError is raised for an
    operation that writes or whose answer may hold a secret, for a Pending parameter, and for an unknown operation:
    mistakes in this program, made visible before any call. ``calls`` counts the requests sent, by operation.
    """

    def __init__(
        self,
        clients: Clients,
        budget: Budget,
        clock: Clock,
        *,
        threads: int = 12,
        backoff: Backoff | None = None,
        jitter: Random | None = None,
    ) -> None:
        if threads > clients.connection.pool:
            raise ValueError(f"{threads} threads are more than the {clients.connection.pool} connections of a client")
        self.region = clients.region
        self.calls: Counter[str] = Counter()
        self._clients = clients
        self._budget = budget
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._jitter = jitter or Random()
        self._lock = threading.Lock()
        self._readable: set[str] = set()
        self._paging: dict[str, Paging] = {}
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._inside = threading.local()

    def one(self, operation: str, params: Tree, *, region: str | None = None) -> Answer:
        """One answer. Raises AwsError; AccessError when there are no usable credentials."""
        self._check(operation)
        if holds_pending(params):
            raise ValueError(f"{operation}: a value that is not known yet cannot be sent")
        where = region or self.region
        tried = 0
        while True:
            self._budget.wait_for(operation, where)
            with self._lock:
                self.calls[operation] += 1
            tried += 1
            try:
                return ask(self._clients, self._clock, operation, params, region=where, write=False)
            except (Throttled, Unavailable) as error:
                throttled = isinstance(error, Throttled)
                if throttled:
                    self._budget.throttled(operation, where)
                pause = self._backoff.after(tried, self._jitter, throttled=throttled)
                if pause is None:
                    raise
            self._clock.sleep(pause)

    def many(self, operation: str, params: Sequence[Tree], *, region: str | None = None) -> list[Answer | AwsError]:
        """An answer or an error for each, in the order asked. Anything but an AwsError is raised and ends them all."""
        self._check(operation)
        if not params:
            return []
        if len(params) == 1 or getattr(self._inside, "worker", False):
            # A pool whose workers wait for its workers stops for ever.
            return [self._answer(operation, region, each) for each in params]
        self._clients.client(operation.partition(":")[0], region)
        asked = [self._workers().submit(self._answer, operation, region, each) for each in params]
        try:
            return [future.result() for future in asked]
        finally:
            for future in asked:
                future.cancel()

    def pages(self, operation: str, params: Tree, items: str, *, region: str | None = None) -> Items:
        """The items of every page; ``items`` is the answer's member that holds them. A failed page raises."""
        self._check(operation)
        paging = self._paging_of(operation, items)
        asked = paging.first(params)
        found: list[Any] = []
        seen: list[dict[str, Any]] = []
        while True:
            answer = self.one(operation, asked, region=region)
            found.extend(answer.get(items) or ())
            token = paging.next(answer)
            if not token:
                return Items(found, answer.at)
            if token in seen:
                raise Unavailable("the listing leads back to a page it has shown already", operation=operation)
            seen.append(token)
            asked = {**asked, **token}

    def close(self) -> None:
        """End the threads; the reader may be used again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> AwsReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, operation: str, region: str | None, params: Tree) -> Answer | AwsError:
        try:
            return self.one(operation, params, region=region)
        except AwsError as error:
            return error

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                mark = partial(setattr, self._inside, "worker", True)
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="aws-read", initializer=mark)
            return self._pool

    def _check(self, operation: str) -> None:
        if operation in self._readable:
            return
        reason = refusal(operation, self._clients.model(operation))
        if reason:
            raise ValueError(f"{operation}: a Reader may not make it: {reason}")
        self._readable.add(operation)

    def _paging_of(self, operation: str, items: str) -> Paging:
        model = self._clients.model(operation)
        if items not in model.output_shape.members:
            raise ValueError(f"{operation}: its answer has no member {items!r}")
        if operation not in self._paging:
            self._paging[operation] = paging_of(operation, model, self._clients.page_tokens(operation))
        return self._paging[operation]
