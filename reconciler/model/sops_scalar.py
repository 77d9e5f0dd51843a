"""One encrypted scalar as SOPS writes it: ``ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]``."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

TYPES: Final = ("str", "int", "float", "bool", "bytes", "time", "comment")

_BASE64: Final = r"[A-Za-z0-9+/]*={0,2}"
_FORM: Final = re.compile(rf"ENC\[AES256_GCM,data:({_BASE64}),iv:({_BASE64}),tag:({_BASE64}),type:(\w{{1,16}})\]")
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class SopsScalar:
    """The parts of an encrypted scalar; ``type`` is one of TYPES. ``data`` goes without the tag."""

    data: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    tag: bytes = field(repr=False)
    type: str = "str"


def is_encrypted(value: object) -> bool:
    """Whether a scalar begins as SOPS begins what it encrypts."""
    return isinstance(value, str) and value.startswith("ENC[")


def is_comment(value: object) -> bool:
    """Whether it is an encrypted comment, as which SOPS writes those inside of nested lists: no value at all."""
    return isinstance(value, str) and value.startswith("ENC[") and value.endswith(",type:comment]")


def parse(text: str) -> SopsScalar:
    """The parts of an encrypted scalar; ValueError says what is wrong with it, without quoting it."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("is not ENC[AES256_GCM,data:…,iv:…,tag:…,type:…] to its end: it is cut short or altered")
    try:
        data, nonce, tag = (base64.b64decode(part, validate=True) for part in found.groups()[:3])
    except (ValueError, binascii.Error):
        raise ValueError("holds base64 that does not decode: it is cut short or altered") from None
    if len(tag) != _TAG or not 8 <= len(nonce) <= 128:
        raise ValueError("has a nonce or a tag of the wrong length: it is cut short or altered")
    if found[4] not in TYPES:
        raise ValueError("says a type that SOPS gives no value")
    return SopsScalar(data, nonce, tag, found[4])


def aad(path: tuple[str | int, ...]) -> bytes:
    """What is authenticated with the scalar at a path: its names, each followed by a colon; places in lists are left
    out.
    """
    return (":".join(step for step in path if isinstance(step, str)) + ":").encode()
