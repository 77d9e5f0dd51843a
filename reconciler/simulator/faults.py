"""What goes wrong on purpose: the face of the fault engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypedDict, Unpack

from .buckets import Bucket, Group, known
from .engine import Engine, Plan
from .fault import Arrival, Fault, Kind, When
from .refusals import denied, throttled

How = Literal["closed", "timeout", "500", "503", "throttled"]
Hook = Callable[[], object]


class Where(TypedDict, total=False):
    """Which calls a fault meets; see Fault. ``times`` and ``page`` of None: no end, any."""

    service: str
    calls: Kind
    resource: str
    page: int | None
    on: int
    times: int | None
    odds: float
    until: float | None


class Faults:
    """Off by default. Operations are names or patterns (``Describe*``), services signing names (``ecs``, ``logs``)."""

    def __init__(self, seed: int = 0, standing: Iterable[Fault] = ()) -> None:
        self._seed, self._standing = seed, tuple(standing)
        self.on_change: Callable[[], None] = lambda: None
        """Called when something has been armed: what old reads need is remembered from then on."""
        self.clear()

    def clear(self) -> None:
        """From here on nothing goes wrong but what settings ask for; counting starts again."""
        self.engine = Engine(self._seed)
        self.latency: float = 0.0
        """Virtual seconds that pass before every call."""
        self._hooks: dict[int, list[Hook]] = {}
        for fault in self._standing:
            self.add(fault)

    # Plans.

    @property
    def plan(self) -> str:
        """All that is armed, as one line; ``load`` takes it back."""
        return str(self.engine.plan())

    @property
    def happened(self) -> str:
        """What has struck since the last ``clear``, by the number of the call: a plan that repeats just that."""
        return str(self.engine.replay())

    def load(self, plan: str) -> None:
        """Arm what a line says, and nothing else."""
        taken = Plan.read(plan)
        self.clear()
        self.engine = Engine(taken.seed)
        for fault in taken.faults:
            self.add(fault)
        self.engine.buckets = [Bucket(group) for group in taken.groups]

    def seed(self, seed: int) -> None:
        """The lots of ``odds`` are drawn from this."""
        self._seed = self.engine.seed = seed

    def add(self, fault: Fault) -> None:
        """Arm a fault; calls count from here on."""
        self.engine.add(fault)
        self.on_change()

    # Calls that fail.

    def fail(self, operation: str = "*", *, how: How = "closed", when: When = "before", **where: Unpack[Where]) -> None:
        """Fail the ``on``-th matching call from now: before its effect, or after it (a lost answer)."""
        self.add(Fault(what=how, when=when, operation=operation, **where))

    def crash(self, operation: str = "*", *, when: When = "before", **where: Unpack[Where]) -> None:
        """Kill the caller before or after the effect of the ``on``-th matching call."""
        self.add(Fault(what="crash", when=when, operation=operation, **where))

    def duplicate(self, operation: str = "*", *, answer: int = 1, **where: Unpack[Where]) -> None:
        """The effect happens twice; the caller sees the first or the second ``answer``."""
        where.setdefault("calls", "write")
        self.add(Fault(what="duplicate", amount=0 if answer == 1 else answer, operation=operation, **where))

    def slow(self, seconds: float, operation: str = "*", *, when: When = "before", **where: Unpack[Where]) -> None:
        """Virtual seconds pass before or after the effect; every matching call unless ``times`` is given."""
        where.setdefault("times", None)
        self.add(Fault(what="latency", amount=seconds, when=when, operation=operation, **where))

    def quote(self, operation: str = "*", *, spelling: int = 0, **where: Unpack[Where]) -> None:
        """The request is refused by a text that repeats its values; ``spelling`` is a place in ``SPELLINGS``."""
        self.add(Fault(what="quoted", amount=spelling, operation=operation, **where))

    def cut(self, operation: str = "*", **where: Unpack[Where]) -> None:
        """The body of the answer breaks off in its middle; the call has had its effect."""
        self.add(Fault(what="cut", operation=operation, **where))

    def truncate(self, operation: str = "*", **where: Unpack[Where]) -> None:
        """A page of a listing, the first unless ``page`` is given, says that it is the last."""
        where.setdefault("page", 1)
        self.add(Fault(what="truncated", operation=operation, **where))

    def between(self, number: int, function: Hook) -> None:
        """Run ``function`` after the ``number``-th call from now and before the next.

        Calls it makes through the simulator are a third party's: no fault meets them, they are not counted, and
        ``writes()`` leaves them out.
        """
        self._hooks.setdefault(self.engine.count + number, []).append(function)

    # Refusals.

    def throttle(
        self,
        operations: str | Iterable[str] | None = None,
        burst: float = 0,
        rate: float = 0,
        *,
        service: str = "ecs",
        groups: Iterable[Group] | None = None,
    ) -> None:
        """A token bucket that these operations share; without any, ``groups``, or the service's own (``GROUPS``)."""
        if operations is None:
            self.engine.buckets += [Bucket(group) for group in (known(service) if groups is None else groups)]
            return
        names = (operations,) if isinstance(operations, str) else tuple(operations)
        self.engine.buckets.append(Bucket(Group(service, names, burst, rate)))

    def deny(self, operation: str = "*", *, resource: str = "*", service: str = "ecs") -> None:
        """AccessDenied for these operations, on resources whose ARN or name matches."""
        self.add(Fault(what="denied", operation=operation, resource=resource, service=service, times=None))

    def allow(self) -> None:
        """Lift all denials."""
        self.engine.drop("denied")

    # Reads that show the past.

    def stale(
        self, operation: str = "*", *, versions: int = 1, seconds: float | None = None, **where: Unpack[Where]
    ) -> None:
        """Matching reads show what was ``versions`` writes, or so many seconds, ago; from here on, ``times`` reads.

        What was is remembered from here on: a read cannot show what was before.
        """
        where.setdefault("times", None)
        if seconds is None:
            self.add(Fault(what="stale", amount=versions, operation=operation, **where))
        else:
            self.add(Fault(what="past", amount=seconds, operation=operation, **where))

    def eventual(self, window: float, operation: str = "*", **where: Unpack[Where]) -> None:
        """For so many seconds after a write a read may, with ``odds`` of a half, show what was before it."""
        where.setdefault("times", None)
        where.setdefault("odds", 0.5)
        self.add(Fault(what="eventual", amount=window, operation=operation, **where))

    def fresh(self) -> None:
        """Reads are current again."""
        self.engine.drop("stale", "past", "eventual", "lag", "ghosts")

    def tagging(self, *, behind: float = 0.0, ghosts: float = 0.0) -> None:
        """The tagging API answers as things were ``behind`` seconds ago, and lists what is gone ``ghosts`` longer."""
        self.engine.drop("lag", "ghosts")
        for fault in view(behind, ghosts):
            self.add(fault)

    # What the one path asks.

    def hooks(self) -> list[Hook]:
        """What is to be run before the next call; asked for once."""
        return self._hooks.pop(self.engine.count, [])

    def refuse(self, met: tuple[Fault, ...], call: Arrival, caller: str, place: tuple[str, str]) -> None:
        """Denials, then throttles: a refused call had no effect. ``place`` is account and Region."""
        if any(fault.what == "denied" for fault in met):
            raise denied(call.service, call.operation, call.resource, caller)
        full = [b for b in self.engine.buckets if b.holds(call.service, call.operation)]
        empty = [bucket for bucket in full if not bucket.take(place, call.now)]
        if empty:
            raise throttled(call.service)


def view(behind: float, ghosts: float) -> list[Fault]:
    """The faults of a tagging view that is behind and sees ghosts."""
    found = []
    if behind:
        found.append(Fault(what="lag", amount=behind, service="tagging", operation="Get*", times=None))
    if ghosts:
        found.append(Fault(what="ghosts", amount=ghosts, service="tagging", operation="Get*", times=None))
    return found
