"""What is remembered of a webhook: how often it rang, what of it was heard already, whether a late wake is due."""

from __future__ import annotations

from reconciler.agent.server.buckets import Bucket, Once
from reconciler.model.agent import Hook

MOST_CALLS, CALLS_EVERY = 10, 3.0
"""Wakes that one webhook has, and seconds after which it has one more."""


class Bell:
    """One webhook."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook
        self.calls, self.complaints = Bucket(MOST_CALLS, CALLS_EVERY), Bucket(5, 60.0)
        self.heard = Once()
        self.late = False
