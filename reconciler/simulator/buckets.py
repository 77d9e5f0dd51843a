"""Token buckets, as AWS throttles: what shares one, how much it holds, how fast it fills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from .errors import SimulatorError
from .fault import number


@dataclass(frozen=True)
class Group:
    """Operations that share a bucket of ``burst`` tokens, refilled by ``rate`` a second, in each account and Region.

    ``source`` says where the numbers are from; empty: nobody could verify them.
    """

    service: str
    operations: tuple[str, ...]
    burst: float
    rate: float
    source: str = ""

    def __str__(self) -> str:
        return f"bucket {self.service}:{'|'.join(self.operations)} burst={number(self.burst)} rate={number(self.rate)}"


def parse(text: str) -> Group:
    """The group of a plan's clause ``bucket ecs:A|B burst=20 rate=1``."""
    try:
        _, name, burst, rate = text.split()
        service, _, operations = name.partition(":")
        return Group(service, tuple(operations.split("|")), float(burst[6:]), float(rate[5:]))
    except ValueError:
        raise SimulatorError(f"not a bucket: {text!r}") from None


THROTTLING: Final = "Request throttling for the Amazon ECS API"
GROUPS: Final[dict[str, Group]] = {
    "register": Group(
        "ecs", ("RegisterTaskDefinition", "DeregisterTaskDefinition"), 20, 1, f"{THROTTLING}, as quoted by users"
    ),
    "cluster reads": Group(
        "ecs", ("DescribeClusters", "ListClusters", "DescribeCapacityProviders"), 50, 20, f"{THROTTLING}: the burst"
    ),
    "cluster writes": Group(
        "ecs", ("CreateCluster", "UpdateCluster*", "DeleteCluster", "PutClusterCapacityProviders"), 20, 1
    ),
    "task reads": Group(
        "ecs", ("DescribeTasks", "DescribeContainerInstances", "ListTasks"), 100, 20, "about 20 a second in practice"
    ),
    "service reads": Group("ecs", ("DescribeService*", "ListService*"), 100, 20),
    "service writes": Group("ecs", ("CreateService", "UpdateService", "DeleteService"), 50, 5),
    "definition reads": Group("ecs", ("DescribeTaskDefinition", "ListTaskDefinition*"), 100, 20),
    "run": Group("ecs", ("RunTask",), 20, 20, "ECS developer guide, Fargate throttling"),
    "load balancer reads": Group("elasticloadbalancing", ("Describe*",), 40, 10, "ELB request throttling"),
    "secret descriptions": Group("secretsmanager", ("DescribeSecret",), 40_000, 40_000, "Secrets Manager quotas"),
    "secret listings": Group("secretsmanager", ("ListSecrets",), 100, 100, "Secrets Manager quotas"),
    "secret batches": Group("secretsmanager", ("BatchGetSecretValue",), 100, 100, "Secrets Manager quotas"),
    "secret writes": Group(
        "secretsmanager",
        ("PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"),
        50,
        50,
        "Secrets Manager quotas",
    ),
    "parameter reads": Group("ssm", ("GetParameter*",), 40, 40, "Systems Manager quotas, default throughput"),
    "parameter writes": Group("ssm", ("PutParameter",), 3, 3),
    "log streams": Group("logs", ("DescribeLogStreams",), 25, 25, "CloudWatch Logs API model"),
}
"""By name; ECS's are what ``Faults.throttle()`` arms, all of them ``Faults.throttle(service="*")``."""


@dataclass
class Bucket:
    """A group at work; ``level`` holds what was left in it, and when, by account and Region."""

    group: Group
    level: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def holds(self, service: str, operation: str) -> bool:
        group = self.group
        return fnmatchcase(service, group.service) and any(fnmatchcase(operation, name) for name in group.operations)

    def take(self, place: tuple[str, str], now: float) -> bool:
        tokens, at = self.level.get(place, (self.group.burst, now))
        tokens = min(self.group.burst, tokens + (now - at) * self.group.rate)
        self.level[place] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1


def known(service: str) -> Iterable[Group]:
    """The groups of the services that match."""
    return [g for g in GROUPS.values() if fnmatchcase(g.service, service)]
