"""From a wish to a target: connected to its account, with what the person allows for this run."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from reconciler.cli.reading import earlier
from reconciler.cli.runtime import Runtime
from reconciler.engine.apply import Target
from reconciler.engine.bases import Bases
from reconciler.engine.connect import Connected, connect
from reconciler.engine.lookup import Wish
from reconciler.model.key import Scope
from reconciler.model.plan import Preflight
from reconciler.model.policy import Policy


def no_core_dumps() -> None:
    """A crash must not write memory to disk: credentials are in it, and values while they are open."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextmanager
def connected(run: Runtime, wish: Wish, lease: Callable[[], None] | None = None) -> Iterator[Connected]:
    """Both ends of the environment's account; the account has been checked. Raises AccessError, UsageError.

    ``lease`` is asked before every write.
    """
    no_core_dumps()
    both = connect(wish.environment, run.clock, run.session, lease=lease)
    with both.read:
        yield both


def target_for(run: Runtime, wish: Wish, both: Connected, asked: Mapping[str, Any]) -> Target:
    """A target without a Writer: it only plans."""
    policy = Policy(prune=asked.get("prune"), adopt=asked.get("adopt"), deletion_limit=asked.get("deletionLimit"))
    preflight = Preflight.NONE if asked.get("noPreflight") else Preflight.CHANGES
    scope = Scope(run.installation, wish.environment.name)
    base, anytime = Bases(earlier(run), wish.environment.name), bool(asked.get("outsideWindow"))
    return Target(scope, both.read, asked=policy, records=both.records, preflight=preflight, base=base, anytime=anytime)


def asked_options(run: Runtime, apps: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
    """What a plan was asked with, as a saved plan keeps it. Takes the flags out of a verb's parameters."""
    return {
        "installation": run.installation,
        "apps": sorted(set(apps)),
        "prune": given.pop("prune", None) or None,
        "adopt": given.pop("adopt", None) or None,
        "deletionLimit": given.pop("deletion_limit", None),
        "noPreflight": given.pop("no_preflight", None) or None,
        "outsideWindow": given.pop("outside_window", None) or None,
    }
