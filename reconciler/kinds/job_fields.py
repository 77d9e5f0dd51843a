"""What is known of each member of a job, and those that are ours and not RunTask's."""

from __future__ import annotations

from reconciler.model.fields import Field, Fields
from reconciler.model.service_model import Own
from reconciler.model.tree import Tree

OWN: dict[str, Own] = {"container": "string", "timeout": "string", "when": ("manual", "failure"), "runKey": "string"}
"""Members that AWS does not know; they are never sent."""

TIMEOUT = 3600.0
"""Seconds a task may run, and seconds capacity is waited for, where the manifest does not say."""

FIELDS = Fields(
    name="",
    resource_type="ecs:task-definition",
    one_off=True,
    defaults={"cluster": "cluster"},
    table={
        "cluster": Field(names=("Cluster",), by_name=True, default="default"),
        "taskDefinition": Field(names=("TaskDefinition",), by_name=True),
        "capacityProviderStrategy": Field(key=("capacityProvider",)),
        "networkConfiguration.awsvpcConfiguration.subnets": Field(unordered=True),
        "networkConfiguration.awsvpcConfiguration.securityGroups": Field(unordered=True),
        "placementConstraints": Field(unordered=True),
        "overrides.containerOverrides": Field(key=("name",)),
        "overrides.containerOverrides.*.environment": Field(key=("name",), value="value"),
        "tags": Field(key=("key",), value="value"),
        "tags.*.value": Field(default=""),
    },
    wrappers=(),
)


def sent(spec: Tree) -> dict[str, object]:
    """The members that RunTask is given."""
    return {name: value for name, value in spec.items() if name not in OWN}


def short(value: object) -> str:
    """An ARN's last part: a cluster's name, family:revision."""
    text = str(value)
    return text.rpartition("/")[2] if text.startswith("arn:") else text
