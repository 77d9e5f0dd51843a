"""Values that other tools own: in a Terraform state, a CloudFormation stack, a parameter. Named, read, then given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from reconciler.model.errors import AwsError, Denied
from reconciler.model.key import Key
from reconciler.model.tree import Path

DENIED: Final = "read-denied"
"""Code of a problem: what a manifest names may not be read. No mistake in the manifest."""
UNANSWERED: Final = "read-failed"
"""Code of a problem: what a manifest names could not be read this time."""


@dataclass(frozen=True, order=True, slots=True)
class StateAt:
    """Where a Terraform state lies: in a file, or in S3 under bucket and key. ``region`` None: the environment's."""

    file: str = ""
    bucket: str = ""
    key: str = ""
    region: str | None = None

    def __str__(self) -> str:
        return self.file or f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, order=True, slots=True)
class Stack:
    """A CloudFormation stack, by its name."""

    name: str

    def __str__(self) -> str:
        return f"CloudFormation stack {self.name}"


@dataclass(frozen=True, order=True, slots=True)
class StoredParameter:
    """A parameter of Systems Manager, by its name."""

    name: str

    def __str__(self) -> str:
        return f"SSM parameter {self.name}"


Source: TypeAlias = StateAt | Stack | StoredParameter


@dataclass(frozen=True, slots=True)
class Lookup:
    """One value of a source, as a manifest names it.

    ``name`` is the variable (``tfstate.outputs.vpc.id``), ``path`` the same inside the source: ``("outputs", "vpc",
    "id")`` of a state, the output's name of a stack, nothing of a parameter.
    """

    name: str
    source: Source
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """Which state of a source was read: Terraform's serial and lineage, a parameter's version, when a stack changed."""

    serial: int | None = None
    lineage: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        if self.serial is None:
            return self.version or ""
        return f"serial {self.serial}" + (f" of {self.lineage}" if self.lineage else "")


@dataclass(frozen=True, slots=True)
class Found:
    """A value that was read: a plain JSON value, or a Sealed where its owner calls it sensitive."""

    value: Any = field(repr=False)
    edition: Edition


@dataclass(frozen=True, slots=True)
class Unfound:
    """Why there is no value, in the words of a problem."""

    code: str
    message: str
    hint: str = ""


def refused(what: str, error: AwsError) -> Unfound:
    """Why something has no value, when reading it failed."""
    if isinstance(error, Denied):
        return Unfound(DENIED, f"{what} may not be read: {error.message}", error.hint)
    if error.retry:
        return Unfound(UNANSWERED, f"{what} could not be read: {error.message}", error.hint or "try again")
    return Unfound("unknown-lookup", f"{what} cannot be read: {error.message}", error.hint)


Values: TypeAlias = Mapping[Lookup, Found | Unfound]

Needs: TypeAlias = Mapping[Lookup, frozenset[Key]]
"""What is to be looked up, and which resources need it."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a plan tells of a value that it rests on, without the value."""

    name: str
    source: str
    edition: Edition
    used_by: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class TfState:
    """An environment's word on Terraform. ``resources``: attributes of resources may be looked up as well."""

    at: StateAt
    resources: bool = False
