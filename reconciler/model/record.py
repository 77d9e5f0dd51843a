"""What people said of an app, and what was last synced of it: the one thing that neither git nor ECS can hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


@dataclass(frozen=True, slots=True)
class Terms:
    """What stands for all that a plan does to an app: ``digest`` for the whole.

    ``aim`` is the digest of what was wanted of the app, and asked for at the command line. ``calls`` are the digests of
    its calls, ``later`` those of places in them where any value may come to stand: it is not known yet. All but
    ``digest`` are shortened.
    """

    digest: str
    aim: str
    calls: frozenset[str]
    later: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person agrees to a plan: holds for the calls of it, each for as long as it is left to make."""

    terms: Terms
    said: Said

    @property
    def id(self) -> str:
        """Tells this approval from a later one of the same plan."""
        return f"{short(self.terms.digest)}@{self.said.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def __str__(self) -> str:
        """``3f2a9c01d4e5 by alice@laptop at 2026-01-05 09:00 UTC: why``"""
        return f"{short(self.terms.digest)} {self.said}"


@dataclass(frozen=True)
class Record:
    """One app's record. Resources are named ``Kind/name``.

    suspended  nothing of the app is changed while this is set; observing goes on
    pins       the services a person has rolled back
    approved   the plan that a person has agreed to
    retried    the failures a person has released: the id of what failed (a service deployment, a job's run)
    synced     the digest each service had when it was last Ready as the repository said
    commit     the commit at which all of the app was last in force, ``behind`` apart; None: it was no commit
    whole      stands for all that the app wanted then; empty: it is not known what was in force
    behind     what was not in force then, and the commit at which it was; empty: it is on its way from what was
    spent      the id of the approval of which everything has been made
    """

    suspended: Said | None = None
    pins: Mapping[str, Pin] = field(default_factory=dict)
    retried: Mapping[str, str] = field(default_factory=dict)
    approved: Approval | None = None
    synced: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    spent: str | None = None
    whole: str = ""
    behind: Mapping[str, str] = field(default_factory=dict)

    @property
    def agreed(self) -> Terms | None:
        """What a person has agreed to and of which something may be left to make."""
        return self.approved.terms if self.approved and self.approved.id != self.spent else None


NO_RECORD = Record()


@dataclass(frozen=True)
class Book:
    """All records of an environment by app; ``unheard`` says of which apps (or EVERY) they are not known, and why."""

    records: Mapping[str, Record] = field(default_factory=dict)
    unheard: Mapping[str, ReconcilerError] = field(default_factory=dict)


class Records(Protocol):
    """Where records are kept. People's words and what was synced are written apart: neither can undo the other."""

    def read(self, scope: Scope, apps: Collection[str] | None = None) -> Book:
        """All records of an environment, or at least those of some apps.

        What could not be read is said in ``unheard``, not raised.
        """
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
