"""How a restart fares: only the deployment that it began can complete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.observed import Observed
from reconciler.model.status import Health, HealthWord

_UNSEEN = 300.0
"""Seconds for which a reading may still show what was before a write. Source: the ECS API reference."""


def of_restart(seen: Observed, first: Mapping[str, Any]) -> Health | None:
    """What is to be said while the PRIMARY deployment is not the one that a restart began."""
    restart = seen.live.get("restart")
    if restart is None or first.get("id") == restart.begun:
        return None
    if restart.begun is None:
        return Health(HealthWord.PROGRESSING, "RollingOut", "whether the restart has begun is not known yet")
    own = next((item for item in seen.live["deployments"] if item.get("id") == restart.begun), None)
    unseen = first.get("id") == restart.before and (seen.at - restart.at).total_seconds() < _UNSEEN
    if unseen and (own is None or own.get("rolloutState") != "FAILED"):
        return Health(HealthWord.PROGRESSING, "RollingOut", "the restart is not to be seen yet")
    why = (own or {}).get("rolloutStateReason") or "another deployment has taken its place"
    return Health(HealthWord.DEGRADED, "DeploymentFailed", f"the restart did not last: {why}", stalled=True)
