"""What connects a controller to its account: one connection, one lease, one share of the calls of an account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reconciler.agent.blame import Blame
from reconciler.agent.controller import Ends
from reconciler.agent.index import Index
from reconciler.agent.intent import Log
from reconciler.agent.lease.keeper import Keeper
from reconciler.agent.lease.stores import lease_for
from reconciler.aws.budget import Budget
from reconciler.engine.apply import Target
from reconciler.engine.bases import Bases
from reconciler.engine.connect import connect, rates
from reconciler.engine.remembering import Remembering
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.key import Scope
from reconciler.source.revision import Revision

READS = "ecs:DescribeServices"
"""The calls that a round is made of."""


@dataclass
class Connecting:
    """Makes the ends of any environment. Environments of one account share what may be asked of it.

    ``holder`` is how this replica is called in leases, ``share`` the part of each of AWS's buckets that is used.
    ``read`` gives the files of a commit or raises SourceError, ``listen`` begins to listen to the environment's queues.
    """

    installation: str
    holder: str
    share: float
    clock: Clock
    log: Log
    read: Callable[[str], Revision]
    index: Index
    blame: Blame
    listen: Callable[[Environment, ExitStack, Callable[[], bool]], None]
    session: Any = None
    environ: Mapping[str, str] | None = None
    _budgets: dict[str, Budget] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environment: Environment) -> Ends:
        """Raises AccessError, UsageError, AwsError: then nothing is left open."""
        with ExitStack() as opened:
            lease = lease_for(environment, self.installation, self.holder, self.clock, self.session)
            if lease is None:
                self.log("no lease", environment=environment.name, hint="nothing keeps another writer out meanwhile")
            budget = self._budget(environment)
            both = connect(
                environment,
                self.clock,
                self.session,
                self.environ,
                lease=lease.check if lease else None,
                budget=budget,
            )
            opened.callback(both.read.close)
            if lease is not None:
                opened.enter_context(Keeper(lease))
            scope = Scope(self.installation, environment.name)
            remembering, base = Remembering(both.read, scope), Bases(self.read, environment.name)
            self.listen(environment, opened, lambda: lease is None or lease.held)
            opened.callback(self.index.drop, environment.name)

            def target() -> Target:
                return Target(
                    scope,
                    both.read,
                    both.write,
                    records=both.records,
                    base=base,
                    who=partial(self.blame.who, environment.name),
                    unattended=True,
                    remembering=remembering,
                )

            def room() -> int:
                return budget.available(READS, both.read.region)

            kept = opened.pop_all()
        learn = partial(self.index.learn, environment.name)
        return Ends(both.read, both.lookups, target, lease, remembering.forget_apps, learn, room, kept.close)

    def _budget(self, environment: Environment) -> Budget:
        with self._lock:
            account = environment.account_id or ""
            if account not in self._budgets:
                self._budgets[account] = Budget(self.clock, share=self.share, rates=rates(environment))
            return self._budgets[account]
