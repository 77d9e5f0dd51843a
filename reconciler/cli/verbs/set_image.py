"""``set-image``: set the variable of an image in the files of the work tree, for one environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reconciler.cli import completing
from reconciler.cli.options import common, option, output
from reconciler.cli.runtime import Runtime, current

FORMAT_VERSION = "1.0"


@click.command("set-image", short_help="Set an image's variable in the files, for one environment.")
@click.argument("images", nargs=-1, required=True, metavar="NAME=IMAGE...")
@option("--app", metavar="APP", shell_complete=completing.apps, help="The app that is meant, where several differ.")
@option("--everywhere", is_flag=True, help="Also where other environments read it.")
@output("text", "json")
@common(verb=True)
def command(images: tuple[str, ...], app: str | None, everywhere: bool, output: str, **given: Any) -> int:
    """Set the variable NAME (a key under 'vars', or dotted.path) to IMAGE where ENVIRONMENT is given it.

    Only the file is changed: commit it, then plan and apply. IMAGE is of the sort that stands there now: a tag, or
    a whole image such as host:5000/repository@sha256:…
    """
    run = current()
    run.take(given)
    from reconciler.cli.reading import choose, work_tree
    from reconciler.kinds import KINDS
    from reconciler.source.set_image import read_images, set_images
    from reconciler.source.writing import write_over

    wanted = read_images(images)
    root, revision = work_tree(run)
    environment = choose(run, revision)
    edited = set_images(revision, environment, KINDS.keys(), wanted, app=app, everywhere=everywhere)
    for file, (before, after) in edited.files.items():
        write_over(root, file, before, after)
    from reconciler.report.images import images_json, images_text

    if output == "json":
        body = {"formatVersion": FORMAT_VERSION, "environment": environment, "images": images_json(edited.images)}
        run.terminal.out(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        run.terminal.out(images_text(edited.images))
    _note(run, root, environment, app, edited)
    return 0


def _note(run: Runtime, root: Path, environment: str, app: str | None, edited: Any) -> None:
    """What the change reaches beyond what was named, and what is left to do."""
    from reconciler.cli.place import in_git
    from reconciler.model.suggest import listing
    from reconciler.report.cells import safe

    changed = [it for it in edited.images if it.changes]
    beside = {name for it in changed for name in it.apps} - {app} if app is not None else set()
    others = {name for it in changed for name in it.environments} - {environment}
    if beside:
        run.terminal.note(safe(f"this changes app {listing(sorted(beside))} as well"))
    if others:
        run.terminal.note(safe(f"this changes environment {listing(sorted(others))} as well"))
    if edited.files and in_git(root):
        run.terminal.note("nothing is deployed by this", "commit the change; plan and apply read the commit")
