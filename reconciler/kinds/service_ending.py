"""The rows that end a rollout, or leave it to a person: it failed, cannot start, does not stay, or takes too long."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from reconciler.kinds.service_case import CRASH_WINDOW, Case, Row
from reconciler.kinds.service_deadline import began, deadline
from reconciler.kinds.service_evidence import moment
from reconciler.model.status import Health, HealthWord

CRASHES = 3
"""So many tasks of one deployment that ran and did not stay, within CRASH_WINDOW, are a crash loop."""

_ROLLING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
_BROKEN = ("STOPPED", "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL")


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
    message = f"the deployment waits for approval at {case.stage}, hook {hook.get('hookId')}{until}"
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
        return case.told(HealthWord.DEGRADED, known.reason, f"{case.counts}, {case.judged}; {known.sentence}")
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
    minutes = case.ago(began(case.seen)) / 60
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
    return tuple(
        f"{number} task{'s' * (number != 1)} {status} since {at}" for (status, at), number in sorted(states.items())
    )


ENDING: tuple[Row, ...] = (_rolling_back, _failed, _awaiting_approval, _cannot_start, _crash_loop, _overdue)
