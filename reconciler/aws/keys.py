"""Who opens and seals values: what the Writer, and the verbs that seal, are handed.

Nothing plain is kept from one call to the next: neither a value nor a data key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reconciler.aws import age as age_files
from reconciler.aws import sops, vault
from reconciler.aws.age import Identities
from reconciler.aws.clients import Clients
from reconciler.aws.envelope import KEY, name_of, opened, sealed_with
from reconciler.aws.kms import ALTERED, Kms
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError
from reconciler.model.sealed import Content, Envelope, HeldValue, SopsValue, VaultValue, context_for

_ONE_KEY: Final = "give --kms with a key's ARN or alias, or --age with recipients, and not both"


class Keys:
    """Opens what is sealed and seals what is not.

    ``environ`` and ``home`` (by default its HOME) say where age identities are. ``scalar`` reads one YAML scalar, which
    is what yaml_vault encrypts, and raises ValueError for anything else.
    """

    def __init__(
        self,
        clients: Clients,
        clock: Clock,
        *,
        environ: Mapping[str, str],
        scalar: vault.ParseScalar,
        home: Path | None = None,
    ) -> None:
        self._kms = Kms(clients, clock)
        self._environ = environ
        self._home = home or (Path(environ["HOME"]) if environ.get("HOME") else None)
        self._scalar = scalar

    def __repr__(self) -> str:
        return f"Keys({self._kms.clients!r})"

    def open(self, content: Content) -> str:
        """The value. Raises Unopenable, another AwsError of a call to KMS, or AccessError without credentials."""
        match content:
            case Envelope():
                return opened(content, self._data_key(content))
            case SopsValue():
                return sops.opened(content, self._kms, lambda: self._identities(str(content)))
            case VaultValue():
                return vault.opened(content, self._kms, self._scalar)
            case HeldValue():
                return content.value

    def seal(
        self, value: str, bound_to: str, *, kms: str = "", age: Sequence[str] = (), id: str | None = None
    ) -> Envelope:
        """An envelope for ``environment/app/Kind/name``, under one KMS key or for age recipients.

        Raises UsageError when neither or both are given, or a recipient is none; AwsErrors of kms:GenerateDataKey.
        """
        if bool(kms) == bool(age):
            raise UsageError("a value is sealed with one KMS key or for age recipients", hint=_ONE_KEY)
        context = context_for(bound_to)
        if kms:
            # The ARN in the answer, whatever alias was asked for: an alias may point elsewhere tomorrow.
            made = self._kms.data_key(kms, context)
            return sealed_with(value, bound_to, made.plain, made.wrapped, id=id, kms=made.arn)
        key = os.urandom(KEY)
        return sealed_with(value, bound_to, key, age_files.wrap(key, age), id=id, age=tuple(age))

    def rotate(self, envelope: Envelope, *, kms: str = "", age: Sequence[str] = ()) -> Envelope:
        """The same value under a new data key; without a word on which, under the keys it has. The id stays."""
        if not kms and not age:
            kms, age = envelope.kms, envelope.age
        return self.seal(self.open(envelope), envelope.bound_to, kms=kms, age=age, id=envelope.id)

    def _data_key(self, envelope: Envelope) -> bytes:
        where = name_of(envelope)
        if not envelope.kms:
            return self._identities(where).unwrap(envelope.data_key, where=where)
        return self._kms.decrypt(
            envelope.data_key,
            where=where,
            arn=envelope.kms,
            context=envelope.context,
            altered=ALTERED,
            hint=f"it opens for {envelope.bound_to} alone: seal the value anew for where it is wanted",
        )

    def _identities(self, where: str) -> Identities:
        return age_files.identities(self._environ, self._home, where=where)
