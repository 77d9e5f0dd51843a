"""By when a rollout has to be done: one deadline for all of it, counted from AWS's own timestamps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.kinds.service_evidence import evidence, moment, primary
from reconciler.model.observed import Observed
from reconciler.model.policy import Policy

START = 1200.0
"""Seconds a rollout may take where nobody says: what peers give theirs."""

BATCH = 180.0
"""Seconds more for each further batch of tasks that the percentages make of a rollout."""


def began(seen: Observed) -> datetime | None:
    """When the rollout of the PRIMARY deployment began. A rollback makes an old deployment PRIMARY again."""
    rollout = evidence(seen).rollout
    return moment(rollout, "startedAt", "createdAt") or moment(primary(seen), "createdAt")


def deadline(seen: Observed, policy: Policy) -> datetime | None:
    """When patience ends; None while nothing has begun."""
    start = began(seen)
    if start is None:
        return None
    seconds = policy.timeout if policy.timeout is not None else patience(seen)
    return start + timedelta(seconds=seconds)


def patience(seen: Observed) -> float:
    """The default: enough to start, twice the grace period, time for each batch, and every bake time."""
    configuration = seen.live.get("deploymentConfiguration") or {}
    grace = (seen.spec or {}).get("healthCheckGracePeriodSeconds") or 0
    return START + 2 * grace + BATCH * (_batches(seen, configuration) - 1) + 60 * _baking(configuration)


def _batches(seen: Observed, configuration: Mapping[str, Any]) -> int:
    """In how many batches the percentages let the tasks be replaced. Source: minimumHealthyPercent rounds up,
    maximumPercent down."""
    desired = seen.live.get("desiredCount") or 0
    lowest = math.ceil(desired * configuration.get("minimumHealthyPercent", 100) / 100)
    highest = math.floor(desired * configuration.get("maximumPercent", 200) / 100)
    return math.ceil(desired / max(1, highest - lowest)) if desired else 1


def _baking(configuration: Mapping[str, Any]) -> float:
    """Minutes that ECS itself waits, whatever the tasks do."""
    minutes = float(configuration.get("bakeTimeInMinutes") or 0)
    linear, canary = configuration.get("linearConfiguration") or {}, configuration.get("canaryConfiguration") or {}
    if configuration.get("strategy") == "LINEAR":
        steps = math.ceil(100 / (linear.get("stepPercent") or 10)) - 1
        minutes += steps * linear.get("stepBakeTimeInMinutes", 6)
    if configuration.get("strategy") == "CANARY":
        minutes += canary.get("canaryBakeTimeInMinutes", 10)
    if (configuration.get("alarms") or {}).get("enable") and not configuration.get("bakeTimeInMinutes"):
        minutes += 10  # ECS chooses how long it watches alarms
    return minutes
