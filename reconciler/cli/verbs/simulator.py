"""``simulator``: an AWS on this machine, for any SDK or tool, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import click

from reconciler.cli.options import common, option
from reconciler.cli.runtime import current
from reconciler.cli.terminal import Terminal
from reconciler.model.errors import UsageError

REGION = "eu-west-1"
ONE_OFF = 15.0
"""Of its seconds: how long a migration and its like take, unless the script says otherwise."""


@click.command(short_help="Run an AWS on this machine to try things with.")
@option("--port", type=click.IntRange(0, 65535), default=4566, show_default=True, help="0 for any free one.")
@option(
    "--speed",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="N",
    help="Its seconds in one of ours.",
)
@option("--seed", type=int, default=0, show_default=True, metavar="N", help="The same seed gives the same ids.")
@option("--log", type=click.Path(dir_okay=False), metavar="FILE", help="Write every call there, one JSON line each.")
@option("--region", default=REGION, show_default=True, metavar="NAME", help="Of requests that name none.")
@option(
    "--eventual",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Of its time: how long after a write a read may show what was before, as ECS documents.",
)
@option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="How containers behave, as YAML; read again whenever it changes.",
)
@click.option("--operations", is_flag=True, help="List the operations of ECS that are simulated, and end.")
@common(verb=True, repository=False)
def command(
    port: int,
    speed: float,
    seed: int,
    log: str | None,
    region: str,
    eventual: float,
    script: Path | None,
    operations: bool,
    **given: Any,
) -> int:
    """Run an AWS on this machine: an ECS that rolls out, and what belongs to it. It listens on 127.0.0.1 alone.

    Prints what to set so that any SDK or tool uses it, and runs until Ctrl-C. It forgets everything then.
    """
    run = current()
    run.take(given)
    require()
    from reconciler.simulator import OPERATIONS, Settings, Simulator

    if operations:
        run.terminal.out("\n".join(OPERATIONS))
        return 0
    simulator = Simulator(Settings(seed=seed, region=region, eventual_window=eventual, one_off_ends=ONE_OFF))
    scripted = Scripted(simulator, script, run.terminal) if script else None
    if scripted:
        scripted.read()
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        server = simulator.serve(port, speed, log)
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used: {error.strerror}", hint="choose another one with --port"
        ) from None
    with server:
        for name, value in exports(server.url, region).items():
            run.terminal.out(f"export {name}={value}")
        run.terminal.err(f"listening on {server.url}; Ctrl-C ends it")
        while not ended.wait(0.5):
            if scripted:
                scripted.read_again()
    return 0


class Scripted:
    """A script in a file, read again whenever it changes. One that is wrong is told, and the last good one stays."""

    def __init__(self, simulator: Any, file: Path, terminal: Terminal) -> None:
        self._simulator, self._file, self._terminal = simulator, file, terminal
        self._seen: tuple[float, int] | None = None

    def read(self) -> None:
        """Read it now. Raises UsageError when it is wrong."""
        from reconciler.simulator import ScriptError

        self._seen = self._stamp()
        try:
            self._simulator.load_script(self._file.read_text(encoding="utf-8"))
        except (ScriptError, OSError, UnicodeDecodeError) as error:
            raise UsageError(str(error), where=str(self._file), hint="see docs/simulator.md") from None

    def read_again(self) -> None:
        """Read it when it has changed since."""
        if self._stamp() == self._seen:
            return
        try:
            self.read()
            self._terminal.err(f"read {self._file} again")
        except UsageError as error:
            self._terminal.err(f"{error}; what it said before still holds")

    def _stamp(self) -> tuple[float, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return self._seen
        return stat.st_mtime, stat.st_size


def exports(url: str, region: str) -> dict[str, str]:
    """What an SDK needs to be told. Any key is taken."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "simulator",
        "AWS_SECRET_ACCESS_KEY": "simulator",
    }


def require() -> None:
    """UsageError where what the simulator stands on is not installed."""
    if find_spec("moto") is None:
        raise UsageError(
            "the embedded AWS is not installed", hint="install it with: pip install 'ecs-reconciler[simulator]'"
        )
