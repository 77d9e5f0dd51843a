"""The log lines of one task, as far as CloudWatch Logs has them. Source: GetLogEvents, the awslogs driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import AwsError, Denied, NotFound
from reconciler.model.kind import Reader

_PAGES = 50
"""Pages of one stream in one look; what is left comes with the next."""


@dataclass
class _Stream:
    """One container's stream and how far it has been read."""

    container: str
    group: str
    name: str
    region: str | None
    token: str | None = None


class TaskLog:
    """What the containers of a task have written since the last look. A log that cannot be read ends with a word."""

    def __init__(self, read: Reader, definition: Mapping[str, Any], task: str) -> None:
        self._read = read
        self._streams = list(_streams(definition, task))
        self._several = len(self._streams) > 1
        self.silent = not self._streams
        self.trouble = ""

    def lines(self) -> Iterator[str]:
        """The lines that are new; with the container's name before each where several write."""
        for stream in list(self._streams):
            try:
                for text in self._new(stream):
                    yield f"{stream.container} | {text}" if self._several else text
            except NotFound:
                continue  # nothing has been written yet
            except AwsError as error:
                if error.retry:
                    continue
                hint = f" ({error.hint})" if isinstance(error, Denied) else ""
                self.trouble = f"the log of {stream.container} cannot be read: {error.message}{hint}"
                self._streams.remove(stream)

    def _new(self, stream: _Stream) -> Iterator[str]:
        for _ in range(_PAGES):
            asked: dict[str, Any] = {"logGroupName": stream.group, "logStreamName": stream.name, "startFromHead": True}
            if stream.token:
                asked["nextToken"] = stream.token
            answer = self._read.one("logs:GetLogEvents", asked, region=stream.region)
            for event in answer.get("events") or ():
                yield str(event.get("message") or "").rstrip("\n")
            token = answer.get("nextForwardToken")
            if not token or token == stream.token:
                return
            stream.token = token


def _streams(definition: Mapping[str, Any], task: str) -> Iterator[_Stream]:
    """The streams that the awslogs driver names ``prefix/container/task``; without a prefix nobody knows the name."""
    for one in definition.get("containerDefinitions") or ():
        logging = one.get("logConfiguration") or {}
        options = logging.get("options") or {}
        prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
        if logging.get("logDriver") == "awslogs" and prefix and group:
            name = f"{prefix}/{one['name']}/{task}"
            yield _Stream(one["name"], group, name, options.get("awslogs-region"))
