"""How scripted containers behave: what a test or a YAML file says of an image, a family or a revision."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.errors import ScriptError

PULL = {
    "not found": "failed to resolve ref {image}: {image}: not found: manifest unknown",
    "denied": "failed to resolve ref {image}: pull access denied, repository does not exist or may require "
    "authorization: server message: insufficient_scope: authorization failed",
    "timeout": 'failed to resolve ref {image}: failed to do request: Head "https://{image}": dial tcp: i/o timeout',
}
"""The usual reasons why an image cannot be pulled; any other text is taken as it is."""
SECRET = {
    "not found": "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    "denied": "AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue",
}
TARGET = {
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [503]",
    "Target.Timeout": "Request timed out",
    "Elb.InternalError": "Health checks failed due to an internal error",
}
"""What Elastic Load Balancing says with a reason code; service events carry the words."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The behaviour of containers with an image, or of the first essential container of a family's tasks.

    Seconds count from RUNNING unless said otherwise. What is left out is healthy.
    """

    match: str
    """An image, a family, or ``family:revision``."""
    container: str | None = None
    """Only the container of this name."""
    first: int | None = None
    """Only this many tasks, those started first from now on; later ones are healthy."""
    starts_in: float | None = None
    """Seconds in PENDING."""
    cannot_pull: str | None = None
    """``not found``, ``denied``, ``timeout`` or the text after the usual beginning."""
    secret: str | None = None
    """``not found``, ``denied`` or a text: a secret cannot be injected."""
    cannot_start: str | None = None
    """The whole text with which it fails to start."""
    exits: int | None = None
    """The container ends by itself with this code."""
    out_of_memory: bool = False
    """The container is killed: 137, OutOfMemoryError."""
    after: float = 0.0
    """When it exits or is killed."""
    after_healthy: float | None = None
    """The same, counted from the task's being healthy."""
    unhealthy_after: float | None = None
    """When its health check begins to fail; 0: it never succeeds. Needs a container health check."""
    target: str | None = None
    """The reason code with which its target is unhealthy."""
    target_after: float = 0.0
    """When the target becomes unhealthy; 0: it never is healthy."""
    target_text: str | None = None
    """The description beside the reason code."""
    logs: str | None = None
    """What it writes to its log as soon as it runs, a line a line; read where its log driver is awslogs."""
    ignores_sigterm: bool = False
    """Runs until its stopTimeout, then 137."""

    def fits(self, family: str, revision: int, image: str, container: str, leading: bool) -> bool:
        if self.container is not None and self.container != container:
            return False
        if self.match == image:
            return True
        named = self.match in (family, f"{family}:{revision}")
        return named and (leading or self.container is not None)


@dataclass
class Script:
    """What lies outside ECS and is said by tests: workloads, alarms, hooks, images, Fargate's capacity."""

    workloads: list[Workload] = field(default_factory=list)
    """The first that fits counts."""
    used: dict[Workload, int] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)
    """State by alarm name; OK when unknown."""
    hooks: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By Lambda ARN or lifecycle stage: its answer, and the seconds until it gives it."""
    pushes: dict[str, int] = field(default_factory=dict)
    """How often an image tag was moved."""
    fargate: dict[str, int] = field(default_factory=dict)
    """Tasks that FARGATE and FARGATE_SPOT have room for; unlimited when absent."""

    def workload(self, family: str, revision: int, image: str, container: str, leading: bool) -> Workload | None:
        """The behaviour a new task's container gets; one that is for the first tasks only is used up by it."""
        for one in self.workloads:
            if not one.fits(family, revision, image, container, leading):
                continue
            if one.first is not None:
                if self.used.get(one, 0) >= one.first:
                    continue
                self.used[one] = self.used.get(one, 0) + 1
            return one
        return None

    def say(self, workload: Workload) -> None:
        """In place of what was said of the same match and container."""
        same = (workload.match, workload.container)
        self.workloads = [w for w in self.workloads if (w.match, w.container) != same]
        self.workloads.insert(0, workload)
        self.used.pop(workload, None)


FIELDS = {f.name: f for f in dataclasses.fields(Workload)}
NUMBERS = ("starts_in", "after", "after_healthy", "unhealthy_after", "target_after")


def made(said: dict[str, Any], where: str = "script") -> Workload:
    """A workload of plain values, or a ScriptError that names what is wrong."""
    for name, value in said.items():
        if name not in FIELDS:
            raise ScriptError(f"{where}: '{name}' is not known; one of {', '.join(FIELDS)}")
        if name in NUMBERS:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            wanted = "a number of seconds, 0 or more"
        elif name in ("out_of_memory", "ignores_sigterm"):
            fits, wanted = isinstance(value, bool), "true or false"
        elif name == "first":
            fits, wanted = isinstance(value, int) and not isinstance(value, bool) and value >= 1, "a number, 1 or more"
        elif name == "exits":
            fits, wanted = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255, "0 to 255"
        else:
            fits, wanted = isinstance(value, str) and bool(value), "a text"
        if value is not None and not fits:
            raise ScriptError(f"{where}: '{name}' is {value!r}, wanted {wanted}")
    if not said.get("match"):
        raise ScriptError(f"{where}: 'match' is missing: an image, a family or family:revision")
    if said.get("exits") is not None and said.get("out_of_memory"):
        raise ScriptError(f"{where}: 'exits' and 'out_of_memory' exclude each other")
    return Workload(**said)
