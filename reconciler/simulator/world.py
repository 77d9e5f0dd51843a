"""What there is, by account and Region: ECS, scaling, moto's services; as it is now, or as an old read sees it."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

from . import ecs, scaling
from .clock import Clock
from .fault import READING, Fault
from .faults import Faults
from .ids import Ids
from .others import Others
from .past import Key, Past
from .settings import Settings
from .stacks import Stacks
from .tagging import Found, tagged
from .target_health import HealthOf, of_tasks
from .wire import Target

ECS: Final = "ecs"
SCALING: Final = "application-autoscaling"
TAGGING: Final = "tagging"
OURS: Final = (ECS, SCALING, TAGGING)
TOUCHES: Final = {SCALING: (SCALING, ECS, TAGGING), TAGGING: (TAGGING, ECS), ECS: (ECS, TAGGING)}
"""What a write to a service may change, beside the service itself."""


@dataclass(frozen=True)
class Seen:
    """What one call looks at. ``moto``: a frozen backend to answer from, or None."""

    ecs: ecs.Region
    scaling: scaling.State
    tagged: list[Found]
    moto: Any = None


class World:
    def __init__(self, settings: Settings, faults: Faults) -> None:
        self.settings, self.faults = settings, faults
        self.clock = Clock(settings.start.timestamp())
        self.ids = Ids(settings.seed)
        self.others = Others(settings.account, settings.seed, lambda: self.clock.now)
        self.stacks = Stacks()
        self.past = Past()
        self.script = ecs.Script()
        """What tests said of workloads, alarms, hooks and capacity."""
        self.regions: dict[tuple[str, str], ecs.Region] = {}
        self._scaling: dict[tuple[str, str], scaling.State] = {}
        self.target_health: HealthOf = of_tasks
        """Asked for the targets that are tasks."""
        self.noticed: scaling.Noticed = lambda at, service, name: None
        self.clock.after_step.append(self._stepped)
        faults.on_change = self._armed

    def region(self, account: str, name: str) -> ecs.Region:
        if (account, name) not in self.regions:
            self.regions[account, name] = ecs.Region(account, name, self.script)
        return self.regions[account, name]

    def scope(self, state: ecs.Region) -> ecs.Scope:
        """What an operation of ECS is handed."""
        return ecs.Scope(state, self.clock, self.ids, self.settings)

    def scaled(self, account: str, name: str) -> scaling.State:
        return self._scaling.setdefault((account, name), scaling.State(account, name))

    # Old reads.

    def writing(self, target: Target, account: str) -> None:
        """A write is coming: remember what it may change, where an old read may ask for it."""
        for key in self._touched(target, account):
            old, lasting = self._wanted(key)
            if not old and not lasting:
                continue
            frozen = self._freeze(key)
            self.past.before(key, self.clock.now, frozen)
            if lasting and not self.past.begun(key):
                self.past.since(key, 0.0, frozen, 0.0)

    def written(self, target: Target, account: str) -> None:
        for key in self._touched(target, account):
            self._since(key)

    def seen(self, target: Target, account: str, met: Sequence[Fault]) -> Seen:
        """What this call sees: for a write, and without a fault, what is."""
        place = (account, target.region)
        state, scaled = self.region(*place), self.scaled(*place)
        reading = [f for f in met if f.what in (*READING, "lag", "ghosts")]
        frozen = None
        if reading and not target.mutating:
            frozen = self._old((target.service, *place), reading)
        if target.service == TAGGING:
            return Seen(state, scaled, self._tagged(state) if frozen is None else frozen)
        if frozen is None:
            return Seen(state, scaled, [])
        if target.service == ECS:
            state = pickle.loads(frozen)
        elif target.service == SCALING:
            scaled = pickle.loads(frozen)
        return Seen(state, scaled, [], frozen if target.service not in OURS else None)

    def _old(self, key: Key, reading: Sequence[Fault]) -> Any:
        now, past = self.clock.now, self.past
        lag = next((f.amount for f in reading if f.what == "lag"), 0.0)
        ghosts = next((f.amount for f in reading if f.what == "ghosts"), 0.0)
        if lag or ghosts:
            return _haunted(past.at(key, now - lag), past.between(key, now - lag - ghosts, now - lag))
        fault = reading[0]
        if fault.what == "past":
            return past.at(key, now - fault.amount)
        if fault.what == "stale":
            return past.versions_ago(key, int(fault.amount))
        recent = past.writes_since(key, now - fault.amount)
        engine = self.faults.engine
        return past.versions_ago(key, Random(f"{engine.seed}/{engine.count}").randint(1, recent)) if recent else None

    def _wanted(self, key: Key) -> tuple[bool, bool]:
        """Whether anything may ask how this was (some writes ago, some time ago)."""
        wants = self.faults.engine.wants(*READING, "lag", "ghosts")
        if key[0] == TAGGING:
            mine = [f for f in wants if any(fnmatchcase(o, f.operation) for o in ("GetResources", "GetTagKeys"))]
        else:
            mine = wants
        mine = [f for f in mine if fnmatchcase(key[0], f.service)]
        old = any(f.what in ("stale", "eventual") for f in mine)
        return old, any(f.what in ("past", "lag", "ghosts") for f in mine)

    def _touched(self, target: Target, account: str) -> list[Key]:
        services = TOUCHES.get(target.service, (target.service, TAGGING))
        return [(service, account, target.region) for service in services]

    def _armed(self) -> None:
        """Memory begins: what is, has always been."""
        for place in list(self.regions):
            for service in OURS:
                key = (service, *place)
                if self._wanted(key)[1] and not self.past.begun(key):
                    self.past.since(key, 0.0, self._freeze(key), 0.0)

    def _stepped(self) -> None:
        if not self.faults.engine.wants("past", "lag", "ghosts"):
            return
        for place in list(self.regions):
            for service in OURS:
                self._since((service, *place))

    def _since(self, key: Key) -> None:
        if not self._wanted(key)[1]:
            return
        horizon = sum(f.amount for f in self.faults.engine.wants("past", "lag", "ghosts"))
        now = self.clock.now
        self.past.since(key, now, self._freeze(key), now - horizon, each=key[0] == TAGGING)

    def _freeze(self, key: Key) -> Any:
        service, account, region = key
        if service == ECS:
            return pickle.dumps(self.region(account, region), pickle.HIGHEST_PROTOCOL)
        if service == SCALING:
            return pickle.dumps(self.scaled(account, region), pickle.HIGHEST_PROTOCOL)
        if service == TAGGING:
            return self._tagged(self.region(account, region))
        return self.others.freeze(service, account, region)

    def _tagged(self, state: ecs.Region) -> list[Found]:
        return tagged(state, self.scaled(state.account, state.name), self.others)


def _haunted(view: list[Found] | None, earlier: list[list[Found]]) -> list[Found] | None:
    """A listing, and what is in it no more."""
    if view is None:
        return None
    found = {found[0]: found for one in earlier for found in one} | {found[0]: found for found in view}
    return [found[arn] for arn in sorted(found)]
