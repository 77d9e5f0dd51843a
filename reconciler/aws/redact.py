"""What may be said of a request: the name of what it is about, and AWS's words without the values it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.aws.operations import marked
from reconciler.model.tree import Tree

# The members that name what a call is about, the most telling first.
_NAMES: Final = (
    "serviceName", "service", "services", "family", "familyPrefix", "taskDefinition", "taskDefinitions", "task",
    "tasks",
    "clusterName", "cluster", "clusters", "serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns",
    "resourceArn", "logGroupName", "logGroupNamePrefix", "SecretId", "ResourceId", "ResourceIds", "ResourceARN",
    "TargetGroupArn", "TargetGroupArns", "LoadBalancerArns", "Names", "Name", "RoleArn", "RoleName", "repositoryName",
    "ResourceARNList", "AlarmNames", "TableName", "QueueUrl",
)  # fmt: skip

HIDDEN: Final = "(hidden)"


def subject(params: Tree) -> str:
    """The name of the resource a call speaks of, short; empty when it speaks of none."""
    for member in _NAMES:
        value = params.get(member)
        names = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        short = [_short(name) for name in names if isinstance(name, str) and name]
        if short:
            return ", ".join(short[:3]) + (f" and {len(short) - 3} more" if len(short) > 3 else "")
    return ""


def _short(name: str) -> str:
    """The part of an ARN that people know it by."""
    return name.split(":", 5)[5] if name.startswith("arn:") and name.count(":") >= 5 else name


def hide(text: str, params: Tree, shape: Any) -> str:
    """AWS's own words may quote what it was sent: without the values of members its model marks as sensitive.

    ``shape`` is the operation's input shape.
    """
    for secret in sorted(set(_secrets(params, shape, False)), key=len, reverse=True):
        text = text.replace(secret, HIDDEN) if len(secret) > 3 else text.replace(f"'{secret}'", f"'{HIDDEN}'")
    return text


def _secrets(value: Any, shape: Any, inside: bool) -> Iterator[str]:
    """The text of each scalar below a marked shape; the names of variables are not values."""
    inside = inside or (shape is not None and marked(shape))
    kind = getattr(shape, "type_name", "")
    if isinstance(value, Mapping):
        for name, member in value.items():
            if kind == "structure":
                child = shape.members.get(name)
            else:
                child = shape.value if kind == "map" else None
            if not (inside and name in ("name", "Name", "key", "Key")):
                yield from _secrets(member, child, inside)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _secrets(element, shape.member if kind == "list" else None, inside)
    elif inside and isinstance(value, bytes):
        yield from filter(None, (value.decode("utf-8", "replace"), repr(value)[2:-1]))
    elif inside and value is not None and str(value):
        text = str(value)
        # Quoted with escapes, or with its white space folded, a value of several lines looks different.
        yield from (text, repr(text)[1:-1], *(line for line in text.splitlines() if len(line) > 3))
