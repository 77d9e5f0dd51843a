"""The log lines of one task, as far as CloudWatch Logs has them. Source: GetLogEvents, the awslogs driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.container_log import Stream, streams
from reconciler.model.errors import AwsError, Denied, NotFound
from reconciler.model.kind import Reader

_PAGES = 50
"""Pages of one stream in one look; what is left comes with the next."""


@dataclass
class _Reading:
    """How far a stream has been read."""

    stream: Stream
    token: str | None = None


class TaskLog:
    """What the containers of a task have written since the last look. A log that cannot be read ends with a word."""

    def __init__(self, read: Reader, definition: Mapping[str, Any], task: str) -> None:
        self._read = read
        self._streams = [_Reading(stream) for stream in streams(definition, task)]
        self._several = len(self._streams) > 1
        self.silent = not self._streams
        self.trouble = ""

    def lines(self) -> Iterator[str]:
        """The lines that are new; with the container's name before each where several write."""
        for reading in list(self._streams):
            name = reading.stream.container
            try:
                for text in self._new(reading):
                    yield f"{name} | {text}" if self._several else text
            except NotFound:
                continue  # nothing has been written yet
            except AwsError as error:
                if error.retry:
                    continue
                hint = f" ({error.hint})" if isinstance(error, Denied) else ""
                self.trouble = f"the log of {name} cannot be read: {error.message}{hint}"
                self._streams.remove(reading)

    def _new(self, reading: _Reading) -> Iterator[str]:
        for _ in range(_PAGES):
            stream = reading.stream
            asked: dict[str, Any] = {"logGroupName": stream.group, "logStreamName": stream.name, "startFromHead": True}
            if reading.token:
                asked["nextToken"] = reading.token
            answer = self._read.one("logs:GetLogEvents", asked, region=stream.region)
            for event in answer.get("events") or ():
                yield str(event.get("message") or "").rstrip("\n")
            token = answer.get("nextForwardToken")
            if not token or token == reading.token:
                return
            reading.token = token
