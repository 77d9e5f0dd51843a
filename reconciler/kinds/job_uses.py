"""What IAM has to allow for jobs, and what a spec says for it. Source: the service authorization reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.model.kind import Referent
from reconciler.model.permission import ECS, IN_CLUSTER, PASS_ROLE, TASKS, Place, Purpose, Use, named, passed
from reconciler.model.tree import Tree, get_path, leaves

_FAMILY: Final = ("task-definition/{family}:*",)
_TASKS: Final = ("task/{cluster}/*",)

USES: Final = (
    Use("ecs:DescribeTaskDefinition"),
    Use("ecs:ListTaskDefinitions"),
    Use("ecs:ListTasks", limits=IN_CLUSTER),
    Use("ecs:DescribeTasks", _TASKS),
    Use("ecs:RunTask", _FAMILY, Purpose.CHANGE, IN_CLUSTER),
    Use("ecs:StopTask", _TASKS, Purpose.CHANGE, IN_CLUSTER),
    Use("ecs:TagResource", _FAMILY, Purpose.CHANGE),
    Use("ecs:TagResource", _TASKS, Purpose.CHANGE, (("StringEquals", "ecs:CreateAction", "RunTask"),), where="tagged"),
    *PASS_ROLE,
)
"""How runs began and ended is told by tags of the revision; tags of a task are set as it is started."""


def places(spec: Tree, referent: Referent) -> Iterator[Place]:
    cluster = {"cluster": named(spec.get("cluster", "default"), "clusterName", referent)}
    family = named(spec.get("taskDefinition"), "family", referent).partition(":")[0]
    yield {**cluster, "family": family}
    if any(spec.get(member) for member in ("tags", "propagateTags", "enableECSManagedTags")):
        yield {**cluster, "tagged": ""}
    for member in ("taskRoleArn", "executionRoleArn"):
        yield passed(get_path(spec, ("overrides", member)), TASKS)
    for path, leaf in leaves(spec.get("volumeConfigurations")):
        if path and path[-1] == "roleArn":
            yield passed(leaf, ECS)
