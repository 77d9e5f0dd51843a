"""What is known of each member of a kind's spec, as data: identity of lists, defaults, effects, ownership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from reconciler.model.tree import Path


class Effect(StrEnum):
    """What a change does to what runs, from the mildest to the harshest."""

    IN_PLACE = "in-place"
    NEW_TASKS_ONLY = "new-tasks-only"
    ROLLS_TASKS = "rolls-tasks"
    SHIFTS_TRAFFIC = "shifts-traffic"
    REPLACES_CREATE_FIRST = "replaces-create-first"
    REPLACES_WITH_DOWNTIME = "replaces-with-downtime"

    @property
    def severity(self) -> int:
        return list(Effect).index(self)


class _Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of one member, found by its path pattern.

    key         a list's identity: the members that name an element; the list is compared as a mapping
    value       with ``key``: the one other member, which then stands for the element (``environment.RAILS_ENV``)
    unordered   a list compared as a set
    default     what the server fills in; ``[]`` makes an empty list equal to an absent one
    effect      what a change of it does; inherited from the nearest ancestor that says so
    shared      left unsaid it is not ours: somebody else may set it
    create_only cannot be changed in place
    removal     what to send to remove it; without one, a live value nobody declared is left alone
    lasting     the API cannot take it away, although it is a list
    handed_over shared, and somebody else's from when the manifest says it no more: it is never taken away
    names       the kinds whose resource it may name, by address or ARN
    by_name     with ``names``: a manifest's name will do as well
    """

    key: tuple[str, ...] = ()
    value: str = ""
    unordered: bool = False
    default: Any = UNSET
    effect: Effect | None = None
    shared: bool = False
    create_only: bool = False
    removal: Any = UNSET
    lasting: bool = False
    handed_over: bool = False
    names: tuple[str, ...] = ()
    by_name: bool = False


NOTHING_KNOWN: Final = Field()


@dataclass(frozen=True)
class Fields:
    """The table of a kind.

    name           the member that holds AWS's own name; ``metadata.name`` when left out
    table          pattern → Field; ``*`` stands for any element or map key: ``containerDefinitions.*.cpu``
    response_only  members of AWS's answers that a manifest may carry along; ignored with one note
    wrappers       members an answer is wrapped in, unwrapped when a spec holds only that
    effect         the effect of a member the table says nothing of
    versioned      every change is a new, immutable revision: an update gives a new ARN
    kept           never pruned unless its own policy said so
    one_off        is run, not kept: nothing of it is compared, replaced or deleted; the kind says what is left
    sealed         the member that holds a value which manifests may only hold sealed; empty: none does
    resource_type  as the tagging API names it: ``ecs:service``
    defaults       member → attribute of the Environment it defaults to: ``{"cluster": "cluster"}``
    """

    name: str
    table: Mapping[str, Field] = field(default_factory=dict)
    response_only: frozenset[str] = frozenset()
    wrappers: tuple[str, ...] = ()
    effect: Effect = Effect.IN_PLACE
    versioned: bool = False
    kept: bool = False
    one_off: bool = False
    sealed: str = ""
    resource_type: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)

    def at(self, pattern: str) -> Field:
        """What is known of the member at a pattern."""
        return self.table.get(pattern, NOTHING_KNOWN)

    def effect_at(self, pattern: str) -> Effect:
        """The effect of a change at a pattern: its own, else that of the nearest ancestor, else the kind's."""
        while pattern:
            known = self.table.get(pattern, NOTHING_KNOWN).effect
            if known is not None:
                return known
            pattern = pattern.rpartition(".")[0]
        return self.effect


def step(pattern: str, name: str) -> str:
    """One step further down a pattern."""
    return f"{pattern}.{name}" if pattern else name


def pattern_of(path: Path, fields: Fields) -> str:
    """The pattern of a path, be it in a spec (``containerDefinitions[0].cpu``) or canonical (``….web.cpu``)."""
    pattern = ""
    for part in path:
        keyed = bool(pattern) and bool(fields.at(pattern).key)
        pattern = step(pattern, "*" if keyed or isinstance(part, int) else part)
    return pattern
