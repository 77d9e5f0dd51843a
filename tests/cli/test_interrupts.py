"""Ctrl-C once: the call in flight is finished, and what was made, what moves and how to go on is said."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from reconciler.agent.converge import Ending, Outcome
from reconciler.agent.waking import Waking
from reconciler.cli.interrupts import Stop
from reconciler.cli.telling import next_step
from reconciler.cli.watching import Made
from reconciler.model.key import Key
from reconciler.model.plan import Plan
from reconciler.model.status import Condition, Memory, ResourceStatus, Result, Status


@contextmanager
def killed_after(world, operation, number=signal.SIGINT):
    """This process is sent a signal while a call is being answered."""
    handle = world.simulator.handle

    def answer(request):
        response = handle(request)
        if world.simulator.calls[-1].operation == operation:
            os.kill(os.getpid(), number)
        return response

    world.simulator.handle = answer
    yield
    world.simulator.handle = handle


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_between_two_calls(world, number, code):
    before = signal.getsignal(number)
    with killed_after(world, "RegisterTaskDefinition", number):
        done = world.run("apply", "--yes")
    assert done.exit_code == code
    assert world.writes == ["ecs:CreateCluster", "ecs:RegisterTaskDefinition"]
    assert "stopping after the call in flight" in done.stderr
    assert "stopped: 2 calls were made; 1 change left to make" in done.stderr
    assert "reconciler apply" in done.stderr
    assert "shop/Service/web" in done.stdout
    assert signal.getsignal(number) == before
    assert world.run("apply", "--yes").exit_code == 0
    assert world.writes.count("ecs:RegisterTaskDefinition") == 1


def test_after_the_first_call(world):
    with killed_after(world, "CreateCluster"):
        done = world.run("apply", "--yes")
    assert done.exit_code == 130
    assert world.writes == ["ecs:CreateCluster"]
    assert "stopped: 1 call was made; 2 changes left to make" in done.stderr


def test_while_it_waits(world):
    def once():
        world.clock.while_asleep = lambda: None
        os.kill(os.getpid(), signal.SIGINT)

    world.clock.while_asleep = once
    done = world.run("apply", "--yes")
    assert done.exit_code == 130
    assert "what rolls out goes on by itself" in done.stderr
    assert "RollingOut" in done.stdout
    world.simulator.settle()
    assert world.run("status").exit_code == 0


def test_the_next_command_is_the_one_that_was_typed(world):
    words = ["-e", "test", "--prune", "--deletion-limit", "20%", "--keep-going", "platform", "shop"]
    with killed_after(world, "CreateCluster"):
        done = world.run("apply", "--yes", *words)
    root = world.root
    assert done.stderr.endswith(
        f"go on with: reconciler apply -C {root} -e test --deletion-limit 20% --prune --keep-going platform shop\n"
    )


@pytest.mark.parametrize("ending", [Ending.STOPPED, Ending.TIMED_OUT])
def test_before_anything_was_written_nothing_is_said_to_go_on_by_itself(ending):
    key = Key("shop", "Service", "web")
    moving = ResourceStatus(key, "RollingOut", (Condition("Ready", "False", "RollingOut", ""),))
    outcome = Outcome(ending, Result(Plan("test", None), Status("test", None, (moving,)), Memory(), None, {}))
    said = next_step(outcome, [], 20.0, "reconciler apply", "reconciler status")
    assert "nothing was written" in said
    assert "by itself" not in said
    assert "what rolls out goes on by itself" in next_step(outcome, [Made(key, "x")], 20.0, "a", "b")


def test_in_json_the_outcome_says_so(world):
    import json

    with killed_after(world, "CreateCluster"):
        body = json.loads(world.run("apply", "--yes", "-o", "json").stdout)
    assert body["outcome"] == "stopped"
    assert [call["operation"] for call in body["calls"]] == ["ecs:CreateCluster"]


def test_while_planning_nothing_is_caught():
    """In a process of its own: whoever runs the tests may ignore signals."""
    program = (
        "import signal; before = signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import reconciler.cli.program, reconciler.cli.applying, reconciler.cli.verbs.plan;"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_outside_the_main_thread_no_signal_is_touched():
    stop, heard = Stop(), []

    def listen():
        with stop.listening():
            heard.append(stop())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert heard == [False]


def test_a_sleeper_looks_up():
    class Clock:
        time = 0.0

        def monotonic(self):
            return self.time

        def sleep(self, seconds):
            self.time += seconds

    clock, beats = Clock(), []
    Waking(clock, lambda: False, lambda: beats.append(clock.time)).sleep(1.1)
    assert clock.time == pytest.approx(1.1)
    assert len(beats) == 5
    Waking(clock, lambda: True).sleep(100)
    assert clock.time == pytest.approx(1.1)
