"""Blue/green, linear and canary deployments: the lifecycle stages, the traffic, and the hooks between them."""

from __future__ import annotations

from . import rollouts
from .pulse import wake
from .rollout import Hook, Rollout
from .scope import Scope
from .state import Service

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
SHIFTS = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
NO_PAUSE = SHIFTS
"""Where a PAUSE hook is not allowed."""


def staged(service: Service) -> bool:
    """Whether a deployment that goes through stages is under way, or its rollback."""
    rollout = service.rolling
    return rollout is not None and rollout.configuration.get("strategy", "ROLLING") != "ROLLING"


def wants(service: Service, desired: int) -> int:
    """Tasks of the PRIMARY deployment: none before the new revision is scaled up."""
    rollout = service.rolling
    assert rollout is not None
    if not rollout.forward:
        return desired
    return desired if rollout.stage and STAGES.index(rollout.stage) >= STAGES.index("SCALE_UP") else 0


def keeps(service: Service) -> bool:
    """Whether the source revision's tasks stay as they are."""
    rollout = service.rolling
    return rollout is not None and rollout.forward and rollout.stage != "CLEAN_UP"


def finished(service: Service) -> bool:
    rollout = service.rolling
    return rollout is None or not rollout.forward or rollout.stage == "CLEAN_UP"


def progress(at: Scope, service: Service) -> None:
    """As far as time, tasks and hooks allow; says when to look again."""
    rollout = service.rolling
    if rollout is None or not staged(service) or not rollout.forward or service.primary.rollout != "IN_PROGRESS":
        return
    if rollout.stage is None:
        several = len([d for d in service.deployments if d.tasks]) > 2
        rollout.stage = STAGES[0] if several else STAGES[1]
    while rollout.forward:
        if not rollout.entered:
            _enter(at, rollout)
        if not _passed(at, service, rollout):
            return
        if rollout.stage == STAGES[-1]:
            return
        _next(rollout)


def _enter(at: Scope, rollout: Rollout) -> None:
    rollout.entered, rollout.updated = True, at.now
    stage = rollout.stage or ""
    configuration = rollout.configuration
    wait = 0.0
    if stage in SHIFTS:
        wait = at.settings.traffic_shift
    if stage == "TEST_TRAFFIC_SHIFT":
        rollout.weights.test = 100.0
    elif stage == "PRODUCTION_TRAFFIC_SHIFT":
        rollout.step += 1
        rollout.weights.production = _share(rollout)
    elif stage == "POST_PRODUCTION_TRAFFIC_SHIFT" and rollout.weights.production < 100:
        wait = _step_bake(rollout)
    elif stage == "BAKE_TIME":
        wait = configuration.get("bakeTimeInMinutes", 0) * 60.0
    elif stage == "CLEAN_UP":
        rollout.weights.test = 0.0
    rollout.until = at.later(wait)
    names = (stage, "PRE_PRODUCTION_TRAFFIC_SHIFT") if stage == "PRODUCTION_TRAFFIC_SHIFT" else (stage,)
    said = configuration.get("lifecycleHooks", ())
    rollout.hooks = [_hook(at, h, name) for h in said for name in names if name in h.get("lifecycleStages", ())]


def _share(rollout: Rollout) -> float:
    """Percent of the production traffic after this step."""
    configuration = rollout.configuration
    if configuration["strategy"] == "LINEAR":
        percent = float(configuration.get("linearConfiguration", {}).get("stepPercent", 10.0))
        return min(round(percent * rollout.step, 1), 100.0)
    if configuration["strategy"] == "CANARY" and rollout.step == 1:
        return float(configuration.get("canaryConfiguration", {}).get("canaryPercent", 5.0))
    return 100.0


def _step_bake(rollout: Rollout) -> float:
    configuration = rollout.configuration
    if configuration["strategy"] == "LINEAR":
        return float(configuration.get("linearConfiguration", {}).get("stepBakeTimeInMinutes", 6)) * 60
    return float(configuration.get("canaryConfiguration", {}).get("canaryBakeTimeInMinutes", 10)) * 60


def _passed(at: Scope, service: Service, rollout: Rollout) -> bool:
    """Whether the stage is over; a hook that says no ends the deployment."""
    for hook in rollout.hooks:
        if hook.status in ("AWAITING_ACTION", "IN_PROGRESS") and not _resolved(at, service, hook):
            return False
    if rollout.until is not None and at.now < rollout.until:
        wake(at, service, rollout.until)
        return False
    if rollout.stage == "SCALE_UP":
        tasks = service.primary.tasks.values()
        return sum(t.healthy for t in tasks) >= service.desired
    return True


def _next(rollout: Rollout) -> None:
    stage = rollout.stage or ""
    rollout.entered, rollout.until = False, None
    if stage == "POST_PRODUCTION_TRAFFIC_SHIFT" and rollout.weights.production < 100:
        rollout.stage = "PRODUCTION_TRAFFIC_SHIFT"
        return
    rollout.stage = STAGES[STAGES.index(stage) + 1]


def _hook(at: Scope, said: dict[str, object], stage: str) -> Hook:
    kind, target = str(said.get("targetType", "AWS_LAMBDA")), said.get("hookTargetArn")
    timeout = said.get("timeoutConfiguration", {})
    assert isinstance(timeout, dict)
    expires = at.later(timeout.get("timeoutInMinutes", 1440) * 60.0)
    action = str(timeout.get("action", "ROLLBACK"))
    if kind == "PAUSE":
        letters = "".join(rollouts.LETTERS[at.ids.number(0, 63)] for _ in range(43))
        return Hook(f"ecs-pause-{letters}", kind, stage, None, "AWAITING_ACTION", expires, action)
    script = at.state.script
    answer, seconds = script.hooks.get(str(target), script.hooks.get(stage, ("SUCCEEDED", at.settings.hook_answer)))
    made = Hook(f"ecs-lambda-{at.ids.hex(32)}", kind, stage, str(target), "IN_PROGRESS", expires, action)
    made.answer, made.answers = answer, None if answer == "IN_PROGRESS" else at.later(seconds)
    return made


def _resolved(at: Scope, service: Service, hook: Hook) -> bool:
    """Whether the deployment may go on as far as this hook is concerned."""
    if hook.answers is not None and at.now >= hook.answers:
        hook.status = hook.answer
        if hook.status == "FAILED":
            rollouts.fail(at, service, rollouts.hook_cause(hook.stage, hook.target, "FAILED"), rollback=True)
            return False
        return True
    if at.now >= hook.expires:
        hook.status = "TIMED_OUT"
        if hook.action == "ROLLBACK":
            rollouts.fail(at, service, rollouts.hook_cause(hook.stage, hook.target, "TIMED_OUT"), rollback=True)
            return False
        return True
    wake(at, service, min(hook.expires, hook.answers if hook.answers is not None else hook.expires))
    return False


def answered(at: Scope, service: Service, hook: Hook, action: str) -> None:
    """A person continues or rolls back."""
    if action == "CONTINUE":
        hook.status = "SUCCEEDED"
        return
    hook.status = "FAILED"
    cause = rollouts.hook_cause(hook.stage, hook.target, "ROLLBACK")
    rollouts.fail(at, service, cause, rollback=True)
