"""Sealed values for laboratories: made as the verbs make them, with a key of the laboratory's own KMS."""

from __future__ import annotations

import hashlib
from typing import Any

from reconciler.model.sealed import Envelope
from tests.lab import Lab


class Safe:
    """Seals values for manifests of one laboratory. One value of one resource has one id, whenever it is sealed."""

    def __init__(self, lab: Lab, environment: str = "staging") -> None:
        self._lab, self._environment = lab, environment
        self._kms: Any = lab.simulator.client("kms", region="eu-west-1")
        self._made: dict[tuple[str, str], str] = {}
        self.key: str = self._kms.create_key()["KeyMetadata"]["Arn"]

    def id(self, name: str, value: str) -> str:
        return hashlib.sha256(f"{name} {value}".encode()).hexdigest()[:32]

    def sealed(self, name: str, value: str, app: str = "shop") -> str:
        """The envelope of a value for ``Kind/name``, as it stands in a manifest."""
        if (name, value) not in self._made:
            self._made[name, value] = self.envelope(name, value, app).text
        return self._made[name, value]

    def envelope(self, name: str, value: str, app: str = "shop") -> Envelope:
        keys = self._lab.connect().keys
        return keys.seal(value, f"{self._environment}/{app}/{name}", kms=self.key, id=self.id(name, value))

    def resealed(self) -> Safe:
        """A safe with another key, and nothing sealed yet."""
        return Safe(self._lab, self._environment)
