"""Other tools' files, recognised by what they look like, so that they are refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

API_VERSION = "reconciler/v1"

_COPILOT = {
    "Load Balanced Web Service", "Backend Service", "Worker Service", "Request-Driven Web Service", "Scheduled Job",
    "Static Site", "Environment",
}  # fmt: skip
_UNDER_SPEC = "put it under 'spec' of a manifest: apiVersion: reconciler/v1, kind: {kind}, metadata: {{name: …}}"
_OUT = "keep it out of apps/ and environments/, and write manifests for what it says"

Format = tuple[str, str]
"""What a file is, and what to do."""


def is_sops(value: Any) -> bool:
    """Whether a document was written by SOPS: what manifests name, and no manifest itself.

    Its marks are those of the section that SOPS adds: getsops/sops, stores/stores.go.
    """
    if not isinstance(value, Mapping) or str(value.get("apiVersion", "")).startswith("reconciler/"):
        return False
    section = value.get("sops")
    return isinstance(section, Mapping) and "mac" in section


def recognise(value: Any) -> Format | None:
    """What a document is that is no manifest of ours; None when it looks like nothing known."""
    if isinstance(value, list):
        return _list(value)
    if not isinstance(value, Mapping):
        return None
    for what, looks_like in _FORMATS:
        if looks_like(value):
            return f"{'an' if what[0] in 'AEIOe' else 'a'} {what}", _OUT
    return _bare(value)


def _list(value: list[Any]) -> Format | None:
    first = value[0] if value and isinstance(value[0], Mapping) else {}
    if "image" in first or "Image" in first:
        hint = "put it under spec.containerDefinitions of a manifest of kind TaskDefinition"
        return "a bare list of container definitions", hint
    return None


def _bare(value: Mapping[str, Any]) -> Format | None:
    """Inputs and answers of the ECS API without the envelope of a manifest."""
    if value.keys() & {"kind", "apiVersion"}:
        return None
    if value.keys() & {"containerDefinitions", "ContainerDefinitions"} or _holds(value, "taskDefinition", "family"):
        return "a bare task definition of the ECS API", _UNDER_SPEC.format(kind="TaskDefinition")
    services = value.get("services")
    if _holds(value, "service", "serviceName") or (isinstance(services, list) and services):
        return "an answer of the ECS API about services", _UNDER_SPEC.format(kind="Service")
    if "serviceName" in value or value.keys() & {"desiredCount", "deploymentConfiguration", "loadBalancers"}:
        return "a bare service of the ECS API", _UNDER_SPEC.format(kind="Service")
    if "logGroupName" in value:
        return "a bare log group of the CloudWatch Logs API", _UNDER_SPEC.format(kind="LogGroup")
    return None


def _holds(value: Mapping[str, Any], outer: str, inner: str) -> bool:
    found = value.get(outer)
    return isinstance(found, Mapping) and inner in found


def _every(value: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(test(it) for it in value.values())


def _is_cloudformation(value: Mapping[str, Any]) -> bool:
    return "AWSTemplateFormatVersion" in value or _every(
        value.get("Resources"), lambda it: isinstance(it, Mapping) and str(it.get("Type", "")).count("::") >= 1
    )


def _is_compose(value: Mapping[str, Any]) -> bool:
    return "kind" not in value and _every(
        value.get("services"), lambda it: isinstance(it, Mapping) and bool(it.keys() & {"image", "build", "extends"})
    )


def _is_app_spec(value: Mapping[str, Any]) -> bool:
    resources = value.get("Resources", value.get("resources"))
    return isinstance(resources, list) and any(
        isinstance(it, Mapping) and it.keys() & {"TargetService", "targetService"} for it in resources
    )


def _is_kubernetes(value: Mapping[str, Any]) -> bool:
    version = value.get("apiVersion")
    return (
        isinstance(version, str)
        and "kind" in value
        and (version in {"v1", "v2"} or "/" in version)
        and (not version.startswith(("reconciler/", "pipecd.dev/")))
    )


def _has(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda value: all(name in value for name in names) and "kind" not in value


_FORMATS: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("CloudFormation template", _is_cloudformation),
    ("AppSpec file of CodeDeploy", _is_app_spec),
    ("Docker Compose file", _is_compose),
    ("Copilot manifest", lambda value: value.get("type") in _COPILOT and "name" in value and "kind" not in value),
    ("PipeCD application", lambda value: str(value.get("apiVersion", "")).startswith("pipecd.dev/")),
    ("Kubernetes manifest", _is_kubernetes),
    ("ecs-params file of the ECS CLI", lambda value: bool(value.keys() & {"task_definition", "run_params"})
        and "service_definition" not in value and "kind" not in value),
    ("ecspresso configuration", lambda value: "service_definition" in value or (
        "task_definition" in value and "region" in value)),
    ("ecschedule configuration", _has("rules", "cluster")),
    ("hako definition", lambda value: isinstance(value.get("scheduler"), Mapping) and "kind" not in value),
    ("CircleCI configuration", _has("workflows", "jobs")),
    ("GitHub Actions workflow", _has("on", "jobs")),
    ("Serverless Framework file", _has("service", "provider", "functions")),
    ("Terraform file in JSON", lambda value: "kind" not in value and bool(value.keys() & {"terraform", "resource"})),
)  # fmt: skip
