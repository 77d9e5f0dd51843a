"""The demo: its example is there, its steps are shown and checked, and it leaves nothing behind.

The whole of it is run by ``make demo``.
"""

import io
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.cli.demo_runner import DemoFailed, Runner, environment, simulator
from reconciler.cli.exits import of_error
from reconciler.cli.terminal import Terminal
from reconciler.cli.verbs.demo import _new_release, example

PACKAGES = str(Path(reconciler.__file__).parent.parent)


@pytest.fixture
def runner(tmp_path):
    return Runner(Terminal("never"), tmp_path, {"AWS_REGION": "eu-west-1"})


def test_the_example_is_found_and_has_a_release_to_raise(tmp_path):
    import shutil

    root = shutil.copytree(example(), tmp_path / "shop")
    before = (root / "apps/bookstore/app.yaml").read_text()
    release = _new_release(root)
    assert f"release: {release}" in (root / "apps/bookstore/app.yaml").read_text()
    assert release not in before


def test_a_command_is_shown_before_it_is_run(runner, capfd):
    runner.run("git --version")
    out = capfd.readouterr().out
    assert out.startswith("$ git --version\ngit version ")


def test_a_step_that_does_something_else_ends_the_demo(runner):
    with pytest.raises(DemoFailed) as caught:
        runner.run("git no-such-verb", means="it should be there")
    assert "it should be there" in str(caught.value)
    assert of_error(caught.value) == 1
    with pytest.raises(DemoFailed, match="not installed"):
        runner.run("no-such-program-anywhere")


def test_nothing_of_the_machine_has_a_say(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    made = environment({"AWS_REGION": "eu-west-1"})
    assert not {"AWS_PROFILE", "RECONCILER_ENVIRONMENT", "GIT_DIR"} & made.keys()
    assert made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert made["GIT_CONFIG_GLOBAL"] == os.devnull


def test_the_simulator_runs_only_as_long_as_it_is_needed(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)
    with simulator(Terminal("never"), 60) as settings:
        port = int(settings["AWS_ENDPOINT_URL"].rpartition(":")[2])
        assert _listens(port)
    assert not _listens(port)
    assert "$ reconciler simulator --port 0 --speed 60 &" in said.getvalue()


def test_ended_half_way_it_leaves_nothing_behind(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "reconciler", "demo"],
        env={**os.environ, "PYTHONPATH": PACKAGES, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        told = ""
        while "reconciler validate" not in told:
            line = process.stdout.readline()
            assert line, told
            told += line
        port = int(told.partition("http://127.0.0.1:")[2].split()[0])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 143
    assert list(tmp_path.iterdir()) == []
    assert not _listens(port)


def _listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
