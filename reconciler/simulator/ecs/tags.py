"""Tags of any ECS resource, by ARN."""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.errors import AwsError, cluster_not_found, invalid, service_not_found

from .definitions import find
from .providers import exists as provider_exists
from .scope import Handler, Scope, tags_in, tags_out
from .services import service_by_arn
from .state import Region

ARN = re.compile(
    r"arn:aws[\w-]*:ecs:([\w-]*):(\d*):(cluster|service|task|task-definition|container-instance|task-set|capacity-provider)/(.+)"
)


def tag_resource(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    arn = params["resourceArn"]
    exists(at.state, arn)
    new = tags_in(params["tags"])
    tags = dict(at.state.tags.get(arn, {}))
    own = [k for k in tags if not k.lower().startswith("aws:")]
    tags_in(params["tags"], existing=len([k for k in own if k not in new]))
    at.state.tags[arn] = tags | new
    return {}


def untag_resource(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """A key that is not there is no error."""
    arn = params["resourceArn"]
    exists(at.state, arn)
    keys = params["tagKeys"]
    if any(k.lower().startswith("aws:") for k in keys):
        raise invalid("Tag keys or values cannot start with 'aws:'.")
    if arn in at.state.tags:
        at.state.tags[arn] = {k: v for k, v in at.state.tags[arn].items() if k not in keys}
    return {}


def list_tags_for_resource(at: Scope, params: dict[str, Any]) -> dict[str, Any]:
    exists(at.state, params["resourceArn"])
    return {"tags": tags_out(at.state.tags.get(params["resourceArn"]))}


def exists(state: Region, arn: str) -> None:
    """Or the error that AWS answers with."""
    match = ARN.fullmatch(arn)
    if not match or (match.group(1), match.group(2)) != (state.name, state.account):
        raise invalid("Invalid arn.")
    kind, name = match.group(3), match.group(4)
    if kind == "cluster":
        if name not in state.clusters or state.clusters[name].status != "ACTIVE":
            raise cluster_not_found()
    elif kind == "service":
        if "/" not in name:
            raise invalid("Long arn format must be used for tagging operations")
        service = service_by_arn(state, arn)
        if service is None or service.status == "INACTIVE":
            raise service_not_found_here() if service is None else invalid("The specified service is inactive.")
    elif kind == "task-definition":
        if find(state, arn) is None or ":" not in name:
            raise invalid("The specified task definition does not exist.")
    elif kind == "task":
        cluster = state.clusters.get(name.partition("/")[0])
        if cluster is None or name.partition("/")[2] not in cluster.tasks:
            raise AwsError("ResourceNotFoundException", "The specified task was not found.")
    elif kind == "container-instance":
        cluster = state.clusters.get(name.partition("/")[0])
        found = cluster.instances.get(name.partition("/")[2]) if cluster else None
        if found is None or found.status == "INACTIVE":
            raise AwsError("ResourceNotFoundException", "The specified container instance was not found.")
    elif kind == "task-set":
        parts = name.split("/", 2)
        cluster = state.clusters.get(parts[0])
        service = cluster.services.get(parts[1]) if cluster and len(parts) == 3 else None
        if service is None or service.controller == "ECS" or parts[2] not in [d.id for d in service.deployments]:
            raise AwsError("ResourceNotFoundException", "The specified task set was not found.")
    elif not provider_exists(state, name):
        raise AwsError("ResourceNotFoundException", "The specified resource was not found.")


def service_not_found_here() -> AwsError:
    """TagResource has no ServiceNotFoundException in its model."""
    return AwsError("ResourceNotFoundException", service_not_found().message)


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
