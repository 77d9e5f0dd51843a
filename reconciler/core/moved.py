"""A tag that has moved in its registry: what runs changes although nothing in git has."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.desired import Desired
from reconciler.model.key import IMAGE
from reconciler.model.observed import Observed
from reconciler.model.plan import FieldChange


def moved(desired: Desired, seen: Observed, changes: Iterable[FieldChange]) -> str:
    """What to say where pinned images whose tags have moved are all that differs; nothing otherwise."""
    tags: dict[str, None] = {}
    for change in changes:
        name = change.path[-2] if len(change.path) > 1 else ""
        tag = desired.document.pinned.get(name)
        if tag is None or seen.tags.get(IMAGE + name) != tag or not _same_repository(change):
            return ""
        tags[tag] = None
    which = ", ".join(tags)
    return f"{which} {'have' if len(tags) > 1 else 'has'} moved in ECR: git is unchanged" if tags else ""


def _same_repository(change: FieldChange) -> bool:
    before, at, _ = str(change.before).partition("@sha256:")
    after, with_digest, _ = str(change.after).partition("@sha256:")
    return bool(at and with_digest) and before == after
