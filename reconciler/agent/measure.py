"""How long something took, counted on the board in the buckets of a histogram, as metrics show it."""

from __future__ import annotations

from typing import Final

from reconciler.agent.board import Board

BUCKETS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Seconds: from a tick that finds nothing to a rollout that takes its time."""


def took(board: Board, name: str, seconds: float, **labels: str) -> None:
    """Count one duration: ``reconciler_reconcile_duration_seconds``, without a suffix."""
    for edge in BUCKETS:
        if seconds <= edge:
            board.count(f"{name}_bucket", 1.0, le=f"{edge:g}", **labels)
    board.count(f"{name}_bucket", 1.0, le="+Inf", **labels)
    board.count(f"{name}_count", 1.0, **labels)
    board.count(f"{name}_sum", seconds, **labels)
