"""The Resource Groups Tagging API: one view over our resources and those that moto holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import scaling
from .ecs import OPERATIONS as ECS
from .ecs import Region, Scope
from .ecs.paging import make_token, read_token
from .ecs.scope import tags_in
from .errors import AwsError, invalid
from .others import Others

Found = tuple[str, str, dict[str, str]]
REFUSED = "InvalidParameterException"  # the model knows no other code for what the caller did wrong


@dataclass(frozen=True)
class View:
    """What an operation looks at: the Region's ECS and the other services of the same account and Region."""

    ecs: Scope
    others: Others
    scaling: scaling.State
    resources: list[Found]
    """As this call sees them: the view can be behind, and see ghosts."""


def tagged(state: Region, scaled: scaling.State, others: Others) -> list[Found]:
    """(ARN, type, tags), by ARN; ECS's own also when their last tag is gone."""
    found: list[Found] = [(arn, type_of(arn), dict(tags)) for arn, tags in state.tags.items()]
    found += [(arn, type_of(arn), dict(tags)) for arn, tags in scaled.tags.items()]
    found += [(arn, type_of(arn, kind), tags) for arn, kind, tags in others.tagged(state.account, state.name)]
    return sorted(found, key=lambda f: f[0])


def get_resources(view: View, params: dict[str, Any]) -> dict[str, Any]:
    size, tags_size = params.get("ResourcesPerPage", 50), params.get("TagsPerPage", 100)
    if not 1 <= size <= 100:
        raise invalid("ResourcesPerPage must be between 1 and 100")
    if tags_size % 100 or not 100 <= tags_size <= 500:
        raise invalid("TagsPerPage must be a multiple of 100 between 100 and 500")
    filters, types, arns = (
        params.get("TagFilters", []),
        params.get("ResourceTypeFilters", []),
        params.get("ResourceARNList"),
    )
    if arns is not None and (filters or types):
        raise invalid("ResourceARNList cannot be combined with TagFilters or ResourceTypeFilters")
    if any("Key" not in f for f in filters):
        raise invalid("The tag filter must contain a key")
    found = [
        [arn, tags]
        for arn, kind, tags in view.resources
        if (arns is None or arn in arns) and _typed(kind, types) and all(_tagged(tags, f) for f in filters)
    ]
    page, token = _page(found, params, "resources", size)
    mapped = [{"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]} for arn, tags in page]
    return {"PaginationToken": token, "ResourceTagMappingList": mapped}


def get_tag_keys(view: View, params: dict[str, Any]) -> dict[str, Any]:
    keys = sorted({key for _, _, tags in view.resources for key in tags})
    page, token = _page([[key] for key in keys], params, "keys", 50)
    return {"PaginationToken": token, "TagKeys": [key for (key,) in page]}


def get_tag_values(view: View, params: dict[str, Any]) -> dict[str, Any]:
    values = sorted({tags[params["Key"]] for _, _, tags in view.resources if params["Key"] in tags})
    page, token = _page([[value] for value in values], params, "values", 50)
    return {"PaginationToken": token, "TagValues": [value for (value,) in page]}


def tag_resources(view: View, params: dict[str, Any]) -> dict[str, Any]:
    tags = params["Tags"]
    pairs = [{"key": k, "value": v} for k, v in tags.items()]
    tags_in(pairs)
    return _each(
        view,
        params,
        lambda arn: ECS["TagResource"](view.ecs, {"resourceArn": arn, "tags": pairs}),
        lambda has: has.update(tags),
        lambda backend, arn: backend.tag_resource(arn, tags),
    )


def untag_resources(view: View, params: dict[str, Any]) -> dict[str, Any]:
    keys = params["TagKeys"]
    return _each(
        view,
        params,
        lambda arn: ECS["UntagResource"](view.ecs, {"resourceArn": arn, "tagKeys": keys}),
        lambda has: [has.pop(key, None) for key in keys],
        lambda backend, arn: backend.untag_resource(arn, keys),
    )


def _each(
    view: View,
    params: dict[str, Any],
    ours: Callable[[str], Any],
    scaled: Callable[[dict[str, str]], Any],
    theirs: Callable[[Any, str], Any],
) -> dict[str, Any]:
    """Do it to each ARN; what fails is told by ARN, the others are done."""
    failed: dict[str, Any] = {}
    for arn in params["ResourceARNList"]:
        try:
            if arn.split(":")[2:3] == ["ecs"]:
                ours(arn)
                continue
            if arn in view.scaling.tags:
                scaled(view.scaling.tags[arn])
                continue
            backend = view.others.tagger(view.ecs.state.account, view.ecs.state.name, arn)
            if backend is None:
                raise invalid(f"{arn} does not exist or cannot be tagged")
            theirs(backend, arn)
        except AwsError as error:
            failed[arn] = {"StatusCode": error.status, "ErrorCode": REFUSED, "ErrorMessage": error.message}
        except NotImplementedError:
            failed[arn] = {
                "StatusCode": 400,
                "ErrorCode": REFUSED,
                "ErrorMessage": "cannot be tagged",
            }
    return {"FailedResourcesMap": failed}


def _typed(kind: str, wanted: list[str]) -> bool:
    return not wanted or kind in wanted or kind.partition(":")[0] in wanted


def _tagged(tags: dict[str, str], rule: dict[str, Any]) -> bool:
    return rule["Key"] in tags and (not rule.get("Values") or tags[rule["Key"]] in rule["Values"])


def _page(items: list[list[Any]], params: dict[str, Any], name: str, size: int) -> tuple[list[list[Any]], str]:
    """A page and the token of the next; an empty token is the end."""
    if params.get("PaginationToken"):
        (after,) = read_token(params["PaginationToken"], name)
        items = [i for i in items if i[0] > after]
    more = len(items) > size
    return items[:size], make_token([items[size - 1][0]], name) if more else ""


def type_of(arn: str, otherwise: str = "") -> str:
    """``ecs:service``, ``logs:log-group``: as the ARN itself says, where it does."""
    service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
    kind = re.match(r"[a-z-]+(?=[/:])", resource)
    return f"{service}:{kind[0]}" if kind else otherwise


OPERATIONS: dict[str, Callable[[View, dict[str, Any]], dict[str, Any]]] = {
    "GetResources": get_resources,
    "GetTagKeys": get_tag_keys,
    "GetTagValues": get_tag_values,
    "TagResources": tag_resources,
    "UntagResources": untag_resources,
}
