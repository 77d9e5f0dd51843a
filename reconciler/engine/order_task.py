"""What a person wants run: a job or a task definition of the repository, with flags, as one RunTask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.planner import plan
from reconciler.core.values import resolved
from reconciler.core.world import World
from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.observe import observe
from reconciler.kinds.job_facts import starter
from reconciler.kinds.job_fields import sent
from reconciler.kinds.job_reading import running
from reconciler.model.desired import Desired, Reference
from reconciler.model.errors import UsageError
from reconciler.model.key import Key
from reconciler.model.status import Memory
from reconciler.model.suggest import did_you_mean, listing
from reconciler.model.tree import Tree, holds_pending, set_path

_PLACE = ("cluster", "networkConfiguration", "launchType", "capacityProviderStrategy", "platformVersion")
_NETWORK = ("networkConfiguration", "awsvpcConfiguration")


@dataclass(frozen=True)
class Flags:
    """What the command line says beside the target. ``env`` are variables of the container, ``command`` its command."""

    cluster: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    public_ip: bool = False
    launch_type: str | None = None
    capacity_provider: str | None = None
    cpu: str | None = None
    memory: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    container: str | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """One task to run. ``container`` is the one whose exit code counts; empty: every essential one.

    ``like`` is the service whose network and capacity are taken where nothing says otherwise.
    """

    what: Key
    params: Tree
    container: str = ""
    like: Key | None = None

    @property
    def cluster(self) -> str:
        return str(self.params["cluster"])


def order(target: Target, wish: Wish, key: Key, flags: Flags, unique: str) -> Order:
    """The order for a key of the wish. Raises UsageError where something has to be said or done first, AwsError.

    ``unique`` makes the run another one than all others: it is no run that the repository asks for, so it is recorded
    nowhere; but while it goes on, no other run of the job begins.
    """
    world = observe(target.read, target.scope, wish, Memory(), target.asked)
    desired = wish.desired[key]
    job = world.kinds[key.kind].fields.one_off
    spec = _now(world, desired)
    like = None if job else _like(world, key)
    params: dict[str, Any] = sent(spec) if job else {**(like[1] if like else {}), "taskDefinition": _live(world, key)}
    params = _placed(params, flags, wish.environment.cluster)
    containers = _containers(wish, desired)
    container = _named(flags.container or spec.get("container") if job else flags.container, containers)
    params = _overridden(params, flags, container, containers)
    params |= {"startedBy": f"{starter(target.scope.owner(key), key.name)}hand-{unique}", "clientToken": unique}
    counts = bool(flags.container or flags.command or (job and spec.get("container")))
    made = Order(key, params, container if counts else "", like[0] if like else None)
    if job and (
        going := running(target.read, key, target.scope.owner(key), made.cluster, str(params["taskDefinition"]))
    ):
        raise UsageError(f"an earlier run of {key} is still going: task {going[0].id}", hint="wait until it has ended")
    return made


def _now(world: World, desired: Desired) -> dict[str, Any]:
    """The spec with live values; refused while something it names is not there as the repository says."""
    changes = {change.key: change for change in plan(world).changes}
    spec = resolved(world, changes, desired)
    needed = [str(key) for key in sorted(desired.needs & changes.keys())]
    if holds_pending(spec) or (desired.key in changes and not world.kinds[desired.key.kind].fields.one_off):
        what = listing(needed) or str(desired.key)
        hint = f"reconciler apply {desired.key.app}"
        raise UsageError(f"{what} is not yet as the repository says", hint=f"first: {hint}")
    return spec


def _live(world: World, key: Key) -> str:
    seen = world.seen[key]
    assert seen.arn is not None, "it is as the repository says"
    return seen.arn


def _like(world: World, key: Key) -> tuple[Key, dict[str, Any]] | None:
    """A service of the app that runs a definition, and what it says of place, network and capacity."""
    for other, desired in sorted(world.desired.items()):
        named = desired.spec.get("taskDefinition")
        if other.app != key.app or not isinstance(named, Reference) or named.key != key:
            continue
        if not world.kinds[other.kind].fields.one_off:
            spec = resolved(world, {}, desired)
            return other, {name: spec[name] for name in _PLACE if spec.get(name) is not None}
    return None


def _placed(params: dict[str, Any], flags: Flags, cluster: str | None) -> dict[str, Any]:
    """With where the flags say that it runs."""
    params = {"cluster": cluster or "default", **params}
    if flags.cluster:
        params["cluster"] = flags.cluster
    if flags.launch_type and flags.capacity_provider:
        raise UsageError("--launch-type and --capacity-provider cannot both be meant", hint="leave one out")
    if flags.launch_type or flags.capacity_provider:
        params = {name: it for name, it in params.items() if name not in ("launchType", "capacityProviderStrategy")}
    if flags.launch_type:
        params["launchType"] = flags.launch_type
    if flags.capacity_provider:
        params["capacityProviderStrategy"] = [{"capacityProvider": flags.capacity_provider, "weight": 1}]
    for member, said in (("subnets", flags.subnets), ("securityGroups", flags.security_groups)):
        if said:
            params = set_path(params, (*_NETWORK, member), list(said))
    if flags.public_ip:
        params = set_path(params, (*_NETWORK, "assignPublicIp"), "ENABLED")
    return params


def _containers(wish: Wish, desired: Desired) -> dict[str, bool]:
    """The containers of what is run, and whether each is essential."""
    named = desired.spec.get("taskDefinition")
    definition = wish.desired[named.key] if isinstance(named, Reference) else desired
    listed = definition.spec.get("containerDefinitions") or ()
    return {str(one["name"]): bool(one.get("essential", True)) for one in listed}


def _named(said: str | None, containers: Mapping[str, bool]) -> str:
    """The container that is meant; of several nobody named, the essential one; else none."""
    if said is not None and said not in containers:
        hint = did_you_mean(said, containers, otherwise=f"its containers are: {listing(containers)}")
        raise UsageError(f"there is no container '{said}'", hint=hint)
    essential = [name for name, is_essential in containers.items() if is_essential]
    return said or (essential[0] if len(essential) == 1 else "")


def _overridden(params: dict[str, Any], flags: Flags, container: str, containers: Mapping[str, bool]) -> dict[str, Any]:
    """With what the flags override, on top of what the manifest does."""
    overrides = dict(params.get("overrides") or {})
    overrides |= {member: said for member, said in (("cpu", flags.cpu), ("memory", flags.memory)) if said}
    if flags.command or flags.env:
        if not container:
            raise UsageError(
                f"which container? There are {listing(containers)}", hint="choose one with --container NAME"
            )
        overrides["containerOverrides"] = _merged(overrides.get("containerOverrides") or (), flags, container)
    return {**params, **({"overrides": overrides} if overrides else {})}


def _merged(listed: Sequence[Mapping[str, Any]], flags: Flags, container: str) -> list[dict[str, Any]]:
    mine: dict[str, Any] = dict(next((one for one in listed if one.get("name") == container), {"name": container}))
    if flags.command:
        mine["command"] = list(flags.command)
    if flags.env:
        kept = [one for one in mine.get("environment") or () if one.get("name") not in flags.env]
        mine["environment"] = [*kept, *({"name": name, "value": value} for name, value in flags.env.items())]
    return [*(dict(one) for one in listed if one.get("name") != container), mine]


def chosen(wish: Wish, target: str, app: str | None) -> Key:
    """The key of ``Kind/name`` or ``app/Kind/name``. Raises UsageError with what may have been meant."""
    steps = target.split("/")
    hint = "write Job/name or TaskDefinition/name, with --app APP where several apps have one"
    if len(steps) not in (2, 3) or not all(steps) or (len(steps) == 3 and app not in (None, steps[0])):
        raise UsageError(f"'{target}' names nothing that can be run", hint=hint)
    kind, name = steps[-2:]
    place = steps[0] if len(steps) == 3 else app
    runnable = [key for key in wish.desired if _runs(wish, key)]
    known = [*runnable, *(key for key in wish.invalid if key.kind == kind)]
    found = [key for key in known if (key.kind, key.name) == (kind, name) and place in (None, key.app)]
    if not found:
        words = [f"{key.kind}/{key.name}" for key in runnable if place in (None, key.app)]
        near = did_you_mean("/".join(steps[-2:]), words, otherwise=hint)
        raise UsageError(f"there is no {target} in environment {wish.environment.name} that can be run", hint=near)
    if len(found) > 1:
        raise UsageError(f"which {target}? There are {listing(map(str, found))}", hint=f"say --app {found[0].app}")
    return found[0]


def _runs(wish: Wish, key: Key) -> bool:
    """Jobs, and what tasks are made of."""
    return wish.kinds[key.kind].fields.one_off or key.kind == "TaskDefinition"
