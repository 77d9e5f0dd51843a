"""The arithmetic of docs/scaling.md, from the program's own constants: calls, seconds, memory, money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from reconciler.agent.lease.lease import RENEW
from reconciler.aws.queue import LONGEST
from reconciler.aws.rates import group_of, rate_of
from reconciler.model.agent import AgentSettings, Repository

SIZES = (10, 100, 1_000, 10_000, 100_000)
AN_APP = 10
"""Services an app in the table, each with a definition of its own, all in one cluster."""
LARGEST = 1_000
"""Services an environment, from which on they are spread over several."""
SHARE = AgentSettings(Repository("")).share

MEASURED = {10: 75, 100: 81, 1_000: 150}
"""MiB at the peak of a plan with nothing to do, by ``make bench``."""

MONTH = 730 * 3600
CPU_HOUR, GIB_HOUR = 0.03238, 0.00356
"""Dollars: Fargate on ARM in us-east-1. List prices, as are the next two."""
A_WRITE, A_REQUEST = 0.625e-6, 0.40e-6
"""Dollars: a write of DynamoDB on demand, a request to SQS."""


@dataclass(frozen=True)
class Size:
    """So many services, in so many environments of one size."""

    services: int

    @property
    def environments(self) -> int:
        return ceil(self.services / LARGEST)

    @property
    def each(self) -> int:
        return ceil(self.services / self.environments)

    @property
    def apps(self) -> int:
        return ceil(self.each / AN_APP)

    def resync(self) -> dict[str, int]:
        """The calls of a resync of one environment in which nothing is to be done."""
        return {
            "ecs:DescribeServices": ceil(self.each / 10),
            "resourcegroupstaggingapi:GetResources": ceil(2 * self.each / 100),
            "ssm:GetParametersByPath": ceil(2 * self.apps / 10),
            "application-autoscaling:DescribeScalableTargets": ceil(self.each / 50),
            "ecs:DescribeClusters": 1,
        }

    def resync_of_all(self) -> dict[str, int]:
        """The same of all environments, which share buckets where they share an account and Region."""
        return {operation: count * self.environments for operation, count in self.resync().items()}

    def commit(self) -> dict[str, int]:
        """The calls of a commit that changes every service of one app, until the last of them has been sent."""
        return {
            "ecs:RegisterTaskDefinition": AN_APP,
            "ecs:UpdateService": AN_APP,
            "ecs:DescribeTaskDefinition": 2 * AN_APP,
            "ecs:ListTaskDefinitions": AN_APP,
            "ecs:ListServiceDeployments": AN_APP,
            "ecs:DescribeServices": 2 * ceil(AN_APP / 10),
        }

    def all_anew(self) -> dict[str, int]:
        """The writes of a commit that changes every service of an environment."""
        return {"ecs:RegisterTaskDefinition": self.each, "ecs:UpdateService": self.each}

    @property
    def memory(self) -> float:
        """MiB of a replica that holds one environment: what was measured, and a line through it beyond."""
        if self.each in MEASURED:
            return MEASURED[self.each]
        (low, least), (high, most) = sorted(MEASURED.items())[-2:]
        return most + (self.each - high) * (most - least) / (high - low)


def seconds(calls: Mapping[str, int], share: float = SHARE) -> float:
    """How long these calls take at the least, at a share of each of AWS's buckets: one group after the other."""
    groups: dict[str, int] = {}
    for operation, count in calls.items():
        groups[group_of(operation)] = groups.get(group_of(operation), 0) + count
    rates = {group: rate_of(group, {}) for group in groups}
    return sum(
        max(0.0, count - rates[group].burst * share) / (rates[group].per_second * share)
        for group, count in groups.items()
    )


def most_in_one_account(within: float) -> int:
    """How many services, in environments of the largest size, one account and Region resyncs in so many seconds."""
    environments = 1
    while seconds(Size((environments + 1) * LARGEST).resync_of_all()) <= within:
        environments += 1
    return environments * LARGEST


def per_task(memory: int) -> int:
    """How many environments of the largest size fit into a task of so many MiB, a fifth of it left free."""
    base, (high, most) = min(MEASURED.values()), max(MEASURED.items())
    each = (most - base) * LARGEST / high
    return int((memory * 0.8 - base) // each)


def fargate(cpu: int, memory: int) -> float:
    """Dollars a month of a task of so many CPU units and MiB."""
    return MONTH / 3600 * (cpu / 1024 * CPU_HOUR + memory / 1024 * GIB_HOUR)


def lease() -> float:
    """Dollars a month of holding one environment's lease."""
    return MONTH / RENEW * A_WRITE


def queue() -> float:
    """Dollars a month of waiting for events."""
    return MONTH / LONGEST * A_REQUEST


def rows() -> Iterator[str]:
    """The table of the page."""
    for services in SIZES:
        size = Size(services)
        calls = size.resync()
        cells = (
            f"{services:,}",
            f"{size.environments} × {size.each:,}" if size.environments > 1 else "1",
            f"{sum(calls.values())}",
            f"{seconds(calls):.0f} s",
            f"{_time(seconds(size.resync_of_all()))}",
            f"{seconds(size.commit()):.0f} s",
            f"{_time(seconds(size.all_anew()))}",
            f"{size.memory:.0f} MiB",
        )
        yield f"| {' | '.join(cells)} |"


def _time(found: float) -> str:
    return f"{found:.0f} s" if found < 120 else f"{found / 60:.0f} min"
