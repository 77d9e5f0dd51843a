"""What can be told: one outcome of one service, app or environment, under the name of its trigger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

TRIGGERS: Final = {
    "on-created": "an app or a service is there for the first time",
    "on-deleted": "an app or a service is gone",
    "on-sync-running": "an app begins to be changed",
    "on-deployed": "a service is Ready at a revision that it did not run before",
    "on-sync-succeeded": "all of an app that was being changed is Ready",
    "on-sync-failed": "a change or a rollout failed and is not tried again by itself",
    "on-health-degraded": "a service that was deployed does not work any more",
    "on-health-recovered": "a service that was degraded works again",
    "on-sync-status-unknown": "something of an app cannot be read, or an environment cannot be reached",
    "on-drift": "something is not as the repository says, and no commit made it so",
    "on-awaiting-approval": "an app's plan, or a rollout's hook, waits for a person",
    "on-source-failed": "what the repository says cannot be put in force",
    "on-said": "a person said something: sync, suspend, resume, approve, retry, rollback",
}
"""Every trigger, and when it is pulled. Those that Argo CD has too are named as there."""

Severity = Literal["info", "warning", "error"]

_SEVERITY: Final[dict[str, Severity]] = {
    "on-sync-failed": "error",
    "on-health-degraded": "error",
    "on-source-failed": "error",
    "on-sync-status-unknown": "warning",
    "on-drift": "warning",
    "on-awaiting-approval": "warning",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that is told once.

    app       empty: all of the environment is meant
    resource  ``Service/web``; empty: all of the app is meant
    revision  of a service: ``web:7``
    digest    of what is awaiting approval: the plan's
    by        who said so, where somebody did
    version   what stands for the state it is told of: with the rest it makes out whether it was told before
    """

    trigger: str
    environment: str
    at: datetime
    app: str = ""
    resource: str = ""
    commit: str | None = None
    revision: str = ""
    phase: str = ""
    reason: str = ""
    message: str = ""
    hint: str = ""
    digest: str = ""
    by: str = ""
    version: str = ""

    @property
    def severity(self) -> Severity:
        return _SEVERITY.get(self.trigger, "info")

    @property
    def subject(self) -> str:
        """What it is about, as people say it: ``shop/Service/web``."""
        return "/".join(filter(None, (self.app, self.resource))) or self.environment
