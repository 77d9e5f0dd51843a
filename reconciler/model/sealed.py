"""Sealed values: known by an identity, opened by the Writer alone, at the wire.

An envelope of our own is one line of text, ``sealed:v1:<id>:<header>:<body>``. ``id`` is random and stays when the key
is rotated, so it stands for the value. ``header`` says for which resource it was sealed, with which key, and how long
the body is; ``body`` is nonce and ciphertext. Everything before the body is authenticated with it. What other tools
sealed is kept as their files say it, and known by a hash of what is encrypted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from reconciler.model.errors import Position
from reconciler.model.key import Key
from reconciler.model.tree import Path

PREFIX: Final = "sealed:"
_START: Final = "sealed:v1"
_ID: Final = re.compile(r"[0-9a-f]{32,64}")

FROM: Final = "from"
"""The member of a spec that names a file of another tool, where the value is not sealed in the spec itself."""
TOOLS: Final = ("sops", "yamlVault")
FROM_SHAPE: Final = {
    **dict.fromkeys(TOOLS, "string"),
    "key": "string",
    "encrypted": ["string"],
    "prefix": "string",
    "suffix": "string",
}

Leaf: TypeAlias = str | int | float | bool | None


class BadEnvelope(ValueError):
    """A text or file that should hold a sealed value and does not; nothing in it is quoted.

    ``str`` says what is wrong, ``hint`` what to do, ``at`` where in a file of another tool, when that is known.
    """

    def __init__(
        self,
        message: str,
        hint: str = "paste it again, whole, or seal the value anew",
        at: Position | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.at = at


@dataclass(frozen=True, slots=True)
class Sealing:
    """With what values are sealed: a KMS key, by ARN, id or alias, or the recipients of age. At most one is set."""

    kms: str = ""
    age: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kms or self.age)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One of our own. Exactly one of ``kms`` and ``age`` is set.

    bound_to  the resource it was sealed for, ``environment/app/Kind/name``: it opens nowhere else
    kms       the ARN of the KMS key that wrapped the data key; its encryption context is ``context``
    age       the recipients the data key was wrapped for
    data_key  the wrapped data key: what KMS answered, or an age file
    body      a nonce of 12 bytes and what AES-256-GCM made of the value
    """

    id: str
    bound_to: str
    data_key: bytes = field(repr=False)
    body: bytes = field(repr=False)
    kms: str = ""
    age: tuple[str, ...] = ()

    @property
    def context(self) -> dict[str, str]:
        """The encryption context for KMS."""
        return context_for(self.bound_to)

    @property
    def size(self) -> int:
        """How many bytes the value has: what the body holds beside its nonce and the tag of AES-GCM."""
        return len(self.body) - 28

    @property
    def head(self) -> str:
        """All of the text before the body: what is authenticated with it."""
        how = {"kms": self.kms} if self.kms else {"age": list(self.age)}
        said = {"for": self.bound_to, **how, "dataKey": _encode(self.data_key), "bytes": len(self.body)}
        header = json.dumps(said, separators=(",", ":"), sort_keys=True)
        return f"{_START}:{self.id}:{_encode(header.encode())}"

    @property
    def text(self) -> str:
        """The envelope as manifests hold it."""
        return f"{self.head}:{_encode(self.body)}"

    def __str__(self) -> str:
        return f"{_START}:{self.id}"


@dataclass(frozen=True, slots=True)
class SopsValue:
    """A value in a SOPS file: all of it as one JSON object (``select`` None), or what stands at a path.

    ``leaves`` are all scalars of the file in its order, each with whether the file's own rules encrypt it; such a one
    is ``ENC[…]``, or empty, as SOPS leaves empty text. An empty object or list is a leaf of its own. ``metadata`` is
    the file's ``sops`` section in the form that SOPS gives it in YAML, its keys in one group.
    """

    file: str
    leaves: tuple[tuple[Path, Any, bool], ...] = field(repr=False)
    metadata: Mapping[str, Any] = field(repr=False)
    select: Path | None = None

    def __str__(self) -> str:
        return f"SOPS file {self.file}"


