"""Tags of scalable targets, by ARN."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.errors import AwsError

from .scaler import Scaler
from .state import Handler, invalid


def _of(at: Scaler, params: dict[str, Any]) -> dict[str, str]:
    arn = params["ResourceARN"]
    if arn not in at.state.tags:
        raise AwsError("ResourceNotFoundException", f"Resource not found: {arn}", ResourceName=arn)
    return at.state.tags[arn]


def tag(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    tags = _of(at, params)
    if any(key.lower().startswith("aws:") for key in params["Tags"]):
        raise invalid("Tag keys cannot start with 'aws:'.")
    if len(tags | params["Tags"]) > 50:
        raise AwsError("TooManyTagsException", "The number of tags exceeds the limit of 50.")
    tags.update(params["Tags"])
    return {}


def untag(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    tags = _of(at, params)
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


def listed(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": dict(_of(at, params))}


OPERATIONS: dict[str, Handler] = {"TagResource": tag, "UntagResource": untag, "ListTagsForResource": listed}
