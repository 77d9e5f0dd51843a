"""What an operation is: its parts, whether it reads, and whether its answer may be shown to a Reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

READS: Final = ("Describe", "List", "Get")

# AWS marks what is sensitive in its models, but not everywhere: ecr:GetAuthorizationToken is not marked.
_CREDENTIALS: Final = re.compile(r"Token|Password|Credential|SecretValue|AccessKey|PresignedUrl|DownloadUrl")

# Marked as a whole although they are no secret; each with the reason why it may be read.
NOT_SECRET: Final = {
    # A definition's environment is plain configuration that stands in git as well; secrets are named there by ARN.
    # Without it there is no comparing a revision with its manifest. repositoryCredentials is the ARN of a secret.
    "ecs:DescribeTaskDefinition": ("environment", "repositoryCredentials"),
    # The overrides of a task are what RunTask was given: plain configuration too.
    "ecs:DescribeTasks": ("environment",),
    # A rule's targets are asked for the task definitions they start; a query for another service is passed over.
    "events:ListTargetsByRule": ("GraphQLOperation", "Sql", "Sqls"),
}


def split(operation: str) -> tuple[str, str]:
    """``ecs:DescribeServices`` → ``("ecs", "DescribeServices")``; the service is named as botocore names it."""
    service, colon, name = operation.partition(":")
    if not (service and colon and name):
        raise ValueError(f"{operation!r} is not service:Operation")
    return service, name


def is_read(operation: str) -> bool:
    """Whether an operation only looks, told by its name."""
    return split(operation)[1].startswith(READS)


def refusal(operation: str, model: Any) -> str | None:
    """Why a Reader must not make an operation (``model`` is botocore's OperationModel); None when it may."""
    name = split(operation)[1]
    if not is_read(operation):
        return "it is not a Describe, List or Get"
    if _CREDENTIALS.search(name):
        return "its answer holds credentials"
    if model.has_streaming_output or model.has_event_stream_output:
        return "its answer is a stream of bytes"
    allowed = NOT_SECRET.get(operation, ())
    secret = sorted({path for path, member in _sensitive(model.output_shape) if member not in allowed})
    return f"its answer holds what AWS marks as sensitive: {', '.join(secret)}" if secret else None


def marked(shape: Any) -> bool:
    """Whether AWS marks a shape as sensitive."""
    return bool(shape.metadata.get("sensitive"))


def _sensitive(
    shape: Any, path: str = "", member: str = "", above: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """(path, nearest member) of everything marked below an output shape."""
    if shape is None:
        return
    if marked(shape):
        yield path, member
        return
    if shape.name in above:
        return
    above |= {shape.name}
    if shape.type_name == "structure":
        for name, child in shape.members.items():
            yield from _sensitive(child, f"{path}.{name}" if path else name, name, above)
    elif shape.type_name == "list":
        yield from _sensitive(shape.member, path, member, above)
    elif shape.type_name == "map":
        yield from _sensitive(shape.key, path, member, above)
        yield from _sensitive(shape.value, path, member, above)


_IAM_PREFIX: Final = {
    "elbv2": "elasticloadbalancing",
    "elb": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "efs": "elasticfilesystem",
    "stepfunctions": "states",
}

_IAM_ACTION: Final = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}


def iam_action(operation: str) -> str:
    """The IAM action an operation needs: ``elbv2:DescribeRules`` → ``elasticloadbalancing:DescribeRules``."""
    service, name = split(operation)
    if operation in _IAM_ACTION:
        return _IAM_ACTION[operation]
    return f"{_IAM_PREFIX.get(service, service)}:{name}"
