"""Whether a webhook comes from whom it says, by its raw bytes and headers, and what it tells. Pure.

GitHub signs the body (docs.github.com, "Validating webhook deliveries"), GitLab sends its secret along, and the generic
one signs ``<timestamp>.<body>``. What a body says is looked at afterwards, and is a hint at the most.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import parse_qs

from reconciler.agent.server.refusals import Refused

Headers = Sequence[tuple[bytes, bytes]]
"""As they came: names in any case, several of a name possible."""

MOST_BYTES: Final = 1 << 20
WINDOW: Final = 300.0
"""Seconds that a generic webhook's time may differ from ours, either way."""

_SIGNATURE: Final = re.compile(rb"sha256=([0-9a-fA-F]{64})")
_TIMESTAMP: Final = re.compile(rb"[0-9]{1,12}")
_DELIVERY: Final = re.compile(rb"[\x21-\x7e]{1,100}")


@dataclass(frozen=True, slots=True)
class Call:
    """What a webhook that has been checked says.

    PUSH: look at the repository. PING: are you there? OTHER: something that is none of ours. ``ref`` is what was
    pushed, as the sender says. ``once`` tells this delivery from all others; None: that cannot be told.
    """

    what: Literal["push", "ping", "other"]
    ref: str = ""
    once: Hashable = None


def github(secret: bytes, headers: Headers, body: bytes, _now: datetime) -> Call:
    """``X-Hub-Signature-256`` over the raw body. It carries no time: a delivery's id tells a second one."""
    _same(_signature(headers, b"x-hub-signature-256"), hmac.digest(secret, body, "sha256"))
    event = _one(headers, b"x-github-event")
    delivery = _one(headers, b"x-github-delivery")
    if not _DELIVERY.fullmatch(delivery):
        raise Refused(400, "delivery", "X-GitHub-Delivery is no id")
    if event == b"push":
        return Call("push", _ref(body), delivery)
    return Call("ping" if event == b"ping" else "other")


def gitlab(secret: bytes, headers: Headers, body: bytes, _now: datetime) -> Call:
    """``X-Gitlab-Token`` is the secret itself."""
    _same(hashlib.sha256(_one(headers, b"x-gitlab-token")).digest(), hashlib.sha256(secret).digest())
    event = _one(headers, b"x-gitlab-event")
    if event in (b"Push Hook", b"Tag Push Hook"):
        return Call("push", _ref(body))
    if event == b"System Hook" and _members(body).get("event_name") in ("push", "tag_push", "repository_update"):
        return Call("push", _ref(body))
    return Call("other")


def generic(secret: bytes, headers: Headers, body: bytes, now: datetime) -> Call:
    """``X-Reconciler-Signature: sha256=<hex>`` over ``<X-Reconciler-Timestamp>.<body>``; seconds since 1970."""
    timestamp = _one(headers, b"x-reconciler-timestamp")
    signature = _signature(headers, b"x-reconciler-signature")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise _stranger("X-Reconciler-Timestamp is no number of seconds since 1970")
    _same(signature, hmac.digest(secret, timestamp + b"." + body, "sha256"))
    if abs(now.timestamp() - int(timestamp)) > WINDOW:
        raise _stranger(f"it was signed more than {WINDOW:g} seconds from now", "is the clock of the sender right?")
    return Call("push", _ref(body), signature)


CHECKS: Final[Mapping[str, Callable[[bytes, Headers, bytes, datetime], Call]]] = {
    "github": github,
    "gitlab": gitlab,
    "generic": generic,
}
"""By sender. Each raises Refused: 401 where the sender is not who it should be."""


def _one(headers: Headers, name: bytes) -> bytes:
    """The one value of a header; which of several would count is not for a stranger to choose."""
    found = [value for given, value in headers if given.lower() == name]
    if len(found) != 1:
        raise _stranger(f"the header {name.decode()} is there {len(found)} times")
    return found[0]


def _signature(headers: Headers, name: bytes) -> bytes:
    found = _SIGNATURE.fullmatch(_one(headers, name))
    if found is None:
        raise _stranger(f"{name.decode()} is not sha256= and 64 hexadecimal digits")
    return bytes.fromhex(found[1].decode())


def _same(given: bytes, wanted: bytes) -> None:
    if not hmac.compare_digest(given, wanted):
        raise _stranger("it is not signed with the secret of this webhook")


def _stranger(message: str, hint: str = "") -> Refused:
    return Refused(401, "signature", message, hint)


def _ref(body: bytes) -> str:
    """What was pushed, for the log; nothing where the body does not say."""
    found = _members(body).get("ref")
    return found[:200] if isinstance(found, str) else ""


def _members(body: bytes) -> Mapping[str, object]:
    """The members of a JSON object, sent as it is or as GitHub's form; none where it is anything else."""
    try:
        text = body.decode()
        if text.startswith("payload="):
            text = parse_qs(text, max_num_fields=10)["payload"][0]
        found = json.loads(text)
    except (ValueError, KeyError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
