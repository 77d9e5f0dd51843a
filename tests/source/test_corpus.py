"""Definitions found in public repositories end as their index says. Read in place; skipped where they are not."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import jsonschema
import pytest

from reconciler.kinds import KINDS
from reconciler.model.shapes import Shape, unwrap
from reconciler.model.tree import show_path
from reconciler.source.load import load
from reconciler.source.nodes import plain
from reconciler.source.schema import manifest_schema

HERE = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("RECONCILER_CORPUS", HERE.parent / "shared/corpus"))
MANIFEST = {
    "taskdef": "TaskDefinition",
    "describe-taskdef": "TaskDefinition",
    "service": "Service",
    "service-output": "Service",
    "describe-services": "Service",
}
SHAPES = {"service-update": Shape("ecs", "UpdateService"), "run-task-args": Shape("ecs", "RunTask")}
SCHEMA = jsonschema.Draft7Validator(manifest_schema(KINDS))


def index() -> list[dict[str, str]]:
    path = CORPUS / "index.tsv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = index()
pytestmark = pytest.mark.skipif(not ROWS, reason="the corpus is not here")


def problems_of(row: dict[str, str], rendered):
    """What is wrong with a definition as a manifest, or with what has no kind by its shape: path and message."""
    data = (CORPUS / row["file"]).read_bytes()
    loaded = load(row["file"], data)
    if loaded.problems:
        return [(problem.path, problem.message) for problem in loaded.problems]
    [value] = (plain(document) for document in loaded.documents)
    if row["kind"] in SHAPES:
        return [(show_path(it.path), it.message) for it in SHAPES[row["kind"]].check(value)[1]]
    if row["kind"] not in MANIFEST:
        return []
    text = manifest(row)
    result = rendered({f"apps/corpus/{'m.json' if row['file'].endswith('json') else 'm.yaml'}": text})
    told = [it for it in result.problems if it.severity == "error" and not _is_a_rule_of_ecs(it, row)]
    assert all(problem.at for problem in told)
    return [(problem.path, problem.message) for problem in told]


def _is_a_rule_of_ecs(problem, row) -> bool:
    """What ECS refuses although the shape is right is told by the kind; the index says so too."""
    return "ECS refuses" in row["notes"] and problem.code not in {"unknown-member", "wrong-type", "unknown-value"}


def manifest(row: dict[str, str]) -> str:
    """The manifest whose spec is the file, with its text as it is."""
    text = (CORPUS / row["file"]).read_text()
    kind = MANIFEST[row["kind"]]
    if row["file"].endswith("json"):
        return f'{{"apiVersion": "reconciler/v1", "kind": "{kind}", "metadata": {{"name": "x"}}, "spec":\n{text}\n}}'
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    return f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n{indented}"


@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removeprefix("data/") for row in ROWS])
def test_a_definition_ends_as_its_index_says(row, rendered) -> None:
    problems = problems_of(row, rendered)
    if row["expected"] != "reject":
        assert problems == []
        return
    assert problems
    wanted = row["notes"].partition(":")[0]
    if not wanted.startswith("line"):
        assert wanted in [path for path, _ in problems]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["kind"] in MANIFEST], ids=lambda row: row["file"].removeprefix("data/")
)
def test_the_schema_for_editors_agrees(row, rendered) -> None:
    loaded = load(row["file"], (CORPUS / row["file"]).read_bytes())
    if loaded.problems:
        return
    document = {"apiVersion": "reconciler/v1", "kind": MANIFEST[row["kind"]], "metadata": {"name": "x"}}
    document["spec"] = json.loads(json.dumps(plain(loaded.documents[0])))
    lengths_are_not_told = "skeleton" in row["file"]
    assert SCHEMA.is_valid(document) is (row["expected"] != "reject" or lengths_are_not_told)


@pytest.mark.parametrize("row", ROWS, ids=[row["file"].removeprefix("data/") for row in ROWS])
def test_a_definition_that_is_no_manifest_is_refused_by_name(row, rendered) -> None:
    """As it is, under apps/, each of them is recognised or at least refused with its place."""
    text = (CORPUS / row["file"]).read_bytes()
    result = rendered({f"apps/a/{Path(row['file']).name}": text})
    assert not result.documents
    assert [problem.code for problem in result.problems][:1] in (["foreign-format"], ["missing-member"], ["syntax"])
    if row["kind"] in MANIFEST and row["expected"] != "reject":
        assert [problem.code for problem in result.problems] == ["foreign-format"]
        assert f"kind: {MANIFEST[row['kind']]}" in result.problems[0].hint


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["kind"] in MANIFEST and row["expected"] != "reject"],
    ids=lambda row: row["file"].removeprefix("data/"),
)
def test_a_clean_definition_written_and_read_again_is_the_same(row) -> None:
    kind = KINDS[MANIFEST[row["kind"]]]
    [document] = load(row["file"], (CORPUS / row["file"]).read_bytes()).documents
    spec = unwrap(plain(document), kind.fields).spec
    spec.setdefault(kind.fields.name, "x")
    clean, findings = kind.Spec.check(spec)
    assert findings == []
    [again] = load("again.json", json.dumps(clean).encode()).documents
    assert kind.Spec.check(plain(again)) == (clean, [])
