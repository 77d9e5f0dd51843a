"""Files as SOPS and yaml_vault encrypt them: what they write, in as few lines as that takes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.leaks import in_yaml

STAMP = "2030-01-01T00:00:00Z"


def sops(kms: Any, key: str, values: Mapping[str, str]) -> str:
    """A SOPS file of text values at its top, sealed with one key of KMS. JSON, which is YAML too."""
    data_key = os.urandom(32)
    mac = hashlib.sha512("".join(values.values()).encode()).hexdigest().upper()
    wrapped = kms.encrypt(KeyId=key, Plaintext=data_key)["CiphertextBlob"]
    entry = {"arn": key, "created_at": STAMP, "enc": _text(wrapped)}
    said = {"kms": [entry], "lastmodified": STAMP, "mac": _sealed(data_key, mac, STAMP), "version": "3.9.0"}
    sealed = {name: _sealed(data_key, value, f"{name}:") for name, value in values.items()}
    return json.dumps({**sealed, "sops": said}, indent=1)


def vault(kms: Any, key: str, values: Mapping[str, str]) -> str:
    """A yaml_vault file (aws-kms) of text values at its top: each is a YAML document of one scalar."""
    sealed = {
        name: _text(kms.encrypt(KeyId=key, Plaintext=f'--- "{in_yaml(value)}"\n'.encode())["CiphertextBlob"])
        for name, value in values.items()
    }
    return "".join(f"{name}: {text}\n" for name, text in sealed.items())


def _sealed(key: bytes, value: str, aad: str) -> str:
    nonce = os.urandom(32)
    sealed = AESGCM(key).encrypt(nonce, value.encode(), aad.encode())
    return f"ENC[AES256_GCM,data:{_text(sealed[:-16])},iv:{_text(nonce)},tag:{_text(sealed[-16:])},type:str]"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
