"""A service as its answers show it: what stands elsewhere in them, who drives its count, what a namespace is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.kinds.service_fields import FIELDS, ON_DEPLOYMENT
from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, Denied, NotFound
from reconciler.model.key import Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.tree import get_path, set_path

_SHOWN = ("deployments", "taskSets", "desiredCount", "runningCount", "pendingCount", "schedulingStrategy",
          "deploymentController", "deploymentConfiguration", "currentServiceDeployment")  # fmt: skip

_NAMESPACE = ("serviceConnectConfiguration", "namespace")


Place = tuple[str, str]
"""Cluster and name."""

Described = tuple[Mapping[str, Any] | None, datetime]
"""A service as described, None where there is none, and when."""


def describe(read: Reader, places: Iterable[Place]) -> dict[Place, Described | AwsError]:
    """Each service, ten a call; one that may not be looked at does not hide the nine beside it."""
    by_cluster: dict[str, list[str]] = {}
    for cluster, name in dict.fromkeys(places):
        by_cluster.setdefault(cluster, []).append(name)
    asked = [(cluster, batch) for cluster, names in by_cluster.items() for batch in batches(names, 10)]
    found = _describe(read, asked)
    alone = [(cluster, [name]) for (cluster, name), answer in found.items() if isinstance(answer, Denied)]
    return found | _describe(read, alone) if any(len(batch) > 1 for _, batch in asked) and alone else found


def _describe(read: Reader, asked: Sequence[tuple[str, Sequence[str]]]) -> dict[Place, Described | AwsError]:
    params = [{"cluster": cluster, "services": list(names), "include": ["TAGS"]} for cluster, names in asked]
    found: dict[Place, Described | AwsError] = {}
    for (cluster, names), answer in zip(asked, read.many("ecs:DescribeServices", params), strict=True):
        there = {} if isinstance(answer, AwsError) else {item["serviceName"]: item for item in answer["services"]}
        for name in names:
            if isinstance(answer, NotFound):
                found[cluster, name] = None, NEVER
            elif isinstance(answer, AwsError):
                found[cluster, name] = answer
            else:
                found[cluster, name] = there.get(name), answer.at
    return found


def read_service(key: Key, service: Mapping[str, Any] | None, at: datetime) -> Observed:
    """One described service as a reading."""
    if service is None:
        return Observed(key, at)
    status, created = service.get("status", "ACTIVE"), service.get("createdAt")
    live = {name: service[name] for name in _SHOWN if name in service} | {"events": (service.get("events") or ())[:10]}
    if status != "ACTIVE":
        arn = service["serviceArn"] if status == "DRAINING" else None
        live["uses"] = [service.get("clusterArn"), service.get("taskDefinition")] if arn else []
        return Observed(key, at, arn=arn, status=status, created=created, live=live)
    spec = {name: value for name, value in service.items() if name not in FIELDS.response_only}
    primary: Mapping[str, Any] = next(
        (item for item in service.get("deployments") or () if item.get("status") == "PRIMARY"), {}
    )
    spec |= {name: primary[name] for name in ON_DEPLOYMENT if name in primary}
    spec["cluster"] = service.get("clusterArn", "default")
    if "roleArn" in service:
        spec["role"] = service["roleArn"]
    all_tags = tags.to_map(service.get("tags"))
    spec["tags"] = tags.to_list(tags.people_s(all_tags))
    return Observed(key, at, spec, service["serviceArn"], all_tags, status, created, _changed(service), live)


def _changed(service: Mapping[str, Any]) -> datetime | None:
    """When a deployment of it last began, ended or became PRIMARY."""
    times = [
        item[name] for item in service.get("deployments") or () for name in ("createdAt", "updatedAt") if name in item
    ]
    return max(times, default=None)


def scaled(read: Reader, names: Sequence[str]) -> dict[str, int] | AwsError:
    """The minimum of each service that has a scalable target, by resource id."""
    asked = [
        {"ServiceNamespace": "ecs", "ResourceIds": list(batch), "ScalableDimension": "ecs:service:DesiredCount"}
        for batch in batches(sorted(set(names)), 50)
    ]
    minima: dict[str, int] = {}
    for answer in read.many("application-autoscaling:DescribeScalableTargets", asked):
        if isinstance(answer, AwsError):
            return answer
        minima |= {target["ResourceId"]: target["MinCapacity"] for target in answer["ScalableTargets"]}
    return minima


def with_scaling(seen: Observed, minima: dict[str, int] | AwsError, name: str) -> Observed:
    """The reading with what autoscaling says: the count of a scaled service is the autoscaler's.

    When nobody may tell, the count is left alone: better a count not corrected than an autoscaler fought.
    """
    if isinstance(minima, AwsError):
        return replace(seen, driven=frozenset({"desiredCount"}), live={**seen.live, "scalingUnknown": str(minima)})
    if name not in minima:
        return seen
    return replace(seen, driven=frozenset({"desiredCount"}), live={**seen.live, "scalableMinimum": minima[name]})


def with_namespaces(read: Reader, wanted: Iterable[Wanted], found: Iterable[Observed]) -> list[Observed]:
    """The readings, with a Cloud Map namespace by its name where the manifest says the name: ECS answers the ARN."""
    said = {want.key: get_path(want.spec or {}, _NAMESPACE) for want in wanted}
    readings = list(found)
    arns = sorted({arn for seen in readings if (arn := _namespace_to_name(seen, said.get(seen.key)))})
    asked = [{"Id": arn.rpartition("/")[2]} for arn in arns]
    answers = dict(zip(arns, read.many("servicediscovery:GetNamespace", asked) if asked else [], strict=True))
    return [_named(seen, answers.get(_namespace_to_name(seen, said.get(seen.key)))) for seen in readings]


def _named(seen: Observed, answer: Answer | AwsError | None) -> Observed:
    """A reading with its namespace's name; one that cannot be looked up is not taken for another one."""
    if answer is None:
        return seen
    if not isinstance(answer, AwsError):
        return replace(seen, spec=set_path(seen.spec, _NAMESPACE, str(answer["Namespace"]["Name"])))
    last = str(get_path(seen.spec or {}, _NAMESPACE)).rpartition("/")[2]
    if isinstance(answer, NotFound) and not last.startswith("ns-"):  # where ids are names, as on emulators
        return replace(seen, spec=set_path(seen.spec, _NAMESPACE, last))
    return Observed.failed(seen.key, answer)


def _namespace_to_name(seen: Observed, said: Any) -> str:
    """The ARN a reading gives where its manifest gives a name."""
    arn = str(get_path(seen.spec or {}, _NAMESPACE, ""))
    return arn if isinstance(said, str) and arn.startswith("arn:") and not said.startswith("arn:") else ""
