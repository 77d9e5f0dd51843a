"""The last words of a task that crashed, where its container logs to CloudWatch."""

from __future__ import annotations

from dataclasses import replace

from reconciler.kinds.service_evidence import Evidence
from reconciler.model.container_log import last_lines
from reconciler.model.kind import Reader


def last_words(read: Reader, found: Evidence) -> Evidence:
    """The evidence with the last lines that the newest crash has left."""
    crash = next((stop for stop in found.stops if stop.cause.crash and stop.container), None)
    if crash is None:
        return found
    lines, trouble = last_lines(read, crash)
    return replace(found, words=lines, gaps=(*found.gaps, *([str(trouble)] if trouble else [])))
