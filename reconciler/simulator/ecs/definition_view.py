"""The described form of a task definition: what the server fills in and works out."""

from __future__ import annotations

import copy
from typing import Any

from .definition_rules import ECR, cpu_units, memory_units


def role_arn(account: str, role: str) -> str:
    """A role given by name comes back as an ARN."""
    return role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}"


def filled(params: dict[str, Any], account: str) -> dict[str, Any]:
    """The members as AWS gives them back; ``params`` are not touched."""
    members = copy.deepcopy({k: v for k, v in params.items() if k != "tags"})
    mode = members.get("networkMode")
    members["containerDefinitions"] = [container(c, mode) for c in members["containerDefinitions"]]
    members["volumes"] = [volume(v) for v in members.get("volumes", [])]
    members.setdefault("placementConstraints", [])
    members["compatibilities"] = compatibilities(members)
    members["requiresAttributes"] = [{"name": name} for name in attributes(members)]
    for member, units in (("cpu", cpu_units), ("memory", memory_units)):
        if member in members:
            members[member] = str(units(members[member]))
    for member in ("taskRoleArn", "executionRoleArn"):
        if member in members:
            members[member] = role_arn(account, members[member])
    if "proxyConfiguration" in members:
        members["proxyConfiguration"].setdefault("type", "APPMESH")
    if "enableFaultInjection" not in members:
        members["enableFaultInjection"] = False
    if not members.get("requiresCompatibilities"):
        members.pop("requiresCompatibilities", None)
    return members


def container(given: dict[str, Any], mode: str | None) -> dict[str, Any]:
    """One container, its defaults filled; empty lists that mean nothing are dropped as AWS drops them."""
    filled = {"cpu": 0, "essential": True} | given
    for member in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
        filled.setdefault(member, [])
    for member in (
        "command",
        "entryPoint",
        "links",
        "dnsServers",
        "dnsSearchDomains",
        "extraHosts",
        "ulimits",
        "secrets",
    ):
        if filled.get(member) == []:
            del filled[member]
    filled["environment"] = [e for e in filled["environment"] if "value" in e]
    filled["portMappings"] = [port(p, mode) for p in filled["portMappings"]]
    filled["mountPoints"] = [{"readOnly": False} | m if "containerPath" in m else m for m in filled["mountPoints"]]
    if "healthCheck" in filled:
        filled["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3} | filled["healthCheck"]
    if "restartPolicy" in filled:
        filled["restartPolicy"] = {"restartAttemptPeriod": 300} | filled["restartPolicy"]
    if "linuxParameters" in filled and "capabilities" in filled["linuxParameters"]:
        wanted = filled["linuxParameters"]["capabilities"]
        filled["linuxParameters"]["capabilities"] = {"add": [], "drop": []} | wanted
    if "logConfiguration" in filled:
        filled["logConfiguration"].setdefault("options", {})
        filled["logConfiguration"].setdefault("secretOptions", [])
    return filled


def port(given: dict[str, Any], mode: str | None) -> dict[str, Any]:
    filled = {"protocol": "tcp"} | given
    if "containerPort" in filled:
        same = mode in ("awsvpc", "host")
        filled["hostPort"] = filled["containerPort"] if same else filled.get("hostPort", 0)
    return filled


def volume(given: dict[str, Any]) -> dict[str, Any]:
    filled = dict(given)
    if "efsVolumeConfiguration" in filled:
        filled["efsVolumeConfiguration"] = {"rootDirectory": "/"} | filled["efsVolumeConfiguration"]
    elif "dockerVolumeConfiguration" in filled:
        filled["dockerVolumeConfiguration"] = {"scope": "task"} | filled["dockerVolumeConfiguration"]
    elif (
        not {"fsxWindowsFileServerVolumeConfiguration", "s3filesVolumeConfiguration", "configuredAtLaunch"}
        & filled.keys()
    ):
        filled.setdefault("host", {})
    return filled


def compatibilities(members: dict[str, Any]) -> list[str]:
    """The launch types it would run on."""
    fits = ["EC2"]
    if members.get("networkMode") == "awsvpc":
        privileged = any(c.get("privileged") for c in members["containerDefinitions"])
        if "cpu" in members and "memory" in members and not privileged:
            fits.append("FARGATE")
    wanted = members.get("requiresCompatibilities", ())
    return fits + [w for w in wanted if w not in fits and w != "FARGATE"]


def attributes(members: dict[str, Any]) -> list[str]:
    """What a container instance must have; the common ones."""
    docker, ecs = "com.amazonaws.ecs.capability.", "ecs.capability."
    names: list[str] = []
    containers = members["containerDefinitions"]
    for c in containers:
        driver = c.get("logConfiguration", {}).get("logDriver")
        if driver:
            names.append(f"{docker}logging-driver.{driver}")
            names.append(f"{docker}docker-remote-api.1.19")
            if "executionRoleArn" in members and driver == "awslogs":
                names.append(f"{ecs}execution-role-awslogs")
        if c.get("healthCheck"):
            names.append(f"{ecs}container-health-check")
        if c.get("dependsOn"):
            names.append(f"{ecs}container-ordering")
        if c.get("privileged"):
            names.append(f"{docker}privileged-container")
        if ECR.match(c["image"]):
            names.append(f"{docker}ecr-auth")
            if "executionRoleArn" in members:
                names.append(f"{ecs}execution-role-ecr-pull")
        for secret in c.get("secrets", ()):
            store = "asm" if ":secretsmanager:" in secret["valueFrom"] else "ssm"
            names.append(f"{ecs}secrets.{store}.environment-variables")
    if "taskRoleArn" in members:
        names.append(f"{docker}task-iam-role")
    if members.get("networkMode") == "awsvpc":
        names.append(f"{ecs}task-eni")
    if any("efsVolumeConfiguration" in v for v in members["volumes"]):
        names.append(f"{ecs}efsAuth")
    names.append(f"{docker}docker-remote-api.1.18")
    return list(dict.fromkeys(names))
