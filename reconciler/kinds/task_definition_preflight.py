"""What a look at the world says of a task definition: images that may move, roles that tasks cannot assume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.errors import Finding, Severity
from reconciler.model.kind import Sight
from reconciler.model.tree import Tree

TASKS = "ecs-tasks.amazonaws.com"


def findings(spec: Tree, sight: Sight) -> Iterator[Finding]:
    """Warnings only: none of these keeps a revision from being registered."""
    for index, container in enumerate(spec.get("containerDefinitions") or ()):
        image = container.get("image") if isinstance(container, Mapping) else None
        if isinstance(image, str) and (tag := _moving(image)):
            yield Finding(
                "moving-tag",
                ("containerDefinitions", index, "image"),
                f"{image} has {tag}: what it stands for changes without any change here, and no rollout tells of it",
                "name a release's tag, or a digest (@sha256:…)",
                Severity.WARNING,
            )
    for member in ("taskRoleArn", "executionRoleArn"):
        role = sight.named.get((member,))
        if role is not None and not _trusts(role.get("trusts")):
            message = f"the role {role['name']} does not trust {TASKS}: tasks cannot assume it"
            remedy = f"allow sts:AssumeRole to the service {TASKS} in its trust policy"
            yield Finding("untrusted-role", (member,), message, remedy, Severity.WARNING)


def _moving(image: str) -> str:
    """How an image is named that may be another one tomorrow; empty for a tag of its own or a digest."""
    if "@" in image:
        return ""
    tag = image.rpartition("/")[2].partition(":")[2]
    return "" if tag and tag != "latest" else "the tag latest" if tag else "no tag"


def _trusts(services: Any) -> bool:
    return not isinstance(services, list) or TASKS in services or "*" in services
