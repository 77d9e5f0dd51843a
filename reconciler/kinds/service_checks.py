"""What ECS refuses in a service, and what could never finish rolling, told from the spec. Source: the API reference."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reconciler.model.errors import Finding, Severity
from reconciler.model.tree import Tree


def findings(spec: Tree) -> Iterator[Finding]:
    """Everything wrong with a service that its own manifest shows."""
    controller = (spec.get("deploymentController") or {}).get("type", "ECS")
    if not spec.get("taskDefinition") and controller != "EXTERNAL":
        yield Finding(
            "missing-member",
            ("taskDefinition",),
            "missing",
            "name a TaskDefinition manifest, family:revision or an ARN",
        )
    if spec.get("launchType") and spec.get("capacityProviderStrategy"):
        yield Finding(
            "launch-type",
            ("launchType",),
            "launchType and capacityProviderStrategy exclude each other",
            "keep one of them",
        )
    network = (spec.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    if spec.get("launchType") == "EC2" and network.get("assignPublicIp") == "ENABLED":
        yield Finding(
            "public-ip", ("networkConfiguration", "awsvpcConfiguration", "assignPublicIp"), "not with launchType EC2"
        )
    if spec.get("schedulingStrategy") == "DAEMON":
        for member in ("desiredCount", "placementStrategy", "volumeConfigurations"):
            if spec.get(member):
                yield Finding("daemon", (member,), "not with schedulingStrategy DAEMON", f"leave {member} out")
        if controller == "ECS":
            yield from _stuck(spec, daemon=True)
    elif controller == "ECS":
        yield from _stuck(spec)


def _stuck(spec: Tree, *, daemon: bool = False) -> Iterator[Finding]:
    """Percent pairs that leave no room to start or to stop a single task. A daemon's count is not the manifest's."""
    configuration = spec.get("deploymentConfiguration") or {}
    desired = None if daemon else spec.get("desiredCount")
    lowest, highest = (0, 100) if daemon else (100, 200)  # ECS's defaults
    lowest, highest = configuration.get("minimumHealthyPercent", lowest), configuration.get("maximumPercent", highest)
    if not isinstance(desired, int) or desired < 1:
        desired = None
    if (desired is None and lowest >= 100 and highest <= 100) or (
        desired is not None
        and math.ceil(desired * lowest / 100) >= desired
        and math.floor(desired * highest / 100) <= desired
    ):
        count = f"with desiredCount {desired} " if desired else ""
        yield Finding(
            "cannot-roll",
            ("deploymentConfiguration",),
            f"{count}minimumHealthyPercent {lowest} and maximumPercent {highest} leave no room to replace a task: "
            "a rollout would hang",
            "lower minimumHealthyPercent" if daemon else "raise maximumPercent or lower minimumHealthyPercent",
            Severity.WARNING,
        )
