"""What people said of an app, brought to bear on its plan: pins, retries, suspension, and what is not known of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.core.references import references
from reconciler.core.world import World
from reconciler.model.desired import Desired
from reconciler.model.errors import AwsError, Denied, Problem, ReconcilerError, Severity
from reconciler.model.fields import Effect
from reconciler.model.key import Key
from reconciler.model.kind import Kind
from reconciler.model.plan import Action, Change
from reconciler.model.record import EVERY, Pin, Record, short


def name_of(key: Key) -> str:
    """What a record calls a resource: ``Service/web``."""
    return f"{key.kind}/{key.name}"


def pin_of(world: World, desired: Desired) -> Pin | None:
    """The pin that holds for a resource: set while the repository wanted what it wants now."""
    pin = world.record(desired.key.app).pins.get(name_of(desired.key))
    return pin if pin is not None and world.kinds[desired.key.kind].runs and _stands(pin, desired) else None


def _stands(pin: Pin, desired: Desired) -> bool:
    return pin.instead == short(desired.digest)


def was_synced(world: World, desired: Desired) -> bool:
    """Whether a resource was Ready once at just what the repository wants now."""
    return world.record(desired.key.app).synced.get(name_of(desired.key)) == short(desired.digest)


def pinned(world: World, kind: Kind, start: Change, pin: Pin) -> Change:
    """The start of a change to what is pinned; it waits for nothing that only the revision left out needed."""
    assert start.desired is not None
    linked = world.desired[start.key].spec
    gone = {reference.key for path, reference in references(linked) if path[0] == kind.runs}
    gone -= {reference.key for path, reference in references(linked) if path[0] != kind.runs}
    gone -= start.desired.needs_ready
    desired = replace(
        start.desired, spec={**start.spec, kind.runs: pin.revision}, needs=start.desired.needs - frozenset(gone)
    )
    waits_on = tuple(key for key in start.waits_on if key not in gone)
    return replace(start, desired=desired, waits_on=waits_on, synced=False)


def pin_words(pin: Pin) -> str:
    """``pinned to web:7 (commit 0123456789ab) by alice@laptop at …: why``"""
    commit = f" (commit {pin.commit[:12]})" if pin.commit else ""
    return f"pinned to {pin.revision.rpartition('/')[2]}{commit} {pin.said}"


def held_at_pin(world: World, wanted: Change, pin: Pin) -> Change:
    """The resource runs what is pinned: what the repository asks for beyond that is held."""
    fields = tuple(replace(field, cause=None) for field in wanted.fields)  # moved on purpose
    hold = replace(wanted, action=Action.HOLD, step=Action.HOLD, values={}, calls=(), waits_on=(), note="", waiting="")
    hold = replace(hold, fields=fields, cause=None, left=(), ignored=(), who="")
    health = world.health.get(wanted.key)
    if health is not None and not health.healthy and not health.stalled:
        return replace(hold, blocked=None, waiting=f"{pin_words(pin)}; {health.message}", doing="RollingBack")
    hint = f"commit a change, or go forward again with: reconciler retry {wanted.key.app}"
    return replace(hold, blocked=_problem(wanted, "Pinned", pin_words(pin), hint))


def released(world: World, kind: Kind, change: Change) -> bool:
    """Whether a person has released just what holds a resource."""
    held_by = kind.released(change.observed) if change.observed else None
    said = world.record(change.key.app).retried.get(name_of(change.key))
    return held_by is not None and held_by == said


def asked_to_move(world: World, kind: Kind, change: Change) -> bool:
    """Whether a person had what runs put where it is, by a pin, or has said that it may go forward again."""
    pin = world.record(change.key.app).pins.get(name_of(change.key))
    live = (change.observed.spec or {}).get(kind.runs) if change.observed and kind.runs else None
    return (pin is not None and pin.revision == live) or released(world, kind, change)


def withheld(world: World, made: Change) -> Change:
    """A change as far as people let it be made: not of a suspended app, nor while it is not known what they said."""
    app = made.key.app
    if app in world.suspended:
        said = world.record(app).suspended
        if said is not None:
            hint = f"let it go on with: reconciler resume {app}"
            return replace(made, blocked=_problem(made, "Suspended", f"the app {app} was suspended {said}", hint))
        hint = "its App manifest says suspend: true"
        return replace(made, blocked=_problem(made, "Suspended", f"the app {app} is suspended", hint))
    error = world.unheard_of(app)
    if error is None:
        return made
    message = f"it is not known whether somebody suspended or pinned it: {error.message}"
    if isinstance(error, AwsError) and error.retry:
        return replace(made, waiting=message, doing="ProgressingWithRetry")
    code = "AccessDenied" if isinstance(error, Denied) else "RecordUnreadable"
    return replace(made, blocked=_problem(made, code, message, error.hint))


def not_heard(app: str, error: ReconcilerError) -> Problem:
    """What a plan says of records that could not be read."""
    whose = "what people said of any app" if app == EVERY else f"what people said of the app {app}"
    message = f"{whose} is not known, nor whether it is suspended or pinned: {error.message}"
    code = "record-unreadable" if app else "records-not-read"
    return Problem(code, message, hint=error.hint, severity=Severity.WARNING, app=app or None)


def retried(record: Record, names: Mapping[str, str | None], unpin: Collection[str]) -> Record:
    """The record once what holds these resources (name → its id) is released and these pins are gone."""
    ids = {name: id for name, id in names.items() if id is not None}
    pins = {name: pin for name, pin in record.pins.items() if name not in unpin}
    return replace(record, pins=pins, retried={**record.retried, **ids})


def tidied(record: Record, desired: Mapping[Key, Desired], app: str) -> Record:
    """Without pins that a change of the repository has released and words on what is no longer declared."""
    digests = {name_of(key): item for key, item in desired.items() if key.app == app}
    pins = {name: pin for name, pin in record.pins.items() if name in digests and _stands(pin, digests[name])}
    return replace(record, pins=pins, retried={name: id for name, id in record.retried.items() if name in digests})


def rolls(change: Change) -> bool:
    """Whether a change starts new tasks in place of those that run."""
    return change.effect is not None and change.effect.severity >= Effect.ROLLS_TASKS.severity


def _problem(change: Change, code: str, message: str, hint: str) -> Problem:
    at = change.desired.document.at if change.desired else None
    return Problem(code, message, at, change.key, hint=hint, app=change.key.app)
