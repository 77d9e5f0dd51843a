"""Windows and approval brought to bear on a plan: what goes on at any time, what is for later, what a person approves.

What is under way goes on: a job that was started is recorded, and a rollout is ECS's own. What has failed is taken back
and what a person has pinned is put there in any case, and no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core import approval
from reconciler.core.agreed import AWAITING_APPROVAL, OUTSIDE_WINDOW, settled
from reconciler.core.windows import Shut, shut
from reconciler.core.world import World
from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.model.observed import NEVER
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.record import Terms, short


def asked_for(world: World, changes: Mapping[Key, Change]) -> tuple[dict[Key, Change], dict[str, Terms]]:
    """The changes, those held back that have to wait; and, where a person has to approve, what stands for an app's."""
    told = {key: _to_pin(world, it) if _is_held(world, key.app) else it for key, it in changes.items()}
    made = {key: it for key, it in told.items() if not (_retires(world, it) and _closed(world, key.app))}
    held = [it for it in made.values() if _asks(world, it)]
    terms = approval.terms(world, [it for it in held if world.needs_approval(it.key.app)])
    return {**made, **{it.key: _held(world, it, terms.get(it.key.app)) for it in held}}, terms


def with_terms(world: World, plan: Plan) -> Plan:
    """The plan with what stands for all that is done to each app: that takes a while, and is of use only in the end."""
    others = (replace(it, blocked=None) if settled(it) else it for it in plan.changes if it.key.app not in plan.terms)
    return replace(plan, terms={**approval.terms(world, [it for it in others if _asks(world, it)]), **plan.terms})


def opens_in(world: World, plan: Plan) -> float | None:
    """Seconds until a window opens that some change waits for; None when none does, or no time is in sight."""
    apps = {it.key.app for it in plan.changes if it.blocked is not None and it.blocked.code == OUTSIDE_WINDOW}
    times = [why.until for app in apps if (why := _closed(world, app)) and why.until is not None]
    return max(1.0, (min(times) - world.at).total_seconds()) if times else None


def _asks(world: World, change: Change) -> bool:
    """Whether a change is one that a window or an approval can hold back."""
    if not change.calls or change.blocked is not None or change.begun or change.action is Action.HOLD:
        return False
    return not (_is_pin(world, change) or _retires(world, change))


def _needs_approval(world: World, change: Change) -> bool:
    """Whether a person has to agree: not to a restart of what runs, which a person has asked for by name."""
    restarts = change.key in world.restart and change.step is Action.UPDATE and not change.fields
    return world.needs_approval(change.key.app) and not restarts


def _held(world: World, change: Change, terms: Terms | None) -> Change:
    app = change.key.app
    if world.unheard_of(app) is not None:  # nobody knows what was said: it waits for that already
        return change
    unagreed = _needs_approval(world, change) and not approval.covers(world, world.record(app).agreed, change)
    if unagreed and terms is not None:
        return replace(change, blocked=_awaiting(world, change, terms))
    why = None if _goes_on(world, change) else _closed(world, app)
    return replace(change, blocked=_outside(change, why)) if why is not None else change


def _awaiting(world: World, change: Change, terms: Terms) -> Problem:
    app, digest = change.key.app, short(terms.digest)
    agreed = world.record(app).approved if world.record(app).agreed else None
    other = f"; what was approved is another one, {agreed}" if agreed and agreed.terms.digest != terms.digest else ""
    message = f"the plan {digest} of the app {app} has to be approved{other}"
    return _problem(change, AWAITING_APPROVAL, message, " ".join(["reconciler approve", app, digest, *_flags(world)]))


def _flags(world: World) -> list[str]:
    """Those of the command line that the plan was made with: with others it is another one."""
    flags = [f"--{name}" for name in ("prune", "adopt") if getattr(world.asked, name)]
    limit = world.asked.deletion_limit
    return flags if limit is None else [*flags, f"--deletion-limit {limit}"]


def _outside(change: Change, why: Shut) -> Problem:
    return _problem(change, OUTSIDE_WINDOW, str(why), "wait for that, or make it now with: apply --outside-window")


def _closed(world: World, app: str) -> Shut | None:
    groups = world.windows_of(app)
    if world.anytime or not groups:
        return None
    return shut(groups, world.at) if world.at != NEVER else Shut(groups[0][0], None)


def _is_held(world: World, app: str) -> bool:
    return world.needs_approval(app) or _closed(world, app) is not None


def _goes_on(world: World, change: Change) -> bool:
    """Whether it is the other half of what was begun, or follows from a failure: then a window does not hold it."""
    if change.desired is None:
        return False
    kind = world.kinds[change.key.kind]
    anew = change.step is Action.CREATE and change.key in world.begun
    return anew or (kind.fields.one_off and kind.on_failure(change.desired.spec))


def _retires(world: World, change: Change) -> bool:
    """Whether older revisions are let go: that blocks nothing, so outside a window it is no change at all."""
    return change.observed is not None and change.observed is world.superseded.get(change.key)


def _is_pin(world: World, change: Change) -> bool:
    """Whether a service goes where a person has pinned it."""
    runs = world.kinds[change.key.kind].runs
    return change.doing == "Pinned" and change.step is Action.UPDATE and bool(runs) and change.changes(runs)


def _to_pin(world: World, change: Change) -> Change:
    """A change to what is pinned with that alone: what else differs has to wait like anything."""
    if not _is_pin(world, change):
        return change
    kind = world.kinds[change.key.kind]
    fields = tuple(field for field in change.fields if field.path[0] == kind.runs)
    only = replace(change, fields=fields, values={kind.runs: change.values[kind.runs]})
    return replace(
        only, effect=max((it.effect for it in fields), key=lambda it: it.severity), calls=tuple(kind.calls(only))
    )


def _problem(change: Change, code: str, message: str, hint: str) -> Problem:
    at = change.desired.document.at if change.desired else None
    return Problem(code, message, at, change.key, hint=hint, app=change.key.app)
