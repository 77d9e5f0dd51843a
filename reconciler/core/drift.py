"""What somebody changed in AWS: whether it is corrected, left, or ignored, and when a correction is not made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.compare import Comparison
from reconciler.core.said import asked_to_move, name_of
from reconciler.core.world import World
from reconciler.model.desired import Desired
from reconciler.model.errors import Problem
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.observed import NEVER
from reconciler.model.plan import Action, Cause, Change, FieldChange, Plan
from reconciler.model.policy import Policy
from reconciler.model.status import Healed

UNDONE = 2
"""So many corrections of one path are made; whoever undoes that many is not corrected a third time."""

LADDER = (0.0, 2.0, 6.0, 18.0, 54.0, 162.0, 300.0)
"""Seconds from one correction of a resource to the next. Source: Argo CD's self-heal."""

CLEAN = 1800.0
"""Seconds without a change by somebody after which earlier corrections count no more."""

WHOLE = "(all)"
"""The path of a resource that is not there."""

HELD = ("DriftDetected", "DriftUnresolvable")
"""Codes of what is held because somebody changed it."""

_RELEASE = "drift/"


def cause_of(fields: Iterable[FieldChange]) -> Cause | None:
    """The cause of a change from those of its fields; None where it is not known of all of them."""
    found = {field.cause for field in fields}
    if None in found or not found:
        return None
    return found.pop() if len(found) == 1 else "both"


def drifted_fields(change: Change) -> tuple[str, ...]:
    """The paths that somebody changed in AWS alone, of what a change is about to make."""
    if change.action is Action.CREATE or (change.action is Action.HOLD and _gone(change)):
        return (WHOLE,) if change.cause == "drift" else ()
    return tuple(field.text for field in change.fields if field.cause == "drift")


def drifted(plan: Plan) -> dict[Key, tuple[str, ...]]:
    """What somebody changed in AWS and is not corrected yet, or not at all, by its paths."""
    found = {change.key: (*drifted_fields(change), *(it.text for it in change.left)) for change in plan.changes}
    return {key: paths for key, paths in found.items() if paths}


def told(world: World, kind: Kind, start: Change, found: Comparison) -> Comparison:
    """A comparison in which what a person had us move is nobody's doing in AWS."""
    if not asked_to_move(world, kind, start):
        return found
    changes = tuple(
        replace(it, cause="git") if it.path[0] == kind.runs and it.cause == "drift" else it for it in found.changes
    )
    return replace(found, changes=changes)


def separable(kind: Kind, fields: Sequence[FieldChange]) -> tuple[FieldChange, ...]:
    """Those of the fields that can be left while the others are made: a revision is made whole, but for its tags."""
    content = [field for field in fields if field.path[0] != "tags"]
    if not kind.fields.versioned or all(field.cause == "drift" for field in content):
        return tuple(fields)
    return tuple(field for field in fields if field.path[0] == "tags")


def is_held(change: Change) -> bool:
    """Whether nothing of a change is made because somebody changed something in AWS."""
    return change.blocked is not None and change.blocked.code in HELD


def stands(world: World, change: Change) -> bool:
    """Whether a resource is there to be used, although what somebody changed of it is not corrected."""
    there = change.observed is not None and change.observed.present
    return is_held(change) and there and not world.kinds[change.key.kind].revalues(change)


def freed(changes: Mapping[Key, Change], made: Change) -> Change:
    """A change of which something is left, without waiting for what is held for just that."""
    if made.desired is None or not (made.left or made.ignored):
        return made
    held = {key for key in made.waits_on if (of := changes.get(key)) and is_held(of)}
    return replace(made, waits_on=tuple(key for key in made.waits_on if key not in held - made.desired.needs_ready))


def not_corrected(world: World, key: Key, policy: Policy, fields: Sequence[FieldChange]) -> tuple[FieldChange, ...]:
    """Those of the fields that somebody changed, where a policy leaves them so.

    Of a suspended app, or one of which it is not known, nothing is made anyway.
    """
    found = tuple(field for field in fields if field.cause == "drift")
    return found if policy.drift == "off" or _only_told(world, key, policy) else ()


def ignored(start: Change, fields: tuple[FieldChange, ...]) -> Change:
    """No change, and what of it is ignored."""
    return replace(
        start, action=Action.HOLD, step=Action.HOLD, fields=fields, ignored=fields, cause="drift", waits_on=()
    )


