"""What a manifest says no more and AWS has no way to take away: it stays, and that is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core import base
from reconciler.core.compare import remaining
from reconciler.core.drift import listed
from reconciler.core.ownership import is_ours
from reconciler.core.values import resolved
from reconciler.core.world import World
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import Key
from reconciler.model.plan import Change


def warnings(world: World, changes: Mapping[Key, Change]) -> Iterator[Problem]:
    """One for each resource that differs from what was in force by less than its manifest asks for."""
    for key, desired in world.desired.items():
        seen, kind, known = world.seen.get(key), world.kinds[key.kind], base.base_of(world, desired)
        if known is None or known.desired is None or known.equals(desired) or seen is None or not seen.present:
            continue
        if kind.fields.one_off or not is_ours(world.scope, desired, seen):
            continue
        spec = resolved(world, changes, desired)
        then = base.before(world, changes, desired, spec, lambda it: {})
        paths = remaining(kind, spec, seen, desired.policy, then) if then is not None else ()
        if paths:
            said = f"{listed(paths)} {'are' if len(paths) > 1 else 'is'} in the manifest no more"
            message = f"{said}, and AWS has no way to take that away: it stays as it is"
            hint = "say in the manifest what it should be, or take it away by hand"
            at = desired.document.at
            yield Problem("not-removed", message, at, key, "", hint, severity=Severity.WARNING, app=key.app)
