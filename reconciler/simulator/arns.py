"""The resource a call is about, as denials and faults name it."""

from __future__ import annotations

from typing import Any, Final

from .wire import Target

ECS: Final = {
    "service": "service",
    "serviceName": "service",
    "task": "task",
    "taskDefinition": "task-definition",
    "clusterName": "cluster",
    "cluster": "cluster",
}
NAMED: Final = (
    "SecretId", "Name", "logGroupName", "ResourceId", "TargetGroupArn", "LoadBalancerArn", "TableName", "QueueUrl",
    "KeyId", "RoleArn", "RoleName", "Rule", "Bucket", "repositoryName",
)  # fmt: skip
"""Members by which services beside ECS name what a call is about."""


def resource_of(target: Target, account: str) -> str:
    """An ARN for ECS, else an ARN or a name as the request has it; ``*`` where there is none."""
    params = target.params
    prefix = f"arn:aws:{target.service}:{target.region}:{account}:"
    cluster = str(params.get("cluster", "default")).rpartition("/")[2]
    for member in ("resourceArn", *ECS):
        value = params.get(member)
        if not isinstance(value, str):
            continue
        if value.startswith("arn:") or member == "resourceArn":
            return value
        kind = ECS[member]
        return prefix + (f"{kind}/{cluster}/{value}" if kind in ("service", "task") else f"{kind}/{value}")
    return next((str(params[m]) for m in NAMED if isinstance(params.get(m), str)), _first(params))


def _first(params: dict[str, Any]) -> str:
    """The first of what a call lists: DescribeServices is about its first service, TagResources about its first ARN."""
    for value in params.values():
        if isinstance(value, list) and value and isinstance(value[0], str) and value[0].startswith("arn:"):
            return value[0]
    return "*"
