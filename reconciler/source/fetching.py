"""How git is run when it fetches: which protocol it may speak, and how it hears who we are.

A secret goes to git's children through the environment alone. Of this process's own environment only what is needed to
reach a host is passed on, and no setting of the machine or the user; the git of a local remote is a process of its own.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.model.errors import SourceError
from reconciler.source.credentials import Credentials, Password, SshKey
from reconciler.source.remote import Remote

_PASSED_ON: Final = (
    "PATH", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
    *(name for it in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (it, it.upper())),
)  # fmt: skip
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    "credential.helper=",
    "transfer.credentialsInUrl=die",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1",
)
_HELPER: Final = """#!/bin/sh
# Tells git who the agent is, and no other host than the one it is for. It holds nothing: all is in the environment.
case "$1" in
get)
  while read -r line && [ -n "$line" ]; do
    [ "$line" = "host=$RECONCILER_GIT_HOST" ] && asked=yes
  done
  [ "$asked" ] && printf 'username=%s\\npassword=%s\\n' "$RECONCILER_GIT_USER" "$RECONCILER_GIT_PASSWORD" ;;
Username\\ for\\ *"://$RECONCILER_GIT_HOST': ") printf '%s\\n' "$RECONCILER_GIT_USER" ;;
Password\\ for\\ *"@$RECONCILER_GIT_HOST': ") printf '%s\\n' "$RECONCILER_GIT_PASSWORD" ;;
*) exit 1 ;;
esac
"""
_SSH: Final = (
    "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=20", "ServerAliveInterval=15",
    "ServerAliveCountMax=3", "ForwardAgent=no", "ClearAllForwardings=yes", "PermitLocalCommand=no",
)  # fmt: skip
_ANY_OWNER: Final = "[safe]\n\tdirectory = *\n"
_UNSPEAKABLE: Final = re.compile(r"[\"\\$\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder beside a mirror where the helper and the settings of a local remote's git lie."""

    folder: Path

    @property
    def helper(self) -> Path:
        return self.folder / "askpass"

    @property
    def settings(self) -> Path:
        return self.folder / "gitconfig"

    def prepare(self) -> None:
        """Make what is missing, or is not as it should be. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path, text, mode in ((self.helper, _HELPER, 0o700), (self.settings, _ANY_OWNER, 0o600)):
            if not path.is_file() or path.read_text() != text or path.stat().st_mode & 0o777 != mode:
                path.unlink(missing_ok=True)
                path.write_text(text)
                path.chmod(mode)


def command(root: Path, remote: Remote, refspecs: Sequence[str], place: Place, who: Credentials | None, *,
            stall: float) -> list[str]:  # fmt: skip
    """What is run. The bare repository ``root`` gets refs alone; over http a transfer that stalls for so long ends."""
    settings = [*_SETTINGS, f"protocol.{remote.protocol}.allow=always", f"http.lowSpeedTime={max(1, round(stall))}"]
    if isinstance(who, Password) and who.secret_user:  # git shows the user's name to an askpass, in its arguments
        settings.append(f"credential.helper={shlex.quote(str(place.helper))}")
    return [
        "git", *(part for it in settings for part in ("-c", it)), f"--git-dir={root}",
        "fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head", "--no-recurse-submodules",
        "--no-auto-maintenance", "--end-of-options", remote.url, *refspecs,
    ]  # fmt: skip


def tidying(root: Path) -> list[str]:
    """Pack a mirror's objects, where there are many; what no ref holds stays for two weeks."""
    settings = ("core.hooksPath=/dev/null", "gc.autoDetach=false", "pack.threads=1")
    return ["git", *(part for it in settings for part in ("-c", it)), f"--git-dir={root}", "gc", "--auto", "--quiet"]


def environment(remote: Remote, place: Place, who: Credentials | None, environ: Mapping[str, str]) -> dict[str, str]:
    """What it runs in. Raises SourceError where the login does not fit the URL."""
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    made = {
        **passed,
        "HOME": str(place.folder),  # no .netrc of a user's is asked
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(place.settings) if remote.protocol == "file" else os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
    }
    if remote.protocol == "ssh":
        return made | _over_ssh(remote, who, environ)
    if isinstance(who, Password) and remote.protocol in ("https", "http"):
        for secret in (who.user, who.password):
            if not secret or re.search(r"[\x00-\x1f\x7f]", secret):
                raise SourceError("the user or the password is empty, or holds a control character", where=remote)
        return made | {
            "GIT_ASKPASS": str(place.helper),
            "RECONCILER_GIT_HOST": remote.host,
            "RECONCILER_GIT_USER": who.user,
            "RECONCILER_GIT_PASSWORD": who.password,
        }
    if who is not None:
        raise _unfit(remote)
    return made


def _over_ssh(remote: Remote, who: Credentials | None, environ: Mapping[str, str]) -> dict[str, str]:
    """With a key ssh goes by that and nothing of the user's; without one by what it finds."""
    options = [*_SSH]
    words = ["ssh"]
    kept = {}
    if isinstance(who, SshKey):
        words += ["-F", os.devnull]
        # Not -i: a key that is not there would silently make way for those of the user.
        options += [f'IdentityFile="{_for_ssh(who.file)}"', "IdentitiesOnly=yes", "IdentityAgent=none"]
        options.append("PreferredAuthentications=publickey")
        if who.known_hosts:
            options.append(f'UserKnownHostsFile="{_for_ssh(who.known_hosts)}"')
    elif who is not None:
        raise _unfit(remote)
    else:
        kept = {name: environ[name] for name in ("SSH_AUTH_SOCK", "HOME") if name in environ}
    words += [part for option in options for part in ("-o", option)]
    return kept | {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"}


def _for_ssh(path: str) -> str:
    """A path as ssh's options want it; ``%`` begins a name of theirs."""
    if _UNSPEAKABLE.search(path):
        raise SourceError("ssh cannot be given a path with quotes, '$' or control characters", where=path)
    return str(Path(path).absolute()).replace("%", "%%")


def _unfit(remote: Remote) -> SourceError:
    spoken = "a folder of this machine" if remote.protocol == "file" else remote.protocol
    return SourceError(
        f"the login does not fit a repository over {spoken}",
        where=remote,
        hint="login ssh goes with ssh; token, github-app and codecommit go with https",
    )
