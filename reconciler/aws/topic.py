"""Publishes to SNS topics, wherever they lie, with the SDK's own credentials."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.writer import AwsWriter
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import UsageError
from reconciler.model.plan import Call

WRITE: Final = "sns:Publish"
SUBJECT: Final = 100
"""Characters, all of them ASCII and none a control. Source: the SNS API reference, Publish."""
MESSAGE: Final = 256 * 1024
"""Bytes."""


class Topics:
    """Thread-safe. A topic's ARN says in which Region it is asked; ``endpoint_url`` is for an AWS that is none."""

    def __init__(self, clock: Clock, session: Any = None, *, endpoint_url: str | None = None) -> None:
        self._clock, self._session, self._endpoint_url = clock, session, endpoint_url
        self._lock = threading.Lock()
        self._writers: dict[str, AwsWriter] = {}

    def publish(self, topic: str, subject: str, text: str, *, attributes: Mapping[str, str], id: str) -> None:
        """Send one message. ``attributes`` are what subscriptions filter by; a topic that is FIFO knows it by ``id``.

        Raises UsageError for what is no topic, AccessError, and AwsError: nothing is waited for or asked again here.
        """
        region = region_of(topic)
        params: dict[str, Any] = {
            "TopicArn": topic,
            "Subject": subject_of(subject),
            "Message": text.encode()[:MESSAGE].decode(errors="ignore") or "-",
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
            },
        }
        if topic.endswith(".fifo"):
            params |= {"MessageGroupId": attributes.get("environment") or "reconciler", "MessageDeduplicationId": id}
        self._writer(region).send(Call(WRITE, params))

    def _writer(self, region: str) -> AwsWriter:
        with self._lock:
            if region not in self._writers:
                place = Environment("notifications", region=region, endpoint_url=self._endpoint_url)
                clients = Clients(place, session=self._session)
                self._writers[region] = AwsWriter(clients, Budget(self._clock), self._clock, patience=0)
            return self._writers[region]


def region_of(topic: str) -> str:
    """The Region of a topic's ARN. Raises UsageError."""
    parts = topic.split(":")
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "sns" or not all(parts):
        hint = "write arn:aws:sns:REGION:ACCOUNT:NAME"
        raise UsageError(f"{topic!r} is not the ARN of a topic", hint=hint)
    return parts[3]


def subject_of(text: str) -> str:
    """The text as SNS takes it for a subject: ASCII, one line, no longer than may be, not empty."""
    plain = "".join(char if " " <= char <= "~" else " " if char.isspace() else "?" for char in text)
    plain = " ".join(plain.split())
    return (plain if len(plain) <= SUBJECT else f"{plain[: SUBJECT - 3].rstrip()}...") or "reconciler"
