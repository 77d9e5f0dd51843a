"""Real processes against the simulator's HTTP door: terminals, signals, the simulator verb, completion."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

import reconciler

PACKAGES = str(Path(reconciler.__file__).parent.parent)
COMMAND = [sys.executable, "-P", "-m", "reconciler"]
PATIENCE = 60


@pytest.fixture
def server(world):
    with world.simulator.serve(speed=60) as server:
        yield server


@pytest.fixture
def environ(server):
    return environment(AWS_ENDPOINT_URL=server.url, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": PACKAGES, "TERM": "xterm-256color", "NO_PROXY": "127.0.0.1", **more}


def until(read, wanted, process):
    """What was read, once the wanted pattern is in it."""
    text, end = "", time.monotonic() + PATIENCE
    while not re.search(wanted, text):
        assert time.monotonic() < end, f"no {wanted!r} in {text!r}"
        text += read()
        assert process.poll() is None or re.search(wanted, text), text
    return text


def on_a_terminal(words, cwd, environ, talk):
    """Run a command on a pseudo-terminal; ``talk(read, write, process)`` returns what it read. Output and code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=cwd, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)

    def read():
        if not select.select([ours], [], [], 0.2)[0]:
            return ""
        try:
            return os.read(ours, 65536).decode(errors="replace")
        except OSError:
            return ""

    try:
        text = talk(read, lambda said: os.write(ours, said.encode()), process)
        end = time.monotonic() + PATIENCE
        while process.poll() is None:
            assert time.monotonic() < end, text
            text += read()
        while more := read():
            text += more
        return text, process.returncode
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def test_on_a_terminal_it_asks_and_only_yes_is_yes(world, environ):
    def refuse(read, write, process):
        text = until(read, r"yes", process)
        write("y\n")
        return text

    text, code = on_a_terminal(["apply"], world.root, environ, refuse)
    assert code == 3
    assert "not confirmed; nothing was written" in text
    assert world.writes == []


def test_on_a_terminal_it_shows_a_table_and_ends_ready(world, environ):
    def agree(read, write, process):
        text = until(read, r"yes", process)
        write("yes\n")
        return text

    text, code = on_a_terminal(["apply"], world.root, environ, agree)
    assert code == 0, text
    assert "\x1b[" in text
    assert "RollingOut" in text
    assert "Made 3 calls" in text
    assert "Traceback" not in text
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"]


def test_no_color_on_a_terminal(world, environ):
    def listen(read, write, process):
        return ""

    text, code = on_a_terminal(["plan"], world.root, {**environ, "NO_COLOR": "1"}, listen)
    assert code == 0
    assert "\x1b[" not in text
    colored, _ = on_a_terminal(["plan"], world.root, environ, listen)
    assert "\x1b[32m" in colored


