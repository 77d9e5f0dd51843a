"""Identifiers as AWS makes them, drawn from the seed: one seed, one history."""

from __future__ import annotations

import random
import uuid

HEX = "0123456789abcdef"


class Ids:
    """Resources and requests draw from two sources, so that a further read does not change what is created."""

    def __init__(self, seed: int) -> None:
        self._resources = random.Random(f"resources-{seed}")
        self._requests = random.Random(f"requests-{seed}")

    def hex(self, length: int = 32) -> str:
        return f"{self._resources.getrandbits(4 * length):0{length}x}"

    def digits(self, length: int = 19) -> str:
        """A number of exactly ``length`` digits, as in ``ecs-svc/1234567890123456789``."""
        return str(self._resources.randint(10 ** (length - 1), 10**length - 1))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._resources.getrandbits(128), version=4))

    def number(self, low: int, high: int) -> int:
        return self._resources.randint(low, high)

    def request(self) -> str:
        return str(uuid.UUID(int=self._requests.getrandbits(128), version=4))
