"""How a service fares: one pure function from a reading to a verdict, bound to the PRIMARY deployment.

The rows of the table are functions, asked top down; the first that has an answer gives it. The caller knows that the
service's members are as desired, so the PRIMARY deployment is ours: facts about any other never make it healthy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from reconciler.kinds.service_deadline import deadline
from reconciler.kinds.service_diagnosis import Diagnosis, diagnosed, explaining
from reconciler.kinds.service_evidence import Evidence, evidence, moment, primary
from reconciler.kinds.service_restart import of_restart
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy
from reconciler.model.status import Health, HealthWord
from reconciler.model.stop_reasons import Cause, Stop

CRASHES = 3
"""So many tasks of one deployment that ran and did not stay, within CRASH_WINDOW, are a crash loop."""

CRASH_WINDOW = 600.0
SHORT_OF_ROOM = 120.0
"""Seconds without room for a task until that is more than a delay."""

REPLACING = 60.0
"""Seconds within which a task of a steady service is expected to be replaced."""

_ROLLING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
_BROKEN = ("STOPPED", "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL")


@dataclass(frozen=True)
class Case:
    """What the rows look at."""

    seen: Observed
    policy: Policy
    first: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...] = ()
    found: Evidence = field(default_factory=Evidence)

    @property
    def running(self) -> int:
        return int(self.first.get("runningCount", 0))

    @property
    def desired(self) -> int:
        return int(self.first.get("desiredCount", 0))

    @property
    def pending(self) -> int:
        return int(self.first.get("pendingCount", 0))

    @property
    def completed(self) -> bool:
        """Whether ECS says so; behind a Classic Load Balancer it never does, and being alone with all tasks counts."""
        state = self.first.get("rolloutState")
        return state == "COMPLETED" or (state is None and not self.others and self.running >= self.desired)

    @property
    def counts(self) -> str:
        return f"{self.running}/{self.desired} running" + (f", {self.pending} pending" if self.pending else "")

    @property
    def old(self) -> int:
        """Tasks of other deployments that still run or drain."""
        ours = self.first.get("id")
        draining = [task for task in self.found.tasks if task.get("startedBy") != ours and _leaving(task)]
        return sum(int(item.get("runningCount", 0)) for item in self.others) + len(draining)

    @property
    def rollout(self) -> Mapping[str, Any]:
        return self.found.rollout or {}

    @property
    def breaker(self) -> Mapping[str, Any]:
        """ECS's own judge of this rollout, where it is at work."""
        told = self.rollout.get("deploymentCircuitBreaker") or {}
        return told if told.get("status") in ("MONITORING", "TRIGGERED") and not self.completed else {}

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        events = [str(item.get("message", "")) for item in self.seen.live.get("events") or ()]
        return diagnosed(self.found, events, short=self.running < self.desired)

    @cached_property
    def crashes(self) -> tuple[Stop, ...]:
        """The tasks of this deployment that lately ran and did not stay."""
        return tuple(
            stop for stop in self.found.stops if stop.cause.crash and stop.ran and self.ago(stop.at) <= CRASH_WINDOW
        )

    def ago(self, at: datetime | None) -> float:
        """Seconds from then to the reading; for ever when it is not known."""
        return (self.seen.at - at).total_seconds() if at else float("inf")

    def told(
        self, word: HealthWord, reason: str, message: str, *, stalled: bool = False, since: datetime | None = None
    ) -> Health:
        """A verdict with the likely cause in its sentence, and the evidence beside it."""
        known = self.diagnosis
        if known is None:
            return Health(word, reason, message, stalled, since)
        sentence = message if known.sentence in message else f"{message.rstrip('.')}; likely cause: {known.sentence}"
        return Health(word, reason, sentence, stalled, since, known.detail, known.hint)


def _leaving(task: Mapping[str, Any]) -> bool:
    return task.get("lastStatus") in ("DEACTIVATING", "STOPPING", "DEPROVISIONING")


Row = Callable[[Case], Health | None]


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


def _rolling_back(case: Case) -> Health | None:
    """ECS is on its way back. What it goes back to may be healthy; what was wanted is not."""
    if case.rollout.get("status") not in _ROLLING_BACK:
        return None
    why = (
        (case.rollout.get("rollback") or {}).get("reason")
        or case.rollout.get("statusReason")
        or "StopServiceDeployment was called"
    )
    return Health(HealthWord.PROGRESSING, "RollingBack", f"ECS is rolling back: {why}; {case.counts}")


def _failed(case: Case) -> Health | None:
    status = case.rollout.get("status")
    if case.first.get("rolloutState") != "FAILED" and (status not in _BROKEN or case.completed):
        return None
    reason = "RolledBack" if status == "ROLLBACK_SUCCESSFUL" else "DeploymentFailed"
    why = str(case.first.get("rolloutStateReason") or case.rollout.get("statusReason") or "the deployment failed")
    if ringing := (case.rollout.get("alarms") or {}).get("triggeredAlarmNames"):
        why = f"{why.rstrip('.')}: {', '.join(ringing)} rang during the rollout"
    since = moment(case.rollout, "finishedAt", "stoppedAt") or moment(case.first, "updatedAt")
    return case.told(HealthWord.DEGRADED, reason, why, stalled=True, since=since)


