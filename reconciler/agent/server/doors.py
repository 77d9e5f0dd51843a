"""Who asks, and what that one may see and say: bearer tokens, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from starlette.requests import Request

from reconciler.agent.server.buckets import Bucket, Buckets
from reconciler.agent.server.refusals import Refused
from reconciler.model.agent import Kept, Server, Token
from reconciler.model.clock import Clock
from reconciler.model.errors import ReconcilerError
from reconciler.report.cells import safe

log = logging.getLogger(__name__)

MOST_FAILURES, FAILURES_EVERY = 20, 3.0
"""Failed logins that one peer has, and seconds after which it has one more."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who is known by a token; ``name`` is empty for anybody."""

    name: str
    may: Literal["read", "write"] = "read"
    apps: tuple[str, ...] = ("*",)

    def about(self, environment: str, app: str) -> bool:
        """Whether an app is one of those that this one sees and speaks of."""
        return any(fnmatchcase(f"{environment}/{app}", pattern) for pattern in self.apps)

    def about_all(self, environment: str) -> bool:
        """Whether every app of an environment is, also those to come."""
        return any(pattern.endswith("*") and fnmatchcase(f"{environment}/", pattern) for pattern in self.apps)

    def about_some(self, environment: str) -> bool:
        """Whether any app of an environment may be: then the environment itself may be looked at."""
        return any(fnmatchcase(environment, pattern.partition("/")[0]) for pattern in self.apps)

    @property
    def about_everything(self) -> bool:
        return any(pattern in ("*", "*/*") for pattern in self.apps)


ANYBODY = Who("")


class Doors:
    """Knows everybody by their tokens, which are read anew each time, so that they can be changed while it runs."""

    def __init__(self, server: Server, secret: Callable[[Kept], str], clock: Clock) -> None:
        self._server, self._secret, self._clock = server, secret, clock
        self._failures = Buckets(MOST_FAILURES, FAILURES_EVERY)
        self._complaints = Bucket(5, 60.0)

    def reader(self, request: Request) -> Who:
        """Who wants to see something; anybody, where settings say so. Raises Refused."""
        if self._server.anonymous and not request.headers.getlist("authorization"):
            return ANYBODY
        return self.known(request)

    def known(self, request: Request) -> Who:
        """Who has a token. Raises Refused: 401, and 429 for a peer that guessed too often: no more is compared then."""
        given = [value for name, value in request.scope["headers"] if name.lower() == b"authorization"]
        if not given:
            raise Refused(401, "no-token", "who asks? A token is needed", "send Authorization: Bearer <token>")
        peer = request.client.host if request.client else "nowhere"
        failures, now = self._failures.of(peer), self._clock.monotonic()
        if wait := failures.wait(now):
            raise Refused(429, "too-many", "too many failed logins from there", wait=wait)
        scheme, _, token = given[0].partition(b" ")
        found = self._find(token.strip()) if len(given) == 1 and scheme.lower() == b"bearer" else None
        if found is None:
            failures.take(now)
            more = "; no more of them will be listened to for now" if failures.wait(now) else ""
            where = f"{request.method} {request.url.path[:100]}"
            log.warning("a login was refused: %s from %s%s", safe(where), safe(peer), more)
            raise Refused(401, "unknown-token", "this token is not known", "see server.tokens in the agent's settings")
        return Who(found.name, found.may, found.apps)

    def _find(self, given: bytes) -> Token | None:
        """Every token is looked at, whatever the others say: how long it takes tells nothing."""
        asked, found = hashlib.sha256(given).digest(), None
        for token in self._server.tokens:
            secret = self._read(token)
            same = hmac.compare_digest(hashlib.sha256(secret).digest(), asked)
            if same and secret and found is None:
                found = token
        return found

    def _read(self, token: Token) -> bytes:
        """Empty where it cannot be read: that matches nothing."""
        try:
            return self._secret(token.secret).strip().encode()
        except (ReconcilerError, OSError) as error:
            if not self._complaints.take(self._clock.monotonic()):
                why = error if isinstance(error, ReconcilerError) else type(error).__name__
                log.warning("the secret of the token %s cannot be read: %s", token.name, why)
            return b""
