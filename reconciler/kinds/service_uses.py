"""What IAM has to allow for services, and what a spec says for it. Source: the service authorization reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.model.desired import Reference
from reconciler.model.kind import Referent
from reconciler.model.permission import (
    ECS,
    IN_CLUSTER,
    LINKED_ROLE,
    OURS,
    PASS_ROLE,
    Place,
    Purpose,
    Use,
    named,
    passed,
)
from reconciler.model.tree import Tree, get_path, leaves

_SERVICES: Final = ("service/{cluster}/*",)
_ANY: Final = ("service/*",)
_DEPLOYMENTS: Final = ("service-deployment/{cluster}/*",)

USES: Final = (
    Use("ecs:DescribeServices", _SERVICES),
    Use("ecs:DescribeServices", _ANY, limits=OURS),
    Use("ecs:ListServiceDeployments", _SERVICES),
    Use("ecs:DescribeServiceDeployments", _DEPLOYMENTS),
    Use("ecs:DescribeServiceRevisions", ("service-revision/{cluster}/*",)),
    Use("ecs:DescribeTaskDefinition"),
    Use("ecs:ListTasks", limits=IN_CLUSTER),
    Use("ecs:DescribeTasks", ("task/{cluster}/*",)),
    Use("application-autoscaling:DescribeScalableTargets"),
    Use("elbv2:DescribeTargetHealth", where="targets"),
    Use("servicediscovery:GetNamespace", ("namespace/*",), where="namespace"),
    Use("ecs:CreateService", _SERVICES, Purpose.CHANGE),
    Use("ecs:UpdateService", _SERVICES, Purpose.CHANGE),
    Use("ecs:StopServiceDeployment", _DEPLOYMENTS, Purpose.CHANGE),
    Use("ecs:TagResource", _SERVICES, Purpose.CHANGE),
    Use("ecs:UntagResource", _SERVICES, Purpose.CHANGE),
    Use("ecs:TagResource", ("task-definition/{family}:*",), Purpose.CHANGE),
    *PASS_ROLE,
    LINKED_ROLE,
    Use("ecs:DeleteService", _ANY, Purpose.DELETE, OURS),
    Use("ecs:ListServices", purpose=Purpose.RETIRE, limits=IN_CLUSTER),
)
"""A revision is tagged where ECS does not know that it failed in a service."""


def places(spec: Tree, referent: Referent) -> Iterator[Place]:
    cluster = {"cluster": _cluster(spec, referent)}
    yield {**cluster, "family": named(spec.get("taskDefinition"), "family", referent).partition(":")[0]}
    if spec.get("loadBalancers"):
        yield {"targets": ""}
    namespace = get_path(spec, ("serviceConnectConfiguration", "namespace"))
    if isinstance(namespace, str) and not namespace.startswith("arn:"):
        yield {"namespace": ""}
    for path, leaf in leaves(spec):
        if path and path[-1] in ("role", "roleArn"):
            yield passed(leaf, ECS)


def leads_to(spec: Tree, referent: Referent) -> Iterator[tuple[str, str]]:
    """The capacity providers that new tasks may come to; the instances, where not all of them are Fargate's."""
    cluster, launch = spec.get("cluster"), spec.get("launchType")
    strategy = spec.get("capacityProviderStrategy")
    if not strategy and not launch:
        declared = referent(cluster) if isinstance(cluster, Reference) else None
        strategy = (declared or {}).get("defaultCapacityProviderStrategy")
        if not strategy:
            yield "CapacityProvider", ""
    elif not strategy and launch != "EC2":
        return
    providers = [str(item.get("capacityProvider")) for item in strategy or ()]
    yield from (("CapacityProvider", name) for name in providers)
    if not providers or not all(name.startswith("FARGATE") for name in providers):
        yield "Instances", _cluster(spec, referent)


def _cluster(spec: Tree, referent: Referent) -> str:
    return named(spec.get("cluster", "default"), "clusterName", referent)
