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
    """Of one environment.

    begun      all apps were looked at once; until then what an app is like at the first look is told to nobody
    heard      the repository was heard of once
    source     what is wrong with the repository, and since when; None: nothing is
    complained what was last told of that, or was so at first
    lately     what was told within the last half hour: (app, resource, trigger, version) → when
    """

    begun: bool = False
    resources: Mapping[Key, Known] = field(default_factory=dict)
    apps: Mapping[str, KnownApp] = field(default_factory=dict)
    heard: bool = False
    source: tuple[str, datetime] | None = None
    complained: str = ""
    lately: Mapping[tuple[str, str, str, str], datetime] = field(default_factory=dict)
