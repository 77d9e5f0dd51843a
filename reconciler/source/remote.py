"""What may be fetched from: the URL of a repository, checked before git sees it, and the text that stands for it.

Nothing but https, ssh and folders of this machine. Git's own helpers (``ext::``) run programs, so no other scheme is
let through; a URL never carries a secret, since URLs get into process lists, logs and messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from reconciler.model.errors import UsageError

Protocol = Literal["https", "http", "ssh", "file"]

_WHERE: Final = "repository.url"
_LOGIN: Final = "say who you are under repository.login, not in the URL"
_ODD: Final = re.compile(r"[\x00-\x20\x7f]")
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):(//|:)")
_LIKE_SCP: Final = re.compile(r"(?:(?P<user>[\w.+-]+)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<path>[^:].*)")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Remote:
    """``url`` is what git is given; it holds no secret and may be shown. ``host`` as the URL has it, with its
    port; empty for a folder."""

    url: str
    protocol: Protocol
    host: str = ""

    def __str__(self) -> str:
        return self.url


def remote(url: str) -> Remote:
    """The remote that a setting names. Raises UsageError, whose text repeats nothing of a URL with a password."""
    if not url:
        raise UsageError("it is empty", where=_WHERE, hint="an https or ssh URL, or a folder of this machine")
    if _ODD.search(url if not _local(url) else url.replace(" ", "")):
        raise UsageError("it holds white space or a control character", where=_WHERE)
    if url.startswith("-"):
        raise UsageError("it begins with '-'", where=_WHERE, hint="write ./-name for a folder of that name")
    if _local(url):
        return Remote(str(Path(url).expanduser().absolute()), "file")
    if scheme := _SCHEME.match(url):
        return _with_scheme(url, scheme[1].lower(), helper=scheme[2] == ":")
    if like := _LIKE_SCP.fullmatch(url):
        if "@" in like["path"]:
            raise UsageError("it holds a user or a password", where=_WHERE, hint=_LOGIN)
        _check_host(like["host"])
        if like["path"].startswith("-"):
            raise UsageError("the path on the host begins with '-'", where=_WHERE)
        return Remote(url, "ssh", like["host"])
    raise UsageError("it is no URL", where=_WHERE, hint="https://host/path, ssh://git@host/path or a folder's path")


def _local(url: str) -> bool:
    """As git sees it: no colon before the first slash."""
    return "://" not in url and ":" not in url.split("/", 1)[0] and not url.startswith("-")


def _with_scheme(url: str, scheme: str, *, helper: bool) -> Remote:
    if helper or scheme not in ("https", "http", "ssh", "file"):
        raise UsageError(f"{scheme} is not spoken", where=_WHERE, hint="https, ssh, or a folder of this machine")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises
    except ValueError:
        raise UsageError("it is no URL", where=_WHERE) from None
    if parts.query or parts.fragment:
        raise UsageError("it has a query or a fragment", where=_WHERE)
    if scheme == "file":
        if parts.netloc:
            raise UsageError("a file URL has no host", where=_WHERE, hint="file:///path")
        return Remote(unquote(parts.path), "file")
    if parts.password is not None or (scheme != "ssh" and parts.username is not None):
        raise UsageError("it holds a user or a password", where=_WHERE, hint=_LOGIN)
    _check_host(host)
    if scheme == "http" and host not in _LOOPBACK:
        raise UsageError("http shows everything to everybody on the way", where=_WHERE, hint="use https")
    protocol: Protocol = "https" if scheme == "https" else "http" if scheme == "http" else "ssh"
    return Remote(scheme + url[len(scheme) :], protocol, parts.netloc.rpartition("@")[2])


def _check_host(host: str) -> None:
    if not host or host.startswith("-"):
        raise UsageError("it names no host", where=_WHERE)
