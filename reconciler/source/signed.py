"""Whose signature a commit carries: checked by git with gpg or ssh-keygen, against given keys and no user's keyring.

It is the commit's own signature alone: that of the commit that is to come into force, not of those before it. Its age
is judged by the committer's date, which the signer chose.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from reconciler.model.agent import Signers
from reconciler.model.errors import SourceError
from reconciler.source.git_process import git, run

_PATIENCE: Final = 60.0
_GPG_CONF: Final = "batch\nno-tty\nno-autostart\ntrust-model always\nno-auto-key-retrieve\ndisable-dirmngr\n"
_GOOD_SSH: Final = re.compile(
    r'^Good "git" signature for (?P<who>.+) with (?P<kind>\S+) key (?P<key>SHA256:\S+)$', re.MULTILINE
)
_SSH_WRONG: Final = {
    "incorrect signature": "its signature does not fit what it holds",
    "key has expired": "it was signed after the key had expired",
    "key is not yet valid": "it was signed before the key was valid",
    "key is not permitted": "its key may not sign commits",
    "No principal matched": "it is signed with a key that is not among the signers'",
}
_GPG_SAYS: Final = re.compile(r"^\[GNUPG:\] (?P<word>[A-Z_]+)(?: (?P<rest>.*))?$", re.MULTILINE)
_GPG_WRONG: Final = {
    "BADSIG": "its signature does not fit what it holds",
    "EXPSIG": "its signature has expired",
    "EXPKEYSIG": "the key of its signature has expired",
    "REVKEYSIG": "the key of its signature has been revoked",
    "NO_PUBKEY": "it is signed with a key that is not among the signers'",
    "ERRSIG": "its signature cannot be checked",
}
_HINT: Final = "what was in force before stays so; who may sign is under repository.signers"


def signer(root: Path | str, commit: str, signers: Signers) -> str:
    """Who signed a commit, with the key: ``Ann <ann@example.com>, key 7FFC424B90606063``.

    Raises SourceError: not signed, by a key that is not given, badly, after the key had expired.
    """
    root = Path(root)
    head = git(root, "cat-file", "commit", commit).partition(b"\n\n")[0]
    found = re.search(rb"^gpgsig(?:-sha256)? -----BEGIN ([A-Z ]+)-----$", head, re.MULTILINE)
    if found is None:
        raise _refused(commit, "it is not signed")
    how = found[1].decode()
    if how == "SSH SIGNATURE" and signers.ssh:
        return _by_ssh(root, commit, _readable(signers.ssh))
    if how in ("PGP SIGNATURE", "PGP MESSAGE") and signers.gpg:
        return _by_gpg(root, commit, _readable(signers.gpg))
    raise _refused(commit, f"its signature ({how.lower()}) is of a sort that no signer here has")


def _by_ssh(root: Path, commit: str, allowed: Path) -> str:
    settings = [f"gpg.ssh.allowedSignersFile={allowed}", "gpg.ssh.program=ssh-keygen"]
    done = run(root, "verify-commit", "--raw", commit, settings=settings)
    said = done.stderr.decode(errors="replace")
    good = _GOOD_SSH.findall(said)
    if done.returncode == 0 and len(good) == 1:
        who, _, key = good[0]
        return f"{who}, key {key}"
    if "cannot run ssh-keygen" in said:
        raise SourceError("ssh-keygen is not installed, or not on PATH", where=root, hint="install openssh-client")
    why = (message for sign, message in _SSH_WRONG.items() if sign in said)
    raise _refused(commit, next(why, "its signature cannot be checked"))


def _by_gpg(root: Path, commit: str, keys: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="signers-") as home:
        Path(home, "gpg.conf").write_text(_GPG_CONF)
        _import(keys, home)
        done = run(
            root, "verify-commit", "--raw", commit,
            settings=["gpg.program=gpg", "gpg.minTrustLevel=undefined"], variables={"GNUPGHOME": home},
        )  # fmt: skip
    said = [(it["word"], it["rest"] or "") for it in _GPG_SAYS.finditer(done.stderr.decode(errors="replace"))]
    words = [word for word, _ in said]
    for word, message in _GPG_WRONG.items():
        if word in words:
            raise _refused(commit, message)
    good = [rest.partition(" ") for word, rest in said if word == "GOODSIG"]
    if done.returncode or len(good) != 1 or words.count("VALIDSIG") != 1 or words.count("NEWSIG") != 1:
        raise _refused(commit, "its signature cannot be checked")
    key, _, who = good[0]
    return f"{who}, key {key}"


def _import(keys: Path, home: str) -> None:
    environ = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    try:
        done = subprocess.run(
            ["gpg", "--quiet", "--import", "--", str(keys)], stdin=subprocess.DEVNULL, capture_output=True, check=False,
            env={**environ, "GNUPGHOME": home, "HOME": home, "LC_ALL": "C"}, timeout=_PATIENCE,
        )  # fmt: skip
    except FileNotFoundError:
        raise SourceError("gpg is not installed, or not on PATH", where=keys, hint="install gnupg") from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"gpg took more than {_PATIENCE:.0f} s", where=keys) from None
    if done.returncode:
        raise SourceError("it holds no public keys that gpg can read", where=keys, hint="gpg --armor --export ID…")


def _readable(file: str) -> Path:
    path = Path(file).absolute()
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise SourceError(f"the signers cannot be read: {error.strerror}", where=path) from None


def _refused(commit: str, why: str) -> SourceError:
    return SourceError(f"{why}, so it does not come into force", where=f"commit {commit}", hint=_HINT)
