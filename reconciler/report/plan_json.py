"""A plan for machines: formatVersion "1.0", to which members are only ever added. `schema.PLAN` describes it."""

from __future__ import annotations

from typing import Any, Final

from reconciler.model.fields import UNSET
from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.report import problems, redact
from reconciler.report.plan_lookups import lookups_json

FORMAT_VERSION: Final = "1.0"


def plan_json(plan: Plan) -> dict[str, Any]:
    """Plain JSON values.

    ``summary`` counts the changes by action, blocked ones included; ``blocked`` says how many of them are. A side of a
    field that is absent is null, a value not known yet is its text, ``(known after …)``. ``calls`` are the operations
    left to make, in order. ``planDigests`` are what `approve` wants, by app. Secrets are masked as everywhere, see
    ``redact``.
    """
    counts = {str(action): plan.count(action) for action in Action}
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": plan.environment,
        "revision": plan.revision,
        "summary": {**counts, "blocked": len(plan.blocked), "unchanged": len(plan.unchanged)},
        "changes": [_change(change) for change in plan.changes],
        "warnings": problems.to_json(plan.warnings),
        "lookups": lookups_json(plan.lookups),
        "planDigests": plan.digests,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "key": str(change.key),
        "app": change.key.app,
        "action": str(change.action),
        "effect": str(change.effect) if change.effect else None,
        "waitsOn": [str(key) for key in change.waits_on],
        "fields": [_field(one) for one in change.fields],
        "calls": [call.operation for call in change.calls],
        "blocked": _blocked(change),
        "waiting": redact.text(change.waiting),
        "note": redact.text(change.note),
        "cause": change.cause,
        "left": [_field(one) for one in change.left],
    }


def _field(one: FieldChange) -> dict[str, Any]:
    before, after = redact.sides(one)
    return {
        "path": one.text,
        "before": None if before is UNSET else before,
        "after": None if after is UNSET else after,
        "effect": str(one.effect),
        "cause": one.cause,
    }


def _blocked(change: Change) -> dict[str, Any] | None:
    if not change.blocked:
        return None
    shown = problems.to_json([change.blocked])[0]
    return {member: shown[member] for member in ("code", "message", "hint")}
