"""Which changes of a plan are ready to be made now."""

from __future__ import annotations

from reconciler.model.plan import Change, Plan


def ready(plan: Plan) -> tuple[Change, ...]:
    """The changes that nothing blocks, that wait for nothing, and whose next call is known to its last parameter."""
    return tuple(
        change
        for change in plan.changes
        if not (change.blocked or change.waiting or change.waits_on) and change.calls and change.calls[0].ready
    )
