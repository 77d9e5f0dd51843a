"""The identity of a resource: which app, which kind, which name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """``app/Kind/name``: unique within an environment, stable while the AWS name or ARN behind it changes."""

    app: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.app}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read ``app/Kind/name``; ValueError when it is anything else."""
        app, kind, name = text.split("/")
        if not (app and kind and name):
            raise ValueError(text)
        return cls(app, kind, name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose resources these are: one installation of the reconciler, one environment of it."""

    installation: str
    environment: str

    def owner(self, key: Key) -> str:
        """The value of the owner tag for a key; it names the key itself, so a copied set of tags is recognised."""
        return f"{self.installation}/{self.environment}/{key}"

    def key(self, owner: str | None) -> Key | None:
        """The key an owner tag speaks of, when it speaks of this installation and environment."""
        prefix = f"{self.installation}/{self.environment}/"
        if not owner or not owner.startswith(prefix):
            return None
        try:
            return Key.parse(owner[len(prefix) :])
        except ValueError:
            return None


OWNER = "reconciler:owner"
DIGEST = "reconciler:digest"
COMMIT = "reconciler:commit"
PRUNE = "reconciler:prune"
VALUE = "reconciler:value"
"""Which sealed value a parameter holds, and at which of its versions: ``<id>@<version>``."""
PENDING_VALUE = "reconciler:pending"
"""Which sealed value is about to be written into a parameter."""
OUR_TAGS = frozenset({OWNER, DIGEST, COMMIT, PRUNE, VALUE, PENDING_VALUE})
RUNS = "reconciler:job/"
"""Beginning of the tags by which a revision tells how the runs of jobs that used it ended."""
IMAGE = "reconciler:image/"
"""Beginning of the tags by which a revision tells with which tag the pinned image of a container was written."""
FAILURES = "reconciler:failed/"
"""Beginning of the tags by which a revision tells which service it failed in, where ECS does not know that it did."""
