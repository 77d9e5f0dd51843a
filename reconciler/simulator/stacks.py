"""CloudFormation stacks as whoever has deployed them left them: DescribeStacks tells their outputs.

Nothing is deployed here. moto's own CloudFormation takes further packages; where they are there, it answers for all
stacks that were not put here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from .errors import AwsError
from .others import Others
from .wire import Request, Response
from .wire import Target as Asked

OPERATION: Final = ("cloudformation", "DescribeStacks")
_NAMESPACE: Final = "http://cloudformation.amazonaws.com/doc/2010-05-15/"


@dataclass
class Stack:
    """``created`` and ``updated`` are epoch seconds."""

    name: str
    outputs: Mapping[str, str]
    created: float
    updated: float | None = None


@dataclass
class Stacks:
    """By account and Region, then by name."""

    found: dict[tuple[str, str], dict[str, Stack]] = field(default_factory=dict)

    def put(self, place: tuple[str, str], name: str, outputs: Mapping[str, str], now: float) -> None:
        """A stack is deployed, or deployed anew."""
        here = self.found.setdefault(place, {})
        before = here.get(name)
        here[name] = Stack(name, dict(outputs), before.created if before else now, now if before else None)


def describe(stacks: Stacks, others: Others, request: Request, asked: Asked, account: str) -> Response:
    """The answer for one stack, or AwsError as CloudFormation words it."""
    name = asked.params.get("StackName", "")
    stack = stacks.found.get((account, asked.region), {}).get(name)
    if stack is not None:
        return _xml(stack, f"arn:aws:cloudformation:{asked.region}:{account}:stack/{name}/1")
    try:
        return others.handle(request, asked)
    except ModuleNotFoundError:
        raise AwsError("ValidationError", f"Stack with id {name} does not exist") from None


def _xml(stack: Stack, arn: str) -> Response:
    outputs = "".join(
        f"<member><OutputKey>{escape(key)}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in stack.outputs.items()
    )
    updated = f"<LastUpdatedTime>{_time(stack.updated)}</LastUpdatedTime>" if stack.updated is not None else ""
    text = (
        f'<DescribeStacksResponse xmlns="{_NAMESPACE}"><DescribeStacksResult><Stacks><member>'
        f"<StackId>{escape(arn)}</StackId><StackName>{escape(stack.name)}</StackName>"
        f"<CreationTime>{_time(stack.created)}</CreationTime>{updated}"
        f"<StackStatus>{'UPDATE' if updated else 'CREATE'}_COMPLETE</StackStatus><Outputs>{outputs}</Outputs>"
        "</member></Stacks></DescribeStacksResult><ResponseMetadata><RequestId/></ResponseMetadata>"
        "</DescribeStacksResponse>"
    )
    return Response(200, {"Content-Type": "text/xml"}, text.encode())


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
