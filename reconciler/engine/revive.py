"""Taking back a deletion that is under way, because a person asks for it."""

from __future__ import annotations

from reconciler.engine.apply import Writer
from reconciler.model.desired import Document
from reconciler.model.errors import UsageError
from reconciler.model.key import Scope
from reconciler.model.kind import Kinds, Reader
from reconciler.model.observed import Wanted


def revive(read: Reader, write: Writer, scope: Scope, document: Document, kinds: Kinds) -> None:
    """Take back the deletion of a declared resource that is ours, or nobody's. Raises UsageError, AwsError."""
    key, kind = document.key, kinds[document.key.kind]
    if kind.external(document.spec):
        hint = "whoever keeps it restores it, or you do in the console"
        raise UsageError(f"{key} is only referred to here, and nothing of it is changed", hint=hint)
    [seen] = kind.observe(read, [Wanted(key, document.spec, scope.owner(key))])
    if seen.error is not None:
        raise seen.error
    calls = tuple(kind.revival(seen))
    if not calls:
        state = "is there, and not scheduled for deletion" if seen.present else "is not there any more"
        raise UsageError(f"{key} {state}: there is nothing to restore", hint="see: reconciler status")
    if seen.owner not in (None, scope.owner(key)):
        hint = "restore it in the console, if it is really meant"
        raise UsageError(f"{key} is scheduled for deletion and belongs to {seen.owner}", hint=hint)
    for call in calls:
        write.send(call)
