"""What a person says of an app: suspend, resume, retry. Written to the app's record; no lease is needed for that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.core.drift import drifted_fields, released, words
from reconciler.core.said import name_of, retried, tidied
from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.reconcile import reconcile
from reconciler.model.errors import Severity, UsageError
from reconciler.model.key import Key, Scope
from reconciler.model.observed import NEVER
from reconciler.model.plan import Change
from reconciler.model.record import EVERY, NO_RECORD, Book, Record, Records, Said
from reconciler.model.status import Memory
from reconciler.model.suggest import did_you_mean

DONE = "done"
"""Said of a run of which nobody can know how it ended, by a person who has looked."""


@dataclass(frozen=True, slots=True)
class Released:
    """A resource that was held, and by what."""

    key: Key
    what: str


@dataclass(frozen=True)
class Given:
    """Records as they would be; what is written is not kept."""

    book: Book

    def read(self, scope: Scope) -> Book:
        return self.book

    def said(self, scope: Scope, app: str, record: Record) -> None:
        """Nothing: this is only looked at."""

    def synced(self, scope: Scope, app: str, record: Record) -> None:
        """Nothing: this is only looked at."""


def record_of(records: Records, scope: Scope, app: str) -> tuple[Record, Book]:
    """An app's record, and all of them. Raises what it is not known by."""
    book = records.read(scope)
    error = book.unheard.get(app) or book.unheard.get(EVERY)
    if error is not None:
        raise error
    return book.records.get(app, NO_RECORD), book


def suspend(records: Records, scope: Scope, app: str, said: Said, *, instead: bool = True) -> Said | None:
    """Suspend an app; who had before, when somebody had: ``instead`` of their word this one holds."""
    record, _ = record_of(records, scope, app)
    if record.suspended is None or instead:
        records.said(scope, app, replace(record, suspended=said))
    return record.suspended


def resume(records: Records, scope: Scope, app: str) -> Said | None:
    """Let an app go on; who had suspended it, None when nobody had: then nothing is written."""
    record, _ = record_of(records, scope, app)
    if record.suspended is not None:
        records.said(scope, app, replace(record, suspended=None))
    return record.suspended


def retry(target: Target, wish: Wish, app: str, names: Collection[str], *, done: bool = False) -> list[Released]:
    """Release what is held of an app, or of some of its resources: pins and failures. ``done``: the runs ended well.

    Raises UsageError for a name that is not declared, and AwsError.
    """
    assert target.records is not None
    _known(wish, app, names, done=done)
    record, book = record_of(target.records, target.scope, app)
    record = tidied(record, wish.desired, app)
    unpin = {name for name in record.pins if not names or name in names}
    free = retried(record, {}, unpin)
    looked = replace(target, write=None, records=Given(replace(book, records={**book.records, app: free})))
    planned = reconcile(looked, wish, Memory()).plan
    held: dict[str, tuple[Change, str]] = {}
    for change in planned.changes:
        id = _held_by(wish, change, named=name_of(change.key) in names)
        if id is not None and change.key.app == app and (not names or name_of(change.key) in names):
            held[name_of(change.key)] = change, id
    # bound to the run that is meant: a later run of the same job is not done because of it
    after = retried(free, {name: f"{id} {DONE}" if done else id for name, (_, id) in held.items()}, ())
    if after != record:
        target.records.said(target.scope, app, after)
    found = [Released(_key(app, name), f"its pin to {record.pins[name].revision.rpartition('/')[2]}") for name in unpin]
    if done:
        return found + [Released(it.key, "its run counts as done") for it, _ in held.values()]
    return found + [Released(it.key, _why(wish, it)) for it, _ in held.values() if not _is_pin(wish, it, unpin)]


def _held_by(wish: Wish, change: Change, *, named: bool) -> str | None:
    """The id of what holds a change; what passes by itself is only released by name."""
    if change.observed is None or change.observed.error is not None:
        return None
    kind = wish.kinds[change.key.kind]
    finding = kind.hold(change)
    if finding is None and drifted_fields(change) and change.observed.at != NEVER:
        return released(change.observed.at)
    if finding is None and (kind.runs or change.blocked is None):
        return None
    if finding is not None and finding.severity is Severity.NOTE and not named:
        return None
    return kind.released(change.observed)


def _why(wish: Wish, change: Change) -> str:
    finding = wish.kinds[change.key.kind].hold(change)
    if finding is None and (paths := drifted_fields(change)):
        return f"what stopped corrections: {words(change, paths)}"
    return finding.message if finding else change.blocked.message if change.blocked else "what held it"


def _is_pin(wish: Wish, change: Change, unpin: Collection[str]) -> bool:
    """Whether what holds a change is the very pin that is lifted: its own rollback is no failure besides."""
    finding = wish.kinds[change.key.kind].hold(change)
    return finding is not None and finding.code == "Pinned" and name_of(change.key) in unpin


def _key(app: str, name: str) -> Key:
    return Key.parse(f"{app}/{name}")


def _known(wish: Wish, app: str, names: Collection[str], *, done: bool) -> None:
    declared = {name_of(key): key for key in wish.desired if key.app == app}
    for name in names:
        if name not in declared:
            hint = did_you_mean(name, declared, otherwise="say Kind/name, as in the manifests")
            raise UsageError(f"there is no {name} in the app {app}", hint=hint)
        if done and wish.kinds[declared[name].kind].runs:
            raise UsageError(f"{name} has no run that could be done", hint="leave out --done: it is for jobs")
    if done and not names:
        raise UsageError("--done has to be said of a job by name", hint=f"reconciler retry {app} Job/NAME --done")
