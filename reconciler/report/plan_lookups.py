"""What a plan rests on of what other tools own: names, sources and editions, and never a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.model.lookup import LookedUp
from reconciler.model.suggest import listing
from reconciler.report.cells import pad, safe, width

_COLUMN = 48
_USERS = 3


def lookup_lines(lookups: Iterable[LookedUp]) -> list[str]:
    """A line each: the name, where it was found and in which edition, and what uses it."""
    rows = [(safe(it.name), _found(it), listing(map(safe, map(str, it.used_by)), most=_USERS)) for it in lookups]
    column = max((width(name) for name, _, _ in rows if width(name) <= _COLUMN), default=0)
    return [f"{pad(name, column)}   {found}  for {users}" for name, found, users in rows]


def lookups_json(lookups: Iterable[LookedUp]) -> list[dict[str, Any]]:
    """``serial`` and ``lineage`` are a Terraform state's, ``version`` a parameter's, or when a stack last changed."""
    return [
        {
            "name": it.name,
            "source": it.source,
            "serial": it.edition.serial,
            "lineage": it.edition.lineage,
            "version": it.edition.version,
            "usedBy": [str(key) for key in it.used_by],
        }
        for it in lookups
    ]


def _found(it: LookedUp) -> str:
    edition = str(it.edition)
    if edition and it.edition.serial is None:
        edition = f"version {edition}" if edition.isdigit() else f"of {edition}"
    return safe(", ".join(filter(None, (it.source, edition))))
