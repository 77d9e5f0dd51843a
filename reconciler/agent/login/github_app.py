"""Tokens of a GitHub App's installation: asked for with a signed claim, good for an hour, renewed after 50 minutes."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.agent.http import Ask, Response
from reconciler.model.clock import Clock
from reconciler.model.errors import AccessError, ReconcilerError

API: Final = "https://api.github.com"
_GOOD_FOR: Final = 3600.0
_RENEWED_AFTER: Final = 3000.0
_CLAIM: Final = 540
"""Seconds; GitHub takes ten minutes at most, and its clock is not ours."""
_EARLIER: Final = 60


class NoToken(ReconcilerError):
    """GitHub gave no token, and may do so later."""

    retry = True


@dataclass
class Installation:
    """``key`` gives the app's private key in PEM, anew at each use. Thread-safe; one token is asked for at a time."""

    app: str
    installation: str
    key: Callable[[], str] = field(repr=False)
    ask: Ask = field(repr=False)
    clock: Clock = field(repr=False)
    api: str = API

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._token = ""
        self._since = 0.0

    def token(self) -> str:
        """Raises AccessError where GitHub refuses, NoToken and NoAnswer where it fails. One still good is used then."""
        with self._lock:
            age = self.clock.monotonic() - self._since
            if self._token and age < _RENEWED_AFTER:
                return self._token
            asked = self.clock.monotonic()
            try:
                self._token, self._since = self._ask(), asked
            except ReconcilerError as error:
                if not (error.retry and self._token and age < _GOOD_FOR):
                    raise
            return self._token

    def _ask(self) -> str:
        url = f"{self.api.rstrip('/')}/app/installations/{self.installation}/access_tokens"
        answer = self.ask("POST", url, headers={
            "Authorization": f"Bearer {claim(self.app, self.key(), round(self.clock.now().timestamp()))}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        })  # fmt: skip
        if answer.status != 201:
            raise self._refused(answer)
        try:
            token = answer.json()["token"]
        except (ValueError, KeyError, TypeError):
            token = None
        if not isinstance(token, str) or not token:
            raise NoToken("the answer holds no token", where=self._where, hint=f"is {self.api} the root of the API?")
        return token

    @property
    def _where(self) -> str:
        return f"GitHub App {self.app}, installation {self.installation}"

    def _refused(self, answer: Response) -> ReconcilerError:
        limited = answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")
        if answer.status >= 500 or limited:
            return NoToken(f"GitHub answers {answer.status}", where=self._where, hint="it is asked again")
        hint = {
            401: "is it this app's private key, and is this machine's clock right?",
            403: "is the installation suspended?",
            404: "is it the installation's id, and is the app still installed?",
        }.get(answer.status, f"is {self.api} the root of the API?")
        return AccessError(f"GitHub gives no token ({answer.status})", where=self._where, hint=hint)


def claim(app: str, pem: str, now: int) -> str:
    """A JSON Web Token that says: I am the app. ``now`` in seconds since 1970. Raises AccessError for a bad key."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    said = {"iat": now - _EARLIER, "exp": now + _CLAIM, "iss": app}
    body = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(said)}"
    signature = _private_key(app, pem).sign(body.encode(), padding.PKCS1v15(), SHA256())
    return f"{body}.{_url_safe(signature)}"


def _private_key(app: str, pem: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise AccessError(
            "its private key is no RSA key in PEM, or has a passphrase",
            where=f"GitHub App {app}",
            hint="use the .pem file that GitHub made, as it is",
        )
    return key


def _part(said: dict[str, Any]) -> str:
    return _url_safe(json.dumps(said, separators=(",", ":")).encode())


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
