"""What goes wrong on purpose: latency, throttles, failed and lost calls, denials, stale reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from .errors import AnswerLost, AwsError

How = Literal["closed", "timeout", "500"]
When = Literal["before", "after"]

# Groups that share a bucket: (burst, tokens per second). Documented or observed where known; see ``throttle``.
GROUPS: dict[str, tuple[tuple[str, ...], float, float]] = {
    "register": (("RegisterTaskDefinition", "DeregisterTaskDefinition"), 20, 1),
    "cluster reads": (("DescribeClusters", "ListClusters", "DescribeCapacityProviders"), 50, 20),
    "cluster writes": (("CreateCluster", "UpdateCluster*", "DeleteCluster", "PutClusterCapacityProviders"), 20, 1),
    "task reads": (("DescribeTasks", "DescribeContainerInstances", "ListTasks"), 100, 20),
    "service reads": (("DescribeService*", "ListService*"), 100, 20),
    "service writes": (("CreateService", "UpdateService", "DeleteService"), 50, 5),
    "definition reads": (("DescribeTaskDefinition", "ListTaskDefinition*"), 100, 20),
    "run": (("RunTask",), 20, 20),
}


@dataclass
class Bucket:
    """One for each account and Region; ``level`` holds what was left in it, and when."""

    operations: tuple[str, ...]
    service: str
    burst: float
    rate: float
    level: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def holds(self, service: str, operation: str) -> bool:
        return fnmatchcase(service, self.service) and any(fnmatchcase(operation, name) for name in self.operations)

    def take(self, place: tuple[str, str], now: float) -> bool:
        tokens, at = self.level.get(place, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.rate)
        self.level[place] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1


@dataclass
class Failure:
    """The ``on``-th matching call from now, and ``times - 1`` after it."""

    operation: str
    service: str
    on: int
    times: int
    when: When
    how: How
    seen: int = 0

    def hit(self, service: str, operation: str, when: When) -> bool:
        if when != self.when or not (fnmatchcase(operation, self.operation) and fnmatchcase(service, self.service)):
            return False
        self.seen += 1
        return self.on <= self.seen < self.on + self.times


@dataclass
class Stale:
    operation: str
    service: str
    versions: int
    until: float | None
    times: int | None


@dataclass(frozen=True)
class Denial:
    operation: str
    service: str
    resource: str


class Faults:
    """Off by default. Operations are names or patterns (``Describe*``), services signing names (``ecs``, ``logs``)."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """From here on nothing goes wrong."""
        self.latency: float = 0.0
        """Virtual seconds that pass before every call."""
        self._buckets: list[Bucket] = []
        self._failures: list[Failure] = []
        self._stale: list[Stale] = []
        self._denials: list[Denial] = []

    def throttle(
        self,
        operations: str | Iterable[str] | None = None,
        burst: float = 0,
        rate: float = 0,
        *,
        service: str = "ecs",
    ) -> None:
        """A token bucket that these operations share; without any, ECS's own buckets, ``GROUPS``."""
        if operations is None:
            self._buckets += [Bucket(names, "ecs", size, refill) for names, size, refill in GROUPS.values()]
            return
        names = (operations,) if isinstance(operations, str) else tuple(operations)
        self._buckets.append(Bucket(names, service, burst, rate))

    def fail(
        self,
        operation: str = "*",
        *,
        on: int = 1,
        times: int = 1,
        when: When = "before",
        how: How = "closed",
        service: str = "*",
    ) -> None:
        """Fail the ``on``-th matching call from now: before its effect, or after it (a lost answer)."""
        self._failures.append(Failure(operation, service, on, times, when, how))

    def deny(self, operation: str, *, resource: str = "*", service: str = "ecs") -> None:
        """AccessDenied for these operations, on resources whose ARN or name matches."""
        self._denials.append(Denial(operation, service, resource))

    def allow(self) -> None:
        """Lift all denials."""
        self._denials.clear()

    def stale(
        self,
        operation: str = "*",
        *,
        versions: int = 1,
        until: float | None = None,
        times: int | None = None,
        service: str = "*",
    ) -> None:
        """Matching reads show the Region as it was ``versions`` mutating calls ago.

        Views are remembered from here on: a read cannot show what was before. ``until`` is an epoch second,
        ``times`` a number of reads.
        """
        self._stale.append(Stale(operation, service, versions, until, times))

    def fresh(self) -> None:
        """Reads are current again."""
        self._stale.clear()

    # What the one path asks.

    @property
    def remembering(self) -> bool:
        return bool(self._stale)

    def strike(self, service: str, operation: str, when: When) -> None:
        """Raise what this call was meant to meet."""
        hits = [f for f in self._failures if f.hit(service, operation, when)]
        if not hits:
            return
        if hits[0].how == "500":
            raise AwsError("ServerException", "Service Unavailable. Please try again later.", 500)
        raise AnswerLost(hits[0].how)

    def refuse(
        self, service: str, operation: str, resource: str, caller: str, place: tuple[str, str], now: float
    ) -> None:
        """Denials, then throttles: a refused call had no effect. ``place`` is account and Region."""
        for denial in self._denials:
            if fnmatchcase(operation, denial.operation) and fnmatchcase(service, denial.service):
                if not (denial.resource == "*" or fnmatchcase(resource, denial.resource)):
                    continue
                action = f"{service}:{operation}"
                raise AwsError(
                    "AccessDeniedException",
                    f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
                    f"because no identity-based policy allows the {action} action",
                )
        for bucket in self._buckets:
            if bucket.holds(service, operation) and not bucket.take(place, now):
                raise AwsError("ThrottlingException", "Rate exceeded")

    def behind(self, service: str, operation: str, now: float) -> int:
        """How many versions behind this read is."""
        for rule in self._stale:
            if not (fnmatchcase(operation, rule.operation) and fnmatchcase(service, rule.service)):
                continue
            if rule.until is not None and now >= rule.until:
                continue
            if rule.times is not None:
                if rule.times <= 0:
                    continue
                rule.times -= 1
            return rule.versions
        return 0
