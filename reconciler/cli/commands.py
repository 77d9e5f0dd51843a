"""The command to type next, with all that was typed before: it means the same repository, environment and apps."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.cli.runtime import Options


def command(
    verb: str,
    options: Options,
    apps: Iterable[str],
    asked: Mapping[str, Any] | None = None,
    *,
    keep_going: bool = False,
    restart: Iterable[str] = (),
) -> str:
    """``reconciler apply -C shop -e staging web``; ``asked`` are the flags of ``plan`` and ``apply``."""
    said = asked or {}
    words = ["reconciler", verb]
    for flag, value in (
        ("-C", options.directory),
        ("-e", options.environment),
        ("--installation", options.installation),
        ("--revision", options.revision),
        ("--deletion-limit", said.get("deletionLimit")),
    ):
        words += [flag, str(value)] if value is not None else []
    for flag, wanted in (
        ("--worktree", options.worktree),
        ("--prune", said.get("prune")),
        ("--adopt", said.get("adopt")),
        ("--no-preflight", said.get("noPreflight")),
        ("--outside-window", said.get("outsideWindow")),
        ("--keep-going", keep_going),
    ):
        words += [flag] if wanted else []
    for name in restart:
        words += ["--restart", name]
    return shlex.join([*words, *apps])
