"""What people said of an app, and what was last synced of it: the one thing that neither git nor ECS can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something, when and why."""

    by: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's rollback: a service stays on a revision for as long as ``instead`` is what the repository wants.

    ``revision`` is the ARN it stays on, ``commit`` that revision's commit when it is known, ``instead`` the digest of
    the service as it was wanted when the pin was set: any other digest releases it.
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
