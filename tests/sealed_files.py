"""Sealed files made from the published formats alone, by code that shares nothing with what opens them.

``age_file`` follows age-encryption.org/v1 (X25519 recipients, one chunk), ``sops_file`` the format that SOPS documents
in its README: the tree, the metadata, the MAC. Bech32 is that of BIP 173.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LASTMODIFIED = "2026-01-05T09:00:00Z"
CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True)
class Person:
    """Somebody with an age identity."""

    private: X25519PrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def recipient(self) -> str:
        return bech32("age", self.public)

    @property
    def identity(self) -> str:
        return bech32("age-secret-key-", self.private.private_bytes_raw()).upper()


def person() -> Person:
    return Person(X25519PrivateKey.generate())


def bech32(name: str, data: bytes) -> str:
    value = int.from_bytes(data) << (-8 * len(data) % 5)
    digits = [value >> shift & 31 for shift in range(8 * len(data) + (-8 * len(data) % 5) - 5, -1, -5)]
    spread = [ord(char) >> 5 for char in name] + [0] + [ord(char) & 31 for char in name]
    check = 1
    for digit in (*spread, *digits, 0, 0, 0, 0, 0, 0):
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ digit
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    digits += [(check ^ 1) >> 5 * place & 31 for place in range(5, -1, -1)]
    return f"{name}1" + "".join(CHARSET[digit] for digit in digits)


def derived(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def age_file(secret: bytes, *recipients: bytes) -> bytes:
    """The binary form, for X25519 public keys."""
    file_key, nonce = os.urandom(16), os.urandom(16)
    lines = ["age-encryption.org/v1"]
    for public in recipients:
        once = X25519PrivateKey.generate()
        share = once.public_key().public_bytes_raw()
        shared = once.exchange(X25519PublicKey.from_public_bytes(public))
        wrapping = derived(shared, share + public, b"age-encryption.org/v1/X25519")
        lines += [f"-> X25519 {unpadded(share)}", unpadded(ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, b""))]
    header = "\n".join([*lines, "---"]).encode()
    mac = hmac.digest(derived(file_key, b"", b"header"), header, "sha256")
    body = ChaCha20Poly1305(derived(file_key, nonce, b"payload")).encrypt(bytes(11) + b"\x01", secret, b"")
    return header + b" " + unpadded(mac).encode() + b"\n" + nonce + body


def armored(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----", ""])


def sops_scalar(key: bytes, value: Any, aad: str) -> str:
    """``ENC[…]``, by the block cipher itself and not by what the product uses."""
    kind, plain = {
        bool: ("bool", str(value)),
        int: ("int", str(value)),
        float: ("float", str(value)),
        str: ("str", str(value)),
    }[type(value)]
    nonce = os.urandom(32)
    gcm = Cipher(algorithms.AES256(key), modes.GCM(nonce)).encryptor()
    gcm.authenticate_additional_data(aad.encode())
    data = gcm.update(plain.encode()) + gcm.finalize()
    parts = {"data": data, "iv": nonce, "tag": gcm.tag}
    said = ",".join(f"{name}:{base64.b64encode(part).decode()}" for name, part in parts.items())
    return f"ENC[AES256_GCM,{said},type:{kind}]"


def sops_file(
    tree: dict[str, Any],
    key: bytes,
    *,
    encrypts: Callable[[tuple[str, ...]], bool] = lambda names: True,
    only_encrypted: bool = False,
    **metadata: Any,
) -> dict[str, Any]:
    """The tree as SOPS encrypts it, with its metadata."""
    digest = hashlib.sha512(hashlib.sha256(b"sops").digest() if only_encrypted else b"")

    def walk(value: Any, names: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {name: walk(member, (*names, name)) for name, member in value.items()}
        if isinstance(value, list):
            return [walk(element, names) for element in value]
        if value is None:
            return None
        ours = encrypts(names)
        if ours or not only_encrypted:
            digest.update(str(value).encode())
        return sops_scalar(key, value, ":".join(names) + ":") if ours and value != "" else value

    made = walk(tree, ())
    mac = sops_scalar(key, digest.hexdigest().upper(), LASTMODIFIED)
    rules = {"mac_only_encrypted": True} if only_encrypted else {}
    return {**made, "sops": {"lastmodified": LASTMODIFIED, "mac": mac, "version": "3.9.4", **rules, **metadata}}


def sops_for(who: Person, key: bytes) -> dict[str, str]:
    """An age entry of SOPS's metadata."""
    return {"recipient": who.recipient, "enc": armored(age_file(key, who.public))}


def text(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def everything(error: BaseException) -> str:
    """All that an exception could tell: its text, itself, its attributes, what was being handled, its traceback."""
    import traceback

    said = "".join(traceback.format_exception(error))
    while error is not None:
        said += f"{error!s}{error!r}{vars(error)}"
        error = error.__cause__ or error.__context__
    return said
