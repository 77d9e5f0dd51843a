"""KMS as far as sealed values go: opening a ciphertext, making a data key, and what it means when KMS will not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.aws.clients import Clients
from reconciler.aws.wire import ask
from reconciler.model.clock import Clock
from reconciler.model.errors import AwsError, Unopenable, UsageError

_ARN: Final = re.compile(r"arn:aws[a-z0-9-]*:kms:([a-z]{2}[a-z0-9-]{3,30}):[0-9]{12}:(?:key|alias)/[A-Za-z0-9/_-]+")

ALTERED: Final = (
    "KMS does not open it: it has been altered, or was sealed for another resource or environment, or with another key"
)
_MEANS: Final = {
    "InvalidCiphertextException": ALTERED,
    "IncorrectKeyException": "KMS does not open it: it was sealed with another key than it says",
    "InvalidKeyUsageException": "its KMS key is none for encrypting",
}


@dataclass(frozen=True)
class DataKey:
    """A new data key: plain, wrapped, and the ARN of the key that wrapped it."""

    plain: bytes
    wrapped: bytes
    arn: str

    def __repr__(self) -> str:
        return f"DataKey({self.arn})"


@dataclass(frozen=True)
class Kms:
    """Asks each key in its own Region. Calls are made once; AwsErrors say whether asking again may help."""

    clients: Clients
    clock: Clock

    def decrypt(
        self,
        ciphertext: bytes,
        *,
        where: str,
        arn: str = "",
        context: Mapping[str, str] | None = None,
        altered: str = ALTERED,
        hint: str = "",
    ) -> bytes:
        """The plain bytes. ``altered`` says what an invalid ciphertext means here."""
        params: dict[str, Any] = {"CiphertextBlob": ciphertext}
        if arn:
            params["KeyId"] = arn
        if context:
            params["EncryptionContext"] = dict(context)
        region = region_of(arn) if arn else self.clients.region
        if region is None:
            raise Unopenable(f"'{arn[:100]}' is not the ARN of a KMS key", where=where, hint=hint)
        if not 1 <= len(ciphertext) <= 6144:
            raise Unopenable("what KMS should open is empty or too long: it is cut short or altered", where=where)
        failed: AwsError
        try:
            return bytes(self._ask("kms:Decrypt", params, region)["Plaintext"])
        except AwsError as error:
            failed = _meant(error, where, altered, hint)
        raise failed

    def data_key(self, key: str, context: Mapping[str, str]) -> DataKey:
        """A new data key under a KMS key: its ARN, id, or alias (``alias/secrets``) in the environment's Region."""
        region = region_of(key) if key.startswith("arn:") else self.clients.region
        if region is None:
            raise UsageError(f"'{key[:100]}' is not the ARN of a KMS key", hint="give a key's ARN, or alias/<name>")
        params = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
        answer = self._ask("kms:GenerateDataKey", params, region)
        return DataKey(bytes(answer["Plaintext"]), bytes(answer["CiphertextBlob"]), str(answer["KeyId"]))

    def _ask(self, operation: str, params: dict[str, Any], region: str) -> dict[str, Any]:
        # Neither changes anything: asked again, it does no harm.
        return ask(self.clients, self.clock, operation, params, region=region, write=False)


def region_of(arn: str) -> str | None:
    """The Region of a KMS key's ARN; None when it is none."""
    found = _ARN.fullmatch(arn)
    return found[1] if found else None


def _meant(error: AwsError, where: str, altered: str, hint: str) -> AwsError:
    """What an error of KMS says about the value; those about the call itself stay what they are."""
    meaning = altered if error.code == "InvalidCiphertextException" else _MEANS.get(error.code)
    if meaning is not None:
        return Unopenable(meaning, where=where, hint=hint, operation=error.operation, code=error.code)
    error.where = f"{error.operation} for {where}"
    return error
