"""Whatever is wrong with the input: all of it is said in one run, with the right code, and nothing is written.

Each golden holds the whole output and the exit code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest

HEAD = "apiVersion: reconciler/v1\n"
WEB = "apps/shop/web.yaml"
ENV = "environments/test.yaml"
SERVICE = HEAD + "kind: Service\nmetadata: {name: web}\nspec:\n"
TASK = HEAD + "kind: TaskDefinition\nmetadata: {name: web}\nspec:\n"
CONTAINER = "  containerDefinitions:\n    - {name: web, image: nginx, memory: 128}\n"
APP = "apps/shop/app.yaml"
APP_DOCUMENT = HEAD + "kind: App\nspec:\n  varsFrom: [apps/shop/vars/prd.env]\n"
TAG = ((ENV, "  cluster: main", "  cluster: main\n  vars: {tag: v1}"),)
DOTENV = """\
# what every reader reads alike is read, and nothing else
GOOD=1
export
just text
1ST=x
yaml: style
GOOD=2
QUOTED='a' b
API_TOKEN=hunter22 and more
API_TOKEN='hunter22
VAR=${{ env.name }}
ESCAPED="a\\d"
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@dataclass
class Case:
    """``files`` are laid over the good repository (None deletes), ``edits`` are replacements in it."""

    files: dict[str, Any] = field(default_factory=dict)
    edits: tuple[tuple[str, str, str], ...] = ()
    command: tuple[str, ...] = ("apply", "--yes")
    code: int = 65


def edit(old: str, new: str, file: str = WEB, command: tuple[str, ...] = ("apply", "--yes"), code: int = 65) -> Case:
    return Case(edits=((file, old, new),), command=command, code=code)


