"""What a cluster has besides services: capacity providers, container instances, and what else starts tasks in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.kinds.outside import Outside
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, NotFound, Rejected
from reconciler.model.kind import Answer, Items, Reader, Referent
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import Place, Use
from reconciler.model.tree import Tree
from reconciler.model.triggers import USES, triggers


class CapacityProvider(Outside):
    """A capacity provider by name; ``grows`` says whether it brings instances by itself when tasks need them."""

    name = "CapacityProvider"
    uses = (
        Use("ecs:DescribeCapacityProviders", ("capacity-provider/{name}",)),
        Use("ecs:DescribeCapacityProviders", ("capacity-provider/*",), where="any"),
    )

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return [{"name": str(spec["name"])} if spec["name"] else {"any": ""}]

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        for batch in batches(wanted, 100):
            asked = {"capacityProviders": [want.owned[0] for want in batch]}
            [answer] = read.many("ecs:DescribeCapacityProviders", [asked])
            if isinstance(answer, AwsError):
                yield from (Observed.failed(want.key, answer) for want in batch)
                continue
            there = {provider["name"]: provider for provider in answer["capacityProviders"]}
            for want in batch:
                name = want.owned[0]
                spec = {"name": name, "grows": _grows(there[name])} if name in there else None
                yield Observed(want.key, answer.at, spec)


class Instances(Outside):
    """The container instances of a cluster (by its name or ARN) that take tasks, with what is left of each."""

    name = "Instances"
    uses = (
        Use("ecs:ListContainerInstances", ("cluster/{name}",)),
        Use("ecs:DescribeContainerInstances", ("container-instance/{name}/*",)),
    )

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        for want in wanted:
            cluster = want.owned[0]
            try:
                yield _instances(read, want, cluster)
            except NotFound:
                yield Observed(want.key, NEVER)
            except AwsError as error:
                yield Observed.failed(want.key, error)


class Triggers(Outside):
    """The rules and schedules that start tasks in a cluster, by its ARN, and whether what they start is ACTIVE."""

    name = "Triggers"
    uses = (Use("ecs:DescribeTaskDefinition"), *USES)

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        for want in wanted:
            try:
                found = list(triggers(read, want.owned[0]))
            except AwsError as error:
                yield Observed.failed(want.key, error)
                continue
            pinned = sorted({trigger.definition for trigger in found if trigger.pinned})
            asked = [{"taskDefinition": definition} for definition in pinned]
            answers = read.many("ecs:DescribeTaskDefinition", asked)
            gone = {name for name, answer in zip(pinned, answers, strict=True) if _gone(answer)}
            rows = [
                {"what": it.what, "family": it.family, "definition": it.definition, "pinned": it.pinned,
                 "gone": it.definition in gone}
                for it in found
            ]  # fmt: skip
            yield Observed(want.key, NEVER, {"name": want.owned[0], "triggers": rows})


def _gone(answer: Answer | AwsError) -> bool:
    """Whether nothing new can be started with a revision any more."""
    if isinstance(answer, Answer):
        return bool(answer["taskDefinition"].get("status") != "ACTIVE")
    return isinstance(answer, NotFound | Rejected)


def _instances(read: Reader, want: Wanted, cluster: str) -> Observed:
    asked = {"cluster": cluster, "status": "ACTIVE"}
    arns = read.pages("ecs:ListContainerInstances", asked, "containerInstanceArns")
    calls = [{"cluster": cluster, "containerInstances": list(batch)} for batch in batches(arns, 100)]
    found, at = [], arns.at if isinstance(arns, Items) else NEVER
    for answer in read.many("ecs:DescribeContainerInstances", calls):
        if isinstance(answer, AwsError):
            raise answer
        at = answer.at
        found += [_instance(item) for item in answer["containerInstances"] if item.get("agentConnected", True)]
    return Observed(want.key, at, {"name": cluster, "instances": found})


def _instance(item: Mapping[str, Any]) -> dict[str, Any]:
    """One instance: resources as numbers, ports as ``tcp:80``."""
    attributes = {attribute["name"]: attribute.get("value", "") for attribute in item.get("attributes") or ()}
    return {
        "id": item.get("ec2InstanceId") or item["containerInstanceArn"].rpartition("/")[2],
        "type": attributes.get("ecs.instance-type", ""),
        "provider": item.get("capacityProviderName", ""),
        "attributes": attributes,
        "whole": _resources(item.get("registeredResources") or ()),
        "left": _resources(item.get("remainingResources") or ()),
    }


def _resources(given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_name = {resource["name"]: resource for resource in given}
    ports = [
        f"{protocol}:{port}"
        for name, protocol in (("PORTS", "tcp"), ("PORTS_UDP", "udp"))
        for port in (by_name.get(name) or {}).get("stringSetValue") or ()
    ]
    cpu, memory = (int((by_name.get(name) or {}).get("integerValue") or 0) for name in ("CPU", "MEMORY"))
    return {"cpu": cpu, "memory": memory, "ports": ports}


def _grows(provider: Mapping[str, Any]) -> bool:
    """Whether nobody has to bring instances: Fargate, managed instances, and groups that ECS scales."""
    group = provider.get("autoScalingGroupProvider")
    return group is None or (group.get("managedScaling") or {}).get("status") == "ENABLED"
