"""The command itself: help, version, mistakes on the line, light imports, and how a run ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli import verbs
from reconciler.cli.program import VERBS
from reconciler.cli.terminal import wants_color

HEAVY = ("boto3", "botocore", "moto", "rich", "deepdiff", "structlog")


def python(code, cwd):
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(*words, cwd):
    code = (
        "import sys\nfrom reconciler.cli.program import program\n"
        f"try:\n    program.main({list(words)!r}, prog_name='reconciler')\n"
        "except SystemExit as end:\n    print(end.code)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    return python(code, cwd).strip().split("\n")[-2:]


def test_help_loads_nothing_heavy(tmp_path):
    assert loaded_by("--help", cwd=tmp_path) == ["0", "[]"]


def test_validate_loads_nothing_heavy(world):
    assert loaded_by("validate", cwd=world.root) == ["0", "[]"]


def test_the_help_names_every_verb_and_every_verb_has_a_help(empty):
    text = empty.run("--help", here=True).stdout
    for verb, (line, module) in VERBS.items():
        assert f"{verb} " in text
        assert line in text
        assert (Path(verbs.__file__).parent / f"{module}.py").exists()
        done = empty.run(verb, "--help", here=True)
        assert done.exit_code == 0
        assert f"reconciler {verb}" in done.stdout
    assert {path.stem for path in Path(verbs.__file__).parent.glob("*.py")} == {
        "__init__",
        *(module for _, module in VERBS.values()),
    }


def test_the_version(empty):
    assert re.fullmatch(r"reconciler \d+\.\d+\.\d+\n", empty.run("--version", here=True).stdout)


def test_no_verb_is_a_usage_error_that_helps(empty):
    done = empty.run(here=True)
    assert done.exit_code == 64
    assert "Verbs:" in done.stderr


@pytest.mark.parametrize(
    "words",
    [["--bogus"], ["plan", "--bogus"], ["plan", "--detailed-exitcode", "--bogus"], ["validate", "-o", "xml"],
     ["plan", "--color", "pink"], ["nothing"], ["completion", "tcsh"], ["plan", "-e"], ["simulator", "--port", "x"]],
)  # fmt: skip
def test_a_mistake_on_the_line_is_64_and_never_2(world, words):
    done = world.run(*words)
    assert done.exit_code == 64
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""


def test_every_flag_has_a_variable(world):
    assert world.run("plan", env={"RECONCILER_DETAILED_EXITCODE": "1"}).exit_code == 2
    assert world.run("plan", env={"RECONCILER_OUTPUT": "json"}).stdout.startswith("{")
    assert world.run("plan", env={"RECONCILER_INSTALLATION": "a/b"}).exit_code == 64
    assert world.run("apply", env={"RECONCILER_YES": "1", "RECONCILER_NO_WAIT": "1"}).exit_code == 0
    assert world.run("plan", "--worktree", env={"RECONCILER_REVISION": "HEAD"}).exit_code == 64
    assert world.run("validate", here=True, env={"RECONCILER_DIRECTORY": str(world.root)}).exit_code == 0


def test_a_bug_is_called_one_and_its_traceback_is_kept(world, monkeypatch, tmp_path):
    def broken(*_):
        raise RuntimeError("-".join(["hunter", "2"]))

    monkeypatch.setattr("reconciler.cli.reading.draft", broken)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = world.run("validate")
    assert done.exit_code == 1
    assert "bug in reconciler: RuntimeError" in done.stderr
    assert "hunter-2" not in done.output
    assert "Traceback" not in done.output
    kept = Path(re.search(r"traceback is in (\S+);", done.stderr)[1])
    assert re.search(r"File .*broken\n.*RuntimeError\n", kept.read_text(), re.DOTALL)
    assert "hunter-2" not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    loud = world.run("validate", "-v").stderr
    assert "Traceback" in loud
    assert "hunter-2" not in loud


def test_a_bug_is_told_where_no_file_can_be_written(world, monkeypatch, tmp_path):
    def broken(*_):
        raise RuntimeError("-".join(["hunter", "2"]))

    monkeypatch.setattr("reconciler.cli.reading.draft", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    done = world.run("validate")
    assert done.exit_code == 1
    assert "bug in reconciler: RuntimeError" in done.stderr
    assert "in broken" in done.stderr
    assert "hunter-2" not in done.output


class Stream:
    def __init__(self, tty):
        self.tty = tty

    def isatty(self):
        return self.tty


@pytest.mark.parametrize(
    ("mode", "environ", "tty", "color"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(mode, environ, tty, color):
    assert wants_color(mode, Stream(tty), environ) is color


def test_colour_is_where_it_is_asked_for(world):
    assert "\x1b[" in world.run("--color", "always", "plan").stdout
    assert "\x1b[" not in world.run("plan").output
    assert "\x1b[" not in world.run("--color", "always", "plan", "-o", "json").stdout


def test_a_reader_that_leaves_is_no_error(world):
    environ = {**os.environ, "PYTHONPATH": str(Path(verbs.__file__).parents[3])}
    command = f"{sys.executable} -m reconciler schema; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({command}) | true"], cwd=world.root, env=environ, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.stderr.strip() == "0"


def test_what_the_terminal_cannot_show_is_spelled_out(world):
    environ = {**os.environ, "PYTHONPATH": str(Path(verbs.__file__).parents[3]), "PYTHONIOENCODING": "ascii"}
    world.edit("apps/shop/web.yaml", "desiredCount: 2", "launchType: fargäte")
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "validate"], cwd=world.root, env=environ, capture_output=True, check=False
    )
    assert done.returncode == 65
    assert b"farg\\xe4te" in done.stdout


def test_closed_streams_are_no_error(world):
    environ = {**os.environ, "PYTHONPATH": str(Path(verbs.__file__).parents[3])}
    command = f"{sys.executable} -m reconciler validate >&- 2>&- <&-"
    done = subprocess.run(["bash", "-c", command], cwd=world.root, env=environ, check=False)
    assert done.returncode == 0
