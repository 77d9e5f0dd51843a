"""What people said, read at the beginning of a tick, and what was synced, written down at its end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from reconciler.core.approval import spent
from reconciler.core.said import not_heard
from reconciler.core.synced import to_record
from reconciler.core.world import World
from reconciler.engine.lookup import Wish
from reconciler.model.errors import AwsError, LeaseHeld, Problem, Severity
from reconciler.model.key import Key, Scope
from reconciler.model.plan import Plan
from reconciler.model.record import EVERY, Book, Records
from reconciler.model.status import Status


@dataclass(frozen=True)
class Heard:
    """The records, the apps people have suspended, and what to tell of records that could not be read."""

    book: Book = field(default_factory=Book)
    suspended: frozenset[str] = frozenset()
    notes: tuple[Problem, ...] = ()


NOTHING_HEARD = Heard()


def hear(records: Records | None, scope: Scope, wish: Wish, *, writing: bool, often: bool = False) -> Heard:
    """Read the records. Where nothing is going to be written, not being able to is told, and holds nothing back.

    ``often``: there will be many ticks, so of a tick for some apps only theirs are asked for.
    """
    if records is None:
        return NOTHING_HEARD
    few = often and wish.apps is not None
    book = records.read(scope, {key.app for key in wish.desired} | (wish.apps or set()) if few else None)
    mine = {app: error for app, error in book.unheard.items() if app == EVERY or wish.apps is None or app in wish.apps}
    notes = tuple(not_heard(app, error) for app, error in mine.items())
    if not writing:
        book = replace(book, unheard={app: error for app, error in book.unheard.items() if app != EVERY})
    suspended = frozenset(app for app, record in book.records.items() if record.suspended)
    return Heard(book, suspended, notes)


def write_down(
    records: Records, world: World, plan: Plan, status: Status, rolled: Collection[Key], written: Collection[Key] = ()
) -> tuple[Problem, ...]:
    """Record what was synced and which approval is used up, where that has changed. That it could not be written is
    told, and ends nothing. Where somebody else is the writer, it is theirs to record.
    """
    notes = []
    used, synced = spent(world, plan, status), to_record(world, plan, status, rolled, written)
    for app in dict.fromkeys([*synced, *used]):
        known = world.record(app)
        record = replace(synced.get(app, known), spent=used.get(app, known.spent))
        try:
            records.synced(world.scope, app, record)
        except LeaseHeld:
            break
        except AwsError as error:
            message = f"what was synced of the app {app} could not be recorded: {error.message}"
            hint = error.hint or "a rollback in the console is not recognised until it is"
            notes.append(Problem("not-recorded", message, hint=hint, severity=Severity.WARNING, app=app))
    return tuple(notes)
