"""docs/reference/permissions.md names exactly the actions that are used."""

import json
import re
from pathlib import Path

from reconciler.aws.operations import iam_action, is_read

ROOT = Path(__file__).parents[2]
OPERATION = re.compile(r'"([a-z][a-z0-9-]+:[A-Z][A-Za-z]+)"')


def policies():
    text = (ROOT / "docs/reference/permissions.md").read_text()
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield json.loads(block)["Statement"]


LOOKUPS = [ROOT / "reconciler/engine/sources.py", ROOT / "reconciler/aws/lookups.py"]


def used():
    """Every operation that the kinds, the inventory and the account guard name."""
    return named(
        *(ROOT / "reconciler/kinds").glob("*.py"),
        *(ROOT / "reconciler/model").glob("*.py"),
        ROOT / "reconciler/engine/inventory.py",
        ROOT / "reconciler/aws/records.py",
    ) | {"sts:GetCallerIdentity"}


def named(*files):
    return {operation for file in files for operation in OPERATION.findall(file.read_text())}


def test_the_actions_to_look_are_those_that_are_read():
    look, _, _ = policies()
    assert look[0]["Action"] == sorted({iam_action(operation) for operation in used() if is_read(operation)})


def test_the_actions_to_change_are_those_that_are_written():
    _, change, _ = policies()
    assert change[0]["Action"] == sorted({iam_action(operation) for operation in used() if not is_read(operation)})


def test_the_actions_to_look_up_are_those_of_the_doors_and_each_is_narrow():
    _, _, lookups = policies()
    assert [statement["Action"] for statement in lookups] == sorted(map(iam_action, named(*LOOKUPS)))
    assert all(statement["Resource"] != "*" for statement in lookups)
