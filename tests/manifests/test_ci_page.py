"""What docs/ci.md tells people to put into CI: it parses, its commands are real ones, and its loop works."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

import reconciler
from reconciler.cli.program import program
from reconciler.cli.runtime import Runtime

PAGE = Path(__file__).parents[2] / "docs/ci.md"
TEXT = PAGE.read_text()
PACKAGES = str(Path(reconciler.__file__).parent.parent)
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)]


def scripts(found):
    """Every text that a shell is given, wherever in a workflow it stands."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name in ("run", "command") and isinstance(value, str):
                yield value
            elif name == "script":
                yield from value
            else:
                yield from scripts(value)
    elif isinstance(found, list):
        for item in found:
            yield from scripts(item)


SCRIPTS = [*scripts(BLOCKS), *re.findall(r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)]


def commands():
    """The words of every `reconciler …` on the page, in scripts and in running text."""
    spoken = re.findall(r"`(reconciler [^`]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
    for script in [*SCRIPTS, *spoken]:
        plain = re.sub(r"\$\{\{.*?\}\}|<<.*?>>|\$\w+", "value", script)
        for found in re.findall(r"(?:^|[;|&]|\bthen\b|\belse\b|\bif\b)\s*reconciler ([^\n;|&]*)", plain, re.MULTILINE):
            yield tuple(shlex.split(found, comments=True))


COMMANDS = sorted(set(commands()))


def test_every_job_of_the_page_is_looked_at():
    assert len(BLOCKS) >= 7
    assert {words[0] for words in COMMANDS} >= {"set-image", "wait", "plan", "apply", "validate", "run", "status"}
    assert ("wait", "bookstore", "-e", "production", "--timeout", "300s") in COMMANDS
    assert ("plan", "-e", "production", "-o", "markdown", "--post") in COMMANDS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_is_one_that_there_is(words):
    name, *rest = words
    root = program.make_context("reconciler", ["--color", "never"], obj=Runtime())
    command = program.get_command(root, name)
    assert command is not None, name
    if rest:
        command.make_context(name, rest, parent=root)


@pytest.mark.parametrize("words", [("plan", "--pots"), ("wait", "--timeout", "soon"), ("apply", "-o", "yaml"), ("set-image",)])
def test_a_command_that_there_is_not_would_be_found(words):
    root = program.make_context("reconciler", ["--color", "never"], obj=Runtime())
    with pytest.raises(click.UsageError):
        program.get_command(root, words[0]).make_context(words[0], list(words[1:]), parent=root)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_one_that_a_shell_understands(script):
    plain = re.sub(r"\$\{\{.*?\}\}|<<.*?>>", "value", script)
    subprocess.run(["bash", "-n"], input=plain, text=True, check=True, capture_output=True)


def test_its_policies_are_json():
    for block in re.findall(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE):
        assert json.loads(block)["Version"] == "2012-10-17"


def test_a_token_is_in_no_command_line():
    assert not [script for script in SCRIPTS if re.search(r"reconciler[^\n]*TOKEN", script)]


@pytest.fixture
def deploy(tmp_path):
    """A deploy repository, a clone of a job's, one of somebody else's, and a shell for which no time passes."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "reconciler").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m reconciler "$@"\n')
    (bin / "sleep").write_text("#!/bin/sh\n")
    for file in bin.iterdir():
        file.chmod(0o755)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "RECONCILER_"))},
        "PATH": f"{bin}:{os.environ['PATH']}",
        "PYTHONPATH": PACKAGES,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "TAG": "v2",
        "CIRCLE_SHA1": "v2",
        **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def shell(script, folder):
        return subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path / folder, env=environ, capture_output=True, text=True)

    assert shell("git init -q --bare -b main origin.git && git clone -q origin.git seed", ".").returncode == 0
    head = "apiVersion: reconciler/v1\nkind: "
    files = {
        "environments/production.yaml": head + "Environment\nspec: {region: eu-west-1}\n",
        "apps/bookstore/app.yaml": head + "App\nspec:\n  vars: {release: v0}\n",
        "apps/bookstore/environments/production.yaml": head + "Environment\nspec:\n  vars:\n    release: v1\n    other: v1\n",
    }
    for name, text in files.items():
        path = tmp_path / "seed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made = shell("git add -A && git commit -qm first && git push -q origin HEAD:main", "seed")
    assert made.returncode == 0, made.stderr
    assert shell(f"git clone -q --depth 1 file://{tmp_path}/origin.git job && git clone -q origin.git else", ".").returncode == 0
    return shell


GIVEN = "apps/bookstore/environments/production.yaml"
LOOPS = [script for script in SCRIPTS if "git push" in script]


@pytest.mark.parametrize("loop", LOOPS, ids=["actions", "circleci"])
def test_the_image_is_set_on_top_of_what_somebody_else_pushed_meanwhile(deploy, loop):
    assert deploy(f"sed -i 's/other: v1/other: v9/' {GIVEN} && git commit -qam else && git push -q", "else").returncode == 0
    done = deploy(loop, "job")
    assert done.returncode == 0, done.stderr
    shown = deploy(f"git fetch -q && git show origin/main:{GIVEN} && git log --format=%s origin/main", "else").stdout
    assert "release: v2\n    other: v9\n" in shown
    assert shown.endswith("bookstore v2 in production\nelse\nfirst\n")
    assert deploy("git log -1 --format=%s", "job").stdout == "bookstore v2 in production\n"


@pytest.mark.parametrize("loop", LOOPS, ids=["actions", "circleci"])
def test_an_image_that_is_set_already_is_no_commit(deploy, loop):
    assert deploy(loop, "job").returncode == 0
    again = deploy(loop, "job")
    assert again.returncode == 0, again.stderr
    assert deploy("git fetch -q && git log --format=%s origin/main", "else").stdout == "bookstore v2 in production\nfirst\n"


@pytest.mark.parametrize("loop", LOOPS, ids=["actions", "circleci"])
def test_a_remote_that_takes_nothing_ends_red(deploy, loop):
    assert deploy("printf '#!/bin/sh\\nexit 1\\n' > hooks/pre-receive && chmod +x hooks/pre-receive", "origin.git").returncode == 0
    done = deploy(loop, "job")
    assert done.returncode == 1
    assert done.stderr.count("pre-receive hook declined") == 5
