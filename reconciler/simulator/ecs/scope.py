"""What an operation is handed: the Region's state, the clock, the source of identifiers, the settings, the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.clock import Clock
from reconciler.simulator.errors import AwsError, cluster_not_found, invalid
from reconciler.simulator.ids import Ids
from reconciler.simulator.settings import Settings

from .state import Cluster, Region, Task


@dataclass(frozen=True)
class Scope:
    state: Region
    clock: Clock
    ids: Ids
    settings: Settings

    @property
    def now(self) -> float:
        return round(self.clock.now, 3)

    def later(self, seconds: float) -> float:
        """A moment to come, on the same milliseconds as ``now``: it is reached, never just missed."""
        return round(self.clock.now + seconds, 3)

    @property
    def caller(self) -> str:
        return self.settings.caller_arn


Handler = Callable[[Scope, dict[str, Any]], dict[str, Any]]


def present(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {k: v for k, v in members.items() if v is not None}


def last(reference: str) -> str:
    """The name in a name or an ARN."""
    return reference.rpartition("/")[2]


def find_cluster(state: Region, reference: str | None, *, active: bool = True) -> Cluster:
    """By name or ARN, ``default`` when left out. An INACTIVE one counts only when ``active`` is False."""
    reference = reference or "default"
    if reference.startswith("arn:"):
        parts = reference.split(":", 5)
        if len(parts) < 6 or not parts[5].startswith("cluster/"):
            raise invalid("Invalid identifier: Identifier is for a resource that is not a cluster.")
        if (parts[3], parts[4]) != (state.name, state.account):
            raise cluster_not_found()
    cluster = state.clusters.get(last(reference))
    if cluster is None or (active and cluster.status != "ACTIVE"):
        raise cluster_not_found()
    return cluster


def find_task(cluster: Cluster, reference: str) -> Task | None:
    """By id or ARN, in this cluster."""
    task = cluster.tasks.get(last(reference))
    return task if task and (not reference.startswith("arn:") or task.arn == reference) else None


def missing(arn: str) -> dict[str, Any]:
    return {"arn": arn, "reason": "MISSING"}


def at_most(limit: int, values: list[Any], what: str) -> None:
    if len(values) > limit:
        raise invalid(f"{what} can have at most {limit} items.")


def tags_in(tags: list[dict[str, str]] | None, existing: int = 0) -> dict[str, str]:
    """Tags of a request as a map; AWS's limits. Reserved names are refused."""
    taken: dict[str, str] = {}
    for tag in tags or ():
        key = tag.get("key")
        if key is None:
            raise invalid("Tag key cannot be null.")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys or values cannot start with 'aws:'.")
        if key in taken:
            raise invalid(f"Duplicate tag keys found: {key}")
        taken[key] = tag.get("value", "")
    if len(taken) + existing > 50:
        raise AwsError("LimitExceededException", "The number of tags exceeds the limit of 50.")
    return taken


def tags_out(tags: dict[str, str] | None) -> list[dict[str, str]]:
    return [{"key": k, "value": v} for k, v in (tags or {}).items()]
