"""A plan is data: what changes, why, in which order, and every call left to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from reconciler.model.desired import Desired
from reconciler.model.errors import Finding, Problem
from reconciler.model.fields import UNSET, Effect
from reconciler.model.key import Key
from reconciler.model.lookup import LookedUp
from reconciler.model.observed import Observed
from reconciler.model.record import Terms
from reconciler.model.tree import Pending, Tree, holds_pending


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    RUN = "run"
    HOLD = "hold"


class Preflight(StrEnum):
    """What is looked at in the world before a write: nothing, what is about to change, everything that is declared."""

    NONE = "none"
    CHANGES = "changes"
    ALL = "all"


Cause = Literal["git", "drift", "both"]
"""Why something differs: what is desired has changed since it was last in force, what is live has, or both."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One member that differs, by its path in the canonical form; UNSET stands for absent.

    ``cause`` is None where it is not known what was in force before.
    """

    path: tuple[str, ...]
    before: Any
    after: Any
    effect: Effect
    cause: Cause | None = None

    @property
    def text(self) -> str:
        """The path as shown: ``containerDefinitions.web.environment.RAILS_ENV``."""
        return ".".join(self.path)

    @property
    def removes(self) -> bool:
        return self.after is UNSET


@dataclass(frozen=True)
class Call:
    """One request to make: ``service:Operation`` and its parameters, which may hold Pending values.

    ``gate`` is what must have come about first, when that is nothing a parameter tells: ``(known after … is gone)``.
    """

    operation: str
    params: Tree
    gate: Pending | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be made now."""
        return self.gate is None and not holds_pending(self.params)


@dataclass(frozen=True)
class Left:
    """What is left of a run: its calls, why it is held, what it waits for.

    ``started``: it is under way. Then nothing it depends on can hold it any more, and what came of it is told in any
    case.
    """

    calls: tuple[Call, ...] = ()
    started: bool = False
    held: Finding | None = None
    waiting: str = ""
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What one resource needs.

    step      what the calls that come next do: a replacement is a creation and a deletion, in one order or the other
    desired   None for a deletion; its spec is resolved: References have become values or Pending
    observed  the resource the change starts from; absent for a creation
    stamps    the tags of ours that the resource must carry
    fields    what differs
    values    of an update: the changed top-level members as they are to be sent
    old       what a replacement under another AWS name leaves behind; deleted once the new one is Ready
    ready     whether the resource is Ready now
    waits_on  keys whose changes come first, or that must be Ready first
    calls     all that is left to make, in order
    blocked   why nothing of this is done: a refusal, a conflict, a thing missing
    waiting   why nothing of it can be done yet, though nothing is wrong
    doing     of what is waited for, in the word of a condition: ``RollingBack``
    begun     it is under way, or ECS's verdict brought it about: neither a window nor an approval holds it
    synced    the resource was Ready as desired now before, as its app's record says: if it differs, somebody moved it
    note      what a person should know about it
    cause     of all its fields together, or of the whole resource where it is not there; None: not known
    left      what somebody changed in AWS and is not corrected without a person, while the rest is made
    ignored   what somebody changed in AWS and nobody corrects, because the policy says so
    who       who changed it in AWS, and when, where that is known
    """

    key: Key
    action: Action
    step: Action
    effect: Effect | None = None
    fields: tuple[FieldChange, ...] = ()
    desired: Desired | None = None
    observed: Observed | None = None
    stamps: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    old: Observed | None = None
    ready: bool = False
    waits_on: tuple[Key, ...] = ()
    calls: tuple[Call, ...] = ()
    blocked: Problem | None = None
    waiting: str = ""
    doing: str = ""
    begun: bool = False
    synced: bool = False
    note: str = ""
    cause: Cause | None = None
    left: tuple[FieldChange, ...] = ()
    ignored: tuple[FieldChange, ...] = ()
    who: str = ""

    @property
    def nothing(self) -> bool:
        """Whether all that differs is ignored: then it is no change, and what refers to it is only told of it."""
        return bool(self.ignored) and self.step is Action.HOLD and self.fields == self.ignored

    @property
    def spec(self) -> Tree:
        """The desired spec, resolved."""
        if self.desired is None:
            raise ValueError(f"{self.key}: a deletion has no desired spec")
        return self.desired.spec

    def changes(self, member: str) -> bool:
        """Whether a top-level member differs."""
        return any(change.path[:1] == (member,) for change in self.fields)


@dataclass(frozen=True)
class Plan:
    """All changes of an environment, in an order that converges; ``unchanged`` are the keys that need none.

    ``lookups`` is what the plan rests on of what other tools own. ``terms`` is what stands for all that is to be done,
    by app; of one to which nothing is to be done there is none. ``ignored`` is what somebody changed in AWS of things
    that are otherwise as they should be, and that a policy leaves so.
    """

    environment: str
    revision: str | None
    changes: tuple[Change, ...] = ()
    unchanged: tuple[Key, ...] = ()
    warnings: tuple[Problem, ...] = ()
    lookups: tuple[LookedUp, ...] = ()
    terms: Mapping[str, Terms] = field(default_factory=dict)
    ignored: Mapping[Key, tuple[FieldChange, ...]] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """App → what stands for its plan, as ``approve`` wants it."""
        return {app: terms.digest for app, terms in sorted(self.terms.items())}

    def count(self, action: Action) -> int:
        return sum(change.action is action for change in self.changes)

    @property
    def empty(self) -> bool:
        return not self.changes

    @property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.blocked)
