"""What the shell offers after TAB. Looks at names of files alone: it must answer at once and never complain."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.place import find_root
from reconciler.model.errors import ReconcilerError

_SUFFIXES = (".yaml", ".yml", ".json")


def environments(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The names of environments/*.yaml."""
    folder = _root(ctx, "environments")
    found = {path.stem for path in folder.iterdir() if path.suffix in _SUFFIXES} if folder else set()
    return sorted(name for name in found if name.startswith(incomplete))


def apps(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The folders of apps/ that are not on the line yet."""
    folder = _root(ctx, "apps")
    found = {path.name for path in folder.iterdir() if path.is_dir()} if folder else set()
    given = set(ctx.params.get("apps") or ())
    return sorted(name for name in found - given if name.startswith(incomplete))


def kinds(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """The kinds a manifest may have; behind a dot, the members of one."""
    from reconciler.kinds import KINDS

    name, dot, begun = incomplete.partition(".")
    if not dot:
        return [kind for kind in sorted((*KINDS, "App", "Environment")) if kind.startswith(incomplete)]
    members = KINDS[name].Spec.members if name in KINDS else ()
    return [f"{name}.{member}" for member in sorted(members) if member.startswith(begun)]


def _root(ctx: click.Context, folder: str) -> Path | None:
    at: click.Context | None = ctx
    given = None
    while at is not None and given is None:
        given, at = at.params.get("directory"), at.parent
    try:
        path = find_root(given) / folder
        return path if path.is_dir() else None
    except (ReconcilerError, OSError):
        return None
