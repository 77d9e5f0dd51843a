"""An outcome as values for templates and as the document of a webhook. No secret and no control character gets out."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from reconciler.agent.tell.outcome import Outcome
from reconciler.report import redact
from reconciler.report.cells import safe
from reconciler.report.durations import rfc3339
from reconciler.report.plan_words import short

FORMAT_VERSION: Final = "1.0"
MOST: Final = 1_000
"""Characters of one value: the message of an error may be as long as a file."""


def values(outcome: Outcome, url: str) -> dict[str, str]:
    """What a template may name. All of it is text, and what is not known is empty."""
    given = {
        "trigger": outcome.trigger,
        "severity": outcome.severity,
        "environment": outcome.environment,
        "app": outcome.app,
        "resource": outcome.resource,
        "subject": outcome.subject,
        "commit": outcome.commit or "",
        "short": short(outcome.commit) if outcome.commit else "",
        "revision": outcome.revision,
        "phase": outcome.phase,
        "reason": outcome.reason,
        "message": redact.text(outcome.message),
        "hint": redact.text(outcome.hint),
        "digest": outcome.digest,
        "by": outcome.by,
        "at": rfc3339(outcome.at),
        "url": url,
    }
    return {name: _cut(safe(value)) for name, value in given.items()}


def id_of(outcome: Outcome) -> str:
    """What stands for an outcome, however often it is sent: a receiver knows by it what it has seen."""
    parts = (outcome.trigger, outcome.environment, outcome.app, outcome.resource, outcome.version)
    return sha256("\0".join((*parts, outcome.at.isoformat())).encode(errors="replace")).hexdigest()[:32]


def document(outcome: Outcome, text: str, url: str) -> dict[str, Any]:
    """What a generic webhook is sent: the values of templates, and the text. Members are only ever added."""
    said = {name: value for name, value in values(outcome, url).items() if name not in ("short", "digest")}
    more = {"planDigest": outcome.digest, "text": text}
    return {"formatVersion": FORMAT_VERSION, "id": id_of(outcome), **said, **more}


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
