"""Small keys wrapped with age: who may open them, and the identities that this process has been given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from reconciler.aws.envelope import as_text
from reconciler.model.errors import Unopenable, UsageError

INSTALL: Final = "pip install 'ecs-reconciler[age]'"
GIVE: Final = "set RECONCILER_AGE_KEY_FILE to the path of a file with an AGE-SECRET-KEY-1… line"

# In this order; a file named by a variable has to be there, the one of SOPS in the home may be.
_VARIABLES: Final = ("RECONCILER_AGE_KEY_FILE", "RECONCILER_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY")
_AT_HOME: Final = Path(".config/sops/age/keys.txt")
_MOST: Final = 1 << 20


class Identities:
    """The private keys at hand. ``sources`` says where they came from; nothing shows the keys."""

    def __init__(self, keys: Sequence[Any], sources: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self.sources = tuple(sources)

    def __repr__(self) -> str:
        return f"Identities({len(self._keys)} of {', '.join(self.sources)})"

    def __len__(self) -> int:
        return len(self._keys)

    def unwrap(self, wrapped: bytes, *, where: str) -> bytes:
        """What is in an age file, binary or armored; raises Unopenable."""
        import pyrage

        try:
            return bytes(pyrage.decrypt(wrapped, list(self._keys)))
        except pyrage.DecryptError as error:
            none = "no matching keys" in str(error).lower()
        if none:
            raise Unopenable(
                f"none of the {len(self)} age identities opens it ({', '.join(self.sources)})",
                where=where,
                hint="give an identity of one of its recipients, or have it sealed for yours",
            )
        raise Unopenable("its data key is no age file: it is cut short or altered", where=where)


def identities(environ: Mapping[str, str], home: Path | None, *, where: str) -> Identities:
    """All identities that the environment and the home name, read now; raises Unopenable."""
    pyrage = _library()
    if pyrage is None:
        raise Unopenable("it is sealed with age, and pyrage is not installed", where=where, hint=INSTALL)
    keys: list[Any] = []
    sources: list[str] = []
    for source, text in _texts(environ, home, where):
        found = _parsed(text)
        if isinstance(found, str):
            raise Unopenable(f"{source}: {found}", where=where, hint=GIVE)
        keys += found
        sources.append(source)
    if not keys:
        raise Unopenable("it is sealed with age, and no age identity is configured", where=where, hint=GIVE)
    return Identities(keys, sources)


def wrap(secret: bytes, recipients: Sequence[str]) -> bytes:
    """An age file that each of the recipients can open; raises UsageError for one that is none."""
    pyrage = _library()
    if pyrage is None:
        raise UsageError("sealing with age takes pyrage, which is not installed", hint=INSTALL)
    known = []
    for recipient in recipients:
        kind = pyrage.ssh if recipient.startswith("ssh-") else pyrage.x25519
        try:
            known.append(kind.Recipient.from_str(recipient))
        except pyrage.RecipientError:
            raise UsageError(
                # A private key in the place of a public one is a mistake people make: it is not repeated.
                f"{_shown(recipient)} is no age recipient",
                hint="a recipient is age1… as age-keygen prints it, or an ssh-ed25519 or ssh-rsa public key",
            ) from None
    if not known:
        raise UsageError("sealing with age takes at least one recipient", hint="give --age age1…")
    return bytes(pyrage.encrypt(secret, known))


def _library() -> Any:
    """pyrage, which is an extra; None where it is not installed."""
    try:
        import pyrage
        import pyrage.ssh
        import pyrage.x25519
    except ImportError:
        return None
    return pyrage


def _texts(environ: Mapping[str, str], home: Path | None, where: str) -> list[tuple[str, str]]:
    """(source, text) of everything that should hold identities."""
    found = []
    for name in _VARIABLES:
        value = environ.get(name, "")
        if not value.strip():
            continue
        if name.endswith("_FILE"):
            found.append((f"{name} {value}", _read(Path(value), name, where)))
        else:
            found.append((name, value))
    usual = home / _AT_HOME if home is not None else None
    if usual is not None and usual.is_file():
        found.append((str(usual), _read(usual, "the key file of SOPS", where)))
    return found


def _read(path: Path, said_by: str, where: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST)
    except OSError as error:
        raise Unopenable(f"{said_by}: {path} cannot be read: {error.strerror}", where=where, hint=GIVE) from None
    text = as_text(data)
    if text is None:
        raise Unopenable(f"{said_by}: {path} is no key file: it is not text", where=where, hint=GIVE)
    return text


def _parsed(text: str) -> list[Any] | str:
    """The identities of a key file, or what is wrong with it; a line of it is never repeated."""
    import pyrage

    if text.lstrip().startswith("-----BEGIN"):
        try:
            return [pyrage.ssh.Identity.from_buffer(text.encode())]
        except pyrage.IdentityError:
            return "the SSH key cannot be read; age takes ed25519 and RSA keys without a passphrase"
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("AGE-PLUGIN-"):
            return f"line {number} is the identity of an age plugin, which is not read"
        try:
            found.append(pyrage.x25519.Identity.from_str(line))
        except pyrage.IdentityError:
            return f"line {number} is no age identity: one is AGE-SECRET-KEY-1…"
    return found or "no identity is in it"


def _shown(recipient: str) -> str:
    if not recipient.isprintable() or "SECRET" in recipient.upper() or "PRIVATE" in recipient.upper():
        return "what was given"
    return f"'{recipient[:40]}{'…' * (len(recipient) > 40)}'"
