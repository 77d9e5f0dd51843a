"""Application Auto Scaling: targets, policies, scheduled actions; it moves the desired count of ECS services."""

from __future__ import annotations

from . import actions, activities, policies, tags, targets
from .scaler import Noticed, Scaler
from .state import DIMENSION, Handler, Id, State, invalid

OPERATIONS: dict[str, Handler] = {
    **targets.OPERATIONS,
    **policies.OPERATIONS,
    **actions.OPERATIONS,
    **activities.OPERATIONS,
    **tags.OPERATIONS,
}

__all__ = ["DIMENSION", "OPERATIONS", "Id", "Noticed", "Scaler", "State", "invalid"]
