"""The one path that every request takes, whichever door it came through: hooks, faults, the answer, the record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import calls as record
from . import long_poll, wire
from .answers import answer
from .arns import resource_of
from .calls import Call
from .errors import AnswerLost, AwsError, Crash
from .fault import Arrival, Fault
from .others import error_code
from .pages import Pages, truncated
from .quoting import quoting
from .refusals import broken, throttled
from .wire import Request, Response, Target

if TYPE_CHECKING:
    from .simulator import Simulator


@dataclass(frozen=True)
class Coming:
    """A request on its way: whom it is for, and what will meet it."""

    number: int
    request: Request
    target: Target | None
    account: str
    refused: AwsError | None
    arrival: Arrival
    met: tuple[Fault, ...]
    outside: bool

    def meets(self, what: str, when: str = "before") -> bool:
        return any(f.what == what and f.when == when for f in self.met)

    def latency(self, when: str) -> float:
        return sum(f.amount for f in self.met if f.what == "latency" and f.when == when)


class Path:
    """Safe to be walked from many threads: one request at a time is answered."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._pages = Pages()
        self._number = 0
        self._dead: set[int] = set()
        self._outside = threading.local()
        self.after: list[Callable[[], None]] = []
        """Called after every write."""

    def revive(self) -> None:
        """The dead may call again."""
        self._dead.clear()

    def walk(self, request: Request) -> Response:
        """The answer; AnswerLost when a fault withholds it, Crash when one kills the caller."""
        simulator, faults = self._simulator, self._simulator.faults
        outside = getattr(self._outside, "here", False)
        while not outside and (hooks := faults.hooks()):
            self._outside.here = True
            try:
                for hook in hooks:
                    hook()
            finally:
                self._outside.here = False
        with simulator.lock:
            if request.caller in self._dead:
                raise Crash("the process of this client is dead")
            coming = self._arrive(request, outside)
        if delay := coming.latency("before") + (0.0 if outside else faults.latency):
            self._delay(delay)
        long_poll.wait(simulator, coming.target, coming.account)
        try:
            with simulator.lock:
                simulator.catch_up()
                response = self._recorded(coming)
        finally:
            if delay := coming.latency("after"):
                self._delay(delay)
        return response

    def _arrive(self, request: Request, outside: bool) -> Coming:
        simulator, refused, target = self._simulator, None, None
        self._number += 1
        try:
            target = wire.identify(request, simulator.settings.region)
        except AwsError as error:
            refused = error
        account = simulator.world.others.account_of(target.access_key) if target else simulator.settings.account
        arrival = Arrival(
            target.service if target else "",
            target.operation if target else "",
            target.mutating if target else False,
            resource_of(target, account) if target else "*",
            self._pages.number(target) if target else None,
            simulator.clock.now,
        )
        met = () if outside else simulator.faults.engine.meet(arrival)
        return Coming(self._number, request, target, account, refused, arrival, met, outside)

    def _recorded(self, coming: Coming) -> Response:
        simulator = self._simulator
        now, request_id = simulator.clock.now, simulator.world.ids.request()
        error, status = None, 0
        try:
            response = self._met(coming)
            error, status = error_code(response), response.status
        except AnswerLost as lost:
            error = lost.how
            raise
        except Crash:
            error = "crash"
            self._dead.add(coming.request.caller) if coming.request.caller else None
            raise
        finally:
            self._record(coming, error, status, now)
        return wire.stamp(response, simulator.clock.now, request_id)

    def _met(self, coming: Coming) -> Response:
        """The answer as the caller gets it, after all that goes wrong."""
        try:
            self._strike(coming, "before")
            response = self._effect(coming)
            if any(f.what == "truncated" for f in coming.met) and coming.target and response.status < 300:
                response = truncated(coming.target, response)
            if any(f.what == "cut" for f in coming.met):
                response = replace(response, body=response.body[: len(response.body) // 2])
            self._strike(coming, "after")
        except AwsError as error:
            return self._failure(coming, error)
        return response

    def _strike(self, coming: Coming, when: str) -> None:
        service = coming.arrival.service
        for fault in coming.met:
            if fault.when != when:
                continue
            if fault.what == "crash":
                raise Crash(f"killed {when} call {coming.number}, {service}:{coming.arrival.operation}")
            if fault.what in ("closed", "timeout"):
                raise AnswerLost(fault.what)
            if fault.what in ("500", "503"):
                raise broken(service, int(fault.what))
            if fault.what == "throttled":
                raise throttled(service)
            if fault.what == "quoted" and coming.target:
                raise quoting(coming.target.params, int(fault.amount))

    def _effect(self, coming: Coming) -> Response:
        """What the service answers; twice done, and either answer seen, when the request is duplicated."""
        first = self._once(coming)
        twice = next((f for f in coming.met if f.what == "duplicate"), None)
        if twice is None:
            return first
        second = self._once(coming)
        return second if twice.amount == 2 else first

    def _once(self, coming: Coming) -> Response:
        simulator, world, target = self._simulator, self._simulator.world, coming.target
        if target is None:
            assert coming.refused is not None
            return self._failure(coming, coming.refused)
        try:
            place = (coming.account, target.region)
            arrival = coming.arrival
            if not coming.outside:
                simulator.faults.refuse(coming.met, arrival, simulator.settings.caller_arn, place)
            if target.mutating:
                world.writing(target, coming.account)
            seen = world.seen(target, coming.account, coming.met)
            response = answer(world, coming.request, target, coming.account, seen)
        except AwsError as error:
            return self._failure(coming, error)
        if target.mutating:
            world.written(target, coming.account)
            for notice in self.after:
                notice()
            if response.status < 300:
                simulator.notices.called(coming.request, target, response, coming.account)
        else:
            self._pages.learn(target, arrival.page, response)
        return response

    @staticmethod
    def _failure(coming: Coming, error: AwsError) -> Response:
        return wire.failure(coming.target.protocol if coming.target else "json", error, coming.arrival.service)

    def _delay(self, seconds: float) -> None:
        """Latency: waited for where time passes by itself, else just passed."""
        if speed := self._simulator.speed:
            time.sleep(seconds / speed)
        else:
            self._simulator.advance(seconds)

    def _record(self, coming: Coming, error: str | None, status: int, now: float) -> None:
        target = coming.target
        call = Call(
            number=coming.number,
            service=coming.arrival.service,
            operation=coming.arrival.operation,
            params=target.params if target else {},
            mutating=coming.arrival.mutating,
            error=error,
            status=status,
            at=now,
            region=target.region if target else "",
            account=coming.account,
            outside=coming.outside,
        )
        self._simulator.calls.append(call)
        if self._simulator.log:
            record.write(self._simulator.log, call)
