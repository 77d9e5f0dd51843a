"""Which rollouts of an app have failed: what a job that runs on failure runs for."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.order import fingerprint
from reconciler.core.world import World
from reconciler.model.key import Key
from reconciler.model.plan import Change

ROLLOUT_FAILED = frozenset(
    {
        "RolledBack",
        "DeploymentFailed",
        "CrashLoop",
        "ProgressDeadlineExceeded",
        "ImageNotFound",
        "SecretNotFound",
        "LogGroupNotFound",
        "NotExecutable",
    }
)
"""Reasons that say that a rollout has ended badly."""


def failed(world: World, changes: Mapping[Key, Change], app: str) -> dict[str, str]:
    """What of an app is stalled by a failed rollout, each with the digest that failed."""
    found = {}
    for key, desired in world.desired.items():
        if key.app != app or world.kinds[key.kind].fields.one_off:
            continue
        change, health = changes.get(key), world.health.get(key)
        blocked = change.blocked.code if change and change.blocked else ""
        stalled = health.reason if health and health.stalled else ""
        if ROLLOUT_FAILED & {blocked, stalled}:
            found[str(key)] = desired.digest
    return found


def digest_on_failure(world: World, changes: Mapping[Key, Change], key: Key) -> str:
    """The digest of a job for just these failures; empty when nothing has failed."""
    found = failed(world, changes, key.app)
    return fingerprint([world.desired[key].digest, found]) if found else ""
