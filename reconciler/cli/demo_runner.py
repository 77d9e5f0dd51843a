"""Runs the demo's commands as a person would type them: shown before their output, in an environment of their own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from reconciler.cli.exits import Exit
from reconciler.cli.terminal import Terminal
from reconciler.model.errors import ReconcilerError
from reconciler.report.style import paint

_FOREIGN = ("AWS_", "RECONCILER_", "GIT_")
_PACKAGES = Path(__file__).resolve().parents[2]
_OURS = [sys.executable, "-P", "-m", "reconciler"]
_PATIENCE = 120.0
"""Seconds a command may take."""


class DemoFailed(ReconcilerError):
    """A step did not do what it should."""


class Terminated:
    """A SIGTERM ends the demo in an orderly way, but never between the start of a process and knowing of it."""

    def __init__(self) -> None:
        self._asked = self._starting = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._starting:
            sys.exit(Exit.TERMINATED)

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Whatever is asked meanwhile is done afterwards."""
        self._starting = True
        try:
            yield
        finally:
            self._starting = False
        if self._asked:
            sys.exit(Exit.TERMINATED)


terminated = Terminated()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of AWS, git and ours; nothing of the machine has a say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    person = {"NAME": "Demo", "EMAIL": "demo@example.com"}
    return {
        **kept,
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH", "")))),
        "NO_PROXY": "127.0.0.1",
        **extra,
    }


class Runner:
    """Commands in one folder."""

    def __init__(self, terminal: Terminal, folder: Path, settings: Mapping[str, str]) -> None:
        self._terminal, self._folder = terminal, folder
        color = {"RECONCILER_COLOR": "always"} if terminal.color else {}
        self._environment = environment({**settings, **color})

    def say(self, text: str) -> None:
        """A remark between commands."""
        self._terminal.out(
            "\n" + "\n".join(paint(f"# {line}", "cyan", self._terminal.color) for line in text.split("\n"))
        )

    def run(self, command: str, *, expect: int = 0, means: str = "", given: str = "") -> None:
        """Show a command and run it, with what it is ``given`` on stdin. Raises DemoFailed when it exits otherwise than
        expected."""
        piped = "generate-a-password | " if given else ""
        self._terminal.out(paint(f"$ {piped}{command}", "bold", self._terminal.color))
        words = shlex.split(command)
        if words[0] == "reconciler":
            words = [*_OURS, *words[1:]]
        process = None
        try:
            with terminated.postponed():
                stdin = subprocess.PIPE if given else subprocess.DEVNULL
                process = subprocess.Popen(words, cwd=self._folder, env=self._environment, stdin=stdin)
            if given:
                process.communicate(given.encode(), _PATIENCE)
            code = process.wait(_PATIENCE)
        except FileNotFoundError:
            raise DemoFailed(f"{words[0]} is not installed, or not on PATH") from None
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"took more than {_PATIENCE:.0f} s", where=command) from None
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if code != expect:
            reason = f"exited {code} instead of {expect}" + (f": {means}" if means else "")
            raise DemoFailed(reason, where=command)


@contextmanager
def simulator(terminal: Terminal, speed: int) -> Iterator[dict[str, str]]:
    """The embedded AWS as a process of its own; what an SDK needs to be told to use it."""
    terminal.out(paint(f"$ reconciler simulator --port 0 --speed {speed} &", "bold", terminal.color))
    process = None
    try:
        with terminated.postponed():
            process = subprocess.Popen(
                [*_OURS, "simulator", "--port", "0", "--speed", str(speed)],
                env=environment({}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # a Ctrl-C is for the commands; this one is ended below
            )
        exports = {}
        for line in process.stdout or ():
            terminal.out(line)
            name, _, value = line.removeprefix("export ").strip().partition("=")
            exports[name] = value
            if name == "AWS_SECRET_ACCESS_KEY":
                break
        if process.poll() is not None or "AWS_ENDPOINT_URL" not in exports:
            raise DemoFailed("the simulator did not start", hint="see what it says: reconciler simulator --port 0")
        yield exports
    finally:
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
