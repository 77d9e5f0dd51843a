"""How a service fares: one pure function from a reading to a verdict, bound to the PRIMARY deployment.

The rows of the table are functions, asked top down; the first that has an answer gives it. The caller knows that the
service's members are as desired, so the PRIMARY deployment is ours: facts about any other never make it healthy.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.kinds.service_case import Case, Row
from reconciler.kinds.service_diagnosis import explaining
from reconciler.kinds.service_ending import ENDING
from reconciler.kinds.service_evidence import evidence, moment, primary
from reconciler.kinds.service_restart import of_restart
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord
from reconciler.model.stop_reasons import Cause

SHORT_OF_ROOM = 120.0
"""Seconds without room for a task until that is more than a delay."""

REPLACING = 60.0
"""Seconds within which a task of a steady service is expected to be replaced."""


def verdict(seen: Observed, policy: Policy) -> Health:
    """The verdict on a reading."""
    if seen.status == "DRAINING":
        return Health(HealthWord.PROGRESSING, "Draining", "the service is being deleted; its tasks are stopping")
    if not seen.present:
        return Health(HealthWord.MISSING, "ServiceInactive", "the service does not exist")
    controller = (seen.live.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        return _by_task_sets(seen, controller)
    first = primary(seen)
    if first is None:
        return Health(HealthWord.PROGRESSING, "RollingOut", "no deployment has begun yet")
    if found := of_restart(seen, first):
        return found
    others = tuple(item for item in seen.live.get("deployments") or () if item is not first)
    case = Case(seen, policy, first, others, evidence(seen))
    return next(health for row in ROWS if (health := row(case)) is not None)


def _failing(case: Case) -> Health | None:
    """Tasks fail before they run, as ECS itself counts them."""
    failed = int(case.first.get("failedTasks", 0))
    if case.running >= case.desired or not failed or _only_short_of_room(case):
        return None
    return case.told(
        HealthWord.PROGRESSING, "TasksFailing", f"{case.counts}, {case.judged or f'{failed} failed to start'}"
    )


def _no_room(case: Case) -> Health | None:
    known = case.diagnosis
    if (
        case.running >= case.desired
        or case.pending
        or known is None
        or known.reason not in ("InsufficientCapacity", "CannotRoll")
    ):
        return None
    events = case.seen.live.get("events") or ()
    told = explaining([str(item.get("message", "")) for item in events])
    since = next((moment(item, "createdAt") for item in events if told and item.get("message") == told), None)
    word = HealthWord.DEGRADED if since and case.ago(since) > SHORT_OF_ROOM else HealthWord.PROGRESSING
    return case.told(word, known.reason, f"{case.counts}: {known.sentence}", since=since)


def _replacing(case: Case) -> Health | None:
    """A service that was steady is short of a task: for a minute that is life, then it is a fault."""
    if not case.completed or case.running >= case.desired:
        return None
    missing = _missing_since(case)
    soon = missing is not None and case.ago(missing) <= REPLACING
    if soon and not case.crashes:
        return Health(HealthWord.HEALTHY, "Replacing", f"{case.counts}; a task is being replaced or added")
    if missing is None or soon:
        return case.told(HealthWord.PROGRESSING, "TasksStarting", case.counts)
    return case.told(HealthWord.DEGRADED, "TasksMissing", f"{case.counts} for {case.ago(missing):.0f} s", since=missing)


def _missing_since(case: Case) -> datetime | None:
    """Since when a steady service is short: its oldest task that is not up yet, else its newest stop."""
    starting = [
        task["createdAt"]
        for task in case.found.tasks
        if task.get("lastStatus") in ("PROVISIONING", "PENDING", "ACTIVATING") and "createdAt" in task
    ]
    return min(starting) if starting else max((stop.at for stop in case.found.stops), default=None)


def _starting(case: Case) -> Health | None:
    if case.running >= case.desired:
        return None
    return case.told(HealthWord.PROGRESSING, "TasksStarting", case.counts)


def _staged(case: Case) -> Health | None:
    """Blue/green, linear and canary deployments say where they are."""
    strategy = (case.seen.live.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    if strategy == "ROLLING" or case.completed or not case.rollout.get("lifecycleStage"):
        return None
    target = case.rollout.get("targetServiceRevision") or {}
    weight = target.get("requestedProductionTrafficWeight")
    share = f", {weight:g} % of production traffic" if isinstance(weight, int | float) else ""
    message = f"{strategy.lower().replace('_', '/')}: {case.stage}{share}; {case.counts}"
    return case.told(HealthWord.PROGRESSING, "RollingOut", message)


def _targets(case: Case) -> Health | None:
    """Enough tasks run; the load balancer has the last word on whether they serve."""
    if case.completed or not case.found.targets:
        return None
    waiting = [target for target in case.found.targets if target.state == "initial"]
    ill = [target for target in case.found.targets if target.state in ("unhealthy", "unused")]
    if ill:
        grace = (case.seen.spec or {}).get("healthCheckGracePeriodSeconds") or 0
        beyond = case.ago(moment(case.first, "createdAt")) > grace
        word = HealthWord.DEGRADED if beyond else HealthWord.PROGRESSING
        return case.told(word, "TargetsUnhealthy", f"{case.counts}, {len(ill)} targets {ill[0].state}")
    if waiting:
        return case.told(
            HealthWord.PROGRESSING, "TargetsInitializing", f"{case.counts}, {len(waiting)} targets not checked yet"
        )
    return None


def _draining(case: Case) -> Health | None:
    if not case.old:
        return None
    return case.told(
        HealthWord.PROGRESSING, "OldTasksDraining", f"{case.counts}, {case.old} of the old revision still running"
    )


def _container_health(case: Case) -> Health | None:
    """What the containers' own health checks say while ECS waits for them."""
    if case.completed:
        return None
    current = [task for task in case.found.tasks if task.get("startedBy") == case.first.get("id")]
    ill = [task for task in current if task.get("healthStatus") == "UNHEALTHY" and task.get("lastStatus") == "RUNNING"]
    if not ill:
        return None
    return case.told(
        HealthWord.DEGRADED, "ContainersUnhealthy", f"{case.counts}, {len(ill)} with a failing health check"
    )


