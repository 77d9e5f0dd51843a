"""How each sort of channel is spoken to: Slack, a webhook of one's own, a topic."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from reconciler.agent.http import Ask
from reconciler.agent.tell.answers import settled
from reconciler.agent.tell.outcome import TRIGGERS, Outcome
from reconciler.agent.tell.templates import Templates
from reconciler.agent.tell.words import document, id_of
from reconciler.model.agent import Channel, Kept
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError
from reconciler.model.suggest import did_you_mean

BATCH: Final = 20
"""How many texts a chat is sent in one message when they have queued up: Slack takes 50 blocks."""
_FALLBACK: Final = 8_000


class Publish(Protocol):
    """Sends to an SNS topic. Raises ReconcilerError."""

    def __call__(self, topic: str, subject: str, text: str, *, attributes: Mapping[str, str], id: str) -> None: ...


SecretOf = Callable[[Kept], str]
Send = Callable[[Sequence[Outcome]], None]


def wants(channel: Channel, outcome: Outcome) -> bool:
    """Whether a channel is told of an outcome. What is of no app in particular is for every app's readers."""
    return (
        (not channel.when or outcome.trigger in channel.when)
        and _among(outcome.environment, channel.environments)
        and (not outcome.app or _among(outcome.app, channel.apps))
    )


def checked(channel: Channel, url: str = "") -> Templates:
    """What a channel says. Raises UsageError for a trigger that there is not, or a template that does not work."""
    for name in channel.when:
        if name not in TRIGGERS:
            hint = did_you_mean(name, TRIGGERS, otherwise=f"triggers are: {', '.join(TRIGGERS)}")
            raise UsageError(f"there is no trigger {name}", where=f"channel {channel.name}", hint=hint)
    return Templates(channel, url)


def batch_of(channel: Channel) -> int:
    return BATCH if channel.kind == "slack" else 1


def sender(channel: Channel, url: str, *, ask: Ask, publish: Publish, secret_of: SecretOf, clock: Clock) -> Send:
    """What sends outcomes to a channel. It raises ReconcilerError; its secrets are read each time it is called."""
    templates = checked(channel, url)

    def post(body: bytes, headers: Mapping[str, str]) -> None:
        to = secret_of(channel.to).strip()
        sent = {"Content-Type": "application/json", **headers}
        settled(ask("POST", to, headers=sent, body=body), _host(to), clock.now())

    def signature(body: bytes) -> dict[str, str]:
        if channel.secret is None:
            return {}
        key = secret_of(channel.secret).rstrip("\r\n")
        if not key:
            raise UsageError("the secret that is to sign is empty", where=f"channel {channel.name}")
        return signed(body, key, int(clock.now().timestamp()))

    def slack(outcomes: Sequence[Outcome]) -> None:
        post(_json(slack_message([templates.text(it) for it in outcomes], url)), {})

    def webhook(outcomes: Sequence[Outcome]) -> None:
        for it in outcomes:
            body = _json(document(it, templates.text(it), url))
            post(body, signature(body))

    def sns(outcomes: Sequence[Outcome]) -> None:
        for it in outcomes:
            about = {"trigger": it.trigger, "environment": it.environment, "app": it.app, "severity": it.severity}
            given = {name: value for name, value in about.items() if value}
            subject = f"{it.trigger.removeprefix('on-')}: {it.subject} in {it.environment}"
            publish(channel.topic, subject, templates.text(it), attributes=given, id=id_of(it))

    return {"slack": slack, "webhook": webhook, "sns": sns}[channel.kind]


def signed(body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The headers by which a receiver knows who sent a body, and when: the scheme of the agent's own generic hook."""
    made = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return {"X-Reconciler-Timestamp": str(timestamp), "X-Reconciler-Signature": f"sha256={made}"}


def slack_message(texts: Sequence[str], url: str) -> dict[str, Any]:
    """Each text in a block of plain text: there nothing is markup, and nobody is called.

    ``text`` is what a phone's notification shows, and Mattermost, which knows no blocks.
    """
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": text or "-", "emoji": False}} for text in texts
    ]
    if url:
        link = {"type": "mrkdwn", "text": f"<{_escaped(url)}|{_escaped(_host(url))}>"}
        blocks.append({"type": "context", "elements": [link]})
    quiet = {"mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
    return {"text": uncalled(_escaped("\n".join(texts)[:_FALLBACK])), "blocks": blocks, **quiet}


def uncalled(text: str) -> str:
    """The text with an invisible joiner after every @, so that no chat takes it for somebody's name."""
    return text.replace("@", "@\u2060")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _among(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "that address"
    except ValueError:
        return "that address"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
