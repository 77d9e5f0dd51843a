"""A call as CloudTrail would have EventBridge tell of it. Source: the CloudTrail user guide, record contents."""

from __future__ import annotations

import json
from typing import Any, Final

from .wire import Request, Response, Target

CALL: Final = "AWS API Call via CloudTrail"
HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET: Final = {"secretString", "secretBinary", "value", "environment", "password"}


def told(request: Request, target: Target, response: Response, caller: str, account: str, at: str) -> dict[str, Any]:
    """The detail of the event; ``caller`` is an ARN, ``at`` the time of the call."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole" if ":assumed-role/" in caller else "IAMUser",
            "arn": caller,
            "accountId": account,
            "accessKeyId": target.access_key,
        },
        "eventTime": f"{at[:19]}Z",
        "eventSource": f"{target.service}.amazonaws.com",
        "eventName": target.operation,
        "awsRegion": target.region,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": request.headers.get("user-agent", ""),
        "requestParameters": _lowered(target.params),
        "responseElements": _lowered(_body(response)),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }


def _body(response: Response) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:  # CBOR, or nothing
        return None


def _lowered(value: Any) -> Any:
    """Members begin with a small letter, and what is secret is not told."""
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if not isinstance(value, dict):
        return value if value is None or isinstance(value, str | int | float | bool) else str(value)
    names = {name: f"{name[:1].lower()}{name[1:]}" for name in value}
    return {now: HIDDEN if now in _SECRET else _lowered(value[name]) for name, now in names.items()}
