"""ECS itself: operations on plain state, and the scheduler that moves it while the virtual clock runs."""

from __future__ import annotations

from . import clusters, definitions, services, tags, tasks
from .scope import Handler, Scope
from .state import Region

OPERATIONS: dict[str, Handler] = {
    **clusters.OPERATIONS,
    **definitions.OPERATIONS,
    **services.OPERATIONS,
    **tasks.OPERATIONS,
    **tags.OPERATIONS,
}

__all__ = ["OPERATIONS", "Region", "Scope"]
