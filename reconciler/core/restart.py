"""A new deployment although nothing differs, because a person asked for one."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.world import World
from reconciler.model.fields import Effect
from reconciler.model.kind import Kind
from reconciler.model.plan import Action, Change

NOTE = "restarted: a new deployment, as asked"
_KEPT = ("RollingBack", "RollingOut")


def restarted(world: World, kind: Kind, start: Change, made: Change | None) -> Change | None:
    """The change with a restart in it. What is held goes on being held: what runs now is what begins anew."""
    return anew(kind, start, made, NOTE) if start.key in world.restart else made


def anew(kind: Kind, start: Change, made: Change | None, note: str) -> Change | None:
    """The change with a new deployment of what runs in it, unless that is not to be touched now."""
    if not start.observed or not start.observed.present:
        return made
    if made is None:
        begun = replace(start, action=Action.UPDATE, step=Action.UPDATE, effect=Effect.ROLLS_TASKS)
        return _forced(kind, begun, note)
    if made.step is Action.UPDATE:
        effect = max(made.effect or Effect.IN_PLACE, Effect.ROLLS_TASKS, key=lambda effect: effect.severity)
        return _forced(kind, replace(made, effect=effect, values=dict(made.values)), note)
    held = made.step is Action.HOLD and (made.blocked is None or made.blocked.code != "OwnershipConflict")
    if not held or made.doing in _KEPT or made.calls:
        return made
    on = replace(made, action=Action.UPDATE, step=Action.UPDATE, effect=Effect.ROLLS_TASKS, fields=(), values={})
    why = made.blocked.message if made.blocked else made.waiting
    return _forced(kind, replace(on, blocked=None, waiting="", note=f"held: {why}" if why else ""), note)


def _forced(kind: Kind, change: Change, why: str) -> Change:
    note = f"{change.note}; {why}" if change.note else why
    made = replace(change, values={**change.values, **kind.restarting}, note=note)
    return replace(made, calls=tuple(kind.calls(made)))
