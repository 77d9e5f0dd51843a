"""The example repository under git, and an AWS it is applied to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader, create_loader

from reconciler.aws.budget import Budget
from reconciler.aws.clients import Clients
from reconciler.aws.reader import AwsReader
from reconciler.aws.writer import AwsWriter
from reconciler.engine.lookup import Wish, lookup
from reconciler.engine.reconcile import Target, reconcile
from reconciler.kinds import KINDS
from reconciler.model.desired import Environment
from reconciler.model.key import Scope
from reconciler.model.status import Memory, Result
from reconciler.simulator import Settings, Simulator
from reconciler.source.git import read_git
from reconciler.source.render import render
from tests.account import provide

MANIFESTS = Path(__file__).parents[2] / "manifests"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@cache
def _models() -> Loader:
    """Reading AWS's models is most of what making a client costs: once for all tests."""
    return create_loader()


class Repository:
    """A copy of the examples in a git repository of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(MANIFESTS, root)
        self._git("init", "-q", "-b", "main")
        self.commit()

    def commit(self) -> None:
        self._git("add", "-A")
        self._git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "…")

    def change(self, path: str, before: str, after: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))
        self.commit()

    def remove(self, path: str) -> None:
        (self.root / path).unlink()
        self.commit()

    def wish(self, environment: str) -> Wish:
        return lookup(render(read_git(self.root), environment, KINDS), KINDS)

    def _git(self, *arguments: str) -> None:
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *arguments], cwd=self.root, check=True, env={**os.environ, **quiet})


class VirtualClock:
    """The simulator's clock as a Clock: sleeping lets its time pass."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim

    def now(self) -> Any:
        return self.sim.now()

    def monotonic(self) -> float:
        return self.sim.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.sim.advance(seconds)


class World:
    """One AWS, and what a person at a terminal does to it."""

    def __init__(self) -> None:
        self.sim = Simulator(Settings(one_off_ends=15.0))
        self._connected: dict[Environment, tuple[AwsReader, AwsWriter]] = {}

    def prepare(self, wish: Wish) -> None:
        """Make what the manifests only refer to: parameters, secrets, images, roles, networks."""
        region = wish.environment.region
        declared = [(key.kind, item.spec["name"]) for key, item in wish.desired.items() if item.external]
        assert region is not None
        provide(self.sim, region, wish.externals, target_type="instance")
        for kind, name in [*declared, *((external.kind, external.address) for external in wish.externals)]:
            if kind == "Parameter":
                self.sim.client("ssm", region).put_parameter(Name=name, Value="sesame", Type="SecureString")
            elif kind == "Secret":
                value = json.dumps({"username": "profile", "password": "sesame"})
                self.sim.client("secretsmanager", region).create_secret(Name=name, SecretString=value)

    def push(self, wish: Wish) -> None:
        """Push the images that the manifests name, as a build does before the commit."""
        provide(self.sim, str(wish.environment.region), [it for it in wish.externals if it.kind == "Image"])
        self.sim.calls.clear()

    def plan(self, wish: Wish) -> Result:
        return self._tick(wish, Memory(), writes=False)

    def apply(self, wish: Wish) -> Result:
        """Tick, as often and when told, until there is nothing to wait for."""
        result = self._tick(wish, Memory(), writes=True)
        for _ in range(100):
            if result.again is None:
                return result
            self.sim.advance(result.again)
            result = self._tick(wish, result.memory, writes=True)
        raise AssertionError(f"no rest: {result.status}")

    def _tick(self, wish: Wish, memory: Memory, *, writes: bool) -> Result:
        read, write = self._connect(wish.environment)
        scope = Scope("main", wish.environment.name)
        return reconcile(Target(scope, read, write if writes else None), wish, memory)

    def _connect(self, environment: Environment) -> tuple[AwsReader, AwsWriter]:
        if environment not in self._connected:
            session = boto3.Session(aws_access_key_id="simulator", aws_secret_access_key="simulator")
            session._session.register_component("data_loader", _models())
            self.sim.attach(session)
            clock = VirtualClock(self.sim)
            clients, budget = Clients(environment, session=session), Budget(clock)
            reader = AwsReader(clients, budget, clock, jitter=Random(1))
            self._connected[environment] = reader, AwsWriter(clients, budget, clock, jitter=Random(1))
        return self._connected[environment]

    def close(self) -> None:
        for reader, _ in self._connected.values():
            reader.close()

    def writes(self) -> list[str]:
        """The mutating calls since this was last asked."""
        made = [call.operation for call in self.sim.writes()]
        self.sim.calls.clear()
        return made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "manifests")


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()
