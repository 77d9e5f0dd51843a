"""From an environment to the Reader and the Writer that work in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.lookups import AwsLookups
from reconciler.aws.rates import RATES, Rate
from reconciler.aws.reader import AwsReader
from reconciler.aws.records import AwsRecords
from reconciler.aws.writer import AwsWriter
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.errors import UsageError


@dataclass(frozen=True)
class Connected:
    """All ends of one environment's account. The account guard has been asked before any other call."""

    read: AwsReader
    write: AwsWriter
    records: AwsRecords
    lookups: AwsLookups


def _rates(environment: Environment) -> dict[str, Rate]:
    if unknown := [group for group, _, _ in environment.call_rates if group not in RATES]:
        hint = f"buckets are {', '.join(RATES)}"
        raise UsageError(
            f"there is no bucket of calls {unknown[0]}", where=f"callRates of {environment.name}", hint=hint
        )
    return {group: Rate(burst, per_second) for group, burst, per_second in environment.call_rates}


def connect(environment: Environment, clock: Clock, session: Any = None) -> Connected:
    """Connect with the SDK's own credentials, or those of a boto3 session that is handed in."""
    clients = Clients(environment, session=session)
    clients.guard()
    budget = Budget(clock, rates=_rates(environment))
    read, write = AwsReader(clients, budget, clock), AwsWriter(clients, budget, clock)
    return Connected(read, write, AwsRecords(clients, budget, clock), AwsLookups(clients, budget, clock))
