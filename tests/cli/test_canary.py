"""Histories of one repository with values made to be found, under faults: whatever is run, none of them gets out.

A history is a seed: its number is in the test's name, and that test alone plays it again. A run is one invocation.
"""

from __future__ import annotations

import io
import json
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any

import pyrage
import pytest

from reconciler.cli import editing
from reconciler.cli.terminal import Terminal
from reconciler.simulator import Crash
from reconciler.simulator.quoting import SPELLINGS
from tests.account import role
from tests.cli.conftest import FILES, HEAD, World
from tests.foreign import sops, vault
from tests.leaks import SHAPES, Canary, in_yaml, leaks, made

SEEDS = 3
RUNS = 168
"""Of each history; the suite is to make at least 500."""

SHOP = "apps/shop/all.yaml"
OVERLAY = "apps/shop/environments/test.yaml"
FOREIGN = ("secrets/sops.json", "secrets/vault.yaml")
SEALED = ("Secret/db", "Secret/token", "Parameter/url")
TARGET = {"Secret/db": "shop/Secret/db", "Secret/token": "token", "Parameter/url": "Parameter/url"}


PLAINLY = [shape for shape in SHAPES if shape not in ("reference", "variable", "ARN")]
"""What a manifest may hold as a value: these are names, wherever they stand plainly in one."""


def manifests(password: str) -> str:
    return (
        HEAD
        + "kind: Secret\nmetadata: {name: db}\nspec: {name: shop/db, description: the database}\n---\n"
        + HEAD
        + "kind: Secret\nmetadata: {name: token, policy: {prune: true}}\nspec: {name: shop/token}\n---\n"
        + HEAD
        + "kind: Parameter\nmetadata: {name: url}\nspec: {name: /shop/url}\n---\n"
        + HEAD
        + "kind: Secret\nmetadata: {name: sops}\nspec: {name: shop/sops, from: {sops: secrets/sops.json, key: password}}\n---\n"
        + HEAD
        + "kind: Secret\nmetadata: {name: whole}\nspec: {name: shop/whole, from: {sops: secrets/sops.json}}\n---\n"
        + HEAD
        + "kind: Parameter\nmetadata: {name: vault}\nspec: {name: /shop/vault, from: {yamlVault: secrets/vault.yaml, key: password}}\n---\n"
        + HEAD
        + "kind: TaskDefinition\nmetadata: {name: web}\nspec:\n  executionRoleArn: exec\n  containerDefinitions:\n"
        + "    - name: web\n      image: nginx:${{ vars.tag }}\n      memory: 128\n      environment:\n"
        + f"        - {{name: DB_PASSWORD, value: \"{in_yaml(password)}\"}}\n        - {{name: LEVEL, value: info}}\n"
        + "      secrets:\n"
        + "".join(
            f"        - {{name: V{n}, valueFrom: 'ref:{kind}/{name}'}}\n"
            for n, (kind, name) in enumerate(it.split("/") for it in (*SEALED, "Secret/sops", "Parameter/vault"))
        )
        + "---\n"
        + HEAD
        + "kind: Service\nmetadata: {name: web}\nspec:\n  taskDefinition: web\n  desiredCount: 1\n"
    )


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def block(text: str) -> str:
    return "|-\n" + "\n".join(f"    {line}" for line in text.splitlines())


WRITTEN: tuple[Callable[[str], str], ...] = (
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: single(text) if text.isprintable() else json.dumps(text),
    lambda text: block(text) if text.strip() and re.fullmatch(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f]+", text) else json.dumps(text),
)
"""How a person writes a value into YAML."""

