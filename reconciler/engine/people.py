"""What a person says of an app: suspend, resume, retry, approve. Written to its record; no lease is needed for that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from string import hexdigits

from reconciler.core.agreed import AWAITING_APPROVAL
from reconciler.core.approval import LEAST
from reconciler.core.drift import drifted_fields, released, words
from reconciler.core.said import name_of, retried, tidied
from reconciler.engine.apply import Target
from reconciler.engine.lookup import Wish
from reconciler.engine.reconcile import reconcile
from reconciler.model.errors import Problem, Severity, StalePlan, UsageError
from reconciler.model.key import Key, Scope
from reconciler.model.observed import NEVER
from reconciler.model.plan import Change, Plan
from reconciler.model.record import EVERY, NO_RECORD, Approval, Book, Record, Records, Said, Terms, short
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

    def read(self, scope: Scope, apps: Collection[str] | None = None) -> Book:
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


@dataclass(frozen=True)
class Proposal:
    """What there is to approve of an app.

    ``plan`` is what is to be done to the app, ``terms`` what stands for that: None when nothing is, or when nobody has
    to agree to it. ``before`` is what was approved and still holds; ``covered``: that is all of it.
    """

    app: str
    plan: Plan
    terms: Terms | None
    before: Approval | None
    covered: bool


def propose(target: Target, wish: Wish, app: str) -> Proposal:
    """Plan, to see what there is to approve of an app; nothing is written. Raises AwsError."""
    assert target.records is not None
    record, _ = record_of(target.records, target.scope, app)
    planned = reconcile(replace(target, write=None), wish, Memory()).plan
    mine = tuple(change for change in planned.changes if change.key.app == app)
    unchanged = tuple(key for key in planned.unchanged if key.app == app)
    plan = replace(planned, changes=mine, unchanged=unchanged, warnings=_about(planned, app))
    terms = planned.terms.get(app) if app in wish.approve or EVERY in wish.approve else None
    waits = any(change.blocked is not None and change.blocked.code == AWAITING_APPROVAL for change in mine)
    before = record.approved if record.agreed is not None else None
    return Proposal(app, plan, terms, before, before is not None and terms is not None and not waits)


def approve(target: Target, proposal: Proposal, said: Said, digest: str | None = None) -> Approval | None:
    """Agree to what was proposed; None when there is nothing to agree to.

    ``digest``, or a beginning of it, is what a person has in mind: StalePlan where it is another plan's, UsageError
    where it is too short to tell. What holds already is not said again.
    """
    assert target.records is not None
    before = proposal.before
    if digest is not None and (len(digest) < LEAST or set(digest) - set(hexdigits.lower())):
        hint = f"it is shown by: reconciler plan {proposal.app}, at least {LEAST} digits of it"
        raise UsageError(f"'{digest[:80]}' is not the digest of a plan", hint=hint)
    if proposal.covered and before is not None and (digest is None or before.terms.digest.startswith(digest)):
        return before
    if proposal.terms is None:
        return None
    now = proposal.terms.digest
    if digest is not None and not now.startswith(digest):
        hint = f"look at it with: reconciler plan {proposal.app}; then: reconciler approve {proposal.app} {short(now)}"
        raise StalePlan(f"{digest} is not the plan of the app {proposal.app}: that is {short(now)}", hint=hint)
    record, _ = record_of(target.records, target.scope, proposal.app)
    given = Approval(proposal.terms, said)
    target.records.said(target.scope, proposal.app, replace(record, approved=given))
    return given


def _about(plan: Plan, app: str) -> tuple[Problem, ...]:
    """The warnings that are about an app, or about all."""
    return tuple(it for it in plan.warnings if (it.app or (it.key.app if it.key else app)) == app)


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