def _rolling(case: Case) -> Health | None:
    if case.completed:
        return None
    alarms = (case.seen.live.get("deploymentConfiguration") or {}).get("alarms") or {}
    if alarms.get("enable") and case.running >= case.desired:
        what = f"ECS watches {', '.join(alarms.get('alarmNames') or ())} before it calls the deployment complete"
    else:
        what = "until ECS counts them as healthy and calls the deployment complete"
    return case.told(HealthWord.PROGRESSING, "RollingOut", f"{case.counts}; {what}")


def _stopping(case: Case) -> Health | None:
    if case.running <= case.desired or "desiredCount" in case.seen.driven:
        return None
    return Health(HealthWord.PROGRESSING, "TasksStopping", f"{case.counts}, {case.running - case.desired} to stop")


def _stabilizing(case: Case) -> Health | None:
    """On trial: done only once its tasks have stayed for as long as the policy asks."""
    trial = case.policy.min_ready
    done = moment(case.rollout, "finishedAt") or moment(case.first, "updatedAt")
    if not trial or done is None:
        return None
    since = max([done, *(stop.at for stop in case.found.stops if stop.counts)])
    passed = case.ago(since)
    if passed >= trial:
        return None
    message = f"{case.counts}, {max(0.0, passed):.0f} of {trial:.0f} s without a stop"
    return case.told(HealthWord.PROGRESSING, "Stabilizing", message, since=since)


def _scaled_to_zero(case: Case) -> Health | None:
    if case.desired:
        return None
    return Health(HealthWord.HEALTHY, "ScaledToZero", "no tasks are wanted", since=_done(case))


def _running(case: Case) -> Health:
    return Health(HealthWord.HEALTHY, "Running", case.counts, since=_done(case))


ROWS: tuple[Row, ...] = (
    *ENDING, _failing, _no_room, _replacing,
    _starting, _staged, _targets, _draining, _container_health, _rolling, _stopping, _stabilizing, _scaled_to_zero,
    _running,
)  # fmt: skip


def _done(case: Case) -> datetime | None:
    """When the deployment was completed."""
    return moment(case.rollout, "finishedAt") or moment(case.first, "updatedAt")


def _only_short_of_room(case: Case) -> bool:
    """A task that found no room is counted as failed to start; that is no fault of what it would run."""
    known = case.diagnosis
    return known is not None and (known.cause is Cause.NO_CAPACITY or known.reason == "InsufficientCapacity")


def _by_task_sets(seen: Observed, controller: str) -> Health:
    """CODE_DEPLOY and EXTERNAL services are observed, never driven."""
    sets = seen.live.get("taskSets") or []
    moving = [item for item in sets if item.get("stabilityStatus") != "STEADY_STATE"]
    aside = f"its rollouts are {'CodeDeploy' if controller == 'CODE_DEPLOY' else 'another controller'}'s: observed only"
    if moving:
        running = ", ".join(f"{item.get('runningCount', 0)}/{item.get('computedDesiredCount', '?')}" for item in moving)
        return Health(
            HealthWord.PROGRESSING, "RollingOut", f"{len(moving)} task sets are stabilizing ({running}); {aside}"
        )
    return Health(HealthWord.HEALTHY, "Running", f"{len(sets)} task sets are steady; {aside}")