MISTAKES = {
    "a secret": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {0}\n",
    "a secret in braces": "kind: Secret\nmetadata: {{name: wrong}}\nspec: {{name: x, secretString: {1}}}\n",
    "a secret as an object": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString:\n    password: {1}\n",
    "a secret in a list": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: [{1}]\n",
    "a parameter": "kind: Parameter\nmetadata: {{name: wrong}}\nspec:\n  value: {0}\n  name: /x\n",
    "a string whose name is a secret's": "kind: Parameter\nmetadata: {{name: wrong}}\nspec:\n  name: /x/password\n  type: String\n  value: {0}\n",
    "an unknown member": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {0}\n  colour: 1\n",
    "a misspelt member": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretStrin: {0}\n",
    "YAML that ends open": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {0}\n  tags: [\n",
    "a tab": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {0}\n\tname: x\n",
    "a tab before it": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n\tsecretString: {1}\n",
    "twice": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {0}\n  secretString: {1}\n",
    "a sealed one with more behind": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: sealed:v1:{2}\n",
    "a variable in it": "kind: Secret\nmetadata: {{name: wrong}}\nspec:\n  secretString: {1}${{{{ vars.nothing }}}}\n",
    "an environment": "kind: TaskDefinition\nmetadata: {{name: wrong}}\nspec:\n  containerDefinitions:\n    - name: x\n      image: x\n      memory: 64\n      environment: [{{name: API_TOKEN, value: {1}, more: 1}}]\n",
    "an open environment": "kind: TaskDefinition\nmetadata: {{name: wrong}}\nspec:\n  containerDefinitions:\n    - name: x\n      environment:\n        - name: API_TOKEN\n          value: {1}\n        - [\n",
    "a plain file as SOPS's": "kind: Secret\nmetadata: {{name: wrong}}\nspec: {{from: {{sops: secrets/plain.yaml, key: password}}}}\n",
    "a plain file as yaml_vault's": "kind: Secret\nmetadata: {{name: wrong}}\nspec: {{from: {{yamlVault: secrets/plain.yaml, key: password}}}}\n",
}  # fmt: skip
"""Plain values by mistake; {0} is a value of a block mapping, {1} one in braces, {2} the bare value."""

READING = (
    ["validate"], ["validate", "-o", "json"], ["validate", "-o", "github"], ["plan"], ["plan", "-v"], ["plan", "-o", "json"],
    ["plan", "-o", "markdown"], ["plan", "--no-preflight"], ["plan", "--detailed-exitcode", "--prune"], ["secret", "list"],
    ["secret", "list", "-o", "json"], ["status"], ["status", "-o", "json"], ["status", "-o", "wide"], ["history"],
    ["history", "-o", "json"], ["wait", "--timeout", "3s"], ["wait", "--timeout", "3s", "-o", "json"],
)  # fmt: skip
ALONE = (["schema"], ["explain", "Secret.secretString"], ["explain", "Parameter"], ["completion", "bash"], ["--version"])
SAYING = (
    ["retry", "shop"], ["suspend", "shop"], ["resume", "shop"], ["rollback", "shop", "--yes"], ["set-image", "tag=2"],
    ["run", "TaskDefinition/web", "--timeout", "5s", "--", "true"], ["secret", "restore", "token"], ["doctor"],
)  # fmt: skip
APPLYING = (
    ["apply", "--yes"], ["apply", "--yes", "-v"], ["apply", "--yes", "-o", "json"], ["apply", "--yes", "--keep-going"],
    ["apply", "--yes", "--no-wait"], ["apply", "--yes", "--prune"], ["apply", "--yes", "--no-wait", "-v"],
)  # fmt: skip
WRITES = ("PutSecretValue", "PutParameter", "CreateSecret", "UpdateSecret*", "RegisterTaskDefinition", "*Tag*", "*Service")


@contextmanager
def logged(stream: io.StringIO) -> Iterator[None]:
    """Everything that any logger says, down to DEBUG."""
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


class History:
    """One seed: a world, the values in it, and what is run over it."""

    def __init__(self, seed: int, world: World, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random, self.world, self.scratch, self.monkeypatch = Random(seed), world, scratch, monkeypatch
        self.canaries: list[Canary] = []
        self.held: dict[str, Canary] = {}
        self.planted = {SHOP, "apps/shop/wrong.yaml", "secrets/plain.yaml"}
        self.runs: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self.log = world.simulator.log = io.StringIO()
        self.told: list[str] = []
        for name in ("tmp", "shm", "home", "out", "editor"):
            (scratch / name).mkdir()
        monkeypatch.setattr(editing, "IN_MEMORY", scratch / "shm")
        monkeypatch.setattr(tempfile, "tempdir", str(scratch / "tmp"))
        monkeypatch.setenv("HOME", str(scratch / "home"))
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", str(scratch / "editor/editor"))
        self.age = pyrage.x25519.Identity.generate()
        secret = str(self.age)
        self.canaries.append(Canary(secret, (secret[20:40],)))
        monkeypatch.setenv("RECONCILER_AGE_KEY", secret)
        self.kms = world.client("kms")
        self.key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.settle_repository()

    def settle_repository(self) -> None:
        role(self.world.simulator, "exec")
        environment = FILES["environments/test.yaml"] + f"  sealing: {{kms: {self.key}}}\n  vars: {{tag: '1'}}\n"
        platform = FILES["apps/platform/cluster.yaml"]
        self.world.write({"environments/test.yaml": environment, "apps/platform/cluster.yaml": platform})
        self.world.write({SHOP: manifests(self.new(self.random.choice(PLAINLY)).value)})
        self.encrypt()
        self.reseal("Secret/db")
        self.reseal("Secret/token")
        self.reseal("Parameter/url")
        self.run("apply", "--yes", "--no-wait", expected=0)
        self.arrived()

    def arrived(self) -> None:
        """The values are where they belong: what is looked for elsewhere is really under way."""
        secrets, values = self.world.client("secretsmanager"), {it.value for it in self.canaries}
        values |= {value.removesuffix("\n").removesuffix("\r") for value in values}
        for name in ("shop/db", "shop/token", "shop/sops"):
            assert secrets.get_secret_value(SecretId=name)["SecretString"] in values
        url = self.world.client("ssm").get_parameter(Name="/shop/url", WithDecryption=True)["Parameter"]["Value"]
        assert url in values

    def new(self, shape: str = "") -> Canary:
        canary = made(self.random, shape or self.random.choice(list(SHAPES)))
        self.canaries.append(canary)
        return canary

    # What people do to the repository.

    def encrypt(self) -> None:
        """Other values in the files of other tools; no fault meets who encrypts them."""
        engine = self.world.simulator.faults.engine
        armed, engine.armed = engine.armed, []
        values = {"password": self.new().value, "other": self.new("plain").value}
        self.world.write({"secrets/sops.json": sops(self.kms, self.key, values)})
        values = {"password": self.new().value}
        self.world.write({"secrets/vault.yaml": vault(self.kms, self.key, values)})
        engine.armed = armed

    def reseal(self, name: str) -> None:
        canary = self.new()
        keys = ["--age", str(self.age.to_public())] if name == "Secret/token" else []
        raw = ["--raw"] if self.random.random() < 0.5 else []
        self.run("secret", "seal", TARGET[name], *keys, *raw, stdin=canary.value)

    def edit_value(self) -> None:
        """The editor saves another value, a copy of it beside, or fails."""
        canary = self.new()
        (self.scratch / "editor/new").write_text(canary.value, newline="")
        how = self.random.choice(["cp {new} $1", "cp {new} $1.x && mv $1.x $1", "cp $1 $1~; cp {new} $1", "cp {new} $1; exit 1", "cp {new} /dev/full", "true", "rm $1"])
        script = self.scratch / "editor/editor"
        script.write_text("#!/bin/sh\n" + how.format(new=self.scratch / "editor/new") + " 2>/dev/null\n")
        script.chmod(0o700)
        with self.monkeypatch.context() as patch:
            patch.setattr(Terminal, "interactive", True)
            self.run("secret", self.random.choice(["edit", "seal"]), TARGET[self.random.choice(SEALED)])
        (self.scratch / "editor/new").unlink()

    def write_plainly(self) -> None:
        """A value where none may stand, in some broken way; looked at, then taken out again."""
        name = self.random.choice(list(MISTAKES))
        canary = self.new(self.random.choice(PLAINLY))
        in_block = self.random.choice(WRITTEN)(canary.value)
        # a variable is looked for in every text, and its name may be said
        bare = canary.value if canary.value.isprintable() and "${{" not in canary.value else "x"
        text = MISTAKES[name].format(in_block, json.dumps(canary.value), bare)
        self.world.write({"apps/shop/wrong.yaml": HEAD + text, "secrets/plain.yaml": f"password: {in_block.replace('    ', '  ')}\n"})
        self.told.append(f"wrong: {name}")
        for _ in range(2):
            self.run(*self.random.choice([*READING[:6], *READING[9:11], *APPLYING[:4], ["secret", "seal", "wrong"], ["secret", "rotate"]]), stdin=canary.value)
        self.world.write({"apps/shop/wrong.yaml": None, "secrets/plain.yaml": None})

    def alter(self) -> None:
        """An envelope that does not open, for a while."""
        file = self.random.choice([OVERLAY, *FOREIGN])
        path = self.world.root / file
        before = path.read_text()
        changed = re.sub(r"[A-Za-z0-9_-]{40,}", lambda it: self.spoil(it[0]), before) if file != OVERLAY else self.spoilt_envelope(before)
        path.write_text(changed)
        self.told.append(f"altered: {file}")
        for _ in range(2):
            self.run(*self.random.choice([*READING[:6], *APPLYING[:4], ["secret", "reveal", "db", "--yes"], ["secret", "rotate"]]))
        path.write_text(before)

    def spoil(self, text: str) -> str:
        place = self.random.randrange(len(text))
        return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]

    def spoilt_envelope(self, text: str) -> str:
        def other(found: re.Match[str]) -> str:
            head, _, body = found[0].rpartition(":")
            return self.random.choice([head, f"{head}:{self.spoil(body)}", self.spoil(found[0]), found[0][:-5], f"{found[0]}:x"])

        return re.sub(r"sealed:v1:[\w:-]+", other, text)

    # What goes wrong.

    def arm(self) -> None:
        """A fault, or none."""
        faults, random = self.world.simulator.faults, self.random
        operation = random.choice([*WRITES, "*", "Decrypt", "GenerateDataKey", "Describe*"])
        match random.randrange(9):
            case 0 | 1 | 2:
                times = random.choice([1, None])
                faults.quote(random.choice(WRITES), spelling=random.randrange(len(SPELLINGS)), times=times)
            case 3:
                faults.deny(operation, service="*")
            case 4:
                how: Any = random.choice(["closed", "timeout", "500", "503", "throttled"])
                faults.fail(operation, how=how, when=random.choice(["before", "after"]), times=random.choice([1, 3, 60]))
            case 5:
                faults.crash(operation, when=random.choice(["before", "after"]), calls=random.choice(["write", "call"]))
            case 6:
                faults.cut(operation, on=random.randint(1, 3))
            case 7:
                self.break_program()
        self.told.append(f"faults: {faults.plan}")

    def break_program(self) -> None:
        """A mistake in a program, whose text repeats what was at hand."""
        where = self.random.choice(
            ["botocore.serialize.JSONSerializer.serialize_to_request", "reconciler.aws.writer.ask",
             "reconciler.aws.keys.Keys.open", "reconciler.aws.keys.Keys.seal", "reconciler.aws.keys.opened",
             "reconciler.engine.sealing.placed", "reconciler.engine.sealing.check", "reconciler.aws.errors.hide"]
        )  # fmt: skip
        kind = self.random.choice([ValueError, RuntimeError, KeyError, OSError])
        values = "\n".join(canary.value for canary in self.canaries)

        def broken(*given: Any, **named: Any) -> Any:
            # what is at hand, in its arguments, in its cause
            raise kind(f"{given} {named} {values}") from TypeError(values)

        self.patch.setattr(where, broken)
        self.told.append(f"broken: {where}")

    # What is run, and what is looked at.

    def step(self) -> None:
        random = self.random
        with self.monkeypatch.context() as self.patch:
            if random.random() < 0.55:
                self.arm()
            self.act()
        self.world.simulator.faults.clear()
        self.world.simulator.revive()

    def act(self) -> None:
        random = self.random
        match random.randrange(26):
            case 0 | 1 | 2 | 3:
                self.reseal(random.choice(SEALED))
                if random.random() < 0.6:
                    self.run(*random.choice(APPLYING))
            case 4:
                self.encrypt()
                self.run(*random.choice(APPLYING))
            case 5 | 6:
                self.edit_value()
            case 7 | 8 | 9:
                self.write_plainly()
            case 10:
                self.alter()
            case 11:
                self.run("secret", "reveal", TARGET[random.choice(SEALED)], "--yes")
            case 12:
                self.run("secret", "rotate", *random.choice([[], ["db"], ["db", "url"]]), "--kms", self.key)
            case 13:
                self.run(*random.choice(SAYING))
            case 14:
                self.run(*random.choice(ALONE))
            case 15:
                self.saved_plan()
            case 16:
                self.world.write({SHOP: manifests(self.new(random.choice(PLAINLY)).value)})
                self.run(*random.choice(APPLYING))
            case _:
                self.run(*random.choice(READING))

    def saved_plan(self) -> None:
        self.reseal(self.random.choice(SEALED))
        file = str(self.scratch / "out" / self.random.choice(["plan.json", "nowhere/plan.json", "."]))
        self.run("plan", "--out", file)
        self.run("apply", file)

    def run(self, *words: str, stdin: str | None = None, expected: int | None = None) -> None:
        verb = " ".join(words[: 2 if words[0] == "secret" else 1])
        self.runs[verb] += 1
        if words[0] == "apply":
            words = (*words, "--timeout", "10s")
        self.told.append(" ".join(words))
        debug = io.StringIO()
        try:
            with logged(debug) if self.random.random() < 0.1 else nullcontext():
                done = self.world.run(*words, stdin=stdin)
        except Crash:
            self.world.simulator.revive()
            self.look({"logging": debug.getvalue()})
            return
        self.codes[done.exit_code] += 1
        if expected is not None:
            assert done.exit_code == expected, done.output
        assert "Traceback (most recent call last)" not in done.stderr or "this is a bug" in done.stderr
        shown = {"stderr": done.stderr} if verb == "secret reveal" else {"stdout": done.stdout, "stderr": done.stderr}
        self.look({**shown, "logging": debug.getvalue()})

    def look(self, shown: dict[str, str | bytes]) -> None:
        """At all that was printed, written and logged."""
        shown["the log of calls"] = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        shown |= {str(path): path.read_bytes() for path in self.files()}
        self.clean(shown, self.canaries)
        for path in (self.scratch / "tmp").iterdir():
            path.unlink()
        assert list((self.scratch / "shm").iterdir()) == [], "the editor's file is still there"

    def files(self) -> Iterable[Path]:
        """Every file but those with values that were put there."""
        for top in (self.world.root, self.scratch):
            for path in top.rglob("*"):
                put_there = path.parent.name == "editor" or str(path.relative_to(top)) in self.planted
                if path.is_file() and not put_there:
                    yield path

    def clean(self, shown: dict[str, str | bytes], canaries: list[Canary]) -> None:
        for where, text in shown.items():
            found = leaks(text, canaries)
            assert not found, f"in {where}, after {self.told[-8:]}: {found}"

    def aws(self) -> None:
        """What AWS shows of everything but the values themselves and what stands plainly in a manifest."""
        ssm, secrets, ecs = (self.world.client(name) for name in ("ssm", "secretsmanager", "ecs"))
        listed = secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
        shown: list[Any] = [listed, ssm.describe_parameters(), ecs.describe_clusters(include=["TAGS"])]
        shown += [secrets.describe_secret(SecretId=it["Name"]) for it in listed]
        shown += [ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name) for name in ("/shop/url", "/shop/vault")]
        shown += [ssm.get_parameters_by_path(Path="/reconciler", Recursive=True)]
        shown += [ecs.describe_services(cluster="main", services=["web"], include=["TAGS"])]
        for arn in ecs.list_task_definitions()["taskDefinitionArns"]:
            answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
            for container in answer["taskDefinition"]["containerDefinitions"]:
                del container["environment"]
            shown.append(answer)
        self.clean({"AWS": json.dumps(shown, default=str, ensure_ascii=False)}, self.canaries)
        self.clean({"calls": repr(self.world.simulator.calls)}, self.canaries)
        self.log.seek(0)
        self.log.truncate()
        self.world.simulator.calls.clear()

    def play(self, runs: int) -> None:
        while self.runs.total() < runs:
            self.step()
        self.aws()


@pytest.fixture
def play(empty: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], History]:
    def one(seed: int) -> History:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        history = History(seed, empty, scratch, monkeypatch)
        history.play(RUNS)
        return history

    return one


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_value_gets_out(seed, play):
    history = play(seed)
    assert history.runs.total() >= RUNS
    assert history.codes.keys() - {0}, "nothing has failed"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS, 10 * SEEDS))
def test_no_value_gets_out_of_many_more(seed, play):
    play(seed)


def test_the_suite_makes_many_runs():
    assert SEEDS * RUNS >= 500
