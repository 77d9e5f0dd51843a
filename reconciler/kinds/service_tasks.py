"""The tasks of services that are not at rest: listed service by service or cluster by cluster, described 100 a call.

What stopped within the hour in which ECS shows it says why others fail; what runs is looked at where its health is
what a rollout waits for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.kinds.service_evidence import Described, primary
from reconciler.model.batch import batches, listings
from reconciler.model.errors import AwsError
from reconciler.model.key import Key
from reconciler.model.kind import Reader
from reconciler.model.observed import Observed

PAGE = 100
"""Tasks a page of ListTasks holds, and tasks a call of DescribeTasks takes."""

FEW = 10
"""Below so many waiting services of a cluster all that run are looked at, whatever they wait for."""


@dataclass(frozen=True)
class _Listing:
    """One listing to make: its parameters, and the services it is for."""

    params: dict[str, Any]
    services: Sequence[Observed]


def tasks_of(
    read: Reader, restless: Sequence[Observed], all_seen: Sequence[Observed]
) -> tuple[dict[Key, tuple[Described, ...]], list[tuple[Key, AwsError]]]:
    """The tasks of each service, and what could not be read of whom. ``all_seen`` tells how full a cluster is."""
    listed = [listing for lot in _by_cluster(restless).values() for listing in _listings(lot, all_seen)]
    gaps: list[tuple[Key, AwsError]] = []
    return _looked(read, listed, restless, gaps), gaps


def _looked(
    read: Reader, listed: Sequence[_Listing], services: Sequence[Observed], gaps: list[tuple[Key, AwsError]]
) -> dict[Key, tuple[Described, ...]]:
    arns: dict[str, list[str]] = {}
    answers = listings(read, "ecs:ListTasks", [listing.params for listing in listed], "taskArns")
    for listing, answer in zip(listed, answers, strict=True):
        if isinstance(answer, AwsError):
            gaps += [(seen.key, answer) for seen in listing.services]
        else:
            arns.setdefault(listing.params["cluster"], []).extend(answer)
    tasks = _described(read, arns, services, gaps)
    return {seen.key: tuple(tasks.get((_cluster(seen), _group(seen)), ())) for seen in services}


def stopped_of(read: Reader, services: Sequence[Observed]) -> dict[Key, tuple[Described, ...]]:
    """The tasks of each service that have stopped lately; none where nobody may look."""
    asked = [
        _Listing({"cluster": _cluster(seen), **_named(seen), "desiredStatus": "STOPPED"}, [seen]) for seen in services
    ]
    return _looked(read, asked, services, [])


def _by_cluster(services: Sequence[Observed]) -> dict[str, list[Observed]]:
    found: dict[str, list[Observed]] = {}
    for seen in services:
        found.setdefault(_cluster(seen), []).append(seen)
    return found


def _listings(services: Sequence[Observed], all_seen: Sequence[Observed]) -> Iterator[_Listing]:
    """For one cluster the cheaper of two ways: a page for a service, or all pages of the cluster."""
    cluster = _cluster(services[0])
    running = sum(
        int(seen.live.get("runningCount", 0)) for seen in all_seen if seen.present and _cluster(seen) == cluster
    )
    waiting = [seen for seen in services if len(services) < FEW or _all_run(seen)]
    for status, those, pages in (("STOPPED", services, FEW), ("RUNNING", waiting, 2 * running // PAGE + 1)):
        if len(those) < max(pages, FEW):
            for seen in those:
                yield _Listing({"cluster": cluster, **_named(seen), "desiredStatus": status}, [seen])
        else:
            yield _Listing({"cluster": cluster, "desiredStatus": status}, those)


def _all_run(seen: Observed) -> bool:
    first = primary(seen) or {}
    return bool(first.get("runningCount", 0) >= first.get("desiredCount", 0))


def _described(
    read: Reader, arns: Mapping[str, Sequence[str]], restless: Sequence[Observed], gaps: list[tuple[Key, AwsError]]
) -> dict[tuple[str, str], list[Described]]:
    """Tasks by cluster and group."""
    lots = [
        (cluster, list(lot)) for cluster, known in arns.items() for lot in batches(list(dict.fromkeys(known)), PAGE)
    ]
    answers = read.many("ecs:DescribeTasks", [{"cluster": cluster, "tasks": lot} for cluster, lot in lots])
    found: dict[tuple[str, str], list[Described]] = {}
    for (cluster, _), answer in zip(lots, answers, strict=True):
        if isinstance(answer, AwsError):
            gaps += [(seen.key, answer) for seen in restless if _cluster(seen) == cluster]
            continue
        for task in answer["tasks"]:
            found.setdefault((cluster, str(task.get("group", ""))), []).append(task)
    return found


def _cluster(seen: Observed) -> str:
    return str((seen.spec or {})["cluster"])


def _named(seen: Observed) -> dict[str, str]:
    return {"serviceName": str((seen.spec or {})["serviceName"])}


def _group(seen: Observed) -> str:
    return f"service:{(seen.spec or {})['serviceName']}"
