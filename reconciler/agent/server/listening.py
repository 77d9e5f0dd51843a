"""``host:port`` taken apart; it imports nothing, since a health check must start fast."""

from __future__ import annotations

import re

from reconciler.model.errors import UsageError

DEFAULT = "127.0.0.1:8080"
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]*)):(?P<port>[0-9]{1,5})")
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def address(listen: str) -> tuple[str, int]:
    """``127.0.0.1:8080``, ``[::]:8080``, ``:8080`` (everywhere) → host and port. Raises UsageError."""
    found = _ADDRESS.fullmatch(listen)
    if found is None or int(found["port"]) > 65535:
        raise UsageError(f"{listen!r} is no address to listen at", hint="write host:port, such as 127.0.0.1:8080")
    return found["six"] or found["host"] or "0.0.0.0", int(found["port"])


def nearby(listen: str) -> str:
    """The URL at which what listens there is reached from the same machine."""
    host, port = address(listen)
    host = _EVERYWHERE.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
