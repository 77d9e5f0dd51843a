"""What is asked of a service that is not at rest: its service deployment, its tasks, their targets, their last words.

One poll of many services batches what AWS lets one batch: 20 service deployments a call, 100 tasks a call. Nothing here
is needed for a service at rest, and nothing that cannot be read makes a reading fail: it is a gap in the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.kinds.service_evidence import Described, Evidence, Target, primary
from reconciler.kinds.service_logs import last_words
from reconciler.kinds.service_marks import is_marked
from reconciler.kinds.service_tasks import tasks_of
from reconciler.model import tags
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError
from reconciler.model.key import OWNER, Key
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.stop_reasons import stops

LATELY = 600.0
"""Seconds for which a task that replaced another one makes a service worth a closer look."""


def collected(read: Reader, readings: Sequence[Observed], policy_of: Callable[[Key], Policy]) -> list[Observed]:
    """The readings of services that are not at rest, with the evidence of it."""
    restless = [seen for seen in readings if _restless(seen, policy_of(seen.key))]
    if not restless:
        return []
    found = {seen.key: Evidence() for seen in restless}
    _add_rollouts(read, restless, found)
    _add_tasks(read, restless, readings, found)
    _add_targets(read, restless, found)
    for seen in restless:
        found[seen.key] = last_words(read, found[seen.key])
    _add_before(read, [seen for seen in restless if _on_trial(seen, primary(seen) or {}, policy_of(seen.key))], found)
    return [
        replace(seen, live={**seen.live, "evidence": found[seen.key], "tasks": found[seen.key].tasks})
        for seen in restless
    ]


def _restless(seen: Observed, policy: Policy) -> bool:
    """Whether a service that ECS itself rolls has something under way, is short of tasks, or is on trial yet."""
    first = primary(seen)
    if not seen.present or first is None:
        return False
    still = (
        len(seen.live.get("deployments") or ()) == 1
        and first.get("rolloutState") in ("COMPLETED", None)
        and first.get("runningCount", 0) >= first.get("desiredCount", 0)
    )
    return not still or _on_trial(seen, first, policy) or _restarted(seen, first)


def _restarted(seen: Observed, first: Described) -> bool:
    """Whether tasks were started lately although the deployment had been completed: what it had may not stay.

    A service that looks at rest may be one whose tasks crash and are replaced between two looks.
    """
    done = first.get("updatedAt")
    return bool(first.get("failedTasks")) or any(
        "has started" in str(event.get("message", ""))
        and (done is None or event["createdAt"] > done)
        and (seen.at - event["createdAt"]).total_seconds() <= LATELY
        for event in seen.live.get("events") or ()
        if "createdAt" in event
    )


def _on_trial(seen: Observed, first: Described, policy: Policy) -> bool:
    changed = first.get("updatedAt")
    return bool(policy.min_ready and changed and (seen.at - changed).total_seconds() < 2 * policy.min_ready + 600)


def _gap(found: dict[Key, Evidence], key: Key, error: AwsError) -> None:
    known = found[key]
    found[key] = replace(known, gaps=(*known.gaps, str(error)))


def _add_rollouts(read: Reader, restless: Sequence[Observed], found: dict[Key, Evidence]) -> None:
    """The service deployments: the current one as the service names it, else the newest that is listed."""
    arns = {seen.key: str(seen.live.get("currentServiceDeployment") or "") for seen in restless}
    unnamed = [seen for seen in restless if not arns[seen.key]]
    asked = [{"service": seen.arn, "cluster": (seen.spec or {})["cluster"], "maxResults": 1} for seen in unnamed]
    for seen, answer in zip(unnamed, read.many("ecs:ListServiceDeployments", asked), strict=True):
        if isinstance(answer, AwsError):
            _gap(found, seen.key, answer)
        elif answer["serviceDeployments"]:
            arns[seen.key] = answer["serviceDeployments"][0]["serviceDeploymentArn"]
    described: dict[str, Described] = {}
    lots = [list(lot) for lot in batches(sorted({arn for arn in arns.values() if arn}), 20)]
    answers = read.many("ecs:DescribeServiceDeployments", [{"serviceDeploymentArns": lot} for lot in lots])
    for lot, answer in zip(lots, answers, strict=True):
        if isinstance(answer, AwsError):
            for key in [key for key, arn in arns.items() if arn in lot]:
                _gap(found, key, answer)
        else:
            described |= {item["serviceDeploymentArn"]: item for item in answer["serviceDeployments"]}
    for key, arn in arns.items():
        found[key] = replace(found[key], rollout=described.get(arn))


def _add_tasks(
    read: Reader, restless: Sequence[Observed], all_seen: Sequence[Observed], found: dict[Key, Evidence]
) -> None:
    tasks, gaps = tasks_of(read, restless, all_seen)
    for key, error in gaps:
        _gap(found, key, error)
    for seen in restless:
        mine = tasks.get(seen.key, ())
        began = str((primary(seen) or {}).get("id"))
        found[seen.key] = replace(found[seen.key], tasks=mine, stops=stops(mine, began))


def _add_before(read: Reader, on_trial: Sequence[Observed], found: dict[Key, Evidence]) -> None:
    """What ran before a completed deployment whose tasks do not stay, unless that has failed in the service too.

    Only of a revision that is ours to mark: what is not remembered would be tried again.
    """
    for seen in on_trial:
        rollout = found[seen.key].rollout or {}
        sources = [item["arn"] for item in rollout.get("sourceServiceRevisions") or ()]
        crashed = any(stop.cause.crash for stop in found[seen.key].stops)
        if rollout.get("status") != "SUCCESSFUL" or not sources or not crashed:
            continue
        runs = str((primary(seen) or {}).get("taskDefinition"))
        [revisions] = read.many("ecs:DescribeServiceRevisions", [{"serviceRevisionArns": sources[:1]}])
        before = (
            [] if isinstance(revisions, AwsError) else [it["taskDefinition"] for it in revisions["serviceRevisions"]]
        )
        asked = [{"taskDefinition": arn, "include": ["TAGS"]} for arn in (runs, *before)]
        here, *there = read.many("ecs:DescribeTaskDefinition", asked)
        if isinstance(here, AwsError) or not tags.same_place(tags.to_map(here.get("tags")).get(OWNER), seen.owner):
            continue
        for arn, definition in zip(before, there, strict=True):
            if arn != runs and isinstance(definition, Answer) and not is_marked(seen, definition):
                found[seen.key] = replace(found[seen.key], before=str(arn))


def _add_targets(read: Reader, restless: Sequence[Observed], found: dict[Key, Evidence]) -> None:
    groups: dict[str, list[Key]] = {}
    for seen in restless:
        for balancer in (seen.spec or {}).get("loadBalancers") or ():
            if arn := balancer.get("targetGroupArn"):
                groups.setdefault(arn, []).append(seen.key)
    answers = read.many("elbv2:DescribeTargetHealth", [{"TargetGroupArn": arn} for arn in groups])
    for (arn, keys), answer in zip(groups.items(), answers, strict=True):
        for key in keys:
            if isinstance(answer, AwsError):
                _gap(found, key, answer)
            else:
                told = _targets(arn, answer["TargetHealthDescriptions"], found[key].tasks)
                found[key] = replace(found[key], targets=(*found[key].targets, *told))


def _targets(group: str, descriptions: Iterable[Described], tasks: Iterable[Described]) -> list[Target]:
    """Those that are one of the tasks: by address for a task with its own network interface, else by host port."""
    by_address = {address: _id(task) for task in tasks for address in _addresses(task)}
    by_port = {port: _id(task) for task in tasks for port in _host_ports(task)}
    targets = []
    for item in descriptions:
        health, target = item.get("TargetHealth", {}), item.get("Target", {})
        task = by_address.get(target.get("Id")) or by_port.get(target.get("Port"))
        if task:
            text = health.get("Description", "")
            targets.append(Target(group, health.get("State", ""), health.get("Reason", ""), text, task))
    return targets


def _id(task: Described) -> str:
    return str(task.get("taskArn", "")).rpartition("/")[2]


def _addresses(task: Described) -> list[str]:
    return [
        detail["value"]
        for attachment in task.get("attachments") or ()
        for detail in attachment.get("details") or ()
        if detail.get("name") == "privateIPv4Address"
    ]


def _host_ports(task: Described) -> list[int]:
    return [
        binding["hostPort"]
        for container in task.get("containers") or ()
        for binding in container.get("networkBindings") or ()
        if binding.get("hostPort")
    ]
