"""What a manifest, an app and an environment allow, and how the three are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

Drift = Literal["correct", "warn", "off"]
Rollback = Literal["previous", "ecs", "none"]
Rotation = Literal["auto", "warn", "off"]
Images = Literal["tag", "pin"]

SAFETY = ("prune", "adopt", "replace")


@dataclass(frozen=True, slots=True)
class Policy:
    """One level's word; None where it does not speak.

    ``timeout`` (how long a rollout may take) and ``min_ready`` (how long its tasks must have run without a stop before
    it counts as done) are in seconds. ``deletion_limit`` is a count (``5``) or a share of what is owned (``"20%"``).
    ``rotation`` says what is done when a secret that floats has another value than running tasks have.
    ``images`` says whether a tag is taken as it is written or as the digest that it has in the registry now.
    ``keep_revisions`` is how many successful revisions of a family are kept; None: nothing is retired.
    """

    prune: bool | None = None
    adopt: bool | None = None
    replace: bool | None = None
    drift: Drift | None = None
    rollback: Rollback | None = None
    rotation: Rotation | None = None
    timeout: float | None = None
    min_ready: float | None = None
    keep_revisions: int | None = None
    deletion_limit: int | str | None = None
    ignore: tuple[str, ...] | None = None
    images: Images | None = None


def join(levels: Sequence[Policy]) -> Policy:
    """The effective policy of levels given from the widest to the most specific.

    A safety switch is on when some level turns it on and none turns it off; of everything else the most specific
    word wins.
    """
    joined: dict[str, object] = {}
    for member in fields(Policy):
        said = [value for level in levels if (value := getattr(level, member.name)) is not None]
        if not said:
            continue
        joined[member.name] = all(said) if member.name in SAFETY else said[-1]
    return Policy(**joined)  # type: ignore[arg-type]
