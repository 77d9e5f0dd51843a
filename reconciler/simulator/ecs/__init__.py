"""ECS itself: operations on plain state, and the scheduler that moves it while the virtual clock runs."""

from __future__ import annotations

from . import (
    clusters,
    definitions,
    instances,
    providers,
    rollout_operations,
    run_task,
    services,
    tags,
    task_sets,
    tasks,
)
from .scope import Handler, Scope
from .state import Region
from .workload import Script

OPERATIONS: dict[str, Handler] = {
    **clusters.OPERATIONS,
    **definitions.OPERATIONS,
    **services.OPERATIONS,
    **rollout_operations.OPERATIONS,
    **task_sets.OPERATIONS,
    **tasks.OPERATIONS,
    **run_task.OPERATIONS,
    **instances.OPERATIONS,
    **providers.OPERATIONS,
    **tags.OPERATIONS,
}

__all__ = ["OPERATIONS", "Region", "Scope", "Script"]
