"""The kind that docs/reference/adding-a-kind.md adds: its code is run as it stands there."""

import re
import types
from pathlib import Path

import pytest

from reconciler.engine.lookup import lookup
from reconciler.kinds import KINDS
from reconciler.source.directory import read_directory
from reconciler.source.render import render

PAGE = Path(__file__).parents[2] / "docs/reference/adding-a-kind.md"
MANIFEST = """
apiVersion: reconciler/v1
kind: Repository
metadata: {name: bookstore}
spec:
"""


@pytest.fixture
def kinds():
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE))
    module = types.ModuleType("repository")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    return {**KINDS, "Repository": module.Repository()}


@pytest.fixture
def wish(tmp_path, kinds):
    """The wish of a repository with this spec alone; of no manifest without one."""

    def make(spec=None):
        for folder in ("apps/images", "environments"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        said = "spec: {region: eu-west-1, policy: {prune: true}}\n"
        (tmp_path / "environments/qa.yaml").write_text(f"apiVersion: reconciler/v1\nkind: Environment\n{said}")
        (tmp_path / "apps/images/app.yaml").write_text("apiVersion: reconciler/v1\nkind: App\n")
        text = "" if spec is None else MANIFEST + "".join(f"  {line}\n" for line in spec.splitlines())
        (tmp_path / "apps/images/repository.yaml").write_text(text)
        made = lookup(render(read_directory(tmp_path), "qa", kinds), kinds)
        assert made.problems == ()
        return made

    return make


def test_it_is_created_and_then_nothing_is_left(world, wish):
    assert world.apply(wish("imageTagMutability: IMMUTABLE\ntags: {team: books}")).status.ready
    assert world.writes() == ["CreateRepository"]
    assert world.plan(wish("imageTagMutability: IMMUTABLE\ntags: {team: books}")).plan.empty


def test_defaults_may_be_spelled_out(world, wish):
    world.apply(wish("{}"))
    assert world.plan(wish("imageTagMutability: MUTABLE\nimageScanningConfiguration: {scanOnPush: false}")).plan.empty


def test_each_thing_that_changes_has_its_call(world, wish):
    world.apply(wish("imageTagMutability: IMMUTABLE\ntags: {team: books}"))
    world.writes()
    changed = wish("imageScanningConfiguration: {scanOnPush: true}\ntags: {of: books}")
    world.apply(changed)
    assert world.writes() == [
        "TagResource",
        "UntagResource",
        "PutImageTagMutability",
        "PutImageScanningConfiguration",
    ]
    assert world.plan(changed).plan.empty


def test_it_is_kept_unless_its_own_policy_says_otherwise(world, wish):
    world.apply(wish("{}"))
    world.writes()
    world.apply(wish())
    assert world.writes() == []