def test_ctrl_c_while_it_rolls_out(world, environ):
    world.simulator.run_by_itself(0)  # time stands still: it would wait for ever
    process = subprocess.Popen(
        [*COMMAND, "apply", "--yes"],
        cwd=world.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = ""
        while "CreateService" not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "stopping after the call in flight" in err
    assert "reconciler apply" in err
    assert "Traceback" not in err
    assert "shop/Service/web" in out


def test_status_is_watched_on_a_terminal_until_ctrl_c(world, environ):
    world.applied()

    def interrupt(read, write, process):
        text = until(read, r"2/2 running", process)
        process.send_signal(signal.SIGINT)
        return text

    text, code = on_a_terminal(["status", "--watch"], world.root, environ, interrupt)
    assert code == 0, text
    assert "\x1b[?25l" in text  # drawn in place
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert text.rstrip().endswith("3 resources: 3 ready.")
    assert "Traceback" not in text


def test_a_watch_whose_reader_leaves_ends(world, environ):
    world.applied()
    world.edit("apps/shop/web.yaml", "nginx:1", "nginx:2")
    world.run("apply", "--yes", "--no-wait")
    process = subprocess.Popen(
        [*COMMAND, "status", "--watch", "1s"],
        cwd=world.root,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline()
        process.stdout.close()
        end, count = time.monotonic() + PATIENCE, 2
        while process.poll() is None:  # something has to change, or there is nothing to write to nobody
            assert time.monotonic() < end
            count += 1
            world.client("ecs").update_service(cluster="main", service="web", desiredCount=2 + count % 2)
            select.select([], [], [], 0.5)
        assert process.returncode in (0, 3)
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_the_simulator_verb_prints_what_to_set_and_ends_quietly(tmp_path):
    log = tmp_path / "calls.jsonl"
    process = subprocess.Popen(
        [*COMMAND, "simulator", "--port", "0", "--log", str(log), "--region", "eu-central-1"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline().strip() for _ in range(5)]
        found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-central-1"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", found["AWS_ENDPOINT_URL"])
        session = boto3.Session(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], region_name="eu-central-1")
        ecs = session.client(
            "ecs", endpoint_url=found["AWS_ENDPOINT_URL"], config=Config(retries={"total_max_attempts": 1})
        )
        assert ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"
        ecs.close()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert [json.loads(line)["operation"] for line in log.read_text().splitlines()] == ["CreateCluster"]


def test_a_port_in_use_is_said(server, environ, tmp_path):
    done = subprocess.run(
        [*COMMAND, "simulator", "--port", str(server.port)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert f"port {server.port} cannot be used" in done.stderr


def complete(*words, cwd):
    asked = {
        "_RECONCILER_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["reconciler", *words]),
        "COMP_CWORD": str(len(words)),
    }
    code = "from reconciler.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=cwd,
        env=environment(**asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line.split(",")[1] for line in done.stdout.splitlines() if line]


def test_completion_knows_verbs_environments_and_apps(world):
    assert complete("va", cwd=world.root) == ["validate"]
    assert complete("plan", "--det", cwd=world.root) == ["--detailed-exitcode"]
    assert complete("plan", "-e", "", cwd=world.root) == ["test"]
    assert complete("-e", "t", cwd=world.root) == ["test"]
    assert complete("plan", "", cwd=world.root) == ["platform", "shop"]
    assert complete("plan", "shop", "", cwd=world.root) == ["platform"]
    assert complete("plan", "-o", "m", cwd=world.root) == ["markdown"]
    assert complete("plan", "", cwd=world.root.parent) == []
    assert complete("explain", "Ser", cwd=world.root) == ["Service"]
    assert complete("explain", "Service.desired", cwd=world.root) == ["Service.desiredCount"]
    assert complete("schema", "--kind", "Env", cwd=world.root) == ["Environment"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_can_be_sourced(empty, shell, tmp_path):
    script = empty.run("completion", shell, here=True)
    assert script.exit_code == 0
    assert "_RECONCILER_COMPLETE" in script.stdout
    if shutil.which(shell) is None:
        return  # what can be told without the shell has been
    file = tmp_path / "script"
    file.write_text(script.stdout)
    before = "autoload -U compinit; compinit -D; " if shell == "zsh" else ""
    done = subprocess.run([shell, "-c", f"{before}source {file}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_simulator_verb_lists_what_it_simulates(world):
    done = world.run("simulator", "--operations")
    assert done.exit_code == 0
    assert {"CreateService", "ListServiceDeployments", "RunTask"} <= set(done.stdout.split())


def test_a_script_that_is_wrong_is_told_with_its_place(world, tmp_path):
    script = tmp_path / "script.yaml"
    script.write_text("workloads:\n  - {match: app, exitz: 1}\n")
    done = world.run("simulator", "--port", "0", "--script", str(script))
    assert done.exit_code == 64
    assert "'exitz' is not known" in done.stderr


def test_a_script_is_read_again_when_it_changes_and_a_wrong_one_changes_nothing(tmp_path):
    from reconciler.cli.verbs.simulator import Scripted
    from reconciler.simulator import Simulator

    said = []

    class Terminal:
        def err(self, text):
            said.append(text)

    script = tmp_path / "script.yaml"
    script.write_text("workloads:\n  - {match: app, exits: 1}\n")
    simulator = Simulator()
    scripted = Scripted(simulator, script, Terminal())
    scripted.read()
    scripted.read_again()
    assert said == []
    script.write_text("workloads:\n  - {match: app, exits: 1}\n  - {match: other, exits: 2}\n")
    scripted.read_again()
    assert [workload.match for workload in simulator.world.script.workloads] == ["app", "other"]
    script.write_text("workloads: nonsense\n")
    scripted.read_again()
    assert [workload.match for workload in simulator.world.script.workloads] == ["app", "other"]
    assert "still holds" in said[-1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["validate"], ["validate", "-o", "json"], ["--help"], ["completion", "bash"]])
def test_output_without_room_for_it_is_one_message(world, words):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *words], cwd=world.root, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the output cannot be written: No space left on device\n")
    assert done.stderr.count("error") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_messages_without_room_for_them_change_nothing(world):
    world.write({"apps/shop/bad.yaml": "kind: Servcie\n"})
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "plan"], cwd=world.root, env=environment(), stdout=subprocess.PIPE, stderr=full, text=True
        )
    assert (done.returncode, done.stdout) == (65, "")
