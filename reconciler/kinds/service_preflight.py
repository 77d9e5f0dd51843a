"""What a look at the world says of a service before it is written: whether its tasks find room, a target, a name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.kinds.service_capacity import Need, Room, allowed, missing, need_of, packed, rooms_of
from reconciler.model.errors import Finding, Severity
from reconciler.model.fields import Effect
from reconciler.model.kind import Sight
from reconciler.model.plan import Action
from reconciler.model.tree import Path, Tree

_CLUSTER: Path = ("cluster",)
_DEFINITION: Path = ("taskDefinition",)
_ROLLOUT: Path = ("deploymentConfiguration",)


@dataclass(frozen=True)
class _Move:
    """How many tasks a change starts before it stops any (``surge``), and how many it may stop first (``free``).

    ``stays``: they are there to stay, so all of them have to fit; of a rollout one at a time will do.
    """

    surge: int
    free: int
    stays: bool
    running: int


def beside(spec: Tree, sight: Sight) -> Iterator[tuple[str, str]]:
    """The capacity providers that a service's new tasks come to, and the instances when nobody brings further ones.

    Where everything is looked at, also what else starts tasks of the family.
    """
    if sight.thorough and (cluster := _cluster_arn(sight)):
        yield "Triggers", cluster
    if _move(spec, sight) is None or _DEFINITION not in sight.named or not _cluster(spec, sight):
        return
    providers = _providers(spec, sight)
    if providers is None:
        return
    yield from (("CapacityProvider", name) for name in providers)
    if not any(_grows(sight, name) for name in providers):
        yield "Instances", _cluster(spec, sight)


def findings(spec: Tree, sight: Sight) -> Iterator[Finding]:
    """Everything worth knowing, most of it as warnings: what is short today may be there in a minute."""
    yield from _short_arn(sight)
    yield from _targets(spec, sight)
    yield from _triggers(sight)
    yield from _against_policy(spec, sight)
    move = _move(spec, sight)
    seen = sight.outside.get(("Instances", _cluster(spec, sight)))
    providers = _providers(spec, sight)
    definition = sight.named.get(_DEFINITION)
    if move is None or seen is None or providers is None or definition is None:
        return
    if seen.error is not None:
        yield _unchecked("whether its tasks find room", seen.error.message, seen.error.hint)
    elif seen.spec is not None:
        rooms = [room for room in rooms_of(seen.spec["instances"]) if not providers or room.provider in providers]
        yield from _capacity(spec, sight, move, rooms, definition)


def _against_policy(spec: Tree, sight: Sight) -> Iterator[Finding]:
    """The policy says that nothing is rolled back, and the service's own configuration says that ECS does."""
    desired = sight.change.desired if sight.change else None
    configuration = spec.get("deploymentConfiguration") or {}
    who = [
        name
        for name, member in (("circuit breaker", "deploymentCircuitBreaker"), ("alarms", "alarms"))
        if (configuration.get(member) or {}).get("rollback")
    ]
    if desired is not None and desired.policy.rollback == "none" and who:
        message = f"policy.rollback is none, and its {' and '.join(who)} would make ECS roll back all the same"
        hint = "set rollback: false there, or policy.rollback: ecs"
        yield Finding("rolls-back", ("deploymentConfiguration",), message, hint, Severity.WARNING)


def _capacity(spec: Tree, sight: Sight, move: _Move, rooms: list[Room], definition: Tree) -> Iterator[Finding]:
    rules = [*(spec.get("placementConstraints") or ()), *(definition.get("placementConstraints") or ())]
    for rule in rules:
        if rule.get("type") == "memberOf":
            left = allowed(rooms, str(rule.get("expression", "")))
            if left is None:
                expression = rule.get("expression")
                yield _unchecked("whether its tasks find room", f"this expression is not understood: {expression}", "")
                return
            rooms = left
    apart = any(rule.get("type") == "distinctInstance" for rule in rules)
    need = need_of(definition)
    fit = packed(rooms, need, move.surge, apart=apart)
    if apart:
        fit = min(fit, max(0, len(rooms) - move.running))
    if 0 < move.surge <= fit:
        return
    if fit == 0 and _moves_by_stopping(sight, move, rooms, need):
        if move.surge:  # ECS may stop some first, and may as well wait for room
            message = "no new task fits beside the old ones: it moves only as far as old tasks stop first"
            yield Finding("slow-rollout", _ROLLOUT, message, "set maximumPercent to 100 to say so", Severity.WARNING)
        return
    yield _short_of_room(move, fit, need, rooms, apart)


def _moves_by_stopping(sight: Sight, move: _Move, rooms: list[Room], need: Need) -> bool:
    """Whether old tasks that may stop first make room for new ones, wherever they run."""
    old = sight.live.get(_DEFINITION)
    if not move.free:
        return False
    if old is None:
        return True
    given_back = need_of(old)
    return need.less_than(given_back) or any(room.freed_of(given_back).fits(need) for room in rooms)


