"""The one door to a queue of events: receives and deletes messages, which no Reader may, and nothing else.

Needs no lease: what a message says is only a hint, and one that is read twice costs a look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from reconciler.aws.clients import Clients, Connection
from reconciler.aws.wire import ask
from reconciler.model.batch import batches
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError
from reconciler.model.kind import Answer
from reconciler.model.tree import Tree

RECEIVE: Final = "sqs:ReceiveMessage"
DELETE: Final = "sqs:DeleteMessageBatch"
A_CALL: Final = 10
"""Messages that one call takes. Source: the SQS API reference, as is the next."""
LONGEST: Final = 20
"""Seconds that a call may wait for a first message."""
_ROOM: Final = 10.0
"""Seconds that an answer may take once the waiting is over."""
_REGION: Final = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-\d{1,2}")


@dataclass(frozen=True, slots=True)
class Message:
    """``receipt`` is what this delivery of it is deleted by."""

    id: str
    body: str = field(repr=False)
    receipt: str = field(repr=False)


class AwsQueue:
    """A queue by its URL, which says the Region; without one in it (an emulator's) it is that of the environment.

    Where the calls go is the SDK's to say, as for any other: environment's endpointUrl, AWS_ENDPOINT_URL, else AWS.
    Raises UsageError for what is no URL of a queue. Calls are made once: when to ask again is the caller's to say.
    """

    def __init__(self, clients: Clients, clock: Clock, url: str) -> None:
        self.url, self.region = url, _region(url) or clients.region
        self._clock = clock
        # A client of its own: the others give up waiting before a queue has to answer.
        waiting = Connection(pool=2, connect_timeout=clients.connection.connect_timeout, read_timeout=LONGEST + _ROOM)
        self._clients = clients.connecting(waiting)

    def receive(self, wait: int = LONGEST) -> list[Message]:
        """Up to ten messages, as soon as there is one; none after ``wait`` seconds. Raises AwsError, AccessError."""
        asked = {"MaxNumberOfMessages": A_CALL, "WaitTimeSeconds": min(wait, LONGEST)}
        answer = self._ask(RECEIVE, asked, write=False)
        return [_message(item) for item in answer.get("Messages") or ()]

    def delete(self, messages: Sequence[Message]) -> dict[str, str]:
        """Id → AWS's code, of those that could not be deleted: they come again. Raises AwsError, AccessError."""
        failed: dict[str, str] = {}
        for batch in batches(messages, A_CALL):
            # One message may have come twice, so its id will not do here.
            entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(batch)]
            answer = self._ask(DELETE, {"Entries": entries}, write=True)
            failed |= {batch[int(item["Id"])].id: str(item["Code"]) for item in answer.get("Failed") or ()}
        return failed

    def _ask(self, operation: str, params: Tree, *, write: bool) -> Answer:
        asked = {"QueueUrl": self.url, **params}
        return ask(self._clients, self._clock, operation, asked, region=self.region, write=write)


def _message(item: Mapping[str, Any]) -> Message:
    return Message(str(item["MessageId"]), str(item.get("Body") or ""), str(item["ReceiptHandle"]))


def _region(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/").count("/") != 1:
        hint = "it is like https://sqs.eu-west-1.amazonaws.com/123456789012/reconciler"
        raise UsageError(f"{url!r} is not the URL of a queue", where="queues", hint=hint)
    return next((label for label in parts.hostname.split(".") if _REGION.fullmatch(label)), None)
