"""A small repository on disk, a simulated account with a virtual clock, and the command line in between."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from reconciler.cli.program import program
from reconciler.cli.runtime import Runtime
from reconciler.simulator import Simulator
from reconciler.simulator.before_send import loader

GOLDEN = Path(__file__).parent / "golden"
HEAD = "apiVersion: reconciler/v1\n"
FILES: dict[str, str | bytes] = {
    "environments/test.yaml": HEAD
    + "kind: Environment\nmetadata: {name: test}\n"
    + 'spec:\n  region: eu-west-1\n  accountId: "123456789012"\n  cluster: main\n',
    "apps/platform/cluster.yaml": HEAD + "kind: Cluster\nmetadata: {name: main}\n",
    "apps/shop/web.yaml": HEAD
    + "kind: TaskDefinition\nmetadata: {name: web}\nspec:\n  containerDefinitions:\n"
    + "    - name: web\n      image: nginx:1\n      memory: 128\n"
    + "      environment:\n        - {name: LEVEL, value: info}\n---\n"
    + HEAD
    + "kind: Service\nmetadata: {name: web}\nspec:\n  taskDefinition: web\n  desiredCount: 2\n",
}


class VirtualClock:
    """The simulator's clock: sleeping lets its time pass."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.while_asleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.simulator.now()

    def monotonic(self) -> float:
        return self.simulator.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.simulator.advance(seconds)
        self.while_asleep()


@dataclass
class World:
    """``run`` is the command line as a process would see it, but for the wire, the clock and the terminal."""

    root: Path
    simulator: Simulator = field(default_factory=Simulator)

    def __post_init__(self) -> None:
        session = boto3.Session(aws_access_key_id="simulator", aws_secret_access_key="simulator")
        session._session.register_component("data_loader", loader())
        self.simulator.attach(session)
        self.session = session
        self.clock = VirtualClock(self.simulator)
        self.environ: dict[str, str] = {}

    def write(self, files: dict[str, Any]) -> None:
        for name, content in files.items():
            path = self.root / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write({name: text.replace(old, new)})

    def git(self, *arguments: str) -> str:
        settings = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**os.environ, **settings},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        if not (self.root / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str, stdin: str | None = None, here: bool = False, env: Any = None) -> Result:
        words = list(arguments) if here else ["-C", str(self.root), *arguments]
        runtime = Runtime(self.clock, self.session, self.environ)
        return CliRunner(env={"RECONCILER_UPDATE_GOLDEN": None, **(env or {})}).invoke(
            program, words, obj=runtime, input=stdin, prog_name="reconciler", catch_exceptions=False
        )

    def applied(self) -> World:
        """Everything of the repository runs."""
        done = self.run("apply", "--yes")
        assert done.exit_code == 0, done.output
        self.simulator.calls.clear()
        return self

    @property
    def writes(self) -> list[str]:
        """The mutating calls; where the machine records what was synced is not among them."""
        made = [call for call in self.simulator.writes() if not str(call.params.get("Name", "")).endswith("/synced")]
        return [f"{call.service}:{call.operation}" for call in made]

    def client(self, service: str) -> Any:
        return self.simulator.client(service, "eu-west-1")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "RECONCILER_", "GIT_")) and name != "RECONCILER_UPDATE_GOLDEN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def empty(tmp_path: Path) -> World:
    """A folder with nothing in it."""
    root = tmp_path / "repository"
    root.mkdir()
    return World(root)


@pytest.fixture
def world(empty: World) -> World:
    """The small repository, as it lies."""
    empty.write(FILES)
    return empty


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[str, str], None]:
    """Compare text with golden/<name>; RECONCILER_UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, text: str) -> None:
        text = re.sub(r"\b[0-9a-f]{12}([0-9a-f]{28})?\b(?!\.dkr)", _commit, text.replace(str(tmp_path), "<tmp>"))
        path = GOLDEN / name
        if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"{path} is missing: run with RECONCILER_UPDATE_GOLDEN=1"
        assert text == path.read_text()

    return compare


def _commit(found: re.Match[str]) -> str:
    return found[0] if found[0].isdigit() else "<commit>"
