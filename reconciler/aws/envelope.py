"""Our own envelope, given its data key: AES-256-GCM over the value, all that stands before it authenticated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from reconciler.model.errors import Unopenable
from reconciler.model.sealed import Envelope

KEY: Final = 32
_NONCE: Final = 12
_TAG: Final = 16


def sealed_with(
    value: str,
    bound_to: str,
    data_key: bytes,
    wrapped: bytes,
    *,
    id: str | None = None,
    kms: str = "",
    age: Sequence[str] = (),
) -> Envelope:
    """A value sealed under ``data_key``, of which the envelope keeps ``wrapped``. A new id is random.

    ``bound_to`` is ``environment/app/Kind/name``. ValueError for a data key that is not 32 bytes long.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(data_key) != KEY:
        raise ValueError(f"a data key has {KEY} bytes, not {len(data_key)}")
    plain = value.encode()
    nonce = os.urandom(_NONCE)
    # The head says how long the body is, and is authenticated with it: it has to be known before there is a body.
    blank = bytes(_NONCE + len(plain) + _TAG)
    envelope = Envelope(id or os.urandom(16).hex(), bound_to, wrapped, blank, kms, tuple(age))
    return replace(envelope, body=nonce + AESGCM(data_key).encrypt(nonce, plain, envelope.head.encode()))


def opened(envelope: Envelope, data_key: bytes) -> str:
    """The value of an envelope; raises Unopenable."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    where = name_of(envelope)
    if len(data_key) != KEY:
        raise Unopenable(f"its data key has {len(data_key)} bytes instead of {KEY}", where=where, hint=SEAL_ANEW)
    if len(envelope.body) < _NONCE + _TAG:
        raise Unopenable("its body is too short to be one", where=where, hint=SEAL_ANEW)
    nonce, body = envelope.body[:_NONCE], envelope.body[_NONCE:]
    try:
        plain = AESGCM(data_key).decrypt(nonce, body, envelope.head.encode())
    except InvalidTag:
        raise Unopenable(
            "it has been altered since it was sealed: its header or its body is not what was written",
            where=where,
            hint="take it from the history of the repository, or seal the value anew",
        ) from None
    value = as_text(plain)
    if value is None:
        raise Unopenable("what was sealed is not UTF-8 text", where=where, hint=SEAL_ANEW)
    return value


SEAL_ANEW: Final = "seal the value anew"


def name_of(envelope: Envelope) -> str:
    """An envelope as errors name it."""
    return f"sealed value {envelope.id[:8]} of {envelope.bound_to}"


def as_text(data: bytes) -> str | None:
    """Bytes as text; None when they are none. The error of decoding would carry the bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
