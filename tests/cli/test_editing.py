"""The editor's file: for its owner alone, in memory, and gone whatever ends the edit."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import reconciler
from reconciler.cli import editing
from reconciler.cli.editing import edited
from reconciler.cli.working import no_core_dumps
from reconciler.model.errors import UsageError

VALUE = "hunter2-c4n4ry\nof two lines"
PACKAGES = str(Path(reconciler.__file__).parent.parent)


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Where the file is made, in place of /dev/shm."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(editing, "IN_MEMORY", folder)
    return folder


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """Take this script, of which $1 is the file, for the person's editor."""

    def make(script: str) -> None:
        file = tmp_path / "editor"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o700)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", str(file))

    return make


@pytest.fixture
def overwritten(monkeypatch):
    """What was in each file when it was removed."""
    held = {}
    remove = editing.shutil.rmtree

    def look(folder, **options):
        held.update({file.name: file.read_bytes() for file in Path(folder).rglob("*") if file.is_file()})
        remove(folder, **options)

    monkeypatch.setattr(editing.shutil, "rmtree", look)
    return held


def gone(memory):
    return list(memory.rglob("*")) == []


def test_the_file_is_for_its_owner_alone_and_where_nothing_reaches_a_disk(editor, tmp_path):
    editor(f'stat -c "%a %n" "$1" "$(dirname "$1")" > {tmp_path}/seen')
    before = os.umask(0)
    try:
        assert edited(VALUE) is None
    finally:
        os.umask(before)
    (file_mode, file), (folder_mode, folder) = (line.split() for line in (tmp_path / "seen").read_text().splitlines())
    assert (file_mode, folder_mode) == ("600", "700")
    if os.access("/dev/shm", os.W_OK):
        assert file.startswith("/dev/shm/reconciler-")
    assert not Path(folder).exists()


def test_without_memory_to_write_to_it_is_in_the_temporary_folder(editor, tmp_path, monkeypatch):
    monkeypatch.setattr(editing, "IN_MEMORY", tmp_path / "nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    editor(f'echo "$1" > {tmp_path}/seen')
    edited(VALUE)
    file = Path((tmp_path / "seen").read_text().strip())
    assert file.is_relative_to(tmp_path)
    assert not file.parent.exists()


SCRIPTS = {
    "writes in place": ("printf other > $1", "other"),
    "leaves it alone": ("true", None),
    "replaces it by renaming another": ("printf other > $1.new && mv $1.new $1", "other"),
    "keeps backups": ("cp $1 $1~; cp $1 $(dirname $1)/.value.swp; printf other > $1", "other"),
    "keeps a backup that nobody may write to": ("cp $1 $1~; chmod 400 $1~; printf other > $1", "other"),
    "keeps backups in a folder": ("mkdir $(dirname $1)/old; cp $1 $(dirname $1)/old/1; printf other > $1", "other"),
    "removes it": ("rm $1", None),
    "leaves a link": ("ln -s /etc/hostname $(dirname $1)/link; printf other > $1", "other"),
    "ends the last line": ("printf 'other\\n' > $1", "other"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_whatever_the_editor_leaves_there_is_overwritten_and_gone(name, editor, memory, overwritten):
    script, wanted = SCRIPTS[name]
    editor(script)
    before = Path("/etc/hostname").read_bytes()
    assert edited(VALUE) == wanted
    assert gone(memory)
    assert Path("/etc/hostname").read_bytes() == before
    assert {content.strip(b"\0") for held, content in overwritten.items() if held != "link"} <= {b""}
    assert overwritten or name == "removes it"


@pytest.mark.parametrize(("script", "said"), [("exit 3", "Editing failed"), ("printf '\\377' > $1", "not UTF-8")])
def test_an_editor_that_fails_leaves_nothing_and_shows_nothing(script, said, editor, memory):
    editor(script)
    with pytest.raises(UsageError, match=said) as caught:
        edited(VALUE)
    assert gone(memory)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, click.ClickException)


def test_an_exception_in_the_midst_leaves_nothing(editor, memory, overwritten, monkeypatch):
    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr(click, "edit", broken)
    with pytest.raises(RuntimeError):
        edited(VALUE)
    assert gone(memory)
    assert overwritten["value"].strip(b"\0") == b""


EDIT = f"""
import sys
from pathlib import Path
from reconciler.cli import editing, ending
editing.IN_MEMORY = Path(sys.argv[1])
sys.exit(ending.run(lambda: print(editing.edited({VALUE!r}))))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda it: it.name)
def test_a_signal_to_the_process_leaves_nothing(number, editor, memory, tmp_path):
    editor(f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 30")
    process = subprocess.Popen(
        [sys.executable, "-c", EDIT, str(memory)],
        env={**os.environ, "PYTHONPATH": PACKAGES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + 30
        while not (tmp_path / "pid").exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.01)
        assert [file.read_text() for file in memory.rglob("value")] == [VALUE]
        process.send_signal(number)
        process.send_signal(number)
        process.wait(timeout=30)
    finally:
        process.kill()
        if (tmp_path / "pid").exists():
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    out, err = process.communicate()
    assert process.returncode == 143, err
    assert gone(memory)
    assert b"hunter2" not in out + err


def test_ctrl_c_is_for_the_editor(editor, memory):
    editor("kill -INT $PPID; sleep 0.1; printf other > $1")
    before = signal.getsignal(signal.SIGINT)
    assert edited(VALUE) == "other"
    assert gone(memory)
    assert signal.getsignal(signal.SIGINT) == before


def test_a_process_that_may_open_values_dumps_no_core():
    code = "import resource; from reconciler.cli.working import no_core_dumps; no_core_dumps(); print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    found = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": PACKAGES}, capture_output=True, check=True)
    assert found.stdout.strip() == b"0"


@pytest.mark.parametrize(
    "words", [["apply", "--yes"], ["run", "TaskDefinition/web"], ["secret", "reveal", "db", "--yes"]], ids=lambda it: it[0]
)
def test_whoever_is_connected_dumps_no_core(words, world, monkeypatch):
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, limits: asked.append((what, limits[0])))
    world.write({"apps/shop/db.yaml": "apiVersion: reconciler/v1\nkind: Secret\nmetadata: {name: db}\nspec: {name: shop/db}\n"})
    world.run(*words)
    assert (resource.RLIMIT_CORE, 0) in asked


def test_a_limit_that_cannot_be_set_stops_nobody(monkeypatch):
    def refused(*_):
        raise ValueError

    monkeypatch.setattr(resource, "setrlimit", refused)
    no_core_dumps()