def _awaiting_approval(case: Case) -> Health | None:
    """A PAUSE hook waits for a person. It is no failure, and nothing but that person moves it."""
    hooks = case.rollout.get("lifecycleHookDetails") or ()
    hook = next((item for item in hooks if item.get("status") == "AWAITING_ACTION"), None)
    if hook is None:
        return None
    expires = hook.get("expiresAt")
    until = f" until {expires:%Y-%m-%d %H:%M} UTC, then {hook.get('timeoutAction', 'ROLLBACK')}" if expires else ""
    message = f"the deployment waits for approval at {_stage(case)}, hook {hook.get('hookId')}{until}"
    arn = case.rollout.get("serviceDeploymentArn", "")
    hint = (
        f"aws ecs continue-service-deployment --service-deployment-arn {arn} --hook-id {hook.get('hookId')}"
        " (add --action ROLLBACK to go back)"
    )
    return Health(HealthWord.SUSPENDED, "AwaitingApproval", message, stalled=True, hint=hint)


def _cannot_start(case: Case) -> Health | None:
    """Starting it again cannot end otherwise. Where ECS's breaker watches, ECS ends it; else it goes on for ever."""
    known = case.diagnosis
    if known is None or known.cause is None or not known.cause.terminal or case.running >= case.desired:
        return None
    if case.breaker:
        return case.told(HealthWord.DEGRADED, known.reason, f"{case.counts}, {_breaker(case)}; {known.sentence}")
    since = min((stop.at for stop in case.found.stops if stop.cause is known.cause), default=None)
    return case.told(HealthWord.DEGRADED, known.reason, f"{known.sentence}; {case.counts}", stalled=True, since=since)


def _crash_loop(case: Case) -> Health | None:
    """Tasks run and do not stay. ECS forgets failures once a task has run, so it may never end this by itself."""
    count = len(case.crashes)
    if count < CRASHES or (case.breaker and count < 2 * max(CRASHES, int(case.breaker.get("threshold", 0)))):
        return None
    first = min(stop.at for stop in case.crashes)
    message = f"{count} tasks stopped within {CRASH_WINDOW / 60:.0f} minutes after having run; {case.counts}"
    return case.told(HealthWord.DEGRADED, "CrashLoop", message, stalled=True, since=first)


def _overdue(case: Case) -> Health | None:
    """Time is up. Old tasks that still drain are no reason."""
    limit = deadline(case.seen, case.policy)
    only_draining = case.running >= case.desired and case.old and not case.diagnosis
    if case.completed or limit is None or case.seen.at <= limit or only_draining:
        return None
    minutes = case.ago(moment(case.rollout, "startedAt", "createdAt") or moment(case.first, "createdAt")) / 60
    message = f"not done after {minutes:.0f} minutes: {case.counts}"
    told = case.told(HealthWord.DEGRADED, "ProgressDeadlineExceeded", message, stalled=True, since=limit)
    return (
        told if told.hint else replace(told, hint="raise policy.timeout if it only needs longer", detail=_waiting(case))
    )


def _waiting(case: Case) -> tuple[str, ...]:
    """The tasks that are on their way up, where nothing else explains a delay."""
    states = Counter(
        (str(task.get("lastStatus")), f"{task['createdAt']:%H:%M:%S}")
        for task in case.found.tasks
        if task.get("startedBy") == case.first.get("id") and "createdAt" in task and "startedAt" not in task
    )
    plural = {1: "task"}
    return tuple(
        f"{number} {plural.get(number, 'tasks')} {status} since {at}" for (status, at), number in sorted(states.items())
    )


def _failing(case: Case) -> Health | None:
    """Tasks fail before they run, as ECS itself counts them."""
    failed = int(case.first.get("failedTasks", 0))
    if case.running >= case.desired or not failed or _only_short_of_room(case):
        return None
    return case.told(
        HealthWord.PROGRESSING, "TasksFailing", f"{case.counts}, {_breaker(case) or f'{failed} failed to start'}"
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
    message = f"{strategy.lower().replace('_', '/')}: {_stage(case)}{share}; {case.counts}"
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
    _rolling_back, _failed, _awaiting_approval, _cannot_start, _crash_loop, _overdue, _failing, _no_room, _replacing,
    _starting, _staged, _targets, _draining, _container_health, _rolling, _stopping, _stabilizing, _scaled_to_zero,
    _running,
)  # fmt: skip


def _done(case: Case) -> datetime | None:
    """When the deployment was completed."""
    return moment(case.rollout, "finishedAt") or moment(case.first, "updatedAt")


def _stage(case: Case) -> str:
    return str(case.rollout.get("lifecycleStage", "a pause")).lower().replace("_", " ")


def _breaker(case: Case) -> str:
    told = case.breaker
    if not told:
        return ""
    return f"the circuit breaker has counted {told.get('failureCount', 0)} failures of {told.get('threshold', '?')}"


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
