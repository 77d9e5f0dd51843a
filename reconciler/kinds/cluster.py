"""Cluster: an ECS cluster with its settings and the capacity providers associated with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError
from reconciler.model.fields import Field, Fields
from reconciler.model.kind import NO_POLICY, Answer, Kind, Reader, Referent
from reconciler.model.observed import Observed, Wanted
from reconciler.model.permission import LINKED_ROLE, OURS, TO_PRUNE, Place, Purpose, Use
from reconciler.model.plan import Action, Call, Change
from reconciler.model.policy import Policy
from reconciler.model.shapes import Shape
from reconciler.model.status import Health, HealthWord
from reconciler.model.tree import Pending, Tree

_BY_UPDATE = ("settings", "configuration", "serviceConnectDefaults")
_BY_ASSOCIATION = ("capacityProviders", "defaultCapacityProviderStrategy")


class Cluster(Kind):
    """Members are CreateCluster's. Kept when its manifest goes, unless its own policy said ``prune: true``."""

    name = "Cluster"
    Spec = Shape("ecs", "CreateCluster")
    fields = Fields(
        name="clusterName",
        resource_type="ecs:cluster",
        kept=True,
        table={
            "settings": Field(key=("name",), value="value", shared=True, lasting=True),
            "configuration": Field(shared=True),
            "capacityProviders": Field(unordered=True, shared=True),
            "defaultCapacityProviderStrategy": Field(key=("capacityProvider",), shared=True),
            "defaultCapacityProviderStrategy.*.base": Field(default=0),
            "defaultCapacityProviderStrategy.*.weight": Field(default=0),
            "serviceConnectDefaults": Field(shared=True, removal={"namespace": ""}),
            "tags": Field(key=("key",), value="value", shared=True),
            "tags.*.value": Field(default=""),
        },
        response_only=frozenset(
            {
                "clusterArn",
                "status",
                "registeredContainerInstancesCount",
                "runningTasksCount",
                "pendingTasksCount",
                "activeServicesCount",
                "statistics",
                "attachments",
                "attachmentsStatus",
            }
        ),
        wrappers=("cluster", "clusters"),
    )
    uses = (
        Use("ecs:DescribeClusters", ("cluster/{cluster}",)),
        Use("ecs:DescribeClusters", ("cluster/*",), limits=OURS),
        Use("ecs:CreateCluster", purpose=Purpose.CHANGE),
        Use("ecs:UpdateCluster", ("cluster/{cluster}",), Purpose.CHANGE),
        Use("ecs:PutClusterCapacityProviders", ("cluster/{cluster}",), Purpose.CHANGE),
        Use("ecs:TagResource", ("cluster/{cluster}",), Purpose.CHANGE),
        Use("ecs:UntagResource", ("cluster/{cluster}",), Purpose.CHANGE),
        LINKED_ROLE,
        Use("ecs:DeleteCluster", ("cluster/*",), Purpose.DELETE, TO_PRUNE),
    )

    def address(self, spec: Tree) -> str | None:
        name = spec.get("clusterName")
        return None if isinstance(name, Pending) else name

    def normal(self, spec: Tree) -> Tree:
        """ECS cannot take a setting away, only give it another value: no settings say nothing."""
        return {name: value for name, value in spec.items() if name != "settings" or value}

    def named(self, value: str) -> str | None:
        return value.rpartition("cluster/")[2] if value.startswith("arn:") else value

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        return [{"cluster": str(self.named(str(spec["clusterName"])))}]

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        for batch in batches(wanted, 100):
            names = [self._name(want) for want in batch]
            asked = {"clusters": sorted(set(names)), "include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]}
            [answer] = read.many("ecs:DescribeClusters", [asked])
            if isinstance(answer, AwsError):
                yield from (Observed.failed(want.key, answer) for want in batch)
                continue
            found = {cluster["clusterName"]: cluster for cluster in answer["clusters"]}
            for want, name in zip(batch, names, strict=True):
                yield _observed(want.key, found.get(name), answer)

    def calls(self, change: Change) -> Iterable[Call]:
        if change.step is Action.CREATE:
            spec = {**change.spec, "tags": tags.to_list(tags.all_of(change))}
            return [Call("ecs:CreateCluster", spec)]
        assert change.observed is not None
        name = self._name_of(change.observed)
        if change.step is Action.DELETE:
            return [Call("ecs:DeleteCluster", {"cluster": name})]
        return [*tags.ecs_calls(change), *self._updates(change, name)]

    def _updates(self, change: Change, name: str) -> Iterator[Call]:
        assert change.observed is not None
        if settings := {member: change.values[member] for member in _BY_UPDATE if member in change.values}:
            yield Call("ecs:UpdateCluster", {"cluster": name, **settings})
        if any(member in change.values for member in _BY_ASSOCIATION):
            # the call wants both; the one that does not change is sent as it is
            live = change.observed.spec or {}
            both = {member: change.values.get(member, live.get(member, [])) for member in _BY_ASSOCIATION}
            yield Call("ecs:PutClusterCapacityProviders", {"cluster": name, **both})

    def after(self, change: Change, answers: Sequence[Answer]) -> Observed:
        last = answers[-1]
        if change.step is Action.DELETE:
            return Observed(change.key, last.at)
        with_cluster = [answer for answer in answers if "cluster" in answer]
        if not with_cluster:
            assert change.observed is not None
            return tags.tagged(change, last.at)
        seen = _observed(change.key, with_cluster[-1]["cluster"], last)
        if change.step is Action.CREATE:
            return seen
        known = tags.tagged(change, last.at)
        return replace(seen, tags=known.tags, spec={**(known.spec or {}), **change.values})

    def health(self, seen: Observed, policy: Policy = NO_POLICY) -> Health:
        if seen.live.get("attachmentsStatus") == "UPDATE_IN_PROGRESS":
            return Health(HealthWord.PROGRESSING, "Attaching", "capacity providers are being attached")
        return Health(HealthWord.HEALTHY)

    @staticmethod
    def _name_of(seen: Observed) -> str:
        return str((seen.spec or {})["clusterName"])

    def _name(self, want: Wanted) -> str:
        name = self.address(want.spec) if want.spec else self.named(want.owned[0])
        assert name is not None
        return name


def _observed(key: Any, cluster: Mapping[str, Any] | None, answer: Answer) -> Observed:
    if cluster is None or cluster.get("status") == "INACTIVE":
        return Observed(key, answer.at)
    said = ("clusterName", *_BY_UPDATE, *_BY_ASSOCIATION)
    spec = {member: cluster[member] for member in said if member in cluster}
    all_tags = tags.to_map(cluster.get("tags"))
    return Observed(
        key,
        answer.at,
        spec | {"tags": tags.to_list(tags.people_s(all_tags))},
        arn=cluster["clusterArn"],
        tags=all_tags,
        status=cluster.get("status", "ACTIVE"),
        live={name: cluster[name] for name in ("attachmentsStatus",) if name in cluster},
    )
