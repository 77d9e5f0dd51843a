"""Which faults meet which call: counters and drawn lots, the same for the same plan and the same calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from . import buckets
from .buckets import Bucket, Group
from .errors import SimulatorError
from .fault import Arrival, Fault, parse


@dataclass(frozen=True)
class Plan:
    """All that can be armed, and the seed of the lots. ``str`` gives one line, ``read`` takes it back."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()
    groups: tuple[Group, ...] = ()

    def __str__(self) -> str:
        return "; ".join([f"seed={self.seed}", *map(str, self.groups), *map(str, self.faults)])

    @staticmethod
    def read(line: str) -> Plan:
        seed, faults, groups = 0, list[Fault](), list[Group]()
        for clause in filter(None, (c.strip() for c in line.split(";"))):
            if clause.startswith("seed="):
                try:
                    seed = int(clause[5:])
                except ValueError:
                    raise SimulatorError(f"not a seed: {clause!r}") from None
            elif clause.startswith("bucket "):
                groups.append(buckets.parse(clause))
            else:
                faults.append(parse(clause))
        return Plan(seed, tuple(faults), tuple(groups))


@dataclass
class Armed:
    """A fault and how many calls have fitted it."""

    fault: Fault
    place: int
    seen: int = 0

    def meets(self, call: Arrival, seed: int) -> bool:
        fault = self.fault
        if not fault.fits(call):
            return False
        self.seen += 1
        if self.seen < fault.on or (fault.times is not None and self.seen >= fault.on + fault.times):
            return False
        # A lot of its own for each fault and call: what else is armed, or asked, changes none of them.
        return fault.odds == 1 or Random(f"{seed}/{self.place}/{self.seen}").random() < fault.odds


class Engine:
    """``meet`` is asked once for each call, in their order."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.armed: list[Armed] = []
        self.buckets: list[Bucket] = []
        self.count = 0
        """The calls so far."""
        self.happened: list[tuple[int, Fault]] = []
        """(number of the call, fault) of each meeting."""
        self._made = 0

    def add(self, fault: Fault) -> None:
        self.armed.append(Armed(fault, self._made))
        self._made += 1

    def meet(self, call: Arrival) -> tuple[Fault, ...]:
        """All that this call meets, in the order of arming."""
        self.count += 1
        met = tuple(armed.fault for armed in self.armed if armed.meets(call, self.seed))
        self.happened += [(self.count, fault) for fault in met]
        return met

    def drop(self, *whats: str) -> None:
        """Disarm every fault of these."""
        self.armed = [a for a in self.armed if a.fault.what not in whats]

    def wants(self, *whats: str) -> list[Fault]:
        """The armed faults of these."""
        return [a.fault for a in self.armed if a.fault.what in whats]

    def plan(self) -> Plan:
        return Plan(self.seed, tuple(a.fault for a in self.armed), tuple(b.group for b in self.buckets))

    def replay(self) -> Plan:
        """What has happened, each by the number of its call: no lots are drawn when it is armed again."""
        again = [
            replace(
                f,
                calls="call",
                service="*",
                operation="*",
                resource="*",
                page=None,
                on=n,
                times=1,
                odds=1.0,
                until=None,
            )
            for n, f in self.happened
        ]
        return Plan(self.seed, tuple(again), tuple(b.group for b in self.buckets))