def heeded(world: World, made: Change, policy: Policy) -> Change:
    """A change as far as nobody has to be asked for it: without a person, what somebody changed is held, or corrected
    with patience, and not a third time."""
    paths = drifted_fields(made)
    if not (paths or made.left):
        return made
    made = replace(made, who=world.who(made.key))
    if not paths or made.blocked or made.step is Action.HOLD:
        return made
    if not world.unattended or made.key.app in world.suspended or world.unheard_of(made.key.app) is not None:
        return made
    if _only_told(world, made.key, policy):
        if made.cause != "drift":
            return made
        hint = f"correct it with: reconciler sync {made.key.app}; or change it back by hand, or change the manifest"
        return _held(made, "DriftDetected", f"{words(made, paths)}: policy.drift says warn", hint)
    return _patient(world, made, paths)


def words(change: Change, paths: Sequence[str]) -> str:
    """``desiredCount changed in AWS since it was in force, by alice at 10:03 UTC``"""
    by = f", by {change.who}" if change.who else ""
    if tuple(paths) == (WHOLE,):
        return f"it was deleted in AWS since it was in force{by}"
    return f"{listed(paths)} changed in AWS since it was in force{by}"


def listed(paths: Sequence[str], most: int = 5) -> str:
    return ", ".join(paths[:most]) + (", …" if len(paths) > most else "")


def released(moment: datetime) -> str:
    """What a record keeps of a person's word that corrections may begin anew, said at this moment by AWS's clock."""
    return f"{_RELEASE}{moment.isoformat(timespec='seconds')}"


def remembered(world: World, plan: Plan, corrected: Mapping[Key, tuple[str, ...]]) -> dict[Key, Healed]:
    """The corrections that are to be known in the next tick, those of this one among them.

    What somebody was asked for is no fight: only an unattended correction counts.
    """
    known = {key: item for key, item in world.healed.items() if not world.covers(key.app) or _counts(world, key)}
    for change in plan.changes:
        if change.key in known and (drifted_fields(change) or change.left):
            known[change.key] = replace(known[change.key], seen=_now(world, change.key))
    for key, paths in corrected.items() if world.unattended else ():
        if key not in world.desired:
            continue
        past, now = known.get(key), _now(world, key)
        times = dict(past.times) if past else {}
        times |= {path: times.get(path, 0) + 1 for path in paths}
        known[key] = Healed(_mark(world.desired[key]), times, 1 + (past.count if past else 0), now, now)
    return known


def _patient(world: World, made: Change, paths: tuple[str, ...]) -> Change:
    past = world.healed.get(made.key)
    if past is None or not _counts(world, made.key):
        return made
    if fought := [path for path in paths if past.times.get(path, 0) >= UNDONE]:
        what = "it" if fought == [WHOLE] else listed(fought)
        by = f" by {made.who}" if made.who else ""
        did = "deleted" if fought == [WHOLE] else "changed"
        message = f"{what} was corrected {UNDONE} times and {did} again each time{by}: it is not corrected any more"
        hint = (
            f"find out who writes it; then say so under policy.ignore, change the manifest, or: "
            f"reconciler retry {made.key.app} {name_of(made.key)}"
        )
        return _held(made, "DriftUnresolvable", message, hint)
    due = past.at + timedelta(seconds=LADDER[min(past.count, len(LADDER) - 1)])
    if _now(world, made.key) >= due:
        return made
    again = f"{words(made, paths)}; it was corrected {past.count} times, and is again at {due:%H:%M:%S} UTC"
    return replace(made, waiting=again, doing="ProgressingWithRetry")


def _held(made: Change, code: str, message: str, hint: str) -> Change:
    at = made.desired.document.at if made.desired else None
    problem = Problem(code, message, at, made.key, hint=hint, app=made.key.app)
    return replace(made, action=Action.HOLD, step=Action.HOLD, calls=(), blocked=problem)


def _only_told(world: World, key: Key, policy: Policy) -> bool:
    held_anyway = key.app in world.suspended or world.unheard_of(key.app) is not None
    return world.unattended and not held_anyway and (policy.drift or "warn") == "warn"


def _gone(change: Change) -> bool:
    return change.observed is None or not change.observed.present


def _counts(world: World, key: Key) -> bool:
    """Whether earlier corrections still count: of the same digest, with no long peace since, and not released."""
    past, desired = world.healed[key], world.desired.get(key)
    if desired is None or past.digest != _mark(desired):
        return False
    said = world.record(key.app).retried.get(name_of(key), "")
    if said.startswith(_RELEASE) and datetime.fromisoformat(said.removeprefix(_RELEASE)) >= past.at.replace(
        microsecond=0
    ):
        return False
    return (_now(world, key) - past.seen).total_seconds() < CLEAN


def _mark(desired: Desired) -> str:
    return f"{desired.digest} {desired.content}"


def _now(world: World, key: Key) -> datetime:
    """The date of a reading; of an absence that has none, the latest of all."""
    seen = world.seen.get(key)
    if seen is not None and seen.at != NEVER:
        return seen.at
    return max((item.at for item in world.seen.values()), default=NEVER)
