"""The lease asked once more when a request is about to leave: what came between is then known of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Check = Callable[[], None]


class _Asked(threading.local):
    """For the request that this thread makes: the operation, and what may refuse it."""

    operation = ""
    check: Check | None = None


_asked = _Asked()


@contextmanager
def asked_last(operation: str, check: Check | None) -> Iterator[None]:
    """Requests of this operation that this thread makes meanwhile ask ``check``, signed and serialised, before they go.

    Calls that the SDK makes on the way, for credentials, are none of its business.
    """
    before = _asked.operation, _asked.check
    _asked.operation, _asked.check = operation, check
    try:
        yield
    finally:
        _asked.operation, _asked.check = before


def last_word(event_name: str, **_: Any) -> None:
    """Botocore's ``before-send``, of every client: whatever is raised here, the request is not sent."""
    if _asked.check is not None and event_name.rpartition(".")[2] == _asked.operation:
        _asked.check()
