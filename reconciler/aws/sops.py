"""Opening a SOPS file: the data key from whichever key will give it, every value, and the MAC before any is given out.

The format is the one that SOPS documents and its readers agree on: values are AES-256-GCM with their names as
authenticated data; the MAC is SHA-512 over the plain values in order, itself encrypted with ``lastmodified``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

from reconciler.aws.age import Identities
from reconciler.aws.envelope import KEY, as_text
from reconciler.aws.kms import Kms
from reconciler.aws.unsealed import as_text as one_value
from reconciler.aws.unsealed import decimal, whole
from reconciler.model import sops_scalar
from reconciler.model.errors import AwsError, Unopenable
from reconciler.model.sealed import SopsValue
from reconciler.model.tree import Path, show_path

# Where only encrypted values count, the MAC begins with the SHA-256 of "sops": it then never equals one over all.
_ONLY_ENCRYPTED: Final = hashlib.sha256(b"sops").digest()

_HISTORY: Final = "take the file from the history of the repository, or edit it with sops, which writes a new MAC"
_KEYS: Final = "give this process access to one of the file's keys, or add one of its own: sops updatekeys"

GetIdentities = Callable[[], Identities]


def opened(value: SopsValue, kms: Kms, identities: GetIdentities) -> str:
    """The value that was selected, or all of the file as JSON; raises Unopenable, or the AwsError of its one KMS key.

    ``identities`` is asked for only when there is an age entry to open.
    """
    key = _data_key(value, kms, identities)
    plain = [(path, _plain(value, path, leaf, key) if ours else leaf) for path, leaf, ours in value.leaves]
    _check_mac(value, plain, key)
    if value.select is None:
        return whole(plain)
    return one_value(next(found for path, found in plain if path == value.select))


def _data_key(value: SopsValue, kms: Kms, identities: GetIdentities) -> bytes:
    """The key of the whole file. Age first: it takes no call. Each key that does not help says why."""
    where = str(value)
    entries = [entry for name in ("age", "kms") for entry in value.metadata.get(name) or ()]
    failed: list[tuple[str, AwsError]] = []
    mine: Identities | None = None
    for entry in entries:
        name = str(entry.get("arn") or entry.get("recipient"))
        try:
            if "arn" in entry:
                key = kms.decrypt(
                    base64.b64decode("".join(entry["enc"].split())),
                    where=where,
                    arn=entry["arn"],
                    context=entry.get("context"),
                    altered="KMS does not open its data key: it or its encryption context has been altered, or it was "
                    "sealed with another key",
                )
            else:
                mine = mine or identities()
                key = mine.unwrap(entry["enc"].encode(), where=where)
        except AwsError as error:
            failed.append((name, error))
            continue
        if len(key) == KEY:
            return key
        failed.append((name, Unopenable(f"it gives a data key of {len(key)} bytes, not {KEY}", where=where)))
    if len(failed) == 1:
        raise _alone(*failed[0], entries[0], where)
    if any(error.retry for _, error in failed):
        raise next(error for _, error in failed if error.retry)
    said = "; ".join(f"{name}: {error.message}" for name, error in failed)
    raise Unopenable(f"none of its {len(failed)} keys opens it: {said}", where=where, hint=_KEYS)


def _alone(name: str, error: AwsError, entry: Any, where: str) -> AwsError:
    """The error of a file's only key keeps its sort: denied is a permission, throttled will pass."""
    role = entry.get("role")
    if not isinstance(error, Unopenable):
        if role:
            error.hint += f"; the file names the role {role}, which is not assumed here"
        return error
    message = f"its only key, {name}, does not open it: {error.message}"
    return Unopenable(message, where=where, hint=error.hint or _KEYS, operation=error.operation, code=error.code)


def _plain(value: SopsValue, path: Path, leaf: str, key: bytes) -> Any:
    """One encrypted leaf. Empty text SOPS leaves as it is."""
    if leaf == "":
        return ""
    where = f"{value} at '{show_path(path)}'"  # in quotes: a name is taken for one, and not for a value's
    data, kind = _decrypted(leaf, key, sops_scalar.aad(path), where, "it has been altered, or moved here from another "
                            "place or file")  # fmt: skip
    found = _typed(data, kind)
    if found is None:
        raise Unopenable(f"what is encrypted is not of its type, {kind}", where=where, hint=_HISTORY)
    return found


def _decrypted(text: str, key: bytes, aad: bytes, where: str, altered: str) -> tuple[bytes, str]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        scalar = sops_scalar.parse(text)
    except ValueError as error:
        raise Unopenable(f"it {error}", where=where, hint=_HISTORY) from None
    try:
        return AESGCM(key).decrypt(scalar.nonce, scalar.data + scalar.tag, aad), scalar.type
    except InvalidTag:
        raise Unopenable(altered, where=where, hint=_HISTORY) from None


def _typed(data: bytes, kind: str) -> Any:
    """The value of plain bytes; None when they are not of that type. Nothing is raised: it would quote the value."""
    text = as_text(data)
    if text is None:
        return None
    if kind == "comment":
        return None
    if kind == "bool":
        return {"True": True, "true": True, "False": False, "false": False}.get(text)
    if kind not in ("int", "float"):
        return text
    if len(text) > 400:
        return None
    try:
        number: int | float = int(text) if kind == "int" else float(text)
    except ValueError:
        number = float("nan")
    return number if abs(number) < float("inf") else None  # nan is less than nothing


def _check_mac(value: SopsValue, plain: list[tuple[Path, Any]], key: bytes) -> None:
    metadata, where = value.metadata, str(value)
    only_encrypted = metadata.get("mac_only_encrypted") is True
    digest = hashlib.sha512(_ONLY_ENCRYPTED if only_encrypted else b"")
    for (_, leaf), (_, _, ours) in zip(plain, value.leaves, strict=True):
        if ours or not only_encrypted:
            digest.update(_bytes(leaf))
    said, _ = _decrypted(
        metadata["mac"],
        key,
        metadata["lastmodified"].encode(),
        where,
        "its MAC does not open: mac or lastmodified has been altered",
    )
    if not hmac.compare_digest(said, digest.hexdigest().upper().encode()):
        raise Unopenable(
            "its MAC is not that of its values: one was added, removed, moved or edited without sops",
            where=where,
            hint=_HISTORY,
        )


def _bytes(leaf: Any) -> bytes:
    """A plain value as the MAC takes it; null, and an empty object or list, count for nothing."""
    match leaf:
        case bool():
            return b"True" if leaf else b"False"
        case float():
            return decimal(leaf).encode()
        case int():
            return str(int(leaf)).encode()
        case str():
            return leaf.encode()
    return b""
