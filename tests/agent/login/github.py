"""A GitHub that gives tokens to an app, and a clock that moves by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.agent.http import Response

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)


def pem(key, encryption=None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption or NoEncryption()).decode()


PEM = pem(KEY)


class HandClock:
    def __init__(self) -> None:
        self.at = 0.0

    def now(self):
        return START + timedelta(seconds=self.at)

    def monotonic(self):
        return 7.0 + self.at

    def sleep(self, seconds):
        self.at += seconds


class GitHub:
    """Gives token after token, or what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.instead: list[object] = []

    def __call__(self, method, url, *, headers=None, body=None):
        self.asked.append((method, url, dict(headers or {})))
        if self.instead:
            found = self.instead.pop(0)
            if isinstance(found, Exception):
                raise found
            return found
        return Response(201, {}, json.dumps({"token": f"ghs_{len(self.asked)}", "expires_at": "x"}).encode())