def _short_of_room(move: _Move, fit: int, need: Need, rooms: list[Room], apart: bool) -> Finding:
    """What is short, how many instances more would do, and what else would."""
    needs = f"a task needs {need.cpu} CPU, {need.memory} MiB"
    needs += f" and port {', '.join(sorted(need.ports))}" if need.ports else ""
    every = missing(rooms, need, max(1, move.surge - fit), apart=apart)
    if every is None:
        why = "no instance here is large enough" if rooms else "the cluster has no instance for it"
        lacking, add = f"{why}; {needs}", "register instances that have what a task needs"
    else:
        count, like = every
        enough = 1 if not (fit or move.stays) else count  # one that moves makes room for the next
        all_at_once = f" ({count} for all new tasks at once)" if enough < count else ""
        size = f"{like.type}: " if like.type else ""
        size += f"{like.whole.cpu} CPU, {like.whole.memory} MiB"
        more = f"{enough} more instance{'s' * (enough != 1)} like {like.id} ({size})"
        lacking = f"{more} {'are' if enough != 1 else 'is'} needed{all_at_once}; {needs}"
        add = f"add {enough} instance{'s' * (enough != 1)}"
    if move.stays:
        start = f"only {fit} of {move.surge} new tasks fit" if fit else "not one new task fits"
        return Finding("no-room", ("desiredCount",), f"{start}: {lacking}", add, Severity.WARNING)
    if fit:
        message = f"it rolls out slowly: {fit} of {move.surge} new tasks at a time fit beside the old ones; {lacking}"
        return Finding("slow-rollout", _ROLLOUT, message, f"{add}, or leave it so", Severity.WARNING)
    remedy = f"{add}, or lower minimumHealthyPercent so that old tasks may stop first"
    return Finding("cannot-move", _ROLLOUT, f"it cannot move: {lacking}", remedy, Severity.WARNING)


