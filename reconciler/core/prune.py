"""What is ours and no longer declared: whether it goes, in which order, and when not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.world import World
from reconciler.model.errors import Problem, Severity
from reconciler.model.key import PRUNE, Key
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Change
from reconciler.model.policy import Policy, join

DEFAULT_LIMIT = "20%"


def deletions(world: World, changes: Mapping[Key, Change]) -> tuple[dict[Key, Change], list[Problem]]:
    """A deletion for each orphan that may go, each after whatever still uses it; and why the others stay."""
    allowed = join([world.asked, world.policy])
    going: dict[Key, Observed] = {}
    notes = []
    for key, seen in sorted(world.orphans.items()):
        why = _kept(world, seen, allowed)
        if why:
            notes.append(
                Problem(
                    "not-declared",
                    f"{key} is ours but no longer declared: {why}",
                    key=key,
                    hint="",
                    severity=Severity.NOTE,
                )
            )
        else:
            going[key] = seen
    refused = _over_limit(world, going, allowed)
    deleted = {key: _deletion(world, key, seen, going, changes, refused) for key, seen in going.items()}
    return deleted, notes


def in_use_by(seen: Observed, readings: Iterable[Observed]) -> tuple[Key, ...]:
    """The keys whose live specs still name a resource."""
    arns = {seen.arn, *seen.others}
    return tuple(sorted({other.key for other in readings if other.key != seen.key and arns & other.uses}))


def _kept(world: World, seen: Observed, allowed: Policy) -> str:
    kind = world.kinds[seen.key.kind]
    if seen.error is not None:
        return f"it could not be read ({seen.error.message})"
    if seen.status == "DRAINING":
        return ""
    if seen.key.app in world.suspended:
        return f"the app {seen.key.app} is suspended"
    if world.unheard_of(seen.key.app) is not None:
        return f"it is not known whether the app {seen.key.app} is suspended"
    said = seen.tags.get(PRUNE)
    if said == "false":
        return "its policy said prune: false"
    if kind.fields.kept and said != "true":
        return f"a {kind.name} is kept unless its own policy said prune: true"
    if world.policy.prune is False:
        return "the environment's policy says prune: false"
    if not allowed.prune:
        return "prune is off (allow it with policy.prune: true, or ask with --prune)"
    if not world.complete:
        return "the repository or the inventory could not be read completely"
    return ""


def _over_limit(world: World, going: Mapping[Key, Observed], allowed: Policy) -> str:
    """Why so many deletions are refused at once; empty when they are few enough."""
    limit = allowed.deletion_limit if allowed.deletion_limit is not None else DEFAULT_LIMIT
    owned = max(len(world.desired), world.declared) + len(world.orphans)
    most = limit if isinstance(limit, int) else _share(limit, owned)
    count = sum(seen.present for seen in going.values())
    if count <= most:
        return ""
    return f"{count} of {owned} resources would be deleted; the deletionLimit is {limit} ({most})"


def _share(limit: str, owned: int) -> int:
    """A percentage of what is owned, at least one of it; of nothing, nothing."""
    percent = int(limit.removesuffix("%"))
    return max(1, owned * percent // 100) if percent else 0


def _deletion(
    world: World,
    key: Key,
    seen: Observed,
    going: Mapping[Key, Observed],
    changes: Mapping[Key, Change],
    refused: str,
) -> Change:
    blocked = None
    if refused:
        blocked = Problem("PruneGuard", refused, key=key, hint="raise policy.deletionLimit, or delete in steps")
    if not seen.present:
        return Change(key, Action.DELETE, Action.DELETE, observed=seen, waiting="it is draining")
    users = in_use_by(seen, [*world.seen.values(), *world.leftovers.values(), *world.orphans.values()])
    if blocked is None and (stuck := [user for user in users if user not in changes and user not in going]):
        # what uses it has no change of its own, so it goes on using it
        message = f"still in use by {', '.join(map(str, stuck))}"
        blocked = Problem("PruneGuard", message, key=key, hint="change or prune what uses it first")
    change = Change(key, Action.DELETE, Action.DELETE, observed=seen, waits_on=users, blocked=blocked)
    return replace(change, calls=tuple(world.kinds[key.kind].calls(change)))
