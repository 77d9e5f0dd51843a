"""The record of calls: what was asked, of whom, and what came of it. Secret values never reach the written log."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

SECRET = frozenset(
    {"SecretString", "SecretBinary", "Plaintext", "CiphertextBlob", "Password", "SessionToken", "SecretAccessKey"}
)
SECRET_OF = {("ssm", "PutParameter"): frozenset({"Value"})}
NAMED = frozenset({"environment", "options", "dockerLabels", "labels", "driverOpts", "systemControls", "tags", "Tags"})
"""Members that hold values by name, as a list of pairs or as a mapping."""
SECRET_NAME = re.compile(
    r"passw|passphrase|passcode|secret|token|credential|key|jwt|cookie|hmac|signature|bearer|oauth|salt"
    r"|(?<![a-z])(?:pass|pwd|pin|auth|pat|creds?|authorization)(?![a-z])|(?:db|pg|master)pass|basicauth",
    re.IGNORECASE,
)
PAIR_NAMES = ("name", "key", "Key", "namespace")
MASK = "***"


@dataclass(frozen=True)
class Call:
    """One request. ``error`` is AWS's code, "closed" or "timeout" for a lost answer, "crash", or None.

    ``outside``: made by a hook between two calls of the caller, as a third party's.
    """

    number: int
    service: str
    operation: str
    params: dict[str, Any] = field(repr=False)
    mutating: bool
    error: str | None
    status: int
    at: float
    region: str
    account: str
    outside: bool = False


def masked(call: Call) -> dict[str, Any]:
    """The parameters with the values of secrets hidden, and those whose name says that they are one."""
    hidden = SECRET | SECRET_OF.get((call.service, call.operation), frozenset())

    def walk(value: Any, around: str = "") -> Any:
        if isinstance(value, dict):
            names = [value[it] for it in PAIR_NAMES if isinstance(value.get(it), str)] if around in NAMED else []
            pair = any(SECRET_NAME.search(it) for it in names)
            return {
                k: MASK
                if v is not None and (k in hidden or (pair and k not in PAIR_NAMES) or named(around, names, k))
                else walk(v, k)
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [walk(v, around) for v in value]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def named(around: str, names: list[str], key: str) -> bool:
        return around in NAMED and not names and key != "value" and SECRET_NAME.search(key) is not None

    taken = walk(call.params)
    assert isinstance(taken, dict)
    return taken


def write(log: IO[str], call: Call) -> None:
    """One JSON line."""
    line = {
        "sequence": call.number,
        "time": datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "service": call.service,
        "operation": call.operation,
        "region": call.region,
        "account": call.account,
        "mutating": call.mutating,
        "status": call.status,
        "error": call.error,
        "params": masked(call),
    }
    log.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    log.flush()