def _move(spec: Tree, sight: Sight) -> _Move | None:
    """What a change does to the number of tasks; None when it starts none. Without a change: the next rollout."""
    controller = (spec.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS" or spec.get("schedulingStrategy") == "DAEMON":
        return None  # a daemon's task stops before the next one starts, wherever there is an instance
    change, live = sight.change, sight.reading.live
    running = int(live.get("runningCount", 0))
    desired = _count(spec.get("desiredCount"), live.get("desiredCount"), live.get("scalableMinimum"))
    if change is not None and change.observed is not None and not change.observed.present:
        return _Move(desired, 0, True, 0) if desired else None
    if change is not None and (change.effect is None or change.effect.severity < Effect.ROLLS_TASKS.severity):
        added = desired - running if change.step is Action.UPDATE and change.changes("desiredCount") else 0
        return _Move(added, 0, True, running) if added > 0 else None
    if not sight.reading.present or not desired:
        return None
    return _rollout(spec, desired, running)


def _rollout(spec: Tree, desired: int, running: int) -> _Move | None:
    """The minimum is rounded up, the maximum down; any other strategy starts all new tasks beside the old ones."""
    said = spec.get("deploymentConfiguration") or {}
    if said.get("strategy", "ROLLING") != "ROLLING":
        return _Move(desired, 0, True, running)
    lowest = math.ceil(desired * _count(said.get("minimumHealthyPercent"), 100) / 100)
    highest = math.floor(desired * _count(said.get("maximumPercent"), 200) / 100)
    surge, free = max(0, highest - max(desired, running)), max(0, desired - lowest)
    return _Move(surge, free, False, running) if surge or free else None


def _count(*values: Any) -> int:
    return next((int(value) for value in values if isinstance(value, int)), 1)


def _cluster(spec: Tree, sight: Sight) -> str:
    """The cluster's name when it is there; of a manifest's, whose name alone the spec says, only when it lives."""
    there = sight.live.get(_CLUSTER)
    if there is not None:
        return str(there.get("clusterName", ""))
    said = spec.get("cluster", "default")
    known = isinstance(said, str) and _CLUSTER not in sight.named
    return str(said).rpartition("/")[2] if known else ""


def _providers(spec: Tree, sight: Sight) -> list[str] | None:
    """The capacity providers that new tasks are spread over; none for the launch type EC2; None where no instance of
    the cluster is meant."""
    for said in (spec, sight.reading.spec or {}):
        if strategy := said.get("capacityProviderStrategy"):
            return [str(item.get("capacityProvider")) for item in strategy]
        if launch := said.get("launchType"):
            return [] if launch == "EC2" else None
    cluster = {**sight.live.get(_CLUSTER, {}), **sight.named.get(_CLUSTER, {})}
    return [str(item.get("capacityProvider")) for item in cluster.get("defaultCapacityProviderStrategy") or ()]


def _grows(sight: Sight, provider: str) -> bool:
    """Whether a provider brings instances by itself; one that is not known yet is taken for such a one."""
    seen = sight.outside.get(("CapacityProvider", provider))
    return seen is None or seen.spec is None or bool(seen.spec["grows"])


def _targets(spec: Tree, sight: Sight) -> Iterator[Finding]:
    definition = sight.named.get(_DEFINITION)
    balancers = [item for item in spec.get("loadBalancers") or () if isinstance(item, Mapping)]
    for index, balancer in enumerate(balancers):
        here: Path = ("loadBalancers", index)
        group = sight.named.get((*here, "targetGroupArn"))
        if group is not None and definition is not None:
            yield from _target_type(here, group, definition)
        if group is not None and group.get("loadBalancerArns") == []:
            yield Finding(
                "target-group-unused", (*here, "targetGroupArn"), "the target group belongs to no load balancer: ECS "
                "refuses a service until a listener forwards to it", "add a listener or a rule", Severity.WARNING,
            )  # fmt: skip
        if definition is not None:
            yield from _container(here, balancer, definition)
    if balancers and not spec.get("healthCheckGracePeriodSeconds"):
        yield Finding(
            "no-grace-period", ("healthCheckGracePeriodSeconds",),
            "a task that is slow to start may be stopped by the load balancer's health checks before it is up",
            "set healthCheckGracePeriodSeconds to how long a start takes", Severity.NOTE,
        )  # fmt: skip


def _target_type(here: Path, group: Tree, definition: Tree) -> Iterator[Finding]:
    mode, type_ = definition.get("networkMode") or "bridge", group.get("targetType")
    wanted = "ip" if mode == "awsvpc" else "instance"
    if type_ and type_ != wanted:
        message = f"the target group's type is {type_}; tasks with networkMode {mode} are targets of type {wanted}"
        remedy = f"create a target group of type {wanted}, whose type cannot be changed"
        yield Finding("target-type", (*here, "targetGroupArn"), message, remedy)


def _container(here: Path, balancer: Tree, definition: Tree) -> Iterator[Finding]:
    """The container and its port that a load balancer names have to be in the definition."""
    name, port = balancer.get("containerName"), balancer.get("containerPort")
    containers = {item.get("name"): item for item in definition.get("containerDefinitions") or ()}
    if name is not None and name not in containers:
        there = ", ".join(map(str, containers)) or "none"
        message = f"the task definition has no container {name}"
        yield Finding("unknown-container", (*here, "containerName"), message, f"its containers are: {there}")
        return
    mappings = [item for item in (containers.get(name) or {}).get("portMappings") or () if isinstance(item, Mapping)]
    if port is None or any("containerPortRange" in item for item in mappings):
        return
    if port not in [item.get("containerPort") for item in mappings]:
        remedy = f"add containerPort {port} to portMappings of {name}"
        yield Finding("unknown-port", (*here, "containerPort"), f"container {name} maps no port {port}", remedy)


def _short_arn(sight: Sight) -> Iterator[Finding]:
    arn = sight.reading.arn or ""
    if arn and sight.reading.present and arn.rpartition(":service/")[2].count("/") == 0:
        yield Finding(
            "short-arn", ("serviceName",),
            f"{arn} has an ARN without its cluster, which ECS cannot tag: it cannot be owned or adopted",
            "opt in to long ARNs (ecs:PutAccountSetting serviceLongArnFormat) and create the service anew",
            Severity.WARNING,
        )  # fmt: skip


def _triggers(sight: Sight) -> Iterator[Finding]:
    """Rules and schedules of the family that do not start one revision which is there to stay."""
    seen = sight.outside.get(("Triggers", _cluster_arn(sight)))
    family = sight.named.get(_DEFINITION, {}).get("family")
    if seen is None or seen.error is not None:
        if seen is not None and seen.error is not None:
            yield _unchecked("which rules and schedules start tasks", seen.error.message, seen.error.hint, _DEFINITION)
        return
    for trigger in (seen.spec or {}).get("triggers", ()):
        what, definition = trigger["what"], trigger["definition"]
        if trigger["family"] != family:
            continue
        if trigger["gone"]:
            message = f"{what} starts {definition}, which is deregistered: it starts nothing"
            yield Finding("dead-trigger", _DEFINITION, message, "point it to a revision that is ACTIVE")
        elif not trigger["pinned"]:
            message = f"{what} starts the latest revision of {family}, also one that has not been rolled out or failed"
            yield Finding("unpinned-trigger", _DEFINITION, message, "name a revision in its target", Severity.WARNING)


def _cluster_arn(sight: Sight) -> str:
    return str((sight.reading.spec or {}).get("cluster", ""))


def _unchecked(what: str, why: str, hint: str, path: Path = ("placementConstraints",)) -> Finding:
    return Finding("not-checked", path, f"{what} could not be checked: {why}", hint, Severity.WARNING)
