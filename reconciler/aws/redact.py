"""What may be said of a request: the name of what it is about, and AWS's words without the values it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.aws.operations import marked
from reconciler.aws.quoting import quotes
from reconciler.model.secrecy import secret_name
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
_PAIR_NAMES: Final = ("name", "Name", "key", "Key")


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

    Where they quote a secret in any spelling, or a part of one, nothing of them is left; a value whose name says that
    it is none is only replaced. ``shape`` is the operation's input shape.
    """
    found = list(_secrets(params, shape, False))
    if quotes(text, {value for value, plain in found if not plain}):
        return f"what AWS says is {HIDDEN}, since it repeats what is secret"
    for spelt in sorted({spelt for value, plain in found if plain for spelt in _spelt(value)}, key=len, reverse=True):
        text = text.replace(spelt, HIDDEN) if len(spelt) > 3 else text.replace(f"'{spelt}'", f"'{HIDDEN}'")
    return text


def _secrets(value: Any, shape: Any, inside: bool, plain: bool = False) -> Iterator[tuple[str, bool]]:
    """The text of each scalar below a marked shape, and whether the name it has there is that of no secret. The names
    of variables are not values.
    """
    inside = inside or (shape is not None and marked(shape))
    kind = getattr(shape, "type_name", "")
    if isinstance(value, Mapping):
        said = next((value[name] for name in _PAIR_NAMES if isinstance(value.get(name), str)), None)
        for name, member in value.items():
            if kind == "structure":
                child = shape.members.get(name)
            else:
                child = shape.value if kind == "map" else None
            if not (inside and name in _PAIR_NAMES):
                named = name if kind == "map" and inside else said
                yield from _secrets(member, child, inside, inside and named is not None and not secret_name(named))
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _secrets(element, shape.member if kind == "list" else None, inside, plain)
    elif inside and value is not None and value != b"" and str(value):
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value), plain


def _spelt(value: str) -> Iterator[str]:
    """Quoted with escapes, or with its white space folded, a value of several lines looks different."""
    yield from (value, repr(value)[1:-1], *(line for line in value.splitlines() if len(line) > 3))
