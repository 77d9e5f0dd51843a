"""The record of calls: what was asked, of whom, and what came of it. Secret values never reach the written log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

SECRET = frozenset(
    {"SecretString", "SecretBinary", "Plaintext", "CiphertextBlob", "Password", "SessionToken", "SecretAccessKey"}
)
SECRET_OF = {("ssm", "PutParameter"): frozenset({"Value"})}
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
    """The parameters with the values of secrets hidden."""
    hidden = SECRET | SECRET_OF.get((call.service, call.operation), frozenset())

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: MASK if k in hidden and v is not None else walk(v) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v) for v in value]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

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
