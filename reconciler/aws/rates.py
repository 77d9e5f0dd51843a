"""What AWS lets a caller do: which calls share a bucket, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.aws.operations import is_read, split


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: ``burst`` calls at once, ``per_second`` from then on."""

    burst: float
    per_second: float


def group_of(operation: str) -> str:
    """The bucket an operation draws from: ``ecs:service-writes``."""
    if operation in _GROUP_OF:
        return _GROUP_OF[operation]
    return f"{split(operation)[0]}:{'reads' if is_read(operation) else 'writes'}"


def rate_of(group: str, settings: Mapping[str, Rate]) -> Rate:
    """The bucket of a group: as set, else as known, else a careful guess."""
    return settings.get(group) or RATES.get(group) or (GUESSED_READS if group.endswith("reads") else GUESSED_WRITES)


# AWS publishes few of these; those without a source are guesses, careful ones, and all are settings.
GUESSED_READS: Final = Rate(20, 10)
GUESSED_WRITES: Final = Rate(10, 5)

RATES: Final[Mapping[str, Rate]] = {
    "ecs:registrations": Rate(20, 1),  # AWS, request throttling for the Amazon ECS API
    "ecs:run-task": Rate(20, 20),  # ECS developer guide, throttling
    "ecs:cluster-reads": Rate(50, 20),  # the burst: AWS; the rate: a guess
    "ecs:cluster-writes": Rate(20, 1),  # a guess
    "ecs:task-reads": Rate(20, 20),  # seen in practice: about 20 a second
    "ecs:definition-reads": Rate(50, 20),  # a guess; known to throttle
    "ecs:service-reads": Rate(100, 20),  # a guess
    "ecs:service-writes": Rate(50, 5),  # a guess
    "elbv2:reads": Rate(40, 10),  # AWS, ELB request throttling
    "secretsmanager:lists": Rate(100, 100),  # Secrets Manager quotas, as are the next two
    "secretsmanager:reads": Rate(1000, 1000),
    "secretsmanager:writes": Rate(50, 50),
    "ssm:reads": Rate(40, 40),  # Systems Manager quotas
    "ssm:writes": Rate(3, 3),  # a guess
    "logs:reads": Rate(10, 10),  # a guess
    "cloudwatch:reads": Rate(9, 4),  # shared with ECS's own polling of alarms: leave most of it
    "sts:reads": Rate(100, 100),  # a guess
}

_GROUPS: Final[Mapping[str, str]] = {
    "ecs:registrations": "RegisterTaskDefinition DeregisterTaskDefinition DeleteTaskDefinitions",
    "ecs:run-task": "RunTask StartTask StopTask",
    "ecs:cluster-reads": "DescribeClusters ListClusters DescribeCapacityProviders",
    "ecs:cluster-writes": "CreateCluster UpdateCluster UpdateClusterSettings DeleteCluster PutClusterCapacityProviders "
    "CreateCapacityProvider UpdateCapacityProvider DeleteCapacityProvider",
    "ecs:task-reads": "DescribeTasks DescribeContainerInstances ListTasks ListContainerInstances",
    "ecs:definition-reads": "DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies",
    "ecs:service-reads": "DescribeServices ListServices ListServicesByNamespace DescribeServiceDeployments "
    "ListServiceDeployments DescribeServiceRevisions DescribeTaskSets",
    "ecs:service-writes": "CreateService UpdateService DeleteService StopServiceDeployment ContinueServiceDeployment "
    "CreateTaskSet UpdateTaskSet DeleteTaskSet UpdateServicePrimaryTaskSet",
    "secretsmanager:lists": "ListSecrets ListSecretVersionIds",
}

_GROUP_OF: Final = {
    f"{group.partition(':')[0]}:{name}": group for group, names in _GROUPS.items() for name in names.split()
}
