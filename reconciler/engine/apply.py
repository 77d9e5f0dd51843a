"""Making the calls that are ready, and letting their answers stand for a reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Protocol

from reconciler.core.drift import drifted_fields
from reconciler.core.said import rolls
from reconciler.core.world import World
from reconciler.engine.observe import judged
from reconciler.engine.remembering import Remembering
from reconciler.model.desired import Desired
from reconciler.model.errors import AwsError, Conflict, OutcomeUnknown
from reconciler.model.key import Key, Scope
from reconciler.model.kind import Answer, Reader
from reconciler.model.observed import NEVER, Observed
from reconciler.model.plan import Action, Call, Change, Preflight
from reconciler.model.policy import Policy
from reconciler.model.record import Records
from reconciler.model.status import Answered, Memory, Restart


class Writer(Protocol):
    """Sends one mutating call once. Operations are ``service:Operation``."""

    def send(self, call: Call) -> Answer:
        """The answer; AwsError when there is none."""
        ...


Made = Callable[[Change, Call], None]
"""Told of each call that was made, for whoever shows progress."""


@dataclass(frozen=True)
class Target:
    """Where a tick works: whose resources, through which Reader and Writer. Without a Writer it only plans.

    ``records`` is where it is kept what people said; None: nobody is asked. ``asked`` is what the person at the command
    line allows, ``restart`` what is to begin anew once. ``to_write``: what is planned is meant to be made.
    ``preflight`` says how much is looked at before a write, ``anytime`` that windows do not matter. ``base`` gives what
    an app wanted at a commit (None: nobody knows any more), ``who`` who last changed something in AWS and when (``alice
    at 10:03 UTC``; empty: not known). ``unattended``: nobody asked for this tick, so ``policy.drift`` says what becomes
    of what somebody changed. ``made`` is told of each call; when ``stop`` says so, no further call is made.
    ``remembering``: what was read before and need not be read again, where there is a next tick.
    """

    scope: Scope
    read: Reader
    write: Writer | None = None
    asked: Policy = field(default_factory=Policy)
    records: Records | None = None
    restart: frozenset[Key] = frozenset()
    to_write: bool = False
    preflight: Preflight = Preflight.CHANGES
    anytime: bool = False
    base: Callable[[str, str], Mapping[Key, Desired] | None] = lambda app, commit: None
    who: Callable[[Key], str] = lambda key: ""
    unattended: bool = False
    made: Made = lambda change, call: None
    stop: Callable[[], bool] = lambda: False
    remembering: Remembering | None = None


@dataclass
class Tick:
    """What one tick has done so far.

    ``failed`` keys are not tried again in this tick; of ``unknown`` ones a write got no answer, so they are read first.
    ``written`` keys were changed, ``rolled`` ones so that tasks are replaced, ``considered`` ones given a second look,
    ``remembered`` ones not read but recalled; ``healed`` are the paths of what was corrected.
    """

    memory: Memory
    calls: set[str] = field(default_factory=set)
    failed: dict[Key, AwsError] = field(default_factory=dict)
    unknown: set[Key] = field(default_factory=set)
    written: set[Key] = field(default_factory=set)
    rolled: set[Key] = field(default_factory=set)
    considered: set[Key] = field(default_factory=set)
    remembered: set[Key] = field(default_factory=set)
    healed: dict[Key, tuple[str, ...]] = field(default_factory=dict)


def apply(write: Writer, world: World, changes: Iterable[Change], tick: Tick, target: Target) -> World:
    """Make each change's calls up to its first that is not known yet. A change that fails holds back only itself."""
    for change in changes:
        answers: list[Answer] = []
        for call in change.calls:
            if not call.ready or target.stop():
                break
            tick.calls.add(_name(change, call))
            try:
                answers.append(write.send(call))
            except OutcomeUnknown as error:
                tick.failed[change.key] = error
                tick.unknown.add(change.key)
                _began(world, change, [*change.calls[: len(answers)], call], tick, target)
                break
            except AwsError as error:
                made = _made_before(world, change, error)
                if made is None:
                    tick.failed[change.key] = error
                    break
                _remember(tick, change.key, change.observed, made)
                world, answers = replace(world, seen={**world.seen, change.key: made}), []
                break
            tick.written.add(change.key)
            if paths := drifted_fields(change):
                tick.healed[change.key] = paths
            if rolls(change):
                tick.rolled.add(change.key)
            target.made(change, call)
        if answers and len(answers) == sum(1 for _ in takewhile(lambda call: call.ready, change.calls)):
            world = _answered(world, change, answers, tick)
            _began(world, change, change.calls[: len(answers)], tick, target)
        elif answers:  # half of it is done: how it stands now is read
            tick.unknown.add(change.key)
    return judged(world)


def untried(changes: Iterable[Change], tick: Tick) -> tuple[Change, ...]:
    """Those of which no call has been made in this tick: it makes no planned call twice."""
    return tuple(
        change
        for change in changes
        if change.key not in tick.failed
        and not any(_name(change, call) in tick.calls for call in change.calls if call.ready)
    )


def _name(change: Change, call: Call) -> str:
    return f"{change.key} {call!r}"


def _began(world: World, change: Change, made: Sequence[Call], tick: Tick, target: Target) -> None:
    """Remember a restart, so that it is made once and its own deployment is waited for."""
    kind = world.kinds[change.key.kind]
    forced = any(call.params.items() >= kind.restarting.items() for call in made)
    if change.key not in target.restart or not (forced or change.step is Action.CREATE):
        return
    before = kind.deployment(change.observed) if change.observed else None
    seen = None if change.key in tick.unknown else world.seen.get(change.key)
    at = max(seen.at if seen else NEVER, change.observed.at if change.observed else NEVER)
    begun = Restart(before, kind.deployment(seen) if seen else None, at)
    tick.memory = replace(tick.memory, restarts={**tick.memory.restarts, change.key: begun})


def _answered(world: World, change: Change, answers: list[Answer], tick: Tick) -> World:
    """The world with the answers in the place of a reading, and the memory of what was there before."""
    kind = world.kinds[change.key.kind]
    before = change.observed
    now = kind.after(change, answers)
    if change.step is Action.DELETE and before is not None:
        now = replace(now, carry=kind.carry(before))
    if before is not None and before is world.superseded.get(change.key):
        return replace(world, superseded={**world.superseded, change.key: now})
    if change.step is Action.DELETE and change.old is not None and before is change.old:
        return replace(world, leftovers={**world.leftovers, change.key: now})
    _remember(tick, change.key, before, now)
    if change.desired is None:
        left = {key: seen for key, seen in world.orphans.items() if key != change.key}
        return replace(world, orphans={**left, change.key: now} if now.status == "DRAINING" else left)
    return replace(world, seen={**world.seen, change.key: now})


def _made_before(world: World, change: Change, error: AwsError) -> Observed | None:
    """What is there, when a refusal says that an earlier process made the call."""
    kind = world.kinds[change.key.kind]
    return kind.conflict(change, error) if isinstance(error, Conflict) else None


def _remember(tick: Tick, key: Key, before: Observed | None, now: Observed) -> None:
    known = tick.memory.answers.get(key)
    earlier = (*known.before, known.now) if known else ()
    answers = {**tick.memory.answers, key: Answered(now, (*earlier, before))}
    tick.memory = replace(tick.memory, answers=answers)
