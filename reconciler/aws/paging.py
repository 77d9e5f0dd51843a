"""Where a listing's next page is named, and how large a page to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.model.tree import Tree

# Where AWS's own default is smaller than the most it gives: a page is a call, and calls are what is scarce.
_MOST: Final[Mapping[str, int]] = {
    "application-autoscaling:DescribeScalableTargets": 50,
    "application-autoscaling:DescribeScalingPolicies": 50,
    "ecs:ListServices": 100,
    "ecs:ListServiceDeployments": 100,
    "elbv2:DescribeTargetGroups": 400,
    "elbv2:DescribeLoadBalancers": 400,
    "logs:DescribeLogGroups": 50,
    "resourcegroupstaggingapi:GetResources": 100,
    "secretsmanager:ListSecrets": 100,
    "secretsmanager:ListSecretVersionIds": 100,
    "ssm:DescribeParameters": 50,
}

_TOKENS: Final = ("nextToken", "NextToken", "Marker", "PaginationToken")
_SIZES: Final = ("maxResults", "MaxResults", "limit")


@dataclass(frozen=True)
class Paging:
    """Names of the parameters that say where to go on and how much to give, and of the answer's next token."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    size: str = ""
    most: int = 0

    def first(self, params: Tree) -> dict[str, Any]:
        """The parameters of the first page."""
        if self.size and self.most:
            return {self.size: self.most, **params}
        return dict(params)

    def next(self, body: Tree) -> dict[str, Any]:
        """What to add to the parameters for the page after this one; empty at the end."""
        found = {name: _find(path)(body) for name, path in zip(self.inputs, self.outputs, strict=True)}
        return {name: value for name, value in found.items() if value}


def paging_of(operation: str, model: Any, config: Mapping[str, Any] | None) -> Paging:
    """From botocore's paginator configuration; where it has none, from the members of the operation."""
    members = model.input_shape.members if model.input_shape else {}
    if config is not None:
        inputs, outputs = _listed(config["input_token"]), _listed(config["output_token"])
        size = config.get("limit_key") or ""
    else:
        answered = model.output_shape.members if model.output_shape else {}
        inputs = outputs = tuple(name for name in _TOKENS if name in members and name in answered)[:1]
        size = next((name for name in _SIZES if name in members), "")
    return Paging(inputs, outputs, size, _MOST.get(operation, 0))


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _find(path: str) -> Callable[[Any], Any]:
    """Output tokens may be expressions: ``NextMarker || Contents[-1].Key``."""
    import jmespath  # type: ignore[import-untyped]

    search: Callable[[Any], Any] = jmespath.compile(path).search
    return search
