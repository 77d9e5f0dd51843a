"""The way out to forges and chats: one request, one answer, within a time; JSON where both sides speak it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from reconciler.model.errors import ReconcilerError

TIMEOUT = 10.0
"""Seconds to connect, and for each piece of an answer; twice as many for all of it."""
MOST_BYTES = 16 << 20
_PIECE = 64 << 10
_REACH = "is it reachable from here?"


class NoAnswer(ReconcilerError):
    """A request outside of AWS that got no answer. ``where`` is the host: a URL may hold a secret."""

    retry = True


class Unaskable(NoAnswer):
    """No answer, and none will come by asking again: an address that is none, a certificate that is not trusted."""

    retry = False


@dataclass(frozen=True)
class Response:
    """``headers`` have small letters."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The body. Raises ValueError where it is no JSON."""
        return json.loads(self.body)


class Ask(Protocol):
    """Makes one request. Raises NoAnswer; any answer, whatever its status, is returned."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        """``body``: bytes as they are, anything else as JSON."""
        ...


def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None) -> Response:
    """The Ask of real runs, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name.

    A redirect is not followed: what is sent may be for one host alone.
    """
    sent = {"User-Agent": "ecs-reconciler", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        sent.setdefault("Content-Type", "application/json")
        body = json.dumps(body).encode()
    try:
        host = _host(url)
        answer = _pool(_proxy(url, host)).request(
            method, url, headers=sent, body=body, redirect=False, retries=False, preload_content=False
        )
        try:
            found = _read(answer)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
    except NoAnswer as error:
        failed = error
    except Exception as error:  # noqa: BLE001 - _told() raises what is not the library's
        failed = _told(error, url)
    else:
        return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, found)
    # outside: what was caught has the URL in its text, and would come along as the context
    raise failed


def _host(url: str) -> str:
    """The host, where the URL is one that can be asked."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unaskable("that is no address of the web", where=_where(url), hint="it begins with https://")
    return parts.hostname


def _read(answer: Any) -> bytes:
    """All of the body. However slowly it comes, it ends."""
    until = time.monotonic() + 2 * TIMEOUT
    found = bytearray()
    while piece := answer.read1(_PIECE):
        found += piece
        if len(found) > MOST_BYTES:
            raise Unaskable(f"answered with more than {MOST_BYTES >> 20} MiB", where=_where_of(answer))
        if time.monotonic() > until:
            raise NoAnswer(f"the answer had not ended after {2 * TIMEOUT:.0f}s", where=_where_of(answer), hint=_REACH)
    return bytes(found)


def _where_of(answer: Any) -> str:
    return str(getattr(getattr(answer, "connection", None), "host", "") or "that address")


def _where(url: str) -> str:
    try:
        return urlsplit(url).hostname or "that address"
    except ValueError:
        return "that address"


def _told(error: Exception, url: str) -> NoAnswer:
    """What is wrong, in words that hold neither URL nor header. Raises what is a bug of ours."""
    from http.client import HTTPException, InvalidURL
    from ssl import SSLCertVerificationError

    from urllib3 import exceptions as of

    if not isinstance(error, of.HTTPError | HTTPException | ValueError | OSError):
        raise error
    where, causes = _where(url), list(_causes(error))
    # some of them are causes of a ProxyError too, so that what names the reason best is looked for first
    for cause in causes:
        if isinstance(cause, SSLCertVerificationError):
            return Unaskable(
                f"its certificate is not trusted: {cause.verify_message}",
                where=where,
                hint="SSL_CERT_FILE names a file of the authorities that are trusted",
            )
    kind = type(error).__name__
    if any(isinstance(cause, of.ProxySchemeUnknown | of.ProxySchemeUnsupported) for cause in causes):
        return Unaskable("the proxy that is set cannot be used", where=where, hint="HTTPS_PROXY is http://host:port")
    if isinstance(error, of.ProxyError):
        return NoAnswer("the proxy let nothing through", where=where, hint="look at HTTPS_PROXY and NO_PROXY")
    if isinstance(error, of.SSLError):
        return NoAnswer("no answer: TLS could not be agreed on", where=where, hint="does it speak TLS on this port?")
    if isinstance(error, of.NameResolutionError):
        return NoAnswer("its name is not known here", where=where, hint=_REACH)
    if isinstance(error, of.TimeoutError):
        return NoAnswer(f"no answer within {TIMEOUT:.0f}s", where=where, hint=_REACH)
    if isinstance(error, InvalidURL | of.LocationValueError) or not isinstance(error, of.HTTPError | OSError):
        hint = "does the address or a token hold a stray sign?"
        return Unaskable(f"nothing was sent: {kind}", where=where, hint=hint)
    return NoAnswer(f"no answer: {kind}", where=where, hint=_REACH)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of, as far as the library says."""
    yield error
    inner = (*error.args, getattr(error, "reason", None), getattr(error, "original_error", None))
    for cause in inner:
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def _proxy(url: str, host: str) -> str:
    """The proxy for a URL, empty for none."""
    known = getproxies_environment()
    found = known.get(urlsplit(url).scheme) or known.get("all", "")
    if not found or proxy_bypass_environment(host, known):
        return ""
    return found if "://" in found else f"http://{found}"


@cache
def _pool(proxy: str) -> Any:
    import urllib3  # late: it takes its time

    # at DEBUG it writes whole paths, and that of a chat's webhook is its secret
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    how: dict[str, Any] = {"timeout": urllib3.Timeout(connect=TIMEOUT, read=TIMEOUT), "maxsize": 4}
    if not proxy:
        return urllib3.PoolManager(**how)
    parts = urlsplit(proxy)
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        how["proxy_headers"] = urllib3.make_headers(proxy_basic_auth=user)
    return urllib3.ProxyManager(proxy, **how)
