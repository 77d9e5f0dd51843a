"""What is remembered of an environment between two looks, so that each outcome is told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.model.key import Key


@dataclass(frozen=True, slots=True)
class Known:
    """What was last told, or was so before anything could be told, of one resource.

    there     something was deployed for it
    deployed  the revision at which it was last Ready
    failing   what stands for the change that failed: digest and deployment; empty: none has
    ill       it was degraded
    drift     the reason of its drift, empty for none
    leaving   it was about to be deleted
    """

    there: bool = False
    deployed: str = ""
    failing: tuple[str, str] | None = None
    ill: bool = False
    drift: str = ""
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class KnownApp:
    """The same of an app. ``commit`` is the one under which it last began to move or failed to."""

    state: Literal["rest", "running", "failed"] = "rest"
    commit: str | None = None
    unknown: bool = False
    awaiting: str = ""


@dataclass(frozen=True)
class Told:
    """Of one environment. ``begun``: it was looked at before; until then nothing is told.

    ``source`` stands for what is wrong with the repository, empty for nothing, None: it was not looked at.
    ``lately`` is what was told within the last half hour: (app, resource, trigger, version) → when.
    """

    begun: bool = False
    resources: Mapping[Key, Known] = field(default_factory=dict)
    apps: Mapping[str, KnownApp] = field(default_factory=dict)
    source: str | None = None
    lately: Mapping[tuple[str, str, str, str], datetime] = field(default_factory=dict)
