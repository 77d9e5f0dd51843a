"""Metrics in Prometheus' text format, read off the board when they are asked for.

The number of series stays bearable: a resource has one, with words that seldom change; conditions are counted by app.
Of more than MOST_RESOURCES resources only those that are not Ready are shown one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from reconciler.agent.board import Board, Look
from reconciler.agent.server.answers import HEADERS
from reconciler.agent.server.handed import Handed
from reconciler.agent.server.refusals import Refused
from reconciler.model.clock import Clock
from reconciler.model.errors import Severity
from reconciler.model.status import Aggregate, ResourceStatus

MOST_RESOURCES: Final = 5000

_HELP: Final = {
    "reconciler_reconcile_duration_seconds": "How long ticks took.",
    "reconciler_deploy_duration_seconds": "How long rollouts took, by how they ended.",
    "reconciler_git_fetch_duration_seconds": "How long fetching the repository took.",
    "reconciler_drift_detected": "Fields that somebody changed in AWS.",
    "reconciler_heal": "Drift that was corrected.",
    "reconciler_aws_requests": "Calls to AWS.",
    "reconciler_aws_throttled": "Calls that AWS refused because of their rate.",
    "reconciler_webhooks": "Webhooks, by what came of them.",
    "reconciler_words": "What people said through the API, by what came of it.",
}
_PARTS: Final = re.compile(r"(.+)_(bucket|sum|count)")


class Shown(Collector):
    """All that the board shows, as it is now."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board, self._clock = board, clock
        self._well: dict[str, float] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing: names are known when they are counted."""
        return ()

    def collect(self) -> Iterator[Metric]:
        looks = [look for _, look in sorted(self._board.looks().items())]
        yield from self._of_the_agent(looks)
        yield from _of_apps(looks)
        yield _of_resources(looks)
        yield from counted(self._board.counts())

    def _of_the_agent(self, looks: Iterable[Look]) -> Iterator[Metric]:
        pulse = self._board.pulse
        beat = Metric("reconciler_loop_beat_age_seconds", "Seconds since the loop last turned.", "gauge")
        if pulse.beat is not None:
            beat.add_sample(beat.name, {}, self._clock.monotonic() - pulse.beat)
        depth = Metric("reconciler_queue_depth", "Apps that are due.", "gauge")
        leader = Metric("reconciler_leader", "Whether this agent is the one that writes.", "gauge")
        source = Metric("reconciler_source_verified", "Whether what is in force is what the repository says.", "gauge")
        looked = Metric("reconciler_last_look_timestamp_seconds", "When a tick last ended.", "gauge")
        well = Metric("reconciler_last_success_timestamp_seconds", "When one last ended without an error.", "gauge")
        for look in looks:
            own = {"environment": look.environment}
            depth.add_sample(depth.name, own, look.waiting)
            leader.add_sample(leader.name, own, look.held)
            if look.source is not None:
                source.add_sample(source.name, own, look.source.status == "True")
            if look.at is not None:
                looked.add_sample(looked.name, own, look.at.timestamp())
                if not any(problem.severity is Severity.ERROR for problem in look.problems):
                    self._well[look.environment] = look.at.timestamp()
            if look.environment in self._well:
                well.add_sample(well.name, own, self._well[look.environment])
        yield from (beat, depth, leader, source, looked, well)


def _of_apps(looks: Iterable[Look]) -> Iterator[Metric]:
    phases = Metric("reconciler_resources", "Resources, by phase.", "gauge")
    conditions = Metric("reconciler_condition", "Resources that have a condition of a type, by its status.", "gauge")
    suspended = Metric("reconciler_suspended", "Whether somebody has suspended an app.", "gauge")
    for look in looks:
        for app in look.status.apps if look.status else ():
            own = {"environment": look.environment, "app": app.name}
            for phase, number in app.counts.items():
                phases.add_sample(phases.name, {**own, "phase": str(phase)}, number)
            for (type, status), number in sorted(_conditions(app).items()):
                conditions.add_sample(conditions.name, {**own, "type": type, "status": status}, number)
            suspended.add_sample(suspended.name, own, app.suspended is not None)
    return iter((phases, conditions, suspended))


def _conditions(app: Aggregate) -> Counter[tuple[str, str]]:
    return Counter((str(it.type), str(it.status)) for resource in app.resources for it in resource.conditions)


def _of_resources(looks: Iterable[Look]) -> Metric:
    every = [(look.environment, it) for look in looks if look.status for it in look.status.resources]
    shown = every if len(every) <= MOST_RESOURCES else [(name, it) for name, it in every if not it.ready]
    found = Metric("reconciler_resource_info", "A resource and how it fares; 1.", "gauge")
    for environment, resource in shown[:MOST_RESOURCES]:
        found.add_sample(found.name, _labels(environment, resource), 1)
    return found


def _labels(environment: str, resource: ResourceStatus) -> dict[str, str]:
    synced, key = resource.condition("Synced"), resource.key
    return {
        "environment": environment,
        "app": key.app,
        "kind": key.kind,
        "name": key.name,
        "sync": synced.status if synced else "Unknown",
        "health": str(resource.health),
        "revision": resource.deployments[0].revision if resource.deployments else "",
    }


def counted(counts: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]) -> Iterator[Metric]:
    """What was counted: ``…_total`` are counters, ``…_bucket``, ``…_sum`` and ``…_count`` make a histogram."""
    found: dict[str, Metric] = {}
    histograms = {parts[1] for name, _ in counts if (parts := _PARTS.fullmatch(name)) and parts[2] == "bucket"}
    for (name, labels), value in sorted(counts.items(), key=_in_order):
        parts = _PARTS.fullmatch(name)
        if parts and parts[1] in histograms:
            base, sample, type = parts[1], name, "histogram"
        else:
            base = name.removesuffix("_total")
            sample, type = f"{base}_total", "counter"
        metric = found.setdefault(base, Metric(base, _HELP.get(base, "Counted by the agent."), type))
        metric.add_sample(sample, dict(labels), value)
    return iter(found.values())


def _in_order(item: tuple[tuple[str, tuple[tuple[str, str], ...]], float]) -> tuple[object, ...]:
    """Buckets rise within their series."""
    (name, labels), _ = item
    edge = float(dict(labels).get("le", "inf"))
    return name, [pair for pair in labels if pair[0] != "le"], edge


def registry(board: Board, clock: Clock) -> CollectorRegistry:
    """One of its own: no other is touched."""
    found = CollectorRegistry()
    found.register(Shown(board, clock))
    ProcessCollector(registry=found)
    return found


async def metrics(own: CollectorRegistry, handed: Handed, request: Request) -> Response:
    """For whoever may see everything: names of apps are in it."""
    who = handed.doors.reader(request)
    if not who.about_everything:
        raise Refused(403, "out-of-reach", f"the token {who.name} is not for everything", "metrics show all apps")
    text = await handed.looking.do(lambda: generate_latest(own))
    return Response(text, headers={**HEADERS, "content-type": CONTENT_TYPE_LATEST})
