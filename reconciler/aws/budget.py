"""How many calls may be made now: a token bucket for each Region and group of operations, narrowed by throttles."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.aws.rates import Rate, group_of, rate_of
from reconciler.model.clock import Clock

FLOOR = 1 / 32
RECOVERY = 60.0
ONE_STORM = 1.0


@dataclass
class _Bucket:
    """``tokens`` may be negative: so many calls have been promised to callers that sleep until theirs is due.

    ``factor`` is the share of the rate that AWS has been seen to grant: halved by a throttle, it grows back by a
    constant amount a second, from nothing to all in RECOVERY.
    """

    rate: Rate
    tokens: float
    at: float
    factor: float = 1.0
    throttled_at: float = float("-inf")

    def refill(self, now: float) -> None:
        passed = max(0.0, now - self.at)
        growing = min(passed, (1.0 - self.factor) * RECOVERY)
        grown = self.factor + growing / RECOVERY
        seconds_at_full = growing * (self.factor + grown) / 2 + (passed - growing)
        self.tokens = min(self.rate.burst, self.tokens + seconds_at_full * self.rate.per_second)
        self.factor, self.at = grown, max(self.at, now)

    def due_in(self, tokens: float) -> float:
        """Seconds until so many tokens are there, with the factor growing meanwhile: neither sooner nor later."""
        lacking = max(0.0, tokens - self.tokens) / self.rate.per_second
        growing = (1.0 - self.factor) * RECOVERY
        while_growing = growing * (self.factor + 1.0) / 2
        if lacking > while_growing:
            return growing + lacking - while_growing
        return RECOVERY * (math.sqrt(self.factor**2 + 2 * lacking / RECOVERY) - self.factor)


class Budget:
    """What one run may ask of AWS. Thread-safe.

    ``share`` is the part of each bucket that is ours: console, CI and autoscaling draw from the same ones. ``rates``
    sets buckets by group.
    """

    def __init__(self, clock: Clock, *, share: float = 1.0, rates: Mapping[str, Rate] | None = None) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share {share} is not in (0, 1]")
        self._clock = clock
        self._share = share
        self._rates = dict(rates or {})
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def wait_for(self, operation: str, region: str) -> float:
        """Take a token, sleeping until it is due; the seconds slept. For reads."""
        with self._lock:
            bucket = self._bucket(operation, region)
            bucket.tokens -= 1
            wait = bucket.due_in(0)
        if wait:
            self._clock.sleep(wait)
        return wait

    def try_take(self, operation: str, region: str) -> bool:
        """Take a token if there is one. For writes."""
        with self._lock:
            bucket = self._bucket(operation, region)
            if bucket.tokens < 1 - 1e-9:  # a sleep of exactly the time due may be a rounding short
                return False
            bucket.tokens -= 1
            return True

    def throttled(self, operation: str, region: str) -> None:
        """AWS refused: somebody else drew from the bucket, or it is smaller than thought. Go at half the rate.

        Calls that were under way together are refused together: that is one throttle.
        """
        with self._lock:
            bucket = self._bucket(operation, region)
            bucket.tokens = min(bucket.tokens, 0.0)
            if bucket.at - bucket.throttled_at >= ONE_STORM:
                bucket.throttled_at = bucket.at
                bucket.factor = max(FLOOR, bucket.factor / 2)

    def due_in(self, operation: str, region: str) -> float:
        """Seconds until a call could be made; takes nothing."""
        with self._lock:
            return self._bucket(operation, region).due_in(1)

    def available(self, operation: str, region: str) -> int:
        """How many calls could be made at once."""
        with self._lock:
            return max(0, int(self._bucket(operation, region).tokens))

    def _bucket(self, operation: str, region: str) -> _Bucket:
        """The bucket as it stands now; called with the lock held."""
        group, now = group_of(operation), self._clock.monotonic()
        bucket = self._buckets.get((region, group))
        if bucket is None:
            known = rate_of(group, self._rates)
            # A burst below one would never let a call through.
            ours = Rate(max(1.0, known.burst * self._share), known.per_second * self._share)
            bucket = self._buckets[(region, group)] = _Bucket(ours, ours.burst, now)
        bucket.refill(now)
        return bucket
