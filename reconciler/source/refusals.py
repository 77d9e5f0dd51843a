"""Why a fetch failed, read off what git wrote: what it means, what to do, and whether it may pass by itself."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import quote

from reconciler.model import secrecy
from reconciler.model.errors import SourceError
from reconciler.source.credentials import Credentials, Password
from reconciler.source.remote import Remote

_LONGEST: Final = 300
_LAST_GOOD: Final = "what was fetched before stays in force"


class Unreachable(SourceError):
    """The repository did not answer as it should; it may do so later."""

    retry = True


class Puzzling(Unreachable):
    """A failure that may as well lie in the mirror as in the remote."""


_LOGIN: Final = "is repository.login right, not expired, and may it read this repository?"
_CAUSES: Final[tuple[tuple[str, str, str, bool], ...]] = (
    (r"No space left on device|Disk quota exceeded", "the disk is full",
     "make room where repository.mirror lies", True),
    (r"error: cannot run .*askpass|askpass.*Permission denied", "git may not run the helper that tells the password",
     "repository.mirror must not lie on a file system mounted with noexec", False),
    (r"cannot run ssh|ssh: not found", "ssh is not installed, or not on PATH", "install openssh-client", False),
    (r"UNPROTECTED PRIVATE KEY FILE|bad permissions", "the private key may be read by others than its owner",
     "chmod 600", False),
    (r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known",
     "the host's key is not the known one", "put the host's key, from its own documentation, into known_hosts", False),
    (r"Permission denied \(|Load key .*:|invalid format", "the host does not take the ssh key",
     "is the key right, and entered as a deploy key of this repository?", False),
    (r"Authentication failed|could not read (?:Username|Password)|returned error: 40[13]|Invalid credentials|"
     r"Access denied|HTTP Basic", "the credentials are missing or refused", _LOGIN, False),
    (r"couldn't find remote ref", "", "", False),
    (r"[Rr]epository .*not found|does not appear to be a git repository|returned error: 404|No such file or directory|"
     r"not valid: is this a git repository", "there is no such repository, or the login may not see it", _LOGIN, False),
    (r"certificate verif|certificate problem|server certificate|SSL_|SSL (?:routines|connect|peer)|[Gg]nu[Tt][Ll][Ss]|"
     r"TLS connect", "the host's certificate is not trusted, or the encrypted connection broke",
     "name the authority's file in GIT_SSL_CAINFO", True),
    (r"[Cc]ould not resolve (?:host|proxy)|Name or service not known|name resolution", "the host's name is not known",
     "is there DNS, and a way out?", True),
    (r"Failed to connect|Couldn't connect|Connection (?:refused|timed out|reset|closed)|[Nn]etwork is unreachable|"
     r"No route to host|Operation timed out|Operation too slow|transfer closed|early EOF|hung up|RPC failed|"
     r"unexpected disconnect|Empty reply|returned error: (?:429|5\d\d)", "no usable answer",
     "is the host up, and reachable from here?", True),
    (r"shallow update not allowed", "the repository is a shallow clone", "git fetch --unshallow there", False),
    (r"mismatched algorithms", "the repository names its objects by SHA-256, the mirror by SHA-1",
     "only repositories with SHA-1 names are mirrored", False),
)  # fmt: skip


def refusal(said: str, remote: Remote, branch: str, who: Credentials | None) -> SourceError:
    """The error that git's words stand for."""
    said = clean(said, who)
    searched = said.replace(remote.url, "")  # a repository may have any name
    for pattern, message, hint, passing in _CAUSES:
        if re.search(pattern, searched):
            if not message:
                return _no_branch(remote, branch)
            kind = Unreachable if passing else SourceError
            return kind(f"{message} ({_last(said)})", where=remote, hint=f"{hint}; {_LAST_GOOD}")
    return Puzzling(f"git fetch failed: {_last(said)}", where=remote, hint=_LAST_GOOD)


def hung(remote: Remote, seconds: float) -> SourceError:
    """It did not end."""
    return Unreachable(
        f"the fetch took more than {seconds:g} s and was ended",
        where=remote,
        hint=f"is the host up? repository.timeout allows more; {_LAST_GOOD}",
    )


def clean(said: str, who: Credentials | None) -> str:
    """What a program wrote, without secrets and without what a terminal would obey."""
    if isinstance(who, Password):
        basic = base64.b64encode(f"{who.user}:{who.password}".encode()).decode()
        hidden = [who.password, quote(who.password, safe=""), quote(who.password), basic]
        if who.secret_user:
            hidden += [who.user, quote(who.user, safe=""), quote(who.user)]
        for secret in hidden:
            said = said.replace(secret, "***")
    said = re.sub(r"(?<=://)[^\s/@'\"]+@", "", said)
    return re.sub(r"[^\n\x20-\x7e]", "?", secrecy.text(said))


def _no_branch(remote: Remote, branch: str) -> SourceError:
    if branch:
        return SourceError(
            f"there is no branch {branch}",
            where=remote,
            hint=f"push it, or set repository.branch; {_LAST_GOOD}: a branch that is gone deletes nothing",
        )
    return SourceError(
        "there is no commit, or HEAD names a branch that is gone",
        where=remote,
        hint=f"push a commit, or set repository.branch; {_LAST_GOOD}: an empty repository deletes nothing",
    )


def _last(said: str) -> str:
    """The line that says most: git's first complaint, not the advice that follows it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"(?:fatal|error|ssh): ", line)]
    found = (told or lines or ["it said nothing"])[0]
    return re.sub(r"^(?:fatal|error): ", "", found)[:_LONGEST]
