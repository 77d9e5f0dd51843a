"""What AWS says: one resource as read, what is wanted of a reading, and the inventory of what is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.model.errors import AwsError
from reconciler.model.key import COMMIT, DIGEST, OWNER, Key
from reconciler.model.tree import Tree, leaves

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What a kind is asked to read; ``owner`` is what the owner tag says when it is ours.

    ``spec`` is resolved, or None for something no manifest declares any more, which is read by its ARNs. ``owned`` are
    ARNs that the inventory nominates for this key, ``matching`` those of them that carry the digest, ``in_use`` the
    ARNs live specs name where they refer to the key. ``keeps_live``: some of what is live stands for what is desired,
    so of a versioned kind the revision in use counts, not the one that carries the digest. ``released`` is the id of
    the failure that a person has released.
    """

    key: Key
    spec: Tree | None
    owner: str = ""
    digest: str = ""
    owned: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()
    keeps_live: bool = False
    released: str = ""


@dataclass(frozen=True)
class Observed:
    """One resource as AWS answered. ``spec`` None: it is not there, which is an answer.

    at        the Date of the answer: AWS's clock
    spec      in the members and the form of the manifest, without AWS's tags and ours
    arn       the ARN, of a versioned kind that of the revision that counts
    tags      all tags of the resource
    status    the service's own word for its life cycle: ``ACTIVE``, ``DRAINING`` …
    created   tells two incarnations of one name apart
    changed   AWS's own time of its last change, where it tells one
    renewed   when its value last changed, by AWS's clock, where what names it does not say which value is meant
    live      facts for health and display: counts, deployments, events
    driven    members somebody else drives right now, whatever the manifest says: an autoscaler's count
    kin       of a versioned kind: other revisions of it are ours, so a further one needs no consent
    carry     members a replacement takes over from what it replaces
    others    further ARNs that belong to the key: older revisions that are ours
    error     the reading failed: nothing is known, nothing may be concluded
    """

    key: Key
    at: datetime
    spec: Tree | None = None
    arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    created: datetime | None = None
    changed: datetime | None = None
    live: Mapping[str, Any] = field(default_factory=dict)
    renewed: datetime | None = None
    driven: frozenset[str] = frozenset()
    kin: bool = False
    carry: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    error: AwsError | None = None

    @classmethod
    def failed(cls, key: Key, error: AwsError) -> Observed:
        """A reading that did not succeed."""
        return cls(key, NEVER, error=error)

    @property
    def present(self) -> bool:
        return self.spec is not None

    @property
    def uses(self) -> frozenset[str]:
        """The ARNs of other resources it names, also while it is on its way out."""
        named = (leaf for _, leaf in leaves(self.spec or self.live.get("uses", [])) if isinstance(leaf, str))
        return frozenset(_of_resource(leaf) for leaf in named if leaf.startswith("arn:"))

    @property
    def owner(self) -> str | None:
        return self.tags.get(OWNER)

    @property
    def digest(self) -> str | None:
        return self.tags.get(DIGEST)

    @property
    def commit(self) -> str | None:
        return self.tags.get(COMMIT)


def _of_resource(arn: str) -> str:
    """The ARN of a resource, without the JSON key, stage and version that ECS takes behind that of a secret."""
    return ":".join(arn.split(":")[:7]) if ":secretsmanager:" in arn else arn


@dataclass(frozen=True, slots=True)
class Nominated:
    """A resource the tagging API says carries our owner tag. It may be a ghost: only the kind's reading confirms it."""

    arn: str
    tags: Mapping[str, str]

    @property
    def owner(self) -> str:
        return self.tags.get(OWNER, "")


@dataclass(frozen=True)
class Retention:
    """A family of revisions that is at rest, and how many successful ones of it are to be kept.

    ``owner`` is what the owner tag says, ``owned`` what the inventory nominates as ours, ``users`` the readings of what
    runs it, ``needed`` ARNs that must stay whatever else is found.
    """

    reading: Observed
    owner: str
    keep: int
    owned: tuple[Nominated, ...]
    users: tuple[Observed, ...]
    needed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Inventory:
    """Everything nominated as owned by one installation and environment; ``error`` when not all could be read.

    ``at`` is the Date of the last answer.
    """

    items: Mapping[Key, tuple[Nominated, ...]] = field(default_factory=dict)
    error: AwsError | None = None
    at: datetime = NEVER

    @property
    def complete(self) -> bool:
        return self.error is None

    def arns(self, key: Key) -> tuple[str, ...]:
        return tuple(item.arn for item in self.items.get(key, ()))