@dataclass(frozen=True, slots=True)
class VaultValue:
    """A value in a file of yaml_vault: all of it as one JSON object (``select`` None), or what stands at a path.

    ``leaves`` are all scalars of the file in its order, each with whether it is encrypted; an encrypted one is base64
    without the prefix and suffix that the file puts around it.
    """

    file: str
    leaves: tuple[tuple[Path, Any, bool], ...] = field(repr=False)
    select: Path | None = None

    def __str__(self) -> str:
        return f"yaml_vault file {self.file}"


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A sensitive value that a lookup has read. ``source`` says where it came from; no ``repr`` shows the value."""

    source: str
    value: str = field(repr=False)

    def __str__(self) -> str:
        return self.source


Content: TypeAlias = Envelope | SopsValue | VaultValue | HeldValue


@dataclass(frozen=True, slots=True)
class Sealed:
    """Stands in a spec for a secret value. Two with one ``id`` are one value, whatever is around it.

    ``id`` has 32 to 64 characters where it was sealed, so that it can be the version id of a secret. ``content`` is
    what opening it takes; None for what is live, of which only the identity is known.
    """

    id: str
    content: Content | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"(sealed {self.id[:8]})"

    @property
    def by_ciphertext(self) -> bool:
        """Whether it is known by what is encrypted, so that encrypting it again makes it another one."""
        return isinstance(self.content, SopsValue | VaultValue)


def bound(environment: str, key: Key) -> str:
    """What a value is sealed for."""
    return f"{environment}/{key}"


def context_for(bound_to: str) -> dict[str, str]:
    """The encryption context of a value sealed for ``bound_to``: names, never a secret, since CloudTrail shows it."""
    names = ("environment", "app", "kind", "name")
    return {f"reconciler:{name}": part for name, part in zip(names, bound_to.split("/"), strict=True)}


def parse(text: str) -> Envelope:
    """The envelope of a text; BadEnvelope says what is wrong with it. Nothing is opened."""
    parts = text.strip().split(":")
    if parts[:2] != _START.split(":"):
        raise BadEnvelope(f"it is sealed in a form this program does not know ({':'.join(parts[:2])[:20]})",
                          "update reconciler, or seal the value anew")  # fmt: skip
    if len(parts) < 5 or not parts[4]:
        raise BadEnvelope("the sealed value is cut short")
    if len(parts) > 5:
        raise BadEnvelope("the sealed value has parts too many")
    if not _ID.fullmatch(parts[2]):
        raise BadEnvelope("the sealed value has no id")
    said = _header(parts[3])
    body = _decode(parts[4])
    if len(body) != said["bytes"]:
        raise BadEnvelope(f"the sealed value is cut short: {len(body)} bytes of {said['bytes']}")
    envelope = Envelope(
        parts[2], said["for"], _decode(said["dataKey"]), body, said.get("kms", ""), tuple(said.get("age", ()))
    )
    if envelope.text != text.strip():
        raise BadEnvelope("the sealed value has been altered: its header is not as it was written")
    return envelope


def _header(text: str) -> dict[str, Any]:
    try:
        said = json.loads(_decode(text))
    except (ValueError, RecursionError):
        raise BadEnvelope("the header of the sealed value cannot be read: it has been altered or cut short") from None
    right = (
        isinstance(said, dict)
        and said.keys() in ({"for", "kms", "dataKey", "bytes"}, {"for", "age", "dataKey", "bytes"})
        and all(isinstance(said.get(name, ""), str) for name in ("for", "kms", "dataKey"))
        and type(said["bytes"]) is int
        and isinstance(said.get("age", []), list)
        and all(isinstance(one, str) for one in said.get("age", []))
        and bool(said.get("kms") or said.get("age"))
        and said["for"].count("/") == 3
    )
    if not right:
        raise BadEnvelope("the header of the sealed value does not say what one has to")
    return dict(said)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        if not text.isascii() or set(text) & set("+/="):
            raise ValueError
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise BadEnvelope("the sealed value holds characters that no envelope has, or is cut short") from None


def of_ciphertext(*parts: Any) -> str:
    """The identity of what is known by its encrypted scalars: a SHA-256 in hex."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
