"""``demo``: the whole of it on the embedded AWS, with the commands a person would type."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.options import common
from reconciler.cli.runtime import Runtime, current
from reconciler.cli.verbs.simulator import require
from reconciler.model.errors import UsageError

if TYPE_CHECKING:
    from reconciler.cli.demo_runner import Runner

ENVIRONMENT = "staging"
SPEED = 60
_APP = "apps/bookstore/app.yaml"
_SECRET = "apps/bookstore/smtp.yaml"
_USER = "apps/bookstore/puma.yaml"
_RELEASE = re.compile(r"^( *release: v\d+\.)(\d+)(\.\d+)", re.MULTILINE)


@click.command(short_help="See it all at work on the embedded AWS.")
@common(verb=True, repository=False)
def command(**given: Any) -> int:
    """See it all at work on the embedded AWS: no account is needed, and nothing is left behind.

    Makes a git repository from the example manifests, brings it up, rolls out a commit with a new image, then one with
    a sealed secret. Takes about a minute.
    """
    run = current()
    run.take(given)
    require()
    from reconciler.cli.demo_runner import terminated

    signal.signal(signal.SIGTERM, terminated)
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder:
        _story(run, Path(folder))
    return 0


def example() -> Path:
    """The example repository: of the checkout, or as the package carries it. Raises UsageError."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "example", package.parent / "manifests"):
        if (folder / _APP).is_file():
            return folder
    raise UsageError("the example repository is not here", hint="run the demo from a checkout of the project")


def _story(run: Runtime, folder: Path) -> None:
    from reconciler.cli.demo_account import furnish
    from reconciler.cli.demo_runner import Runner, simulator

    began = time.monotonic()
    terminal = run.terminal
    root = folder / "shop"
    shutil.copytree(example(), root)
    Runner(terminal, root, {}).say(f"An AWS to try things with; {SPEED} of its seconds are one of ours.")
    with simulator(terminal, SPEED) as settings:
        do = Runner(terminal, root, settings)
        had = furnish(root, ENVIRONMENT, settings)
        do.say("\n".join(["The account already has:", *(f"  {it}" for it in had)]))
        _first(do)
        _second(do, root, settings)
        _third(do, root, settings)
    do.say(f"That was it, in {time.monotonic() - began:.0f} s. Nothing is left behind.")


def _first(do: Runner) -> None:
    do.say("A repository says what should run.")
    do.run("git init --quiet --initial-branch main")
    do.run("git add .")
    do.run("git commit --quiet -m 'What should run'")
    do.run("reconciler validate")
    do.say("What would happen? (Exit code 2: there are changes.)")
    do.run(f"reconciler plan -e {ENVIRONMENT} --detailed-exitcode", expect=2, means="the plan should not be empty")
    do.say("Make it so, and wait until everything is Ready.")
    do.run(f"reconciler apply -e {ENVIRONMENT} --yes")
    do.run(f"reconciler status -e {ENVIRONMENT}")


def _second(do: Runner, root: Path, settings: Mapping[str, str]) -> None:
    from reconciler.cli.demo_account import push
    from reconciler.cli.demo_runner import DemoFailed

    release = _new_release(root)
    do.say(f"A build has pushed {', '.join(push(root, ENVIRONMENT, settings))}.")
    do.say(f"A deployment is a commit: release {release} in {_APP}.")
    do.run("git --no-pager diff -U0")
    do.run(f"git commit --quiet -am 'bookstore {release}'")
    do.run(
        f"reconciler plan -e {ENVIRONMENT} --out ../plan.json --detailed-exitcode", expect=2, means="no change is seen"
    )
    if not json.loads((root.parent / "plan.json").read_text())["summary"]["update"]:
        raise DemoFailed("the plan of the new release should show an update")
    do.say("Exactly this plan is made, or none.")
    do.run("reconciler apply ../plan.json")
    do.say("And now there is nothing to do.")
    do.run(f"reconciler plan -e {ENVIRONMENT} --detailed-exitcode", means="the last plan should be empty")


def _third(do: Runner, root: Path, settings: Mapping[str, str]) -> None:
    from reconciler.cli.demo_account import sealing_key

    key = sealing_key(root, ENVIRONMENT, settings)
    do.say(f"A secret: its value lies in git, sealed with {key}. Only `apply` opens it.")
    _new_secret(root)
    do.run(f"cat {_SECRET}")
    do.run(f"reconciler secret seal smtp -e {ENVIRONMENT}", given=secrets.token_urlsafe(24))
    do.run("git add .")
    do.run("git commit --quiet -m 'A password for puma'")
    do.run(f"reconciler plan -e {ENVIRONMENT} --detailed-exitcode", expect=2, means="no change is seen")
    do.run(f"reconciler apply -e {ENVIRONMENT} --yes")
    do.run(f"reconciler secret list -e {ENVIRONMENT}")


def _new_secret(root: Path) -> None:
    """Declare a secret, and let puma have it."""
    (root / _SECRET).write_text(
        "apiVersion: reconciler/v1\nkind: Secret\nmetadata: {name: smtp}\n"
        "spec: {name: 'bookstore/smtp-${{ env.name }}'}\n",
        encoding="utf-8",
    )
    path = root / _USER
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^( *)- \{name: SECRET_KEY_BASE,.*\n", text, re.MULTILINE)
    if found is None:
        raise UsageError(f"{_USER} of the example names no secret")
    more = f'{found[1]}- {{name: SMTP_PASSWORD, valueFrom: "ref:Secret/smtp"}}\n'
    path.write_text(text.replace(found[0], found[0] + more, 1), encoding="utf-8")


def _new_release(root: Path) -> str:
    """Raise the release of the bookstore's image by one; the new one."""
    path = root / _APP
    text = path.read_text(encoding="utf-8")
    found = _RELEASE.search(text)
    if found is None:
        raise UsageError(f"{_APP} of the example names no release")
    new = f"{found[1]}{int(found[2]) + 1}{found[3]}"
    path.write_text(text.replace(found[0], new, 1), encoding="utf-8")
    return new.rpartition(" ")[2]
