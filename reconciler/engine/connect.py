"""From an environment to the Reader and the Writer that work in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.aws.budget import Budget
from reconciler.aws.clients import LEASED, Clients, Connection
from reconciler.aws.keys import Keys
from reconciler.aws.lookups import AwsLookups
from reconciler.aws.rates import RATES, Rate
from reconciler.aws.reader import AwsReader
from reconciler.aws.records import AwsRecords
from reconciler.aws.writer import AwsWriter
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import UsageError
from reconciler.source.vault_file import scalar


@dataclass(frozen=True)
class Connected:
    """All ends of one environment's account, and what opens and seals values there.

    The account guard has been asked before any other call.
    """

    read: AwsReader
    write: AwsWriter
    records: AwsRecords
    keys: Keys
    lookups: AwsLookups


def rates(environment: Environment) -> dict[str, Rate]:
    """The buckets of an account as its environment sets them. Raises UsageError for one that does not exist."""
    if unknown := [group for group, _, _ in environment.call_rates if group not in RATES]:
        hint = f"buckets are {', '.join(RATES)}"
        raise UsageError(
            f"there is no bucket of calls {unknown[0]}", where=f"callRates of {environment.name}", hint=hint
        )
    return {group: Rate(burst, per_second) for group, burst, per_second in environment.call_rates}


def connect(
    environment: Environment,
    clock: Clock,
    session: Any = None,
    environ: Mapping[str, str] | None = None,
    *,
    lease: Callable[[], None] | None = None,
    connection: Connection | None = None,
    budget: Budget | None = None,
) -> Connected:
    """Connect with the SDK's own credentials, or those of a boto3 session that is handed in.

    ``environ`` says where the identities of age are; without one it is the process's own. ``lease`` is asked before
    every write, but for what people say: it raises LeaseHeld, and then nothing was sent. ``connection`` says how long a
    call may take; without one what a lease allows, where there is one. ``budget`` is what may be asked, where others
    ask too.
    """
    clients = Clients(environment, session=session, connection=connection or (LEASED if lease else None))
    clients.guard()
    budget = budget or Budget(clock, rates=rates(environment))
    keys = Keys(clients, clock, environ=os.environ if environ is None else environ, scalar=scalar)
    read, write = AwsReader(clients, budget, clock), AwsWriter(clients, budget, clock, lease, keys=keys)
    records, lookups = AwsRecords(clients, budget, clock, lease), AwsLookups(clients, budget, clock)
    return Connected(read, write, records, keys, lookups)
