"""One writer of an environment: the lease is taken, renewed and given back, and asked before every write.

No time of day is ever compared. The holder counts from before a write to the store was sent, everybody else from after
the version was first seen: so a holder knows that its lease is over before anybody may take it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.model.clock import Clock
from reconciler.model.errors import LeaseHeld, OutcomeUnknown, ReconcilerError, StalePlan
from reconciler.model.lease import Begun, LeaseStore, Older, Tenure

DURATION = 15.0
RENEW = 3.0
RETRY = 2.0
SOON = 1.0
"""Seconds after which a renewal that failed is tried again."""
_TRIES = 3
_SHORTEST = 0.05


@dataclass(frozen=True, slots=True)
class _Held:
    """What this writer has; ``until`` and ``due`` (for renewal) by its own monotonic clock."""

    tenure: Tenure
    until: float
    due: float


class Lease:
    """The lease of one environment in the hands of one writer; everybody who writes there has a Lease of its own.

    Thread-safe, and one lives as long as its process. ``holder`` is for people: ``agent on ip-10-0-0-7``. Seconds:
    ``duration`` of the lease, ``renew`` between renewals, ``retry`` between two attempts to take it, ``longest_call``
    for which a write may be under way. ``trouble`` is why it could not be renewed when that was last tried.
    """

    def __init__(
        self,
        store: LeaseStore,
        holder: str,
        clock: Clock,
        *,
        duration: float = DURATION,
        renew: float = RENEW,
        retry: float = RETRY,
        longest_call: float,
        unique: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        if duration <= longest_call + renew:
            raise ValueError(f"{duration} s are too few for calls of {longest_call} s and a renewal every {renew} s")
        self.longest_call = longest_call
        self.trouble: ReconcilerError | None = None
        self._store, self._holder, self._clock, self._unique = store, holder, clock, unique
        self._duration, self._renew, self._retry = duration, renew, retry
        self._work = threading.RLock()  # one call to the store at a time; never waited for by who only looks
        self._held: _Held | None = None
        self._mine: set[str] = set()  # versions that were sent, and may be there
        self._seen: Tenure | None = None
        self._seen_at = 0.0

    def __repr__(self) -> str:
        return f"Lease({self.where!r}, held={self.held})"

    @property
    def where(self) -> str:
        return self._store.where

    @property
    def remaining(self) -> float:
        """Seconds for which nobody else can have it; zero when it is not held."""
        held = self._held
        return max(0.0, held.until - self._clock.monotonic()) if held else 0.0

    @property
    def held(self) -> bool:
        return self.remaining > 0

    @property
    def fence(self) -> int:
        """Which taking of this environment's lease this is; zero when it is not held."""
        held = self._held
        return held.tenure.fence if held and self.held else 0

    @property
    def last(self) -> Begun | None:
        """The newest commit that anybody has begun to write for, as far as is known here."""
        held = self._held
        tenure = held.tenure if held else self._seen
        return tenure.begun if tenure else None

    @property
    def writer(self) -> Tenure | None:
        """Whose it was when it was last looked at; None: nobody's, or nobody has looked yet."""
        held = self._held
        tenure = held.tenure if held else self._seen
        return tenure if tenure and not tenure.free else None

    @property
    def again(self) -> float:
        """Seconds after which another ``try_take`` is worth while: ``retry``, or when the holder's time is up."""
        seen = self._seen
        if seen is None or seen.free:
            return self._retry
        return min(self._retry, max(_SHORTEST, self._seen_at + seen.duration - self._clock.monotonic()))

    def try_take(self) -> bool:
        """Take it if it is free, or if the same version has stood for its whole duration before our eyes.

        Never waits for another holder. Raises ReconcilerError where the store cannot be asked: then it is not held.
        """
        with self._work:
            if self.held:
                return True
            found = self._store.read()
            now = self._clock.monotonic()
            if found is None or found.version not in self._mine:
                self._held = None
            if found is not None and not found.free and found.version not in self._mine:
                if self._seen is None or self._seen.version != found.version:
                    self._seen, self._seen_at = found, now
                if now - self._seen_at < found.duration:
                    return False
            self._seen, self._seen_at = found, now
            wanted = Tenure(
                self._unique(),
                (found.fence if found else 0) + 1,
                self._duration,
                self._holder,
                self._clock.now(),
                found.begun if found else None,
            )
            if self._put(wanted, found.version if found else None):
                return self._have(wanted, now)
            if wanted.version in self._mine:  # no answer came
                found = self._store.read()
                return found is not None and found.version == wanted.version and self._have(wanted, now)
            return False

    def renew(self) -> bool:
        """Hold it for a whole duration from now on; False: it is not held here, or by somebody else by now.

        Raises ReconcilerError where the store cannot be asked: then it is held for as long as it was.
        """
        with self._work:
            held = self._held
            return held is not None and self._rewrite(held.tenure)

    def keep(self) -> float:
        """Renew it when that is due; seconds until it is due again. Raises nothing: ``trouble`` says what is wrong."""
        held = self._held
        if held is None:
            return self._renew
        if (left := held.due - self._clock.monotonic()) > 0:
            return left
        try:
            self.renew()
        except ReconcilerError as error:
            self.trouble = error
            return SOON
        return self._renew

    def release(self) -> bool:
        """Give it back: whoever wants it has it at the next attempt. Whether that could be said; if not, it runs out.

        Nothing is written under it from the beginning of this call on. Raises nothing.
        """
        with self._work:
            held, self._held = self._held, None
            if held is None:
                return False
            try:
                return self._rewrite(replace(held.tenure, holder="", since=None))
            except ReconcilerError:
                return False

    def check(self) -> None:
        """Raises LeaseHeld unless a call that begins now ends while the lease is held. What an AwsWriter asks.

        A lease that is late is renewed here, once; somebody who has been asleep learns here that it is another's.
        """
        if self.remaining > self.longest_call:
            return
        try:
            self.renew()
        except ReconcilerError as error:
            self.trouble = error
        if self.remaining <= self.longest_call:
            raise self._refusal()

    def begin(self, begun: Begun, older: Older, *, back: bool = False) -> None:
        """Put down for which commit something is to be written, before the first write for it.

        Raises StalePlan where ``older`` says that it is older than the last one, unless to go ``back`` is meant: by a
        person, or by an agent that has fetched after it took the lease, so that the repository itself went back.
        LeaseHeld where the lease is not held; ReconcilerError where the store cannot be asked: then nothing was begun.
        """
        with self._work:
            self.check()
            held, last = self._held, self.last
            if held is None:
                raise self._refusal()
            if last is not None and last.commit == begun.commit:
                return
            if last is not None and not back and older(begun, last):
                raise StalePlan(
                    f"commit {begun.commit[:12]} is older than {last.commit[:12]}, for which this environment was "
                    "written last; nothing was written",
                    where=self.where,
                )
            if not self._rewrite(replace(held.tenure, begun=begun)):
                raise self._refusal()

    def _rewrite(self, tenure: Tenure) -> bool:
        """Write over our own version, also over one whose answer was lost; False: it is another's by now."""
        over = tenure.version
        for _ in range(_TRIES):
            sent, began = replace(tenure, version=self._unique()), self._clock.monotonic()
            if self._put(sent, over):
                return self._have(sent, began)
            found = self._store.read()
            if found is not None and found.version == sent.version:
                return self._have(sent, began)
            if found is None or found.version not in self._mine:
                self._held, self._mine = None, set()
                self._seen, self._seen_at = found, self._clock.monotonic()
                return False
            over = found.version
        raise OutcomeUnknown("the lease is written by an earlier call again and again", operation="lease:Renew")

    def _put(self, tenure: Tenure, over: str | None) -> bool:
        """Send it; False: it is refused, or no answer came. Of the latter its version stays among ours."""
        self._mine.add(tenure.version)
        try:
            done = self._store.put(tenure, over)
        except OutcomeUnknown:
            return False
        except ReconcilerError:
            self._mine.discard(tenure.version)
            raise
        if not done:
            self._mine.discard(tenure.version)
        return done

    def _have(self, tenure: Tenure, began: float) -> bool:
        """It is there, ours since ``began`` at the least."""
        self._mine = {tenure.version}  # what was sent earlier can only be refused now
        self.trouble = None
        if tenure.free:
            self._seen, self._seen_at = tenure, began
        else:
            self._held = _Held(tenure, began + tenure.duration, began + self._renew)
        return True

    def _refusal(self) -> LeaseHeld:
        writer, held = self.writer, self._held is not None
        if held:
            why = f": {self.trouble.message}" if self.trouble else ""
            message = f"the lease could not be renewed in time{why}; nothing was sent"
        elif writer is not None:
            message = f"{holding(writer)}; nothing was sent"
        else:
            message = "the lease is not held; nothing was sent"
        return LeaseHeld(message, where=self.where)


def holding(tenure: Tenure) -> str:
    """Who has it, and since when."""
    since = f" since {tenure.since:%Y-%m-%d %H:%M:%S} UTC" if tenure.since else ""
    return f"the lease is held by {tenure.holder}{since}"
