"""What people said of an app, and what was last synced of it: the one thing that neither git nor ECS can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from reconciler.model.errors import ReconcilerError
from reconciler.model.key import Scope

EVERY = ""
"""Stands for all apps where one is named; no app is called that."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something, when and why."""

    by: str
    at: datetime
    why: str = ""

    def __str__(self) -> str:
        """``by alice@laptop at 2026-01-05 09:00 UTC: why``"""
        return f"by {self.by} at {self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's rollback: a service stays on a revision for as long as ``instead`` is what the repository wants.

    ``revision`` is the ARN it stays on, ``commit`` that revision's commit when it is known, ``instead`` the digest of
    the service as it was wanted when the pin was set, shortened: any other digest releases it.
    """

    revision: str
    instead: str
    said: Said
    commit: str | None = None


@dataclass(frozen=True)
class Record:
    """One app's record. Resources are named ``Kind/name``.

    suspended  nothing of the app is changed while this is set; observing goes on
    pins       the services a person has rolled back
    retried    the failures a person has released: the id of what failed (a service deployment, a job's run)
    synced     the digest each service had when it was last Ready as the repository said
    commit     the commit at which ``synced`` was last written
    """

    suspended: Said | None = None
    pins: Mapping[str, Pin] = field(default_factory=dict)
    retried: Mapping[str, str] = field(default_factory=dict)
    synced: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None


NO_RECORD = Record()


@dataclass(frozen=True)
class Book:
    """All records of an environment by app; ``unheard`` says of which apps (or EVERY) they are not known, and why."""

    records: Mapping[str, Record] = field(default_factory=dict)
    unheard: Mapping[str, ReconcilerError] = field(default_factory=dict)


class Records(Protocol):
    """Where records are kept. People's words and what was synced are written apart: neither can undo the other."""

    def read(self, scope: Scope) -> Book:
        """All records of an environment; what could not be read is said in ``unheard``, not raised."""
        ...

    def said(self, scope: Scope, app: str, record: Record) -> None:
        """Write what people said of an app. Raises AwsError."""
        ...

    def synced(self, scope: Scope, app: str, record: Record) -> None:
        """Write what was last synced of an app. Raises AwsError; LeaseHeld where somebody else is the writer."""
        ...


def short(digest: str) -> str:
    """A digest as a record keeps it: enough to tell two apart, and room for many."""
    return digest[:12]