CASES: dict[str, Case] = {
    "unknown-kind": edit("kind: Service", "kind: Servcie"),
    "unknown-member": edit("desiredCount", "desiredCuont"),
    "unknown-enum": edit("desiredCount: 2", "launchType: fargate"),
    "wrong-type": edit("desiredCount: 2", "desiredCount: two"),
    "missing-required": Case({WEB: TASK + "  cpu: 256\n"}),
    "dangling-reference": edit("taskDefinition: web", "taskDefinition: ref:TaskDefinition/wbe"),
    "cyclic-dependency": edit(
        "kind: Service\nmetadata: {name: web}",
        "kind: Service\nmetadata: {name: api, dependsOn: [Service/web]}\nspec: {taskDefinition: web}\n---\n"
        + HEAD
        + "kind: Service\nmetadata: {name: web, dependsOn: [Service/api]}",
    ),
    "depends-on-nobody": edit("kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: web, dependsOn: [Service/api]}"),
    "undefined-variable": edit("nginx:1", "nginx:${{ vars.tag }}"),
    "duplicate-member": edit("desiredCount: 2", "desiredCount: 2\n  taskDefinition: web"),
    "duplicate-manifest": Case({"apps/shop/again.yaml": SERVICE + "  taskDefinition: web\n"}),
    "two-manifests-with-one-aws-name": Case(
        {"apps/shop/again.yaml": SERVICE.replace("web", "other") + "  serviceName: web\n  taskDefinition: web\n"}
    ),
    "alias-bomb": Case({"apps/shop/bomb.yaml": BOMB}),
    "tab": edit("  desiredCount", "\tdesiredCount"),
    "binary-file": Case({"apps/shop/binary.yaml": bytes(range(256))}),
    "unclosed-quote": edit("nginx:1", '"nginx:1'),
    "several-at-once": Case({
        "apps/shop/one.yaml": SERVICE.replace("web", "one") + "  taskDefinition: web\n  desiredCount: many\n  launchTyp: EC2\n",
        "apps/other/two.yaml": HEAD + "kind: Cronjob\nmetadata: {name: x}\n",
    }),
    "no-spec-where-one-is-needed": Case({WEB: HEAD + "kind: TaskDefinition\nmetadata: {name: web}\n"}),
    "not-a-manifest": Case({"apps/shop/compose.yaml": "services:\n  web: {image: nginx}\n"}),
    "unknown-patch-target": edit("  cluster: main", "  cluster: main\n  patches:\n    - select: {kind: Service, name: wbe}\n      spec: {desiredCount: 1}", ENV, ("validate",), 0),
    "bad-policy": edit("metadata: {name: web}\nspec:\n  task", "metadata: {name: web, policy: {drift: warm, prun: true, timeout: soon}}\nspec:\n  task"),
    "bad-account-id": edit('"123456789012"', "123", ENV),
    "misspelled-environment-member": edit("region:", "regoin:", ENV),
    "app-that-is-nowhere": edit("cluster: main", "cluster: main\n  apps: [shpo]", ENV),
    "overlay-of-nowhere": Case({"apps/shop/environments/tset.yaml": HEAD + "kind: Environment\n"}),
    "no-environments": Case({ENV: None}),
    "validate-says-the-same": Case(edits=((WEB, "desiredCount", "desiredCuont"),), command=("validate",)),
    "validate-for-github": Case(edits=((WEB, "desiredCount", "desiredCuont"),), command=("validate", "-o", "github")),
    "validate-json": Case(edits=((WEB, "desiredCount", "desiredCuont"),), command=("validate", "-o", "json")),
    "wrong-account": Case(edits=((ENV, "123456789012", "999999999999"),), code=4),
    "unknown-environment": Case(command=("-e", "tset", "apply", "--yes")),
    "several-environments": Case({"environments/other.yaml": HEAD + "kind: Environment\n"}, command=("plan",), code=64),
    "unknown-app": Case(command=("plan", "shpo"), code=64),
    "no-such-plan-file": Case(command=("apply", "./plan.json"), code=64),
    "not-a-plan-file": Case({"plan.json": "{}"}, command=("apply", "<root>/plan.json"), code=64),
    "revision-without-git": Case(command=("plan", "--revision", "main"), code=1),
    "revision-and-worktree": Case(command=("plan", "--revision", "main", "--worktree"), code=64),
    "bad-timeout": Case(command=("apply", "--yes", "--timeout", "soon"), code=64),
    "unknown-flag": Case(command=("plan", "--detailed-exitcode", "--bogus"), code=64),
    "unknown-verb": Case(command=("aply",), code=64),
    "explain-nothing": Case(command=("explain", "Service.desiredCuont"), code=64),
    "vars-from-a-file-that-is-not-there": Case({APP: APP_DOCUMENT, "apps/shop/vars/prod.env": "A=1\n"}),
    "vars-from-outside": Case({APP: APP_DOCUMENT.replace("apps/shop/vars/prd.env", "../prd.env")}),
    "vars-from-an-unknown-sort-of-file": Case({APP: APP_DOCUMENT.replace("prd.env", "prd.toml")}),
    "vars-from-with-a-variable": Case({APP: APP_DOCUMENT.replace("apps/shop/vars/prd.env", "'${{ env.name }}.env'")}),
    "vars-from-no-list": Case({APP: APP_DOCUMENT.replace("[apps/shop/vars/prd.env]", "apps/shop/vars/prd.env")}),
    "vars-from-yaml-that-is-wrong": Case({
        APP: APP_DOCUMENT.replace("prd.env", "prd.yaml"), "apps/shop/vars/prd.yaml": "tag: 1\nimage: *latest\n",
    }),
    "vars-from-a-manifest": Case({
        APP: APP_DOCUMENT.replace("apps/shop/vars/prd.env", "apps/shop/web.yaml"), WEB: SERVICE + "  taskDefinition: web:1\n",
    }),
    "vars-from-encrypted-files": Case({
        APP: APP_DOCUMENT.replace("vars/prd.env]", "secrets/db.yaml, apps/shop/vars/prd.env]"),
        "apps/shop/secrets/db.yaml": "db: ENC[AES256_GCM,data:hunter22]\nsops: {mac: \"ENC[hunter22]\"}\n",
        "apps/shop/vars/prd.env": "A=b\nDB=ENC[AES256_GCM,data:hunter22]\n",
    }),
    "dotenv-with-every-mistake": Case({APP: APP_DOCUMENT, "apps/shop/vars/prd.env": DOTENV}),
    "dotenv-with-an-open-quote": Case({APP: APP_DOCUMENT, "apps/shop/vars/prd.env": 'A="one\ntwo\nB=3\n'}),
    "dotenv-that-is-binary": Case({APP: APP_DOCUMENT, "apps/shop/vars/prd.env": bytes(range(256))}),
    "dotenv-that-is-too-large": Case({APP: APP_DOCUMENT, "apps/shop/vars/prd.env": b"#" * ((1 << 20) + 1)}),
    "dotenv-of-an-environment": Case(
        {"environments/vars/test.env": "TAG\n"},
        edits=((ENV, "  cluster: main", "  cluster: main\n  varsFrom: [environments/vars/test.env]"),),
        command=("validate",),
    ),
    "manifest-among-variables": Case({"apps/shop/vars/api.yaml": SERVICE + "  taskDefinition: web\n"}),
    "set-image-of-nothing": Case(command=("set-image", "tga=v2"), edits=TAG, code=64),
    "set-image-that-is-none": Case(command=("set-image", "tag=v 2"), edits=TAG, code=64),
    "set-image-of-another-sort": Case(command=("set-image", "tag=nginx:2"), edits=TAG, code=64),
    "set-image-where-others-read-it": Case(
        {"environments/other.yaml": HEAD + "kind: Environment\n", APP: APP_DOCUMENT.split("  varsFrom")[0] + "  vars: {tag: v1}\n"},
        command=("-e", "test", "set-image", "tag=v2"), code=64,
    ),
    "set-image-at-a-commit": Case(command=("set-image", "tag=v2", "--revision", "main"), edits=TAG, code=64),
    "set-image-in-a-broken-file": Case(command=("set-image", "tag=v2"), edits=(*TAG, (ENV, "region", "regoin"))),
    "no-region": Case(edits=((ENV, "  region: eu-west-1\n", ""),), command=("plan",), code=64),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_and_nothing_is_written(name, world, golden):
    case = CASES[name]
    world.write(case.files)
    for file, old, new in case.edits:
        world.edit(file, old, new)
    done = world.run(*(word.replace("<root>", str(world.root)) for word in case.command))
    golden(f"broken/{name}.txt", f"{done.output}exit {done.exit_code}\n")
    assert done.exit_code == case.code
    assert world.writes == []
    if case.code in (64, 65):
        assert world.simulator.calls == []


def test_a_symbolic_link_is_not_followed(world, golden):
    os.symlink("/etc/hostname", world.root / "apps/shop/link.yaml")
    done = world.run("validate")
    golden("broken/symlink.txt", f"{done.output}exit {done.exit_code}\n")
    assert done.exit_code == 65


def test_an_empty_repository(empty, golden):
    done = empty.run("validate")
    golden("broken/empty.txt", f"{done.output}exit {done.exit_code}\n")
    assert done.exit_code == 65


def test_a_repository_without_a_commit(world, golden):
    world.git("init", "-q")
    done = world.run("plan")
    golden("broken/no-commit.txt", f"{done.output}exit {done.exit_code}\n")
    assert done.exit_code == 1


def test_a_commit_that_is_not_there(world, golden):
    world.commit()
    done = world.run("plan", "--revision", "v1.0")
    golden("broken/unknown-revision.txt", f"{done.output}exit {done.exit_code}\n")
    assert done.exit_code == 1


def test_no_repository_anywhere(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = world.run("plan", here=True)
    assert done.exit_code == 64
    assert "-C DIR" in done.stderr
    assert world.run("-C", str(tmp_path / "nowhere"), "plan", here=True).exit_code == 64
