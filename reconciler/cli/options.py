"""The flags. Each has a variable RECONCILER_<FLAG>; those of all verbs may stand before or after the verb."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli import completing

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def variable(flag: str) -> str:
    """``--detailed-exitcode`` → ``RECONCILER_DETAILED_EXITCODE``"""
    return "RECONCILER_" + flag.lstrip("-").upper().replace("-", "_")


def option(*names: str, env: bool = True, **settings: Any) -> Decorator:
    """A flag with its environment variable."""
    long = next(name for name in names if name.startswith("--"))
    return click.option(*names, envvar=variable(long) if env else None, **settings)


def output(*formats: str) -> Decorator:
    """``-o``; the first format is the default."""
    return option(
        "-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True, help="How to show it."
    )


def common(*, verb: bool, repository: bool = True) -> Decorator:
    """What every verb understands. After the verb there are no variables: those are the program's.

    ``repository``: whether the verb reads one; its help then shows how to say which.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for names, reads, settings in reversed(_COMMON):
            hidden = verb and not (reads and repository)
            function = option(*names, env=not verb, hidden=hidden, default=None, **settings)(function)
        return function

    return decorate


_COMMON: tuple[tuple[tuple[str, ...], bool, dict[str, Any]], ...] = (
    (
        ("-C", "--directory", "directory"),
        True,
        {
            "type": click.Path(),
            "metavar": "DIR",
            "help": "The repository. Default: upwards from here to a folder with apps/ or environments/.",
        },
    ),
    (
        ("-e", "--environment", "environment"),
        True,
        {
            "metavar": "NAME",
            "shell_complete": completing.environments,
            "help": "The environment. Default: the only one there is.",
        },
    ),
    (
        ("--installation",),
        False,
        {"metavar": "NAME", "help": "In whose name resources are owned. Default: default."},
    ),
    (("--revision",), True, {"metavar": "REV", "help": "Read the manifests at this commit. Default: HEAD."}),
    (("--worktree",), True, {"is_flag": True, "help": "Read the files as they lie instead of a commit."}),
    (
        ("--color",),
        False,
        {"type": click.Choice(["auto", "always", "never"]), "help": "Default: auto, that is on a terminal."},
    ),
    (("-v", "--verbose"), False, {"is_flag": True, "help": "Show every call, cut nothing; of a bug, the traceback."}),
)
"""Names, whether they are about the repository, and what click is told of them."""


class Duration(click.ParamType[float]):
    """``20m``, ``90s``, ``1h30m`` in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from reconciler.model.durations import seconds

        found = seconds(float(value) if isinstance(value, int | float) else value)
        if found is None:
            self.fail(f"{value!r} is not a time: write 20m, 90s or 1h30m", param, ctx)
        return found


class Limit(click.ParamType["int | str"]):
    """``5`` or ``20%``."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        text = str(value).strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            return int(text)
        if re.fullmatch(r"[0-9]{1,3}%", text) and int(text[:-1]) <= 100:
            return text
        raise click.BadParameter(f"{value!r} is neither a number nor a share: write 5 or 20%", ctx, param)


def asked(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a person allows for one run. It cannot allow what the repository forbids."""
    for decorator in (
        option("--outside-window", is_flag=True, default=None, help="Make changes although no sync window is open."),
        option("--no-preflight", is_flag=True, default=None, help="Do not look at what changes need outside."),
        option("--deletion-limit", type=Limit(), metavar="N|N%", help="How many resources may be deleted at once."),
        option("--adopt", is_flag=True, default=None, help="Take over what exists and carries no owner tag."),
        option("--prune", is_flag=True, default=None, help="Delete what is ours and no longer declared."),
    ):
        function = decorator(function)
    return function


def word(function: Callable[..., Any]) -> Callable[..., Any]:
    """Who says something, and why."""
    for decorator in (
        option("--by", metavar="WHO", help="Who says so. Default: you, on this machine."),
        option("--why", default="", metavar="TEXT", help="The reason; it is shown wherever this is."),
    ):
        function = decorator(function)
    return function


def agent(function: Callable[..., Any]) -> Callable[..., Any]:
    """That an agent is asked, not AWS. Its token is in RECONCILER_AGENT_TOKEN or in a file: never on the line."""
    for decorator in (
        option(
            "--agent-token-file",
            type=click.Path(),
            metavar="FILE",
            help="What the agent knows you by. Default: the variable RECONCILER_AGENT_TOKEN.",
        ),
        option("--agent", metavar="URL", help="Ask the agent there, and neither AWS nor the repository."),
    ):
        function = decorator(function)
    return function


def app(function: Callable[..., Any]) -> Callable[..., Any]:
    """The one app a verb is about."""
    return click.argument("app", shell_complete=completing.apps)(function)


def apps(function: Callable[..., Any]) -> Callable[..., Any]:
    """The apps a verb is about; none means all."""
    return click.argument("apps", nargs=-1, metavar="[APPS]...", shell_complete=completing.apps)(function)
