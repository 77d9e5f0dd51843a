"""Everything a plan is made of, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from reconciler.core.order import fingerprint
from reconciler.model.desired import Desired, External
from reconciler.model.errors import Problem, ReconcilerError
from reconciler.model.key import Key, Scope
from reconciler.model.kind import Kinds
from reconciler.model.lookup import LookedUp
from reconciler.model.observed import NEVER, Inventory, Observed
from reconciler.model.plan import Preflight
from reconciler.model.policy import Policy
from reconciler.model.record import EVERY, NO_RECORD, Record, short
from reconciler.model.status import Healed, Health
from reconciler.model.tree import Path
from reconciler.model.window import Window


@dataclass(frozen=True)
class World:
    """What should be and what is.

    commit     the commit that is planned, None when it is a directory
    desired    what should be, in an order that converges
    invalid    keys that are declared, but not well: nothing that needs them can go on
    seen       what is there; a key that is missing has not become addressable yet
    outside    the readings of what specs name outside the repository, by (kind, what the spec says)
    externals  who names these things, and where
    preflight  how much of the outside is looked at
    beyond     the kinds of things that specs may name and no manifest can declare
    superseded older revisions of ours that nothing needs any more
    leftovers  of a key, what it has under another AWS name: its own former one, or that of ``formerly``
    orphans    what is ours and no manifest declares any more
    health     the verdict on each reading
    asked      what the person at the command line allows, one more level of policy
    policy     the environment's own policy, which alone speaks for what is no longer declared
    inventory  what the tagging API nominates as ours
    apps       the apps in scope; None: all, and what is left of apps that are gone
    suspended  apps that are observed, but not changed
    records    what people said of each app, and what was last synced of it
    unheard    the apps (or EVERY) of which it is not known what people said, and why: nothing of them is changed
    restart    services that a person wants a new deployment of, whether or not anything differs
    lookups    what was read of other tools to say what should be
    windows    when something may be changed: the environment's windows (EVERY), and those of each app besides
    approve    the apps (EVERY: those that are gone, too) of which a person has to approve what is done
    anytime    the person at the command line says that windows do not matter
    begun      what we have deleted to make it anew: the other half of that is under way
    bases      what (an app, at a commit) wanted; None: that cannot be known any more
    healed     the corrections made of what somebody changed
    unattended nobody asked for what is planned: what somebody changed is corrected only where a policy says so
    who        who last changed something in AWS, and when; empty: not known
    notes      what should be known of the whole look
    declared   how many resources the repository declares, those of apps out of scope included
    complete   source and inventory were read to their ends
    """

    scope: Scope
    commit: str | None
    kinds: Kinds
    desired: Mapping[Key, Desired]
    invalid: frozenset[Key] = frozenset()
    seen: Mapping[Key, Observed] = field(default_factory=dict)
    externals: tuple[External, ...] = ()
    outside: Mapping[tuple[str, str], Observed] = field(default_factory=dict)
    preflight: Preflight = Preflight.CHANGES
    beyond: Kinds = field(default_factory=dict)
    superseded: Mapping[Key, Observed] = field(default_factory=dict)
    leftovers: Mapping[Key, Observed] = field(default_factory=dict)
    orphans: Mapping[Key, Observed] = field(default_factory=dict)
    health: Mapping[Key, Health] = field(default_factory=dict)
    asked: Policy = field(default_factory=Policy)
    policy: Policy = field(default_factory=Policy)
    inventory: Inventory = field(default_factory=Inventory)
    apps: frozenset[str] | None = None
    suspended: frozenset[str] = frozenset()
    records: Mapping[str, Record] = field(default_factory=dict)
    unheard: Mapping[str, ReconcilerError] = field(default_factory=dict)
    restart: frozenset[Key] = frozenset()
    bases: Mapping[tuple[str, str], Mapping[Key, Desired] | None] = field(default_factory=dict)
    healed: Mapping[Key, Healed] = field(default_factory=dict)
    unattended: bool = False
    who: Callable[[Key], str] = lambda key: ""
    notes: tuple[Problem, ...] = ()
    lookups: tuple[LookedUp, ...] = ()
    declared: int = 0
    windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    approve: frozenset[str] = frozenset()
    anytime: bool = False
    begun: frozenset[Key] = frozenset()
    complete: bool = True

    @cached_property
    def named(self) -> Mapping[Key, tuple[tuple[External, Path], ...]]:
        """What each resource's spec names outside the repository, and where."""
        found: dict[Key, list[tuple[External, Path]]] = {}
        for external in self.externals:
            for key, path in external.named_by:
                found.setdefault(key, []).append((external, path))
        return {key: tuple(value) for key, value in found.items()}

    @cached_property
    def users(self) -> Mapping[Key, tuple[Key, ...]]:
        """Who needs what: key → those whose specs refer to it."""
        found: dict[Key, list[Key]] = {}
        for key, desired in self.desired.items():
            for needed in desired.needs:
                found.setdefault(needed, []).append(key)
        return {key: tuple(value) for key, value in found.items()}

    @cached_property
    def every_kind(self) -> Kinds:
        """The kinds of manifests and those of things outside."""
        return {**self.beyond, **self.kinds}

    def policy_of(self, key: Key) -> Policy:
        """The joined policy of a declared resource; the environment's own for one that is gone."""
        return self.desired[key].policy if key in self.desired else self.policy

    def record(self, app: str) -> Record:
        """What people said of an app; nothing when nobody has."""
        return self.records.get(app, NO_RECORD)

    def unheard_of(self, app: str) -> ReconcilerError | None:
        """Why it is not known what people said of an app."""
        return self.unheard.get(app) or self.unheard.get(EVERY)

    @cached_property
    def at(self) -> datetime:
        """What time it is by AWS's clock: the date of the newest reading; NEVER when nothing could be read."""
        readings = (*self.seen.values(), *self.orphans.values(), *self.leftovers.values())
        return max((self.inventory.at, *(seen.at for seen in readings)), default=NEVER)

    def windows_of(self, app: str) -> tuple[tuple[Window, ...], ...]:
        """The windows that an app's changes have to keep to: each of these has to be open."""
        return tuple(self.windows[name] for name in (EVERY, app) if self.windows.get(name))

    def needs_approval(self, app: str) -> bool:
        """Whether a person has to approve what is done to what an app owns."""
        return app in self.approve or EVERY in self.approve

    @cached_property
    def wholes(self) -> Mapping[str, str]:
        """App → what stands for all that it wants; not of apps out of scope, or of which something is invalid."""
        apps: dict[str, list[str]] = {}
        for key, desired in self.desired.items():
            if self.covers(key.app):
                apps.setdefault(key.app, []).append(f"{key} {desired.digest} {desired.content}")
        broken = {key.app for key in self.invalid}
        return {app: short(fingerprint(sorted(of))) for app, of in apps.items() if app not in broken}

    def covers(self, app: str) -> bool:
        """Whether what an app owns is in scope."""
        return self.apps is None or app in self.apps
