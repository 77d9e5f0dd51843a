"""What a run is handed: the options of all verbs, the clock, the SDK's session. Tests hand their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from reconciler.cli.terminal import ColorMode, Terminal
from reconciler.model.clock import Clock
from reconciler.model.errors import UsageError


def _system_clock() -> Clock:
    from reconciler.aws.clock import SystemClock

    return SystemClock()


@dataclass
class Options:
    """The options of all verbs; those after the verb win over those before it."""

    directory: str | None = None
    environment: str | None = None
    installation: str | None = None
    revision: str | None = None
    worktree: bool | None = None
    color: ColorMode | None = None
    verbose: bool | None = None
    agent: str | None = None
    agent_token_file: str | None = None


@dataclass
class Runtime:
    """``session`` is a boto3 session to use in place of the SDK's own chain of settings."""

    clock: Clock = field(default_factory=_system_clock)
    session: Any = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    options: Options = field(default_factory=Options)

    def take(self, given: dict[str, Any]) -> None:
        """Add the options that were given; takes them out of a verb's parameters."""
        for name in vars(self.options):
            value = given.pop(name, None)
            if value is not None:
                setattr(self.options, name, value)
        if self.options.revision is not None and self.options.worktree:
            raise UsageError("--revision and --worktree cannot both be meant", hint="leave one out")

    @property
    def terminal(self) -> Terminal:
        return Terminal(self.options.color or "auto", self.environ)

    @property
    def installation(self) -> str:
        name = self.options.installation or "default"
        if "/" in name or not name.isprintable() or " " in name:
            raise UsageError(f"{name!r} cannot be the name of an installation", hint="letters, digits and dashes")
        return name

    @property
    def verbose(self) -> bool:
        return bool(self.options.verbose)


def current() -> Runtime:
    """The runtime of the verb that runs."""
    found = click.get_current_context().find_object(Runtime)
    assert found is not None
    return found
