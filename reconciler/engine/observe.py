"""What is read, in which order: first what has an address, then what only live specs lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from reconciler.core.references import references, resolve
from reconciler.core.rotation import in_question
from reconciler.core.world import World
from reconciler.engine.hear import NOTHING_HEARD, Heard
from reconciler.engine.inventory import matching, read_inventory, telling
from reconciler.engine.lookup import Wish
from reconciler.engine.remembering import Remembering
from reconciler.kinds import OUTSIDE
from reconciler.model.canonical import canonical
from reconciler.model.desired import Reference
from reconciler.model.key import Key, Scope
from reconciler.model.kind import Kind, Kinds, Reader
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.plan import Preflight
from reconciler.model.policy import Policy
from reconciler.model.record import NO_RECORD
from reconciler.model.status import Answered, Memory
from reconciler.model.tree import Pending, get_path, pending_after

PATIENCE = 300.0
"""Seconds for which a reading that shows what was before our write is taken for an old one. Source: the ECS API
reference on eventual consistency (up to about five minutes)."""


def observe(
    read: Reader,
    scope: Scope,
    wish: Wish,
    memory: Memory,
    asked: Policy,
    heard: Heard = NOTHING_HEARD,
    preflight: Preflight = Preflight.CHANGES,
    remembering: Remembering | None = None,
    *,
    anytime: bool = False,
) -> World:
    """Read everything a plan needs; ``heard`` is what people said, ``anytime`` that windows do not matter. What is
    declared may be remembered."""
    first = read if remembering is None else remembering
    inventory = read_inventory(first, scope, wish.kinds)
    world = World(
        scope,
        wish.commit,
        wish.kinds,
        wish.desired,
        invalid=wish.invalid,
        externals=tuple(item for item in wish.externals if any(key in wish.desired for key, _ in item.named_by)),
        preflight=preflight,
        beyond=OUTSIDE,
        inventory=inventory,
        apps=wish.apps,
        suspended=wish.suspended | heard.suspended,
        records=heard.book.records,
        unheard=heard.book.unheard,
        notes=heard.notes,
        asked=asked,
        policy=wish.environment.policy,
        lookups=wish.lookups,
        declared=wish.declared,
        windows=wish.windows,
        approve=wish.approve,
        anytime=anytime,
        begun=frozenset(key for key, answered in memory.answers.items() if _taken_away(answered)),
        complete=wish.complete and inventory.complete,
    )
    world = _dated(read, _closer(read, further(first, _with_latest(read, world), memory)))
    return judged(_with_orphans(read, _with_leftovers(read, world), memory))


def further(read: Reader, world: World, memory: Memory) -> World:
    """Read what has become addressable, until nothing more does.

    Versioned things come last of each round: which revision counts is asked of the live specs that name one.
    """
    while wanted := _addressable(world):
        world = replace(world, seen={**world.seen, **_read(read, world.kinds, wanted, memory)})
    left = {key: old for key, old in world.leftovers.items() if not _in_place(world, key, old)}
    return judged(replace(world, leftovers=left))


def _closer(read: Reader, world: World) -> World:
    """With what is asked only of what is not at rest."""
    seen = dict(world.seen)
    for name, kind in world.kinds.items():
        readings = [item for key, item in seen.items() if key.kind == name and item.error is None]
        seen |= {item.key: item for item in kind.closer_look(read, readings, world.policy_of)} if readings else {}
    return replace(world, seen=seen)


def _dated(read: Reader, world: World) -> World:
    """With the exact time of each value that may have changed since tasks were started with it."""
    asked, seen = in_question(world), dict(world.seen)
    for name, kind in world.kinds.items():
        readings = [item for item in asked if item.key.kind == name]
        seen |= {item.key: item for item in kind.dated(read, readings)} if readings else {}
    return replace(world, seen=seen)


def judged(world: World) -> World:
    """With the verdict on each reading."""
    health = {
        key: world.kinds[key.kind].health(seen, world.policy_of(key))
        for key, seen in (*world.seen.items(), *world.orphans.items())
        if seen.error is None and (seen.present or seen.status != "ACTIVE")
    }
    return replace(world, health=health)


def reread(read: Reader, world: World, keys: frozenset[Key], memory: Memory) -> World:
    """Forget what is known of some keys and read them again: their last write got no answer."""
    seen = {key: value for key, value in world.seen.items() if key not in keys}
    inventory = read_inventory(read, world.scope, world.kinds)
    return further(read, replace(world, seen=seen, inventory=inventory), memory)


def settle(reading: Observed, answered: Answered | None, kinds: Kinds) -> Observed:
    """A reading, or our own answer where the reading shows what was before our write."""
    if answered is None or reading.error is not None:
        return reading
    if reading.at == NEVER:  # an absence told by an error, which has no date: there is nothing to be patient by
        return replace(reading, carry=answered.now.carry)
    now = answered.now
    reading = kinds[reading.key.kind].recalled(reading, now)
    if reading.changed and now.changed and reading.changed > now.changed:  # it has moved on since: ECS rolled it back
        return reading
    old = any(_same(reading, before, kinds) for before in answered.before)
    if old and not _same(reading, now, kinds) and (reading.at - now.at).total_seconds() < PATIENCE:
        return replace(now, at=max(reading.at, now.at))
    return replace(reading, carry=now.carry) if not reading.present and now.carry else reading


def _taken_away(answered: Answered) -> bool:
    """Whether the last that we did to a resource was to delete it."""
    before = answered.before[-1] if answered.before else None
    return before is not None and before.present and not answered.now.present


def _same(one: Observed, other: Observed | None, kinds: Kinds) -> bool:
    """Whether two readings show the same state of the same incarnation."""
    if other is None or one.present != other.present or one.status != other.status or one.arn != other.arn:
        return False
    fields = kinds[one.key.kind].fields
    return one.tags == other.tags and canonical(fields, one.spec or {}) == canonical(fields, other.spec or {})


def _read(reader: Reader, kinds: Kinds, wanted: list[Wanted], memory: Memory) -> dict[Key, Observed]:
    found: dict[Key, Observed] = {}
    for name in kinds:
        wants = [want for want in wanted if want.key.kind == name]
        for seen in kinds[name].observe(reader, wants) if wants else ():
            found[seen.key] = settle(seen, memory.answers.get(seen.key), kinds)
    return found


def _addressable(world: World) -> list[Wanted]:
    """What can be read now and has not been: unversioned things before versioned ones."""
    todo = [key for key in world.desired if key not in world.seen]
    wanted = [want for key in todo if (want := _wanted(world, key)) is not None]
    return [want for want in wanted if not world.kinds[want.key.kind].fields.versioned] or wanted


def _wanted(world: World, key: Key) -> Wanted | None:
    desired, kind = world.desired[key], world.kinds[key.kind]
    spec = resolve(desired.spec, partial(_live_value, world))
    if kind.address(spec) is None:
        return None
    owned = world.inventory.items.get(key, ())
    return Wanted(
        key,
        spec,
        world.scope.owner(key),
        desired.digest,
        tuple(item.arn for item in owned),
        telling(owned, key.name, desired.digest) if kind.fields.one_off else matching(owned, desired.digest),
        tuple(_in_use(world, key)) if kind.fields.versioned else (),
        keeps_live=bool(desired.policy.ignore),
        released=world.records.get(key.app, NO_RECORD).retried.get(f"{key.kind}/{key.name}", ""),
    )


def _address(world: World, key: Key) -> str | None:
    """Where a declared resource is, or would be; None while that is not known: then all it has is elsewhere."""
    spec = resolve(world.desired[key].spec, partial(_live_value, world))
    return world.kinds[key.kind].address(spec)


def _in_place(world: World, key: Key, old: Observed) -> bool:
    return old.arn is not None and _located_at(world.kinds[key.kind], old.arn, _address(world, key))


def _located_at(kind: Kind, arn: str, address: str | None) -> bool:
    """Whether an ARN is that of an address; some ARNs hide a part of it."""
    return address is not None and kind.located(arn) in (address, kind.located(address))


def _live_value(world: World, reference: Reference) -> str | Pending:
    seen = world.seen.get(reference.key)
    if seen is None or not seen.present:
        return pending_after(reference.key)
    return world.kinds[reference.key.kind].reference(seen, reference.part) or pending_after(reference.key)


def _in_use(world: World, key: Key) -> Iterator[str]:
    """The ARNs that live specs name where the repository refers to a key."""
    for other in world.users.get(key, ()):
        seen = world.seen.get(other)
        for path, reference in references(world.desired[other].spec):
            value = get_path(seen.spec or {}, path) if seen else None
            if reference.key == key and isinstance(value, str):
                yield value


def with_outside(read: Reader, world: World, names: Iterable[tuple[str, str]]) -> World:
    """The world with the readings of some things outside the repository, by kind and address."""
    wanted = [Wanted(Key("", kind, address), None, owned=(address,)) for kind, address in names]
    nothing = {(want.key.kind, want.key.name): Observed(want.key, NEVER) for want in wanted}
    found = {(key.kind, key.name): seen for key, seen in _read(read, world.every_kind, wanted, Memory()).items()}
    return replace(world, outside={**world.outside, **nothing, **found})


def _with_latest(read: Reader, world: World) -> World:
    """With the revisions outside that specs name: a family without one stands for its latest, which has to be known
    to tell whether anything differs. Whatever else specs name is looked at when it is about to be needed."""
    versioned = [item for item in world.externals if world.every_kind[item.kind].fields.versioned]
    return with_outside(read, world, [(item.kind, item.address) for item in versioned])


def _with_leftovers(read: Reader, world: World) -> World:
    """What declared resources still have under another AWS name."""
    wanted = []
    for key, desired in world.desired.items():
        kind, former = world.kinds[key.kind], desired.document.formerly
        if kind.fields.one_off:
            continue
        address = _address(world, key)
        for owner in (key, former):
            arns = world.inventory.arns(owner) if owner else ()
            elsewhere = tuple(arn for arn in arns if not _located_at(kind, arn, address))
            if elsewhere and owner and not desired.external:
                wanted.append(Wanted(key, None, world.scope.owner(owner), owned=elsewhere))
    return replace(world, leftovers=_of_ours(wanted, _read(read, world.kinds, wanted, Memory())))


def _with_orphans(read: Reader, world: World, memory: Memory) -> World:
    """What is ours and no manifest declares any more, of the apps in scope."""
    former = {item.document.formerly for item in world.desired.values()}
    known = world.desired.keys() | world.invalid | former
    gone = {key for key in world.inventory.items if key not in known}
    gone |= {key for key, item in memory.answers.items() if key not in known and item.now.status == "DRAINING"}
    wanted = []
    for key in sorted(gone):
        answered = memory.answers.get(key)
        arns = world.inventory.arns(key) or ((answered.now.arn,) if answered and answered.now.arn else ())
        if arns and world.covers(key.app) and not world.kinds[key.kind].fields.one_off:
            wanted.append(Wanted(key, None, world.scope.owner(key), owned=arns))
    return replace(world, orphans=_of_ours(wanted, _read(read, world.kinds, wanted, memory)))


def _of_ours(wanted: Iterable[Wanted], found: Mapping[Key, Observed]) -> dict[Key, Observed]:
    """Those that by their own reading are there and still this key's: the inventory lags and shows ghosts."""
    owners: dict[Key, set[str]] = {}
    for want in wanted:
        owners.setdefault(want.key, set()).add(want.owner)
    return {
        key: seen
        for key, seen in found.items()
        if seen.error is not None or seen.status == "DRAINING" or seen.owner in owners[key]
    }
