"""Scaling activities: what was moved, and why, newest first."""

from __future__ import annotations

from typing import Any

from .scaler import Scaler
from .state import Handler, Id, fits, listed


def describe(at: Scaler, params: dict[str, Any]) -> dict[str, Any]:
    """Those that moved nothing only when asked for."""
    found = [
        activity
        for activity in at.state.activities
        if fits(Id.of(activity), params)
        and ("NotScaledReasons" not in activity or params.get("IncludeNotScaledActivities"))
    ]
    return listed(found, params, "ScalingActivities")


OPERATIONS: dict[str, Handler] = {"DescribeScalingActivities": describe}
