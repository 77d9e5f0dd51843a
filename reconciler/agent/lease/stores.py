"""From what an environment says of its lease to where that is kept."""

from __future__ import annotations

from typing import Any

from reconciler.agent.lease.file import FileLease
from reconciler.agent.lease.lease import Lease
from reconciler.aws.clients import LEASED, Clients
from reconciler.aws.leases import QUICK, DynamoLease
from reconciler.model.clock import Clock
from reconciler.model.desired import Environment
from reconciler.model.key import Scope
from reconciler.model.lease import LeaseStore


def lease_store(environment: Environment, installation: str, clock: Clock, session: Any = None) -> LeaseStore | None:
    """Where the lease of an environment is kept; None where it names no place: then nothing excludes another writer.

    Nobody is asked before the first reading; of DynamoDB the account guard first. ``session`` is a boto3 session.
    Raises UsageError without a Region, AccessError for a profile that does not exist.
    """
    if environment.lease is None:
        return None
    scope = Scope(installation, environment.name)
    kind, _, place = environment.lease.partition(":")
    if kind == "file":
        return FileLease(place, clock, scope)
    return DynamoLease(Clients(environment, session=session, connection=QUICK), clock, place, scope)


def lease_for(
    environment: Environment, installation: str, holder: str, clock: Clock, session: Any = None
) -> Lease | None:
    """The lease of an environment for one writer, timed for the calls of a connection that asks it before it writes."""
    store = lease_store(environment, installation, clock, session)
    return Lease(store, holder, clock, longest_call=LEASED.longest_call) if store is not None else None
