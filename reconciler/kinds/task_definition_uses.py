"""What IAM has to allow for task definitions, and what a spec says for it.

Source: the service authorization reference, which knows no resource for describing, registering and deregistering one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.model.desired import Reference
from reconciler.model.kind import Referent
from reconciler.model.permission import PASS_ROLE, TASKS, Place, Purpose, Use, passed
from reconciler.model.tree import Tree, get_path
from reconciler.model.triggers import USES as TRIGGER_USES

_FAMILY: Final = ("task-definition/{family}:*",)

USES: Final = (
    Use("ecs:DescribeTaskDefinition"),
    Use("ecs:ListTaskDefinitions"),
    Use("logs:GetLogEvents", ("log-group:{logs}:*",)),
    Use("ecs:RegisterTaskDefinition", purpose=Purpose.CHANGE),
    Use("ecs:TagResource", _FAMILY, Purpose.CHANGE),
    Use("ecs:UntagResource", _FAMILY, Purpose.CHANGE),
    *PASS_ROLE,
    Use("ecs:DeregisterTaskDefinition", purpose=Purpose.DELETE),
    Use("ecs:DeregisterTaskDefinition", purpose=Purpose.RETIRE),
    *TRIGGER_USES,
)


def places(spec: Tree, referent: Referent) -> Iterator[Place]:
    yield {"family": str(spec["family"])}
    for member in ("taskRoleArn", "executionRoleArn"):
        yield passed(spec.get(member), TASKS)
    for container in spec.get("containerDefinitions") or ():
        yield from _logs(container, referent)


def _logs(container: Tree, referent: Referent) -> Iterator[Place]:
    """The group in which a container's last words are, where anybody knows the name of its stream."""
    options = get_path(container, ("logConfiguration", "options"))
    if not isinstance(options, Mapping) or not options.get("awslogs-stream-prefix"):
        return
    group, region = options.get("awslogs-group"), options.get("awslogs-region")
    if isinstance(group, Reference):
        group = (referent(group) or {}).get("logGroupName")
    if isinstance(group, str):
        yield {"logs": group, **({"region": region} if isinstance(region, str) else {})}
